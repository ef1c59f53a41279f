"""An order that has come to work: it trades, and what remains of it rests or expires."""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.lifecycle import expire, finish
from services.paper_exchange.engine.matching import Phase, take, would_take
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.price_range import price_range
from services.paper_exchange.engine.routing import obtainable, take_routed
from services.paper_exchange.engine.state import State

NOTHING = Phase()
"""What came of an order that met nobody."""


def work(state: State, desk: Desk, order: Order) -> Phase:
    """The taker phase of a registered order and what becomes of the rest. A market order is one without a limit."""
    if not order.used_sor and order.time_in_force == "GTC" and order.limit and not would_take(desk, order):
        rest(state, desk, order)
        return NOTHING
    phase = Phase(price_range(state, desk.market, order.side))
    if order.time_in_force == "FOK":
        filled, _ = obtainable(state, desk, order)
        if filled < order.remaining:
            expire(state, desk, order, "UNFILLED_FOK_ORDER_EXPIRED")
            return phase
    if order.used_sor:
        take_routed(state, desk, order, phase)
    else:
        take(state, desk, order, phase)
    if not order.is_open:
        return phase
    if not order.remaining:
        finish(state, desk, order, "FILLED")
    elif phase.out_of_range:
        expire(state, desk, order, "EXECUTION_RULE_PRICE_RANGE_EXCEEDED")
    elif not order.limit:
        expire(state, desk, order, "INSUFFICIENT_LIQUIDITY")
    elif order.time_in_force == "GTC":
        rest(state, desk, order)
    else:
        expire(state, desk, order, "UNFILLED_IOC_QUANTITY_EXPIRED")
    return phase


def rest(state: State, desk: Desk, order: Order) -> None:
    """Queue an order in the book."""
    remaining, iceberg = order.remaining, order.iceberg_quantity
    order.visible = iceberg if 0 < iceberg < remaining else remaining
    order.working_floor = "EXCHANGE"
    market = desk.market
    level = market.book.side(order.side).add(order)
    state.level_changed(market, order.side, order.limit, level.total)
