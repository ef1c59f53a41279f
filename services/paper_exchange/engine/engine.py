"""The exchange as a pure machine: commands in, outcomes and events out, no clock, no chance, no I/O.

    engine = Engine([Instrument(symbol="BTCUSDT", base="BTC", quote="USDT")])
    engine.open_account(OpenAccount(account="main"), now_us)
    engine.deposit("main", "USDT", parse("1000"), now_us)
    outcome = engine.place(PlaceOrder(account="main", symbol="BTCUSDT", side="BUY", ...), now_us)
    events = engine.drain()

The same commands at the same times give the same state and the same events, bit for bit. A refused command (`Refused`) has
changed nothing. Time never runs backwards: a `now_us` before the last one counts as the last one.
"""

from collections.abc import Callable, Iterable
from typing import Any

from services.paper_exchange.engine import cancellation, placement
from services.paper_exchange.engine.accounts import Account, Balance, Desk
from services.paper_exchange.engine.book import Book
from services.paper_exchange.engine.commands import (
    CancelOpenOrders,
    CancelOrder,
    Command,
    Deposit,
    OpenAccount,
    PlaceOrder,
    Withdraw,
)
from services.paper_exchange.engine.events import BalancesChanged, BalanceUpdated, Event
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.outcomes import DONE, Canceled, Done, Placed, Refused
from services.paper_exchange.engine.records import Fill
from services.paper_exchange.engine.refusals import (
    BAD_SYMBOL,
    INSUFFICIENT_BALANCE,
    MAY_NOT_TRADE,
    UNKNOWN_ACCOUNT,
    UNKNOWN_ORDER,
    Refusal,
)
from services.paper_exchange.engine.state import State


class Engine:
    """All symbols and accounts of one exchange."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.state = State(instruments)

    def drain(self) -> list[Event]:
        """The events since the last call, in order."""
        events = self.state.events
        self.state.events = []
        return events

    def place(self, request: PlaceOrder, now_us: int) -> Placed | Refused:
        """Place an order; the reply shows it after its taker phase."""
        state = self._at(now_us)
        try:
            outcome = placement.place(state, self._trading_desk(request.account, request.symbol), request)
        except Refusal as refusal:
            return refusal.refused
        if state.touched:
            state.report_balances()
        return outcome

    def cancel(self, request: CancelOrder, now_us: int) -> Canceled | Refused:
        """Cancel one order."""
        state = self._at(now_us)
        try:
            outcome = cancellation.cancel(state, self._desk(request.account, request.symbol), request)
        except Refusal as refusal:
            return refusal.refused
        if state.touched:
            state.report_balances()
        return outcome

    def cancel_open_orders(self, request: CancelOpenOrders, now_us: int) -> list[Canceled] | Refused:
        """Cancel all open orders of an account on a symbol."""
        state = self._at(now_us)
        try:
            desk = self._desk(request.account, request.symbol)
            if not desk.open:
                raise Refusal(UNKNOWN_ORDER)
        except Refusal as refusal:
            return refusal.refused
        canceled = [cancellation.cancel_order(state, desk, order, "") for order in list(desk.open.values())]
        state.report_balances()
        return canceled

    def open_account(self, request: OpenAccount, now_us: int) -> Done:
        """Create an account, or change its settings."""
        state = self._at(now_us)
        account = state.accounts.get(request.account)
        if account is None:
            state.accounts[request.account] = Account(request)
        else:
            account.settings = request
        return DONE

    def deposit(self, account: str, asset: str, amount: int, now_us: int) -> Done | Refused:
        """Money comes in."""
        return self._move(account, asset, amount, now_us)

    def withdraw(self, account: str, asset: str, amount: int, now_us: int) -> Done | Refused:
        """Money goes out, as far as it is free."""
        return self._move(account, asset, -amount, now_us)

    def advance(self, now_us: int) -> None:
        """Let time pass."""
        self._at(now_us)

    def execute(self, command: Command, now_us: int) -> Any:
        """Carry out any command: what a log replays."""
        return _HANDLERS[type(command)](self, command, now_us)

    def book(self, symbol: str) -> Book:
        """The book of a symbol: `levels`, `best`, `update_id`."""
        return self.state.markets[symbol].book

    def instruments(self) -> list[Instrument]:
        """All symbols."""
        return [market.instrument for market in self.state.markets.values()]

    def last_price(self, symbol: str) -> int:
        """Price of the last trade; zero before the first."""
        return self.state.markets[symbol].last_price

    def account(self, name: str) -> Account | None:
        """An account's settings and balances."""
        return self.state.accounts.get(name)

    def balance(self, account: str, asset: str) -> Balance:
        """What an account holds of an asset."""
        return self.state.accounts[account].balances.get(asset) or Balance()

    def open_orders(self, account: str, symbol: str) -> list[Order]:
        """Open orders, oldest first."""
        desk = self.state.accounts[account].desks.get(symbol)
        return list(desk.open.values()) if desk else []

    def trades(self, account: str, symbol: str) -> list[Fill]:
        """The account's trades, oldest first."""
        desk = self.state.accounts[account].desks.get(symbol)
        return desk.trades if desk else []

    def _at(self, now_us: int) -> State:
        state = self.state
        if now_us > state.now_us:
            state.now_us = now_us
        return state

    def _desk(self, name: str, symbol: str) -> Desk:
        account = self.state.accounts.get(name)
        if account is None:
            raise Refusal(UNKNOWN_ACCOUNT)
        desk = account.desks.get(symbol)
        if desk is not None:
            return desk
        market = self.state.markets.get(symbol)
        if market is None:
            raise Refusal(BAD_SYMBOL)
        return market.desk(account)

    def _trading_desk(self, name: str, symbol: str) -> Desk:
        desk = self._desk(name, symbol)
        if not desk.account.settings.can_trade:
            raise Refusal(MAY_NOT_TRADE)
        return desk

    def _move(self, name: str, asset: str, amount: int, now_us: int) -> Done | Refused:
        state = self._at(now_us)
        account = state.accounts.get(name)
        if account is None:
            return UNKNOWN_ACCOUNT
        balance = account.balance(asset)
        if balance.free + amount < 0 and not account.unlimited:
            return INSUFFICIENT_BALANCE
        balance.free += amount
        state.deposits[asset] = state.deposits.get(asset, 0) + amount
        if not account.unlimited:
            state.events.append(BalanceUpdated(name, asset, amount, state.now_us))
            state.events.append(BalancesChanged(name, state.now_us, ((asset, balance.free, balance.locked),)))
            account.updated_us = state.now_us
        return DONE


_HANDLERS: dict[type, Callable[[Engine, Any, int], Any]] = {
    PlaceOrder: Engine.place,
    CancelOrder: Engine.cancel,
    CancelOpenOrders: Engine.cancel_open_orders,
    OpenAccount: Engine.open_account,
    Deposit: lambda engine, command, now_us: engine.deposit(command.account, command.asset, command.amount, now_us),
    Withdraw: lambda engine, command, now_us: engine.withdraw(command.account, command.asset, command.amount, now_us),
}
