"""Orders and order lists, as they stand and as they were.

An order or list is looked up by its id first, and a client id must then be its own, for order lists too (the WebSocket API's
page says that there the client id wins: the changelog of 2025-04-07 is newer).
"""

from operator import attrgetter

from msgspec import json

from services.paper_exchange.call import Call
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.trading import list_reports
from services.paper_exchange.trading.pages import page
from services.paper_exchange.trading.reports import queried
from services.paper_exchange.trading.results import done


def order(handlers: Handlers, call: Call) -> bytes:
    given, engine = call.given, handlers.venue.engine
    symbol = handlers.listed(given["symbol"])
    found = engine.order(call.account, symbol, given.get("orderId"), given.get("origClientOrderId", ""))
    return json.encode(queried(call, done(found)))


def open_orders(handlers: Handlers, call: Call) -> bytes:
    symbol = handlers.listed(call.given["symbol"]) if "symbol" in call.given else ""
    return json.encode([queried(call, each) for each in handlers.venue.engine.open_orders(call.account, symbol)])


def orders(handlers: Handlers, call: Call) -> bytes:
    symbol = handlers.listed(call.given["symbol"])
    rows = page(
        handlers,
        call,
        handlers.venue.engine.orders(call.account, symbol),
        from_id=call.given.get("orderId"),
        id_of=attrgetter("order_id"),
        time_of=attrgetter("time_us"),
    )
    return json.encode([queried(call, each) for each in rows])


def order_list(handlers: Handlers, call: Call) -> bytes:
    given = call.given
    found = handlers.venue.engine.order_list(call.account, given.get("orderListId"), given.get("origClientOrderId", ""))
    state = done(found)
    return json.encode(list_reports.order_list(call, state, state.time_us))


def open_order_lists(handlers: Handlers, call: Call) -> bytes:
    lists = handlers.venue.engine.open_order_lists(call.account)
    return json.encode([list_reports.order_list(call, each, each.time_us) for each in lists])


def order_lists(handlers: Handlers, call: Call) -> bytes:
    rows = page(
        handlers,
        call,
        handlers.venue.engine.order_lists(call.account),
        from_id=call.given.get("fromId"),
        id_of=attrgetter("order_list_id"),
        time_of=attrgetter("time_us"),
    )
    return json.encode([list_reports.order_list(call, each, each.time_us) for each in rows])
