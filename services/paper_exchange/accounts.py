"""Accounts and their keys, as their operator orders them: by settings when the exchange opens, by its routes later.

    {"account": "hedge",
     "balances": {"USDT": "1000", "BTC": "0.5"},
     "keys": [{"apiKey": "paper-hedge", "secret": "..."},
              {"apiKey": "reader", "kind": "ED25519", "publicKey": "-----BEGIN PUBLIC KEY...", "permissions": ["USER_DATA"],
               "ips": ["10.0.0.0/8"]}],
     "commission": {"standard": {"maker": "0.001", "taker": "0.001"}}}

Amounts and rates are decimal texts, names the exchange's own where it has one. An account is opened once; opening it again
changes its settings and keeps its money.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

from msgspec import UNSET, DecodeError, Meta, Struct, UnsetType, json

from services.paper_exchange.crowd import MAKERS, TAKERS
from services.paper_exchange.engine.amounts import MAX_AMOUNT, parse
from services.paper_exchange.engine.commands import Command, Commission, Deposit, OpenAccount, Rates, SetCommission, Withdraw
from services.paper_exchange.engine.outcomes import Refused as EngineRefused
from services.paper_exchange.keys import ALL, BadKey, Key, KeyKind, Keyring, Permission
from services.paper_exchange.venue import Venue

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_\-]{1,64}\Z")]
Asset = Annotated[str, Meta(pattern=r"^[^\s,;]{1,20}\Z")]
Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,8})?\Z")]
STANDARD_RATE = "0.001"
"""A regular user's maker and taker rate."""
_HOUSES = (MAKERS, TAKERS)
_ASSET = re.compile(r"[^\s,;]{1,20}")


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


class Accounts:
    """The operator's hand on accounts."""

    def __init__(self, venue: Venue, keys: Keyring) -> None:
        self._venue = venue
        self.keys = keys
        self.together: Callable[[], AbstractContextManager[None]] = nullcontext
        """What happens inside is remembered wholly or not at all."""
        self.on_opened: list[Callable[[str], None]] = []
        """Called with an account of which settings or rates are new."""
        self.on_key: list[Callable[[Key], None]] = []
        """Called with a new key."""
        self.on_revoked: list[Callable[[Key], None]] = []
        """Called with a key that is used no more."""

    @property
    def names(self) -> list[str]:
        """All accounts but the crowd's."""
        return [name for name in self._venue.engine.state.accounts if name not in _HOUSES]

    def open(self, form: AccountForm) -> None:
        """Open an account, or change its settings; balances are paid in when it is new.

        Raises:
            BadOrder: a key cannot be one, or belongs to somebody else.
        """
        if form.account in _HOUSES:
            raise BadOrder(f"{form.account!r} is the crowd's.")
        is_new = form.account not in self._venue.engine.state.accounts
        keys = [self._checked(each.key(form.account)) for each in form.keys]
        with self.together():
            self._venue.execute(form.opening())
            self._tell(form.account)
            for key in keys:
                self._add(key)
            for asset, amount in form.balances.items() if is_new else ():
                if parse(amount):
                    self.deposit(form.account, asset, amount)

    def add_key(self, account: str, form: KeyForm) -> None:
        """Give an account a key; raises BadOrder."""
        self.known(account)
        self._add(self._checked(form.key(account)))

    def revoke_key(self, account: str, api_key: str) -> None:
        """Take a key away; raises BadOrder."""
        key = self.keys.find(api_key)
        if key is None or key.account != account:
            raise BadOrder(f"The account {account!r} has no key {api_key!r}.")
        self.keys.revoke(api_key)
        for hears in self.on_revoked:
            hears(key)

    def deposit(self, account: str, asset: str, amount: str) -> None:
        """Pay in; raises BadOrder."""
        self._move(Deposit(account=self.known(account), asset=asset, amount=_amount(asset, amount)))

    def withdraw(self, account: str, asset: str, amount: str) -> None:
        """Pay out what is free; raises BadOrder."""
        self._move(Withdraw(account=self.known(account), asset=asset, amount=_amount(asset, amount)))

    def set_commission(self, account: str, symbol: str, form: CommissionForm) -> None:
        """Let an account pay these rates on a symbol; raises BadOrder."""
        command = SetCommission(account=self.known(account), symbol=symbol, commission=form.commission())
        self.execute(command)
        self._tell(account)

    def execute(self, command: Command) -> None:
        """Have any command carried out; raises BadOrder."""
        outcome = self._venue.execute(command)
        if isinstance(outcome, EngineRefused):
            raise BadOrder(outcome.message)

    def _add(self, key: Key) -> None:
        self.keys.add(key)
        for hears in self.on_key:
            hears(key)

    def _tell(self, account: str) -> None:
        for hears in self.on_opened:
            hears(account)

    def _move(self, command: Deposit | Withdraw) -> None:
        held = self._venue.engine.balance(command.account, command.asset)
        if isinstance(command, Deposit) and held.free + held.locked + command.amount > MAX_AMOUNT:
            raise BadOrder("That is more than a balance can hold.")
        self.execute(command)

    def known(self, account: str) -> str:
        """The name of an account that is there; raises BadOrder."""
        if account not in self.names:
            raise BadOrder(f"There is no account {account!r}.")
        return account

    def _checked(self, key: Key) -> Key:
        holder = self.keys.find(key.api_key)
        if holder is not None and holder.account != key.account:
            raise BadOrder(f"The key {key.api_key!r} belongs to another account.")
        try:
            Keyring().add(key)
        except BadKey as bad:
            raise BadOrder(str(bad)) from None
        return key


def _amount(asset: str, amount: str) -> int:
    if not _ASSET.fullmatch(asset):
        raise BadOrder(f"{asset!r} is no asset.")
    units = parse(amount)
    if not units:
        raise BadOrder("The amount must be more than zero.")
    return units
