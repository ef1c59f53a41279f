"""What happened to an account's orders: trades, allocations, prevented matches, amendments."""

from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter

from msgspec import json

from services.paper_exchange.call import Call
from services.paper_exchange.engine.amounts import text
from services.paper_exchange.engine.records import Amendment, Fill, PreventedMatch
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.trading.pages import page
from services.paper_exchange.trading.reports import Report, prevented_quantities


def trades(handlers: Handlers, call: Call) -> bytes:
    rows = handlers.venue.engine.trades(call.account, handlers.listed(call.given["symbol"]))
    found = _fills(handlers, call, rows, "fromId", "trade_id")
    return json.encode([trade(call, fill) for fill in found])


def allocations(handlers: Handlers, call: Call) -> bytes:
    rows = handlers.venue.engine.allocations(call.account, handlers.listed(call.given["symbol"]))
    found = _fills(handlers, call, rows, "fromAllocationId", "allocation_id")
    return json.encode([allocation(call, fill) for fill in found])


def prevented_matches(handlers: Handlers, call: Call) -> bytes:
    given = call.given
    rows = handlers.venue.engine.prevented_matches(call.account, handlers.listed(given["symbol"]))
    if "preventedMatchId" in given:
        rows = [each for each in rows if each.prevented_match_id == given["preventedMatchId"]]
    else:
        order_id, from_id = given["orderId"], given.get("fromPreventedMatchId", 0)
        of_order = (each for each in rows if order_id in (each.taker_order_id, each.maker_order_id))
        rows = [each for each in of_order if each.prevented_match_id >= from_id]
    return json.encode([prevented_match(call, each) for each in rows[: call.limit]])


def amendments(handlers: Handlers, call: Call) -> bytes:
    given = call.given
    rows = handlers.venue.engine.amendments(call.account, handlers.listed(given["symbol"]), given["orderId"])
    first = bisect_left(rows, given.get("fromExecutionId", 0), key=attrgetter("execution_id"))
    return json.encode([amendment(call, each) for each in rows[first : first + call.limit]])


def _fills(handlers: Handlers, call: Call, rows: Sequence[Fill], from_name: str, id_name: str) -> Sequence[Fill]:
    given = call.given
    if "orderId" in given:
        rows = [fill for fill in rows if fill.order_id == given["orderId"]]
    return page(handlers, call, rows, from_id=given.get(from_name), id_of=attrgetter(id_name), time_of=attrgetter("time_us"))


def trade(call: Call, fill: Fill) -> Report:
    """A trade of `myTrades`."""
    return {"symbol": fill.symbol, "id": fill.trade_id} | _exchanged(call, fill) | {"isBestMatch": True}


def allocation(call: Call, fill: Fill) -> Report:
    """An allocation of `myAllocations`."""
    naming: Report = {"symbol": fill.symbol, "allocationId": fill.allocation_id, "allocationType": "SOR"}
    return naming | _exchanged(call, fill) | {"isAllocator": False}


def _exchanged(call: Call, fill: Fill) -> Report:
    return {
        "orderId": fill.order_id,
        "orderListId": fill.order_list_id,
        "price": text(fill.price),
        "qty": text(fill.quantity),
        "quoteQty": text(fill.quote_quantity),
        "commission": text(fill.commission),
        "commissionAsset": fill.commission_asset,
        "time": call.time(fill.time_us),
        "isBuyer": fill.is_buyer,
        "isMaker": fill.is_maker,
    }


def prevented_match(call: Call, match: PreventedMatch) -> Report:
    """A self-trade of `myPreventedMatches`."""
    naming: Report = {
        "symbol": match.symbol,
        "preventedMatchId": match.prevented_match_id,
        "takerOrderId": match.taker_order_id,
        "makerSymbol": match.maker_symbol,
        "makerOrderId": match.maker_order_id,
        "tradeGroupId": match.trade_group_id,
        "selfTradePreventionMode": match.self_trade_prevention,
        "price": text(match.price),
    }
    return naming | prevented_quantities(match) | {"transactTime": call.time(match.time_us)}


def amendment(call: Call, change: Amendment) -> Report:
    """A change of `order.amendments`."""
    return {
        "symbol": change.symbol,
        "orderId": change.order_id,
        "executionId": change.execution_id,
        "origClientOrderId": change.original_client_order_id,
        "newClientOrderId": change.new_client_order_id,
        "origQty": text(change.original_quantity),
        "newQty": text(change.new_quantity),
        "time": call.time(change.time_us),
    }
