"""Accounts and their keys, as their operator orders them: by settings when the exchange opens, by its routes later.

An account is opened once; opening it again changes its settings and keeps its money. (Forms: `account_forms`.)
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from services.paper_exchange.account_forms import AccountForm, BadOrder, CommissionForm, KeyForm
from services.paper_exchange.engine.amounts import MAX_AMOUNT, parse
from services.paper_exchange.engine.commands import Command, Deposit, SetCommission, Withdraw
from services.paper_exchange.engine.outcomes import Refused as EngineRefused
from services.paper_exchange.keys import BadKey, Key, Keyring
from services.paper_exchange.venue import Venue


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
        """All accounts but the houses': those of the crowd and of the order router."""
        return [name for name, account in self._venue.engine.state.accounts.items() if not account.unlimited]

    def open(self, form: AccountForm) -> None:
        """Open an account, or change its settings; balances are paid in when it is new.

        Raises:
            BadOrder: a key cannot be one, or belongs to somebody else.
        """
        known = self._venue.engine.account(form.account)
        if known is not None and known.unlimited:
            raise BadOrder(f"{form.account!r} is the crowd's.")
        keys = [self._checked(each.key(form.account)) for each in form.keys]
        with self.together():
            self._venue.execute(form.opening())
            self._tell(form.account)
            for key in keys:
                self._add(key)
            for asset, amount in form.balances.items() if known is None else ():
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
        self._move(Deposit(account=self.known(account), asset=asset, amount=_amount(amount)))

    def withdraw(self, account: str, asset: str, amount: str) -> None:
        """Pay out what is free; raises BadOrder."""
        self._move(Withdraw(account=self.known(account), asset=asset, amount=_amount(amount)))

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


def _amount(amount: str) -> int:
    units = parse(amount)
    if not units:
        raise BadOrder("The amount must be more than zero.")
    return units
