"""cancelReplace: two steps, one after the other, not one transaction.

Filters and counts are checked before either step, so a request that fails them cancels nothing, even where the cancel would
make room. Over the order limit, CANCEL_ONLY answers 429 with STOP_ON_FAILURE and 400 or 409 with ALLOW_FAILURE, as in the
documentation's table of outcomes (its text says 409 in every mode: contradiction 9).
"""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.cancellation import cancel
from services.paper_exchange.engine.commands import CancelReplace, PlaceOrder
from services.paper_exchange.engine.outcomes import Canceled, CancelReplaced, ListCanceled, Placed, Refused
from services.paper_exchange.engine.placement import draft, examined, place
from services.paper_exchange.engine.refusals import ACTION_DISABLED, NO_CANCEL_REPLACE, Refusal
from services.paper_exchange.engine.state import State

_BOTH_FAILED = (-2022, "Order cancel-replace failed.")
_ONE_FAILED = (-2021, "Order cancel-replace partially failed.")
_TOO_MANY_REQUESTS, _BAD_REQUEST, _CONFLICT, _OK = 429, 400, 409, 200


def cancel_replace(state: State, desk: Desk, request: CancelReplace) -> CancelReplaced:
    """Cancel an order and place another. Raises Refusal, having changed nothing, where neither step may be tried."""
    if not desk.reports:
        raise Refusal(ACTION_DISABLED)
    if not desk.market.instrument.cancel_replace_allowed:
        raise Refusal(NO_CANCEL_REPLACE)
    over = _over_the_limit(state, desk, request)
    examined(state, desk, request.place)
    stop = request.mode == "STOP_ON_FAILURE"
    canceled: Canceled | ListCanceled | Refused
    try:
        canceled = cancel(state, desk, request.cancel)
    except Refusal as refusal:
        canceled = refusal.refused
        if stop:
            if over is None:
                desk.account.counts.add(1, state.now_us)
            status = _BAD_REQUEST if over is None else _TOO_MANY_REQUESTS
            return CancelReplaced("FAILURE", "NOT_ATTEMPTED", canceled, None, status, *_BOTH_FAILED)
    placed = over or _placed(state, desk, request.place)
    cancel_failed, place_failed = isinstance(canceled, Refused), isinstance(placed, Refused)
    if not cancel_failed and not place_failed:
        return CancelReplaced("SUCCESS", "SUCCESS", canceled, placed, _OK)
    return CancelReplaced(
        "FAILURE" if cancel_failed else "SUCCESS",
        "FAILURE" if place_failed else "SUCCESS",
        canceled,
        placed,
        _TOO_MANY_REQUESTS if over is not None and stop else _BAD_REQUEST if cancel_failed and place_failed else _CONFLICT,
        *(_BOTH_FAILED if cancel_failed and place_failed else _ONE_FAILED),
    )


def _over_the_limit(state: State, desk: Desk, request: CancelReplace) -> Refused | None:
    """The refusal that the new order will get for the order limit. Raises it when nothing may be done at all."""
    try:
        desk.account.counts.require(1, state.now_us)
    except Refusal as refusal:
        if request.rate_limit_exceeded_mode == "DO_NOTHING":
            raise
        return refusal.refused
    return None


def _placed(state: State, desk: Desk, request: PlaceOrder) -> Placed | Refused:
    """Place the new order; the owner is told of a refused one as REJECTED."""
    try:
        return place(state, desk, request)
    except Refusal as refusal:
        market = desk.market
        order = draft(state, desk, request, market.next_order_id, request.self_trade_prevention or "NONE")
        market.next_order_id += 1
        order.status = "REJECTED"
        order.client_order_id = order.client_order_id or state.new_client_order_id()
        state.report(market, order, "REJECTED", reject_reason=refusal.refused.reason)
        return refusal.refused
