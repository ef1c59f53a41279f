"""What happened, in the order in which it happened.

`Engine.drain` hands the events over. Market events (Traded, LevelChanged) tell everyone; the others tell one account, and
carry all that `executionReport`, `listStatus`, `outboundAccountPosition` and `balanceUpdate` need. Amounts in units of 1e-8,
times in microseconds.
"""

from msgspec import Struct

from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.words import (
    ContingencyType,
    ExecutionType,
    ListOrderStatus,
    ListStatusType,
    RejectReason,
    Side,
)


class Traded(Struct, frozen=True, gc=False):
    """Two orders met on the symbol's own book."""

    symbol: str
    trade_id: int
    price: int
    quantity: int
    quote_quantity: int
    time_us: int
    buyer_is_maker: bool
    buy_order_id: int
    sell_order_id: int
    taker_order_id: int


class LevelChanged(Struct, frozen=True, gc=False):
    """A price now shows this quantity (zero: the level is gone); `update_id` grows by one per changed level of a symbol."""

    symbol: str
    side: Side
    price: int
    quantity: int
    update_id: int
    time_us: int


class OrderUpdated(Struct, frozen=True, gc=False):
    """One execution report. `order` is a copy, as the order was right after this step."""

    order: Order
    execution_type: ExecutionType
    execution_id: int
    time_us: int
    on_book: bool
    """`w`."""
    original_client_order_id: str = ""
    """`C`: the id the order had before this cancel or amendment."""
    reject_reason: RejectReason = "NONE"
    last_quantity: int = 0
    last_price: int = 0
    last_quote_quantity: int = 0
    commission: int = 0
    commission_asset: str | None = None
    trade_id: int = -1
    is_maker: bool = False
    allocation_id: int = -1
    """>= 0 when the fill is an allocation of the smart order router."""
    prevented: "Prevented | None" = None
    """Only with TRADE_PREVENTION."""


class Prevented(Struct, frozen=True, gc=False):
    """The part of an execution report that tells of a prevented self-trade, seen by one of its orders."""

    prevented_match_id: int
    quantity: int
    """`B`: what this order lost now; `A` is the order's `prevented`."""
    trade_group_id: int
    counter_order_id: int
    counter_symbol: str
    execution_quantity: int
    """`pl`: what would have traded."""
    execution_price: int
    execution_quote_quantity: int


class BalancesChanged(Struct, frozen=True, gc=False):
    """Balances that a command may have touched, as they are at its end: `outboundAccountPosition`."""

    account: str
    time_us: int
    balances: tuple[tuple[str, int, int], ...]
    """(asset, free, locked)."""


class BalanceUpdated(Struct, frozen=True, gc=False):
    """A deposit or (negative) a withdrawal: `balanceUpdate`."""

    account: str
    asset: str
    delta: int
    time_us: int


class ExternalLockUpdated(Struct, frozen=True, gc=False):
    """Another system locked or (negative) released funds: `externalLockUpdate`."""

    account: str
    asset: str
    delta: int
    time_us: int


class ListUpdated(Struct, frozen=True, gc=False):
    """An order list was placed, changed or finished: `listStatus`."""

    account: str
    symbol: str
    order_list_id: int
    contingency_type: ContingencyType
    list_status_type: ListStatusType
    list_order_status: ListOrderStatus
    list_client_order_id: str
    reject_reason: RejectReason
    time_us: int
    orders: tuple[tuple[int, str], ...]
    """(orderId, clientOrderId) of the members."""


Event = Traded | LevelChanged | OrderUpdated | BalancesChanged | BalanceUpdated | ExternalLockUpdated | ListUpdated
