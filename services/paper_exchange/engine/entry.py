"""How an order enters: what only the engine can know, and the registration.

A client order id in use, a stop price on the wrong side, a post-only order that would take, missing funds, a book without the
level of a peg. Also for orders that enter later: released by their list, or fired by their trigger.
"""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.filter_checks import check_filters
from services.paper_exchange.engine.ledger import need, require
from services.paper_exchange.engine.lifecycle import register
from services.paper_exchange.engine.matching import would_take
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.pegs import fix_price, peg_price
from services.paper_exchange.engine.refusals import DUPLICATE_ORDER, WOULD_TAKE, WOULD_TRIGGER, Refusal
from services.paper_exchange.engine.reverse_market import quantity_for
from services.paper_exchange.engine.routing import obtainable
from services.paper_exchange.engine.state import State
from services.paper_exchange.engine.triggers import reached
from services.paper_exchange.engine.words import CONTINGENT


def admit(state: State, desk: Desk, order: Order) -> None:
    """The engine's own checks of a new order. Raises Refusal."""
    check_duplicate(desk, order)
    if order.quote_quantity:
        order.quantity = order.remaining = order.visible = quantity_for(state, desk, order)
        check_filters(state, desk, order)
    check_entry(state, desk, order)


def check_duplicate(desk: Desk, order: Order) -> None:
    """Raise Refusal when another open order has the client order id."""
    if order.client_order_id:
        holder = desk.by_client_id.get(order.client_order_id)
        if holder is not None and holder.is_open and holder.client_order_id == order.client_order_id:
            raise Refusal(DUPLICATE_ORDER)


def check_entry(state: State, desk: Desk, order: Order) -> None:
    """May the order enter the book, or wait for its trigger, now, and are its funds free? Raises Refusal."""
    market = desk.market
    if order.type not in CONTINGENT:
        check_working(state, desk, order)
        return
    if order.stop_price and market.last_price and reached(order, market.last_price):
        raise Refusal(WOULD_TRIGGER)
    if order.peg_price_type is not None and not order.reserve:
        order.reserve = peg_price(market, order)
    require(desk, order, need(order))


def check_working(state: State, desk: Desk, order: Order) -> None:
    """May the order begin to work now, and are its funds free? Chooses the price of a pegged order. Raises Refusal."""
    if order.peg_price_type is not None:
        fix_price(desk.market, order)
        check_filters(state, desk, order)
    if order.type == "LIMIT_MAKER" and would_take(desk, order):
        raise Refusal(WOULD_TAKE)
    if order.limit:
        require(desk, order, need(order))
        return
    if not _surely_pays(desk, order):
        # Not enough for all that the book would give a market order: refused, not filled in part.
        filled, quote = obtainable(state, desk, order)
        require(desk, order, quote if order.side == "BUY" else filled)


def _surely_pays(desk: Desk, order: Order) -> bool:
    """Does a look at the levels alone show that a market order can be paid? What they hide can only make a BUY cheaper."""
    free, left, cost = desk.gives[order.side].free, order.remaining, 0
    if order.side == "SELL":
        return free >= left
    if order.used_sor or order.self_trade_prevention != "NONE":
        return False
    for level in desk.market.book.asks:
        quantity = min(left, level.total)
        cost += level.price * quantity // SCALE
        left -= quantity
        if not left:
            return cost <= free
    return False


def enter(state: State, desk: Desk, order: Order) -> None:
    """Register an admitted order and let it begin."""
    if not order.client_order_id:
        order.client_order_id = state.new_client_order_id()
    register(desk, order)
    state.touch(desk)
    begin(state, desk, order)


def begin(state: State, desk: Desk, order: Order) -> None:
    """Tell of a new order; a contingent one waits for its trigger from now on, the others have come to work."""
    if order.type in CONTINGENT:
        desk.market.triggers.add(order, desk.market.last_price, state.now_us)
    else:
        order.working_us = state.now_us
    state.report(desk.market, order, "NEW")
