"""Placing order lists of every kind."""

from msgspec import json

from services.paper_exchange.call import Call
from services.paper_exchange.engine.commands import Leg, PlaceOrderList
from services.paper_exchange.engine.outcomes import ListPlaced
from services.paper_exchange.engine.words import ListKind
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.trading.account import trade_group_id
from services.paper_exchange.trading.list_reports import placed_list
from services.paper_exchange.trading.requests import Given, amount, leg
from services.paper_exchange.trading.results import execute


def place_oco(handlers: Handlers, call: Call) -> bytes:
    given = call.given
    side, quantity = given["side"], amount(given, "quantity")
    return _place(handlers, call, "OCO", above=leg(given, "above", side, quantity), below=leg(given, "below", side, quantity))


def place_oto(handlers: Handlers, call: Call) -> bytes:
    given = call.given
    pending = leg(given, "pending", given["pendingSide"], amount(given, "pendingQuantity"))
    return _place(handlers, call, "OTO", working=_working(given), pending=pending)


def place_otoco(handlers: Handlers, call: Call) -> bytes:
    quantity = amount(call.given, "pendingQuantity")
    return _place(handlers, call, "OTOCO", working=_working(call.given), **_pending_pair(call.given, quantity))


def place_opo(handlers: Handlers, call: Call) -> bytes:
    given = call.given
    return _place(handlers, call, "OPO", working=_working(given), pending=leg(given, "pending", given["pendingSide"], 0))


def place_opoco(handlers: Handlers, call: Call) -> bytes:
    return _place(handlers, call, "OPOCO", working=_working(call.given), **_pending_pair(call.given, 0))


def place_old_oco(handlers: Handlers, call: Call) -> bytes:
    """The pair as it was placed before there were other lists: its legs are called after what they do, not where they lie."""
    given = call.given
    side, quantity = given["side"], amount(given, "quantity")
    limit = Leg(
        side=side,
        type="LIMIT_MAKER",
        quantity=quantity,
        price=amount(given, "price"),
        client_order_id=given.get("limitClientOrderId", ""),
        iceberg_quantity=amount(given, "limitIcebergQty"),
        strategy_id=given.get("limitStrategyId"),
        strategy_type=given.get("limitStrategyType"),
    )
    stop = Leg(
        side=side,
        type="STOP_LOSS_LIMIT" if "stopLimitPrice" in given else "STOP_LOSS",
        quantity=quantity,
        price=amount(given, "stopLimitPrice"),
        stop_price=amount(given, "stopPrice"),
        trailing_delta=given.get("trailingDelta", 0),
        time_in_force=given.get("stopLimitTimeInForce"),
        client_order_id=given.get("stopClientOrderId", ""),
        iceberg_quantity=amount(given, "stopIcebergQty"),
        strategy_id=given.get("stopStrategyId"),
        strategy_type=given.get("stopStrategyType"),
    )
    above, below = (stop, limit) if side == "BUY" else (limit, stop)
    return _place(handlers, call, "OCO", above=above, below=below)


def _place(handlers: Handlers, call: Call, kind: ListKind, **members: Leg) -> bytes:
    given = call.given
    request = PlaceOrderList(
        account=call.account,
        symbol=given["symbol"],
        kind=kind,
        list_client_order_id=given.get("listClientOrderId", ""),
        self_trade_prevention=given.get("selfTradePreventionMode"),
        **members,
    )
    outcome = execute(handlers, request, ListPlaced)
    return json.encode(placed_list(call, outcome, trade_group_id(handlers, call)))


def _working(given: Given) -> Leg:
    return leg(given, "working", given["workingSide"], amount(given, "workingQuantity"))


def _pending_pair(given: Given, quantity: int) -> dict[str, Leg]:
    side = given["pendingSide"]
    return {"above": leg(given, "pendingAbove", side, quantity), "below": leg(given, "pendingBelow", side, quantity)}
