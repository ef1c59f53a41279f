"""Order lists as replies tell of them.

`transactionTime` of a list that was placed or is queried is when it was placed, of one that was canceled when that was done.
"""

from services.paper_exchange.call import Call
from services.paper_exchange.engine.orders import OrderList
from services.paper_exchange.engine.outcomes import Canceled, ListCanceled, ListPlaced
from services.paper_exchange.trading.reports import Report, canceled, placed


def order_list(call: Call, state: OrderList, time_us: int) -> Report:
    """An order list with the ids of its orders."""
    return {
        "orderListId": state.order_list_id,
        "contingencyType": state.contingency_type,
        "listStatusType": state.list_status_type,
        "listOrderStatus": state.list_order_status,
        "listClientOrderId": state.list_client_order_id,
        "transactionTime": call.time(time_us),
        "symbol": state.symbol,
        "orders": references(state),
    }


def references(state: OrderList) -> list[Report]:
    """The orders of a list by their ids."""
    return [{"symbol": state.symbol, "orderId": order_id, "clientOrderId": client_id} for order_id, client_id in state.orders]


def placed_list(call: Call, outcome: ListPlaced, trade_group_id: int) -> Report:
    """A new order list. Without `newOrderRespType` its orders are told as RESULT, which is what the samples show."""
    shape = call.given.get("newOrderRespType", "RESULT")
    state = outcome.order_list
    reports = [placed(call, each, shape, trade_group_id) for each in outcome.orders]
    return order_list(call, state, state.time_us) | {"orderReports": reports}


def canceled_list(call: Call, outcome: ListCanceled) -> Report:
    """An order list that was canceled."""
    state = outcome.order_list
    return order_list(call, state, state.update_us) | {"orderReports": [canceled(call, each) for each in outcome.orders]}


def ended(call: Call, outcome: Canceled | ListCanceled) -> Report:
    """What a cancel ended: an order, or the list of which it was a part."""
    return canceled(call, outcome) if isinstance(outcome, Canceled) else canceled_list(call, outcome)


def amended_list(state: OrderList) -> Report:
    """The list of an amended order."""
    return {
        "orderListId": state.order_list_id,
        "contingencyType": state.contingency_type,
        "listOrderStatus": state.list_order_status,
        "listClientOrderId": state.list_client_order_id,
        "symbol": state.symbol,
        "orders": references(state),
    }
