"""What is kept of the past, with the fields that queries show. Amounts in units of 1e-8, times in microseconds."""

from msgspec import Struct

from services.paper_exchange.engine.words import StpMode


class Fill(Struct, frozen=True, gc=False):
    """One side of a trade or of an allocation: an entry of `myTrades` or `myAllocations`, and of `fills` in a reply."""

    symbol: str
    trade_id: int
    """-1 for an allocation."""
    order_id: int
    order_list_id: int
    price: int
    quantity: int
    quote_quantity: int
    commission: int
    commission_asset: str
    time_us: int
    is_buyer: bool
    is_maker: bool
    allocation_id: int = -1


class PreventedMatch(Struct, frozen=True, gc=False):
    """A self-trade that did not happen: an entry of `myPreventedMatches`."""

    symbol: str
    prevented_match_id: int
    taker_order_id: int
    maker_symbol: str
    maker_order_id: int
    trade_group_id: int
    self_trade_prevention: StpMode
    price: int
    taker_prevented_quantity: int | None
    """None where the mode takes nothing from the taker."""
    maker_prevented_quantity: int | None
    time_us: int


class Amendment(Struct, frozen=True, gc=False):
    """One change of an order's quantity: an entry of `order.amendments`."""

    symbol: str
    order_id: int
    execution_id: int
    original_client_order_id: str
    new_client_order_id: str
    original_quantity: int
    new_quantity: int
    time_us: int
