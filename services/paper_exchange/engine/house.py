"""The short way of a house of the synthetic market: tick and lot, then work."""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.amounts import down
from services.paper_exchange.engine.commands import PlaceOrder
from services.paper_exchange.engine.ledger import lock
from services.paper_exchange.engine.matching import would_take
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.outcomes import Placed
from services.paper_exchange.engine.refusals import (
    ACTION_DISABLED,
    MARKET_CLOSED,
    WOULD_TAKE,
    Refusal,
    filter_failure,
    missing,
)
from services.paper_exchange.engine.state import State
from services.paper_exchange.engine.work import work

_TYPES = frozenset(("LIMIT", "LIMIT_MAKER", "MARKET"))


def place_for_house(state: State, desk: Desk, request: PlaceOrder) -> Placed:
    """Accept an order of an unlimited account and let it work. Raises Refusal, having changed nothing."""
    market = desk.market
    instrument = market.instrument
    if request.type not in _TYPES:
        raise Refusal(ACTION_DISABLED)
    if request.quantity <= 0:
        raise missing("quantity")
    if request.type != "MARKET" and (request.price <= 0 or down(request.price, instrument.tick) != request.price):
        raise filter_failure("PRICE_FILTER")
    if down(request.quantity, instrument.step) != request.quantity:
        raise filter_failure("LOT_SIZE")
    if instrument.status != "TRADING":
        raise Refusal(MARKET_CLOSED)
    now_us, quantity, price = state.now_us, request.quantity, request.price
    order = Order(
        market.next_order_id,
        desk.account.name,
        instrument.symbol,
        request.side,
        request.type,
        request.time_in_force or "GTC",
        price,
        quantity,
        quantity,
        quantity,
        price,
        request.client_order_id,
        "NONE",
        now_us,
        now_us,
        price,
        working_us=now_us,
    )
    if request.type == "LIMIT_MAKER" and would_take(desk, order):
        raise Refusal(WOULD_TAKE)
    market.next_order_id += 1
    lock(desk, order)
    market.orders[order.order_id] = order
    work(state, desk, order)
    return Placed(order)
