"""Orders and order lists, from acceptance to their end: all that a reply, a query or an execution report says of them."""

from collections.abc import Callable
from operator import methodcaller

from msgspec import Struct

from services.paper_exchange.engine.words import (
    OPEN,
    ContingencyType,
    ExpiryReason,
    ListKind,
    ListOrderStatus,
    ListStatusType,
    OrderStatus,
    OrderType,
    PegPriceType,
    Side,
    StpMode,
    TimeInForce,
    WorkingFloor,
)


class Order(Struct, gc=False, omit_defaults=True):
    """One order. Amounts in units of 1e-8, times in microseconds. Only the engine changes it; events and replies hold copies.

    quantity - executed - prevented == remaining while the order is open.
    """

    order_id: int
    account: str
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    price: int
    """As sent: zero for market orders and for pegged orders without a price of their own."""
    quantity: int
    remaining: int
    visible: int
    """What the book shows: all that remains, or the current slice of an iceberg."""
    limit: int
    """The price it rests and trades at: `price`, or the pegged price; zero for market orders."""
    client_order_id: str
    self_trade_prevention: StpMode
    time_us: int
    update_us: int
    reserve: int
    """The price at which a BUY has its funds locked: `limit`, or an estimate for one that has none yet."""
    status: OrderStatus = "NEW"
    executed: int = 0
    executed_quote: int = 0
    prevented: int = 0
    locked: int = 0
    """Funds held for it in the asset it gives; zero while its order list holds them."""
    resting: bool = False
    """Is it in the book?"""
    working_us: int = -1
    """When it began to work; -1 while it waits for a trigger or for its working order."""
    order_list_id: int = -1
    stop_price: int = 0
    quote_quantity: int = 0
    iceberg_quantity: int = 0
    trailing_delta: int = 0
    trailing_us: int = -1
    """When trailing began; -1 before."""
    trailing_extreme: int = 0
    """Best price seen since trailing began."""
    expiry_reason: ExpiryReason = "NONE"
    strategy_id: int | None = None
    strategy_type: int | None = None
    peg_price_type: PegPriceType | None = None
    peg_offset_type: str | None = None
    peg_offset_value: int | None = None
    pegged_price: int = 0
    """Zero until it is chosen, which happens once: when the order enters the book."""
    prevented_match_id: int = -1
    """The last self-trade that was prevented; -1 when none was."""
    used_sor: bool = False
    working_floor: WorkingFloor = "EXCHANGE"
    amends: int = 0
    counted: bool = False
    """Has a fill given back its place in the unfilled order count?"""

    @property
    def is_open(self) -> bool:
        """Can it still trade, now or after a trigger?"""
        return self.status in OPEN

    @property
    def is_working(self) -> bool:
        """`isWorking`: it is, or was, on the book."""
        return self.working_us != -1


class OrderList(Struct, gc=False, omit_defaults=True):
    """Orders that depend on each other. Only the engine changes it; events and replies hold copies.

    OCO: a pair. OTO and OPO: a working order and one pending. OTOCO and OPOCO: a working order and a pending pair.
    """

    order_list_id: int
    account: str
    symbol: str
    kind: ListKind
    contingency_type: ContingencyType
    list_client_order_id: str
    time_us: int
    orders: tuple[tuple[int, str], ...]
    """(orderId, clientOrderId) of the members in the order in which they are shown."""
    update_us: int
    working_id: int = -1
    pending_ids: tuple[int, ...] = ()
    """They wait for the working order; empty once they are released."""
    pair_ids: tuple[int, ...] = ()
    """The legs of the pair, the stop-loss leg first."""
    pair_waits: bool = False
    """Is neither leg touched yet? Then the list, and not a leg, holds the funds for both."""
    locked: int = 0
    """Funds held for a waiting pair, or (OPO, OPOCO) the base asset received so far."""
    list_status_type: ListStatusType = "EXEC_STARTED"
    list_order_status: ListOrderStatus = "EXECUTING"

    @property
    def is_open(self) -> bool:
        """Has it a member that is still open?"""
        return self.list_order_status == "EXECUTING"

    @property
    def pays_itself(self) -> bool:
        """Do the pending orders sell what the working order buys (OPO, OPOCO)?"""
        return self.kind in ("OPO", "OPOCO")


copied: Callable[[Order], Order] = methodcaller("__copy__")
"""A copy of an order, for those who look at it later (faster than `copy.copy`)."""

copied_list: Callable[[OrderList], OrderList] = methodcaller("__copy__")
"""The same for an order list."""
