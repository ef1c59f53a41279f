"""Placing, testing, replacing and amending one order."""

from msgspec import json

from services.paper_exchange import errors
from services.paper_exchange.call import Call
from services.paper_exchange.engine.commands import AmendOrder, CancelReplace
from services.paper_exchange.engine.outcomes import Amended, Canceled, CancelReplaced, ListCanceled, Placed, Refused
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.trading.account import rates_for_order, trade_group_id
from services.paper_exchange.trading.list_reports import amended_list, ended
from services.paper_exchange.trading.reports import Report, amended, detail, placed, refused
from services.paper_exchange.trading.requests import amount, cancel_order, new_order
from services.paper_exchange.trading.results import done, execute

_OK = 200


def place(handlers: Handlers, call: Call) -> bytes:
    outcome = execute(handlers, new_order(call), Placed)
    shape = detail(call, call.given["type"])
    return json.encode(placed(call, outcome, shape, trade_group_id(handlers, call)))


def test(handlers: Handlers, call: Call) -> bytes:
    request = new_order(call)
    done(handlers.venue.engine.test(request, handlers.venue.now_us))
    return json.encode(rates_for_order(handlers, call))


def cancel_replace(handlers: Handlers, call: Call) -> bytes:
    """Both halves; where one failed, the refusal with both as its data."""
    given = call.given
    request = CancelReplace(
        cancel=cancel_order(call, "cancelOrderId", "cancelOrigClientOrderId", "cancelNewClientOrderId"),
        place=new_order(call),
        mode=given["cancelReplaceMode"],
        rate_limit_exceeded_mode=given.get("orderRateLimitExceededMode", "DO_NOTHING"),
    )
    outcome = execute(handlers, request, CancelReplaced)
    body = {
        "cancelResult": outcome.cancel_result,
        "newOrderResult": outcome.new_order_result,
        "cancelResponse": _cancel_half(call, outcome.canceled),
        "newOrderResponse": _new_half(handlers, call, outcome.placed),
    }
    if outcome.status == _OK:
        return json.encode(body)
    raise errors.Refused(outcome.code, outcome.message, status=outcome.status, data=body)


def amend(handlers: Handlers, call: Call) -> bytes:
    given = call.given
    request = AmendOrder(
        account=call.account,
        symbol=given["symbol"],
        new_quantity=amount(given, "newQty"),
        order_id=given.get("orderId"),
        client_order_id=given.get("origClientOrderId", ""),
        new_client_order_id=given.get("newClientOrderId", ""),
    )
    outcome = execute(handlers, request, Amended)
    body: Report = {
        "transactTime": call.time(outcome.order.update_us),
        "executionId": outcome.execution_id,
        "amendedOrder": amended(call, outcome.order, outcome.original_client_order_id),
    }
    if outcome.order_list is not None:
        body["listStatus"] = amended_list(outcome.order_list)
    return json.encode(body)


def ended_by_amendment(body: bytes) -> bool:
    """Does the reply to an amendment tell that it ended the order? Then it cost nothing. (Changelog of 2026-04-02.)"""
    return b'"status":"EXPIRED"' in body


def _cancel_half(call: Call, outcome: Canceled | ListCanceled | Refused) -> Report:
    return refused(outcome) if isinstance(outcome, Refused) else ended(call, outcome)


def _new_half(handlers: Handlers, call: Call, outcome: Placed | Refused | None) -> Report | None:
    if outcome is None:
        return None
    if isinstance(outcome, Refused):
        return refused(outcome)
    return placed(call, outcome, detail(call, call.given["type"]), trade_group_id(handlers, call))
