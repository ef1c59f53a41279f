"""The state of the exchange, and the events of the running command."""

from collections.abc import Iterable

from services.paper_exchange.engine.accounts import Account, Desk
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.events import BalancesChanged, Event, LevelChanged, ListUpdated, OrderUpdated
from services.paper_exchange.engine.filters import Filter
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.market import Market
from services.paper_exchange.engine.order_counts import DEFAULT_LIMITS, OrderLimit
from services.paper_exchange.engine.orders import Order, OrderList, copied
from services.paper_exchange.engine.words import ExecutionType, RejectReason, Side


class State:
    """All accounts and markets; every module of the engine works on it and nothing else."""

    __slots__ = (
        "accounts",
        "changed",
        "deposits",
        "events",
        "exchange_filters",
        "fees",
        "lists",
        "markets",
        "next_client_id",
        "next_list_id",
        "now_us",
        "order_limits",
        "released",
        "sors",
        "stirred",
        "touched",
    )

    def __init__(
        self,
        instruments: Iterable[Instrument],
        *,
        exchange_filters: tuple[Filter, ...] = (),
        sors: tuple[tuple[str, ...], ...] = (),
        order_limits: tuple[OrderLimit, ...] = DEFAULT_LIMITS,
    ) -> None:
        self.exchange_filters = exchange_filters
        self.sors = sors
        """Groups of symbols over which the smart order router works."""
        self.order_limits = order_limits
        self.accounts: dict[str, Account] = {}
        self.markets = {instrument.symbol: Market(instrument) for instrument in instruments}
        self.events: list[Event] = []
        self.fees: dict[str, int] = {}
        """Collected commissions."""
        self.deposits: dict[str, int] = {}
        """Deposits less withdrawals: what all balances and fees add up to, always."""
        self.now_us = 0
        self.next_list_id = 0
        self.next_client_id = 1
        self.touched: list[Desk] = []
        self.lists: dict[int, OrderList] = {}
        """Open order lists."""
        self.changed: list[Order] = []
        """Members of lists that traded or ended; their lists have yet to act on it."""
        self.released: list[OrderList] = []
        """Lists whose working order is filled; their pending orders have yet to enter."""
        self.stirred: list[Market] = []
        """Markets with trades that their triggers have not been shown yet."""

    def touch(self, desk: Desk) -> None:
        """Have the desk's balances reported at the end of the command."""
        if not desk.touched:
            desk.touched = True
            self.touched.append(desk)

    def report_balances(self) -> None:
        """Tell, once per desk, what the balances are now."""
        for desk in self.touched:
            desk.touched = False
            account, instrument, base, quote = desk.account, desk.market.instrument, desk.base, desk.quote
            account.updated_us = self.now_us
            told = ((instrument.base, base.free, base.locked), (instrument.quote, quote.free, quote.locked))
            if desk.commission.discount_enabled:
                fee_asset = desk.commission.discount_asset
                if fee_asset not in (instrument.base, instrument.quote):
                    paid = account.balance(fee_asset)
                    told = (*told, (fee_asset, paid.free, paid.locked))
            self.events.append(BalancesChanged(account.name, self.now_us, told))
        self.touched.clear()

    def collect(self, asset: str, amount: int) -> None:
        """Take a commission in."""
        self.fees[asset] = self.fees.get(asset, 0) + amount

    def price_in(self, asset: str, other: str) -> int:
        """The last price of `asset` in units of `other`; zero when the two do not trade with each other."""
        if asset == other:
            return SCALE
        market = self.markets.get(asset + other)
        if market is not None:
            return market.last_price
        market = self.markets.get(other + asset)
        return SCALE * SCALE // market.last_price if market is not None and market.last_price else 0

    def level_changed(self, market: Market, side: Side, price: int, quantity: int) -> None:
        """Tell that a price now shows this quantity."""
        book = market.book
        book.update_id += 1
        self.events.append(LevelChanged(market.instrument.symbol, side, price, quantity, book.update_id, self.now_us))

    def report(
        self,
        market: Market,
        order: Order,
        execution_type: ExecutionType,
        *,
        original_client_order_id: str = "",
        reject_reason: RejectReason = "NONE",
    ) -> int:
        """Tell the owner of an order about a step that is neither a trade nor a prevented one; returns the execution id."""
        execution_id = market.next_execution_id
        market.next_execution_id = execution_id + 1
        self.events.append(
            OrderUpdated(
                copied(order),
                execution_type,
                execution_id,
                self.now_us,
                order.resting or (execution_type == "NEW" and order.working_us >= 0),
                original_client_order_id,
                reject_reason,
            )
        )
        return execution_id

    def report_list(self, order_list: OrderList, reject_reason: RejectReason = "NONE") -> None:
        """Tell the owner of an order list how it is now."""
        order_list.update_us = self.now_us
        self.events.append(
            ListUpdated(
                order_list.account,
                order_list.symbol,
                order_list.order_list_id,
                order_list.contingency_type,
                order_list.list_status_type,
                order_list.list_order_status,
                order_list.list_client_order_id,
                reject_reason,
                self.now_us,
                order_list.orders,
            )
        )

    def new_client_order_id(self) -> str:
        """An id for an order that came without one: 22 characters, never the same twice, the same in every replay."""
        number = self.next_client_id
        self.next_client_id = number + 1
        return f"{number * _SPREAD & _MASK:022x}"


_MASK = (1 << 88) - 1
_SPREAD = 0x9E3779B97F4A7C15F39CC1
"""Odd, so that multiplying by it modulo a power of two never gives the same number twice."""
