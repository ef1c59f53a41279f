"""Orders as replies tell of them: the documented fields in the documented order, no others.

A field that is conditional is there when its condition holds (REST documentation, "Conditional fields in Order Responses").
Where samples put a field in different places, the place is that of most of them.
"""

from typing import Any

from services.paper_exchange.call import Call
from services.paper_exchange.engine.amounts import text
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.outcomes import Canceled, Placed, Refused
from services.paper_exchange.engine.records import Fill, PreventedMatch

Report = dict[str, Any]
ONE_PARTY = "ONE_PARTY_TRADE_REPORT"
"""The match type of an allocation."""
_FULL = ("LIMIT", "MARKET")


def detail(call: Call, order_type: str) -> str:
    """ACK, RESULT or FULL: as asked for, else FULL for LIMIT and MARKET and ACK for the other types."""
    return call.given.get("newOrderRespType") or ("FULL" if order_type in _FULL else "ACK")


def placed(call: Call, outcome: Placed, shape: str, trade_group_id: int = -1) -> Report:
    """A new order."""
    order = outcome.order
    report: Report = {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.order_list_id,
        "clientOrderId": order.client_order_id,
        "transactTime": call.time(order.update_us),
    }
    if shape == "ACK":
        return report
    report |= _state(order) | _conditions(call, order, working=True)
    if shape == "FULL":
        report["fills"] = [_fill(fill) for fill in outcome.fills]
    if outcome.prevented:
        report["preventedMatches"] = [_prevented(match) for match in outcome.prevented]
    return report | _ending(order) | _prevention(order, outcome, trade_group_id)


def canceled(call: Call, outcome: Canceled) -> Report:
    """An order that was canceled; `clientOrderId` is the cancel's."""
    order = outcome.order
    return {
        "symbol": order.symbol,
        "origClientOrderId": outcome.original_client_order_id,
        "orderId": order.order_id,
        "orderListId": order.order_list_id,
        "clientOrderId": order.client_order_id,
        "transactTime": call.time(order.update_us),
        **_state(order),
        **_conditions(call, order, working=False),
        **_ending(order),
    }


def queried(call: Call, order: Order) -> Report:
    """An order as it stands, in queries."""
    report: Report = {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.order_list_id,
        "clientOrderId": order.client_order_id,
        "price": text(order.price),
        **_peg(order),
        "origQty": text(order.quantity),
        "executedQty": text(order.executed),
        "cummulativeQuoteQty": text(order.executed_quote),
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.type,
        "side": order.side,
        "stopPrice": text(order.stop_price),
        **_trailing(call, order),
        "icebergQty": text(order.iceberg_quantity),
        "time": call.time(order.time_us),
        "updateTime": call.time(order.update_us),
        "isWorking": order.is_working,
        "workingTime": _moment(call, order.working_us),
        "origQuoteOrderQty": text(order.quote_quantity),
        **_strategy(order),
        **_ending(order),
    }
    if order.prevented_match_id >= 0:
        report["preventedMatchId"] = order.prevented_match_id
        report["preventedQuantity"] = text(order.prevented)
    return report


def amended(call: Call, order: Order, original_client_order_id: str) -> Report:
    """An amended order, whose fields have names of their own in this reply."""
    report: Report = {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.order_list_id,
        "origClientOrderId": original_client_order_id,
        "clientOrderId": order.client_order_id,
        "price": text(order.price),
        **_peg(order),
        "qty": text(order.quantity),
        "executedQty": text(order.executed),
        "preventedQty": text(order.prevented),
        "quoteOrderQty": text(order.quote_quantity),
        "cumulativeQuoteQty": text(order.executed_quote),
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.type,
        "side": order.side,
    }
    conditions = _conditions(call, order, working=order.status != "PENDING_NEW")
    return report | conditions | _ending(order)


