"""The exchange as a pure machine: commands in, outcomes and events out, no clock, no chance, no I/O.

    engine = Engine([Instrument(symbol="BTCUSDT", base="BTC", quote="USDT")])
    engine.open_account(OpenAccount(account="main"), now_us)
    engine.deposit("main", "USDT", parse("1000"), now_us)
    outcome = engine.place(PlaceOrder(account="main", symbol="BTCUSDT", side="BUY", ...), now_us)
    events = engine.drain()

The same commands at the same times give the same state and the same events, bit for bit; `execute` takes any command, as a log
replays them. A refused command (`Refused`) has changed nothing. Time never runs backwards: a `now_us` before the last one
counts as the last one.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from msgspec import structs

from services.paper_exchange.engine import amendment, cancellation, order_lists, placement, replacement, treasury
from services.paper_exchange.engine.accounts import Account, Desk
from services.paper_exchange.engine.aftermath import pursue
from services.paper_exchange.engine.commands import (
    Advance,
    AmendOrder,
    CancelOpenOrders,
    CancelOrder,
    CancelOrderList,
    CancelReplace,
    Command,
    Deposit,
    LockExternally,
    OpenAccount,
    PlaceOrder,
    PlaceOrderList,
    SetCommission,
    SetReferencePrice,
    SetSymbolStatus,
    Withdraw,
)
from services.paper_exchange.engine.events import Event
from services.paper_exchange.engine.filters import Filter
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.order_counts import DEFAULT_LIMITS, OrderLimit
from services.paper_exchange.engine.outcomes import (
    DONE,
    Amended,
    Canceled,
    CancelReplaced,
    Done,
    ListCanceled,
    ListPlaced,
    Placed,
    Refused,
)
from services.paper_exchange.engine.queries import Queries
from services.paper_exchange.engine.refusals import (
    BAD_SYMBOL,
    NO_REFERENCE_PRICE,
    UNKNOWN_ACCOUNT,
    Refusal,
)
from services.paper_exchange.engine.state import State

Request = TypeVar(
    "Request", bound="PlaceOrder | CancelOrder | CancelOpenOrders | AmendOrder | PlaceOrderList | CancelOrderList"
)
Outcome = TypeVar("Outcome")


class Engine(Queries):
    """All symbols and accounts of one exchange."""

    def __init__(
        self,
        instruments: Iterable[Instrument],
        *,
        exchange_filters: tuple[Filter, ...] = (),
        sors: tuple[tuple[str, ...], ...] = (),
        order_limits: tuple[OrderLimit, ...] = DEFAULT_LIMITS,
    ) -> None:
        """`sors`: groups of symbols with one base asset whose quotes count as equal, for the smart order router."""
        self.state = State(instruments, exchange_filters=exchange_filters, sors=sors, order_limits=order_limits)

    def drain(self) -> list[Event]:
        """The events since the last call, in order."""
        events = self.state.events
        self.state.events = []
        return events

    def place(self, request: PlaceOrder, now_us: int) -> Placed | Refused:
        """Place an order; the reply shows it after its taker phase."""
        return self._run(placement.place, request, now_us)

    def test(self, request: PlaceOrder, now_us: int) -> Done | Refused:
        """Check an order as far as it can be without the engine (`order.test`)."""
        state = self._at(now_us)
        try:
            placement.examined(state, self._desk(request.account, request.symbol), request)
        except Refusal as refusal:
            return refusal.refused
        return DONE

    def cancel(self, request: CancelOrder, now_us: int) -> Canceled | ListCanceled | Refused:
        """Cancel one order, and with a member its whole list."""
        return self._run(cancellation.cancel, request, now_us)

    def cancel_open_orders(self, request: CancelOpenOrders, now_us: int) -> list[Canceled | ListCanceled] | Refused:
        """Cancel all open orders and order lists of an account on a symbol."""
        return self._run(cancellation.cancel_all, request, now_us)

    def cancel_replace(self, request: CancelReplace, now_us: int) -> CancelReplaced | Refused:
        """Cancel an order and place another."""
        state = self._at(now_us)
        try:
            if (request.cancel.account, request.cancel.symbol) != (request.place.account, request.place.symbol):
                raise Refusal(BAD_SYMBOL)
            outcome = replacement.cancel_replace(state, self._desk(request.place.account, request.place.symbol), request)
        except Refusal as refusal:
            return refusal.refused
        self._conclude(state)
        return outcome

    def amend(self, request: AmendOrder, now_us: int) -> Amended | Refused:
        """Lower the quantity of an open order, which keeps its place in the queue."""
        return self._run(amendment.amend, request, now_us)

    def place_order_list(self, request: PlaceOrderList, now_us: int) -> ListPlaced | Refused:
        """Place an order list."""
        return self._run(order_lists.place_list, request, now_us)

    def cancel_order_list(self, request: CancelOrderList, now_us: int) -> ListCanceled | Refused:
        """Cancel an order list."""
        return self._run(order_lists.cancel_list, request, now_us)

    def open_account(self, request: OpenAccount, now_us: int) -> Done:
        """Create an account, or change its settings; rates set for a symbol of its own stay."""
        state = self._at(now_us)
        account = state.accounts.get(request.account)
        if account is None:
            state.accounts[request.account] = Account(request, state.order_limits)
            return DONE
        assert account.unlimited == request.unlimited, "an account cannot become a house, nor a house an account"
        account.settings = request
        for desk in account.desks.values():
            desk.trade_group_id = request.trade_group_id
            desk.cleared = None
            if not desk.own_commission:
                desk.set_commission(request.commission)
        return DONE

    def deposit(self, account: str, asset: str, amount: int, now_us: int) -> Done | Refused:
        """Money comes in."""
        return treasury.move(self._at(now_us), account, asset, amount)

    def withdraw(self, account: str, asset: str, amount: int, now_us: int) -> Done | Refused:
        """Money goes out, as far as it is free."""
        return treasury.move(self._at(now_us), account, asset, -amount)

    def lock_externally(self, account: str, asset: str, amount: int, now_us: int) -> Done | Refused:
        """Another system locks free funds, or (negative) releases what it locked."""
        return treasury.lock_externally(self._at(now_us), account, asset, amount)

    def advance(self, now_us: int) -> None:
        """Let time pass."""
        self._at(now_us)

    def execute(self, command: Command, now_us: int) -> Any:
        """Carry out any command."""
        return _HANDLERS[type(command)](self, command, now_us)

    def set_commission(self, command: SetCommission, now_us: int) -> Done | Refused:
        """Give an account rates of its own on one symbol."""
        self._at(now_us)
        try:
            desk = self._desk(command.account, command.symbol)
        except Refusal as refusal:
            return refusal.refused
        desk.set_commission(command.commission)
        desk.own_commission = True
        return DONE

    def set_symbol_status(self, command: SetSymbolStatus, now_us: int) -> Done | Refused:
        """Open, halt or close the trading of a symbol."""
        market = self._at(now_us).markets.get(command.symbol)
        if market is None:
            return BAD_SYMBOL
        market.instrument = structs.replace(market.instrument, status=command.status)
        return DONE

    def set_reference_price(self, command: SetReferencePrice, now_us: int) -> Done | Refused:
        """Set or unset an EXTERNAL reference price."""
        market = self._at(now_us).markets.get(command.symbol)
        if market is None:
            return BAD_SYMBOL
        if market.reference is None or market.reference.rule.bucket_count:
            return NO_REFERENCE_PRICE
        market.reference.set(command.price)
        return DONE

    def _run(self, rule: Callable[[State, Desk, Any], Outcome], request: Any, now_us: int) -> Outcome | Refused:
        state = self.state
        if now_us > state.now_us:
            state.now_us = now_us
        try:
            outcome = rule(state, self._desk(request.account, request.symbol), request)
        except Refusal as refusal:
            return refusal.refused
        if state.changed or state.stirred:
            pursue(state)
        if state.touched:
            state.report_balances()
        return outcome

    def _conclude(self, state: State) -> None:
        pursue(state)
        state.report_balances()

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


_HANDLERS: dict[type, Callable[[Engine, Any, int], Any]] = {
    PlaceOrder: Engine.place,
    CancelOrder: Engine.cancel,
    CancelOpenOrders: Engine.cancel_open_orders,
    CancelReplace: Engine.cancel_replace,
    AmendOrder: Engine.amend,
    PlaceOrderList: Engine.place_order_list,
    CancelOrderList: Engine.cancel_order_list,
    OpenAccount: Engine.open_account,
    SetCommission: Engine.set_commission,
    Deposit: lambda engine, command, now_us: engine.deposit(command.account, command.asset, command.amount, now_us),
    Withdraw: lambda engine, command, now_us: engine.withdraw(command.account, command.asset, command.amount, now_us),
    LockExternally: lambda engine, command, now_us: engine.lock_externally(
        command.account, command.asset, command.amount, now_us
    ),
    SetSymbolStatus: Engine.set_symbol_status,
    SetReferencePrice: Engine.set_reference_price,
    Advance: lambda engine, command, now_us: engine.advance(now_us),
}
