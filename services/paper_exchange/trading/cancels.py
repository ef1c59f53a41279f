"""Canceling one order, all of a symbol, or an order list."""

from typing import Any

from msgspec import json

from services.paper_exchange.call import Call
from services.paper_exchange.engine.commands import CancelOpenOrders, CancelOrderList
from services.paper_exchange.engine.outcomes import Canceled, ListCanceled
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.trading.list_reports import canceled_list, ended
from services.paper_exchange.trading.requests import cancel_order
from services.paper_exchange.trading.results import done, execute


def cancel(handlers: Handlers, call: Call) -> bytes:
    request = cancel_order(call, "orderId", "origClientOrderId", "newClientOrderId")
    outcome: Any = done(handlers.venue.execute(request))
    return json.encode(ended(call, outcome))


def cancel_all(handlers: Handlers, call: Call) -> bytes:
    request = CancelOpenOrders(account=call.account, symbol=call.given["symbol"])
    outcomes: list[Canceled | ListCanceled] = done(handlers.venue.execute(request))
    return json.encode([ended(call, each) for each in outcomes])


def cancel_list(handlers: Handlers, call: Call) -> bytes:
    given = call.given
    request = CancelOrderList(
        account=call.account,
        symbol=given["symbol"],
        order_list_id=given.get("orderListId"),
        list_client_order_id=given.get("listClientOrderId", ""),
        new_client_order_id=given.get("newClientOrderId", ""),
    )
    return json.encode(canceled_list(call, execute(handlers, request, ListCanceled)))