def refused(no: Refused) -> Report:
    """One half of a cancel-replace that failed."""
    return {"code": no.code, "msg": no.message}


def _state(order: Order) -> Report:
    report: Report = {"price": text(order.price), **_peg(order)}
    # What an OPO's pending order will sell is known when its working order is filled.
    if order.quantity or order.status != "PENDING_NEW":
        report["origQty"] = text(order.quantity)
    report["executedQty"] = text(order.executed)
    report["origQuoteOrderQty"] = text(order.quote_quantity)
    report["cummulativeQuoteQty"] = text(order.executed_quote)
    report["status"] = order.status
    report["timeInForce"] = order.time_in_force
    report["type"] = order.type
    report["side"] = order.side
    return report


def _conditions(call: Call, order: Order, *, working: bool) -> Report:
    report: Report = {}
    if order.stop_price:
        report["stopPrice"] = text(order.stop_price)
    report |= _trailing(call, order)
    if working:
        report["workingTime"] = _moment(call, order.working_us)
    if order.iceberg_quantity:
        report["icebergQty"] = text(order.iceberg_quantity)
    return report | _strategy(order)


def _ending(order: Order) -> Report:
    report: Report = {}
    if order.used_sor:
        report["workingFloor"] = order.working_floor
    report["selfTradePreventionMode"] = order.self_trade_prevention
    if order.used_sor:
        report["usedSor"] = True
    if order.expiry_reason != "NONE":
        report["expiryReason"] = order.expiry_reason
    return report


def _prevention(order: Order, outcome: Placed, trade_group_id: int) -> Report:
    report: Report = {}
    if outcome.prevented and trade_group_id != -1:
        report["tradeGroupId"] = trade_group_id
    if order.prevented:
        report["preventedQuantity"] = text(order.prevented)
    return report


def _peg(order: Order) -> Report:
    if order.peg_price_type is None:
        return {}
    report: Report = {"pegPriceType": order.peg_price_type}
    if order.peg_offset_type is not None:
        report["pegOffsetType"] = order.peg_offset_type
        report["pegOffsetValue"] = order.peg_offset_value
    if order.pegged_price:
        report["peggedPrice"] = text(order.pegged_price)
    return report


def _trailing(call: Call, order: Order) -> Report:
    if not order.trailing_delta:
        return {}
    return {"trailingDelta": order.trailing_delta, "trailingTime": _moment(call, order.trailing_us)}


def _strategy(order: Order) -> Report:
    report: Report = {}
    if order.strategy_id is not None:
        report["strategyId"] = order.strategy_id
    if order.strategy_type is not None:
        report["strategyType"] = order.strategy_type
    return report


def _fill(fill: Fill) -> Report:
    is_allocation = fill.allocation_id >= 0
    report: Report = {"matchType": ONE_PARTY} if is_allocation else {}
    report["price"] = text(fill.price)
    report["qty"] = text(fill.quantity)
    report["commission"] = text(fill.commission)
    report["commissionAsset"] = fill.commission_asset
    report["tradeId"] = fill.trade_id
    if is_allocation:
        report["allocId"] = fill.allocation_id
    return report


def _prevented(match: PreventedMatch) -> Report:
    report: Report = {
        "preventedMatchId": match.prevented_match_id,
        "makerSymbol": match.maker_symbol,
        "makerOrderId": match.maker_order_id,
        "price": text(match.price),
    }
    return report | prevented_quantities(match)


def prevented_quantities(match: PreventedMatch) -> Report:
    """What each side lost, where the mode takes something from it."""
    report: Report = {}
    if match.taker_prevented_quantity is not None:
        report["takerPreventedQuantity"] = text(match.taker_prevented_quantity)
    if match.maker_prevented_quantity is not None:
        report["makerPreventedQuantity"] = text(match.maker_prevented_quantity)
    return report


def _moment(call: Call, time_us: int) -> int:
    return call.time(time_us) if time_us >= 0 else -1
