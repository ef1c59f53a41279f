"""Canceling one order, or all that an account has open on a symbol. Who cancels a member cancels its list."""

from services.paper_exchange.engine import order_lists
from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.commands import CancelOpenOrders, CancelOrder
from services.paper_exchange.engine.lifecycle import end_canceled
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.outcomes import Canceled, ListCanceled
from services.paper_exchange.engine.refusals import CANCEL_RESTRICTED, CANCEL_WITHOUT_ID, UNKNOWN_ORDER, Refusal
from services.paper_exchange.engine.state import State

_RESTRICTIONS = {"ONLY_NEW": "NEW", "ONLY_PARTIALLY_FILLED": "PARTIALLY_FILLED"}


def cancel(state: State, desk: Desk, request: CancelOrder) -> Canceled | ListCanceled:
    """Cancel one order. Raises Refusal, having changed nothing."""
    order = find_open(desk, request.order_id, request.client_order_id)
    if request.restrictions is not None and order.status != _RESTRICTIONS[request.restrictions]:
        raise Refusal(CANCEL_RESTRICTED)
    if order.order_list_id >= 0:
        return order_lists.end_list(state, desk, state.lists[order.order_list_id], request.new_client_order_id)
    return end_canceled(state, desk, order, request.new_client_order_id)


def cancel_all(state: State, desk: Desk, request: CancelOpenOrders) -> list[Canceled | ListCanceled]:
    """Cancel everything the account has open on the symbol; all reports carry one client order id. Raises Refusal."""
    if not desk.open:
        raise Refusal(UNKNOWN_ORDER)
    new_client_order_id = state.new_client_order_id()
    canceled: list[Canceled | ListCanceled] = []
    for order in list(desk.open.values()):
        if not order.is_open:
            continue
        if order.order_list_id >= 0:
            canceled.append(order_lists.end_list(state, desk, state.lists[order.order_list_id], new_client_order_id))
        else:
            canceled.append(end_canceled(state, desk, order, new_client_order_id))
    return canceled


def find_open(desk: Desk, order_id: int | None, client_order_id: str) -> Order:
    """The open order that ids name: the order id first, and the client order id must then be that order's own."""
    if order_id is not None:
        order = desk.market.orders.get(order_id)
        if order is None or order.account != desk.account.name:
            raise Refusal(UNKNOWN_ORDER)
        if client_order_id and order.client_order_id != client_order_id:
            raise Refusal(UNKNOWN_ORDER)
        return order
    if not client_order_id:
        raise Refusal(CANCEL_WITHOUT_ID)
    order = desk.by_client_id.get(client_order_id)
    if order is None or not order.is_open or order.client_order_id != client_order_id:
        raise Refusal(UNKNOWN_ORDER)
    return order
