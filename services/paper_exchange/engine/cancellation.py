"""Canceling: one order, or all that an account has open on a symbol."""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.commands import CancelOrder
from services.paper_exchange.engine.lifecycle import finish, leave_book
from services.paper_exchange.engine.orders import Order, copied
from services.paper_exchange.engine.outcomes import Canceled
from services.paper_exchange.engine.refusals import CANCEL_RESTRICTED, CANCEL_WITHOUT_ID, UNKNOWN_ORDER, Refusal
from services.paper_exchange.engine.state import State

_RESTRICTIONS = {"ONLY_NEW": "NEW", "ONLY_PARTIALLY_FILLED": "PARTIALLY_FILLED"}


def cancel(state: State, desk: Desk, request: CancelOrder) -> Canceled:
    """Cancel one order. Raises Refusal, having changed nothing."""
    order = find_open(desk, request.order_id, request.client_order_id)
    if request.restrictions is not None and order.status != _RESTRICTIONS[request.restrictions]:
        raise Refusal(CANCEL_RESTRICTED)
    return cancel_order(state, desk, order, request.new_client_order_id)


def find_open(desk: Desk, order_id: int | None, client_order_id: str) -> Order:
    """The open order that ids name: the order id first, and the client order id must then be that order's own."""
    if order_id is not None:
        order = desk.market.orders.get(order_id)
        if (
            order is None
            or order.account != desk.account.name
            or (client_order_id and order.client_order_id != client_order_id)
        ):
            raise Refusal(UNKNOWN_ORDER)
        return order
    if not client_order_id:
        raise Refusal(CANCEL_WITHOUT_ID)
    order = desk.by_client_id.get(client_order_id)
    if order is None or not order.is_open:
        raise Refusal(UNKNOWN_ORDER)
    return order


def cancel_order(state: State, desk: Desk, order: Order, new_client_order_id: str) -> Canceled:
    """End an order by its owner's wish; from then on it answers to the cancel's own client order id."""
    original = order.client_order_id
    if order.resting:
        leave_book(state, desk, order)
    finish(state, desk, order, "CANCELED")
    if not desk.reports:
        return Canceled(order, original)
    order.client_order_id = new_client_order_id or state.new_client_order_id()
    desk.by_client_id[order.client_order_id] = order
    state.report(desk.market, order, "CANCELED", original_client_order_id=original)
    return Canceled(copied(order), original)
