"""How an operator describes accounts, their keys and their rates, in settings and on its routes.

    {"account": "hedge",
     "balances": {"USDT": "1000", "BTC": "0.5"},
     "keys": [{"apiKey": "paper-hedge", "secret": "..."},
              {"apiKey": "reader", "kind": "ED25519", "publicKey": "-----BEGIN PUBLIC KEY...", "permissions": ["USER_DATA"],
               "ips": ["10.0.0.0/8"]}],
     "commission": {"standard": {"maker": "0.001", "taker": "0.001"}}}

Amounts and rates are decimal texts, names the exchange's own where it has one.
"""

from pathlib import Path
from typing import Annotated

from msgspec import UNSET, DecodeError, Meta, Struct, UnsetType, json

from services.paper_exchange.engine.amounts import parse
from services.paper_exchange.engine.commands import Commission, OpenAccount, Rates
from services.paper_exchange.keys import ALL, Key, KeyKind, Permission

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_\-]{1,64}\Z")]
Asset = Annotated[str, Meta(pattern=r"^[^\s,;]{1,20}\Z")]
Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,8})?\Z")]
STANDARD_RATE = "0.001"
"""A regular user's maker and taker rate."""


class BadOrder(ValueError):
    """What the operator asked for cannot be; the text says why."""


class RatesForm(Struct, frozen=True, forbid_unknown_fields=True):
    """Rates of a commission as shares: "0.001" is a tenth of a percent."""

    maker: Amount = "0"
    taker: Amount = "0"
    buyer: Amount = "0"
    seller: Amount = "0"

    def rates(self) -> Rates:
        """As the engine counts."""
        return Rates(*(parse(each) for each in (self.maker, self.taker, self.buyer, self.seller)))


class DiscountForm(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Whether commissions may be paid in another asset, and which part of the standard commission is left then."""

    enabled_for_account: bool = False
    enabled_for_symbol: bool = True
    discount_asset: Asset = "BNB"
    discount: Amount = "0.75"


class CommissionForm(Struct, frozen=True, forbid_unknown_fields=True):
    """What an account pays."""

    standard: RatesForm = RatesForm(maker=STANDARD_RATE, taker=STANDARD_RATE)
    tax: RatesForm = RatesForm()
    special: RatesForm = RatesForm()
    discount: DiscountForm = DiscountForm()

    def commission(self) -> Commission:
        """As the engine counts."""
        discount = self.discount
        return Commission(
            self.standard.rates(),
            self.tax.rates(),
            self.special.rates(),
            discount.enabled_for_account,
            discount.enabled_for_symbol,
            discount.discount_asset,
            parse(discount.discount),
        )


class KeyForm(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """An API key: HMAC with its secret, RSA or Ed25519 with the public key in PEM."""

    api_key: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_\-]{1,128}\Z")]
    kind: KeyKind | UnsetType = UNSET
    secret: str = ""
    public_key: str = ""
    permissions: frozenset[Permission] = ALL
    ips: tuple[str, ...] = ()

    def key(self, account: str) -> Key:
        """The key for this account."""
        kind: KeyKind = ("ED25519" if self.public_key else "HMAC") if self.kind is UNSET else self.kind
        secret = self.secret if kind == "HMAC" else self.public_key
        return Key(self.api_key, account, kind, secret, self.permissions, self.ips)


class AccountForm(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """An account as its operator describes it."""

    account: Name
    balances: dict[Asset, Amount] = {}
    keys: list[KeyForm] = []
    commission: CommissionForm = CommissionForm()
    permissions: tuple[str, ...] = ("SPOT",)
    trade_group_id: int = -1
    can_trade: bool = True
    can_deposit: bool = True
    can_withdraw: bool = True
    prevent_sor: bool = False
    require_self_trade_prevention: bool = False
    max_assets: dict[Asset, Amount] = {}

    def opening(self) -> OpenAccount:
        """The engine's command."""
        return OpenAccount(
            account=self.account,
            commission=self.commission.commission(),
            permissions=self.permissions,
            trade_group_id=self.trade_group_id,
            can_trade=self.can_trade,
            can_deposit=self.can_deposit,
            can_withdraw=self.can_withdraw,
            prevent_sor=self.prevent_sor,
            require_self_trade_prevention=self.require_self_trade_prevention,
            max_assets=tuple((asset, parse(limit)) for asset, limit in self.max_assets.items()),
        )


MAIN = AccountForm(
    account="main",
    balances={"USDT": "100000", "BTC": "2", "ETH": "20", "BNB": "100", "SOL": "500"},
    keys=[KeyForm(api_key="paper-main", secret="paper-main-secret")],  # noqa: S106  public and worthless
)
"""Where the services trade in the environment `paper`."""


def forms(described: str) -> list[AccountForm]:
    """Accounts from a JSON list or, if it is none, from the file of that name; raises BadOrder."""
    if not described:
        return []
    try:
        text = described if described.lstrip().startswith("[") else Path(described).read_text()
        return json.decode(text, type=list[AccountForm])
    except OSError as error:
        raise BadOrder(f"{described!r} cannot be read: {error.strerror}.") from None
    except DecodeError as error:
        raise BadOrder(f"not a list of accounts: {error}") from None
