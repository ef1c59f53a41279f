"""What parameters owe each other: each rule has a request that keeps it and one that breaks it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contract import catalog
from shared.contract.errors import Invalid
from shared.contract.exchange_errors import ERRORS
from shared.contract.parameters import parameters
from shared.contract.validate import parse

LIMIT = {"symbol": "A", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "5"}
MARKET = {"symbol": "A", "side": "BUY", "type": "MARKET", "quantity": "1"}
STOP = {"symbol": "A", "side": "SELL", "type": "STOP_LOSS", "quantity": "1", "stopPrice": "5"}
STOP_LIMIT = {**LIMIT, "type": "STOP_LOSS_LIMIT", "stopPrice": "5"}
MAKER = {"symbol": "A", "side": "BUY", "type": "LIMIT_MAKER", "quantity": "1", "price": "5"}
PEG = {**LIMIT, "pegPriceType": "PRIMARY_PEG"}
SELL_OCO = {
    "symbol": "A",
    "side": "SELL",
    "quantity": "1",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "9",
    "belowType": "STOP_LOSS",
    "belowStopPrice": "5",
}
BUY_OCO = {
    "symbol": "A",
    "side": "BUY",
    "quantity": "1",
    "aboveType": "STOP_LOSS",
    "aboveStopPrice": "9",
    "belowType": "LIMIT_MAKER",
    "belowPrice": "5",
}
WORKING = {
    "symbol": "A",
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingPrice": "7",
    "workingQuantity": "1",
    "workingTimeInForce": "GTC",
}
OPO = {**WORKING, "pendingType": "MARKET", "pendingSide": "SELL"}
OTO = {**OPO, "pendingQuantity": "1"}
OPOCO = {
    **WORKING,
    "pendingSide": "SELL",
    "pendingAboveType": "TAKE_PROFIT",
    "pendingAboveStopPrice": "9",
    "pendingBelowType": "STOP_LOSS_LIMIT",
    "pendingBelowPrice": "4",
    "pendingBelowStopPrice": "5",
    "pendingBelowTimeInForce": "GTC",
}
OLD_OCO = {"symbol": "A", "side": "SELL", "quantity": "1", "price": "9", "stopPrice": "5"}


def without(given: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in names}


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("order.place", LIMIT),
        ("order.place", MARKET),
        ("order.place", {**without(MARKET, "quantity"), "quoteOrderQty": "100"}),
        ("order.place", STOP),
        ("order.place", {**without(STOP, "stopPrice"), "trailingDelta": 100}),
        ("order.place", {**STOP, "trailingDelta": 100}),
        ("order.place", STOP_LIMIT),
        ("order.place", MAKER),
        ("order.place", {**LIMIT, "icebergQty": "0.1"}),
        ("order.place", {**MAKER, "icebergQty": "0.1"}),
        ("order.place", without(PEG, "price")),
        ("order.place", {**PEG, "pegOffsetType": "PRICE_LEVEL", "pegOffsetValue": 3}),
        ("order.place", {**PEG, "pegPriceType": "MARKET_PEG", "timeInForce": "IOC"}),
        ("sor.order.place", LIMIT),
        ("sor.order.place", MARKET),
        ("orderList.place.oco", SELL_OCO),
        ("orderList.place.oco", BUY_OCO),
        ("orderList.place.oto", OTO),
        ("orderList.place.opo", OPO),
        ("orderList.place.opoco", OPOCO),
        ("orderList.place.otoco", {**OPOCO, "pendingQuantity": "1"}),
        ("orderList.place", OLD_OCO),
        ("orderList.place", {**OLD_OCO, "stopLimitPrice": "4", "stopLimitTimeInForce": "GTC"}),
        ("myTrades", {"symbol": "A", "orderId": 1, "fromId": 2, "limit": 5, "recvWindow": 5000}),
        ("myPreventedMatches", {"symbol": "A", "orderId": 1, "fromPreventedMatchId": 2, "limit": 5}),
        ("allOrders", {"symbol": "A", "startTime": 0, "endTime": 86_400_000}),
    ],
)
def test_a_request_that_keeps_the_rules_passes(method: str, given: dict[str, Any]):
    assert parse(catalog.BY_METHOD[method].type, given).given() == given


BROKEN: list[tuple[str, dict[str, Any], int, str]] = [
    ("order.place", without(LIMIT, "price"), -1102, "one of price and pegPriceType is required with type LIMIT"),
    ("order.place", without(LIMIT, "timeInForce"), -1102, "timeInForce is required with type LIMIT"),
    ("order.place", without(LIMIT, "quantity"), -1102, "quantity is required with type LIMIT"),
    ("order.place", without(MARKET, "quantity"), -1102, "one of quantity and quoteOrderQty is required"),
    ("order.place", {**MARKET, "quoteOrderQty": "1"}, -1128, "quantity and quoteOrderQty exclude each other"),
    ("order.place", {**MARKET, "price": "5"}, -1106, "price goes only with type LIMIT, LIMIT_MAKER"),
    ("order.place", {**MARKET, "timeInForce": "GTC"}, -1114, "timeInForce goes only with type LIMIT"),
    ("order.place", {**MAKER, "timeInForce": "GTC"}, -1114, "leave it out"),
    ("order.place", {**LIMIT, "stopPrice": "5"}, -1106, "stopPrice goes only with type STOP_LOSS"),
    ("order.place", {**LIMIT, "trailingDelta": 5}, -1106, "trailingDelta goes only with type STOP_LOSS"),
    ("order.place", without(STOP, "stopPrice"), -1102, "one of stopPrice and trailingDelta is required"),
    ("order.place", without(STOP_LIMIT, "stopPrice"), -1102, "one of stopPrice and trailingDelta is required"),
    ("order.place", {**LIMIT, "icebergQty": "0.1", "timeInForce": "FOK"}, -1013, "icebergQty needs timeInForce GTC"),
    ("order.place", {**MARKET, "icebergQty": "0.1"}, -1106, "icebergQty goes only with"),
    ("order.place", {**STOP, "pegPriceType": "MARKET_PEG"}, -1106, "pegPriceType goes only with"),
    ("order.place", {**PEG, "pegOffsetValue": 3}, -1128, "come together or not at all"),
    (
        "order.place",
        {**LIMIT, "pegOffsetType": "PRICE_LEVEL", "pegOffsetValue": 3},
        -1128,
        "pegOffsetType goes only with pegPriceType",
    ),
    ("order.place", {**PEG, "timeInForce": "IOC"}, -1013, "PRIMARY_PEG needs timeInForce GTC"),
    ("order.place", {**MAKER, "pegPriceType": "MARKET_PEG"}, -1013, "PRIMARY_PEG only"),
    ("order.cancel", {"symbol": "A"}, -1102, "one of orderId and origClientOrderId is required"),
    ("order.amend.keepPriority", {"symbol": "A", "newQty": "1"}, -1102, "one of orderId and origClientOrderId"),
    ("order.cancelReplace", {**LIMIT, "cancelReplaceMode": "ALLOW_FAILURE"}, -1102, "one of cancelOrderId and"),
    ("orderList.cancel", {"symbol": "A"}, -1102, "one of orderListId and listClientOrderId is required"),
    ("orderList.status", {}, -1102, "one of orderListId and origClientOrderId is required"),
    ("sor.order.place", without(LIMIT, "price"), -1102, "price is required with type LIMIT"),
    ("sor.order.place", {**MARKET, "timeInForce": "IOC"}, -1114, "timeInForce goes only with type LIMIT"),
    ("orderList.place.oco", {**SELL_OCO, "belowType": "LIMIT_MAKER"}, -1168, "one of the two must be a stop loss"),
    ("orderList.place.oco", {**SELL_OCO, "side": "BUY"}, -1165, "a BUY pair has its limit order below"),
    ("orderList.place.oco", {**BUY_OCO, "side": "SELL"}, -1166, "a SELL pair has its limit order above"),
    ("orderList.place.oco", {**BUY_OCO, "belowType": "STOP_LOSS", "belowStopPrice": "1"}, -1196, "its stop loss above"),
    ("orderList.place.oco", {**SELL_OCO, "aboveType": "STOP_LOSS", "aboveStopPrice": "9"}, -1197, "its stop loss below"),
    ("orderList.place.oco", {**BUY_OCO, "aboveType": "TAKE_PROFIT"}, -1198, "its take profit below"),
    ("orderList.place.oco", {**SELL_OCO, "belowType": "TAKE_PROFIT"}, -1199, "its take profit above"),
    ("orderList.place.oco", without(SELL_OCO, "abovePrice"), -1102, "one of abovePrice and abovePegPriceType is required"),
    (
        "orderList.place.oco",
        {**SELL_OCO, "aboveIcebergQty": "0.1", "aboveTimeInForce": "IOC"},
        -1160,
        "aboveIcebergQty needs aboveTimeInForce GTC",
    ),
    ("orderList.place.oto", without(OTO, "workingTimeInForce"), -1102, "workingTimeInForce is required"),
    ("orderList.place.oto", {**OTO, "pendingType": "LIMIT", "pendingPrice": "5"}, -1102, "pendingTimeInForce is required"),
    ("orderList.place.oto", {**OTO, "pendingType": "STOP_LOSS"}, -1102, "pendingStopPrice and pendingTrailingDelta"),
    ("orderList.place.opo", {**OPO, "workingSide": "SELL"}, -1222, "the working order must be a BUY"),
    ("orderList.place.opo", {**OPO, "pendingSide": "BUY"}, -1223, "pending orders must be SELL"),
    ("orderList.place.opoco", without(OPOCO, "pendingBelowPrice"), -1102, "one of pendingBelowPrice"),
    ("orderList.place", without(OLD_OCO, "stopPrice"), -1102, "one of stopPrice and trailingDelta"),
    ("orderList.place", {**OLD_OCO, "stopLimitPrice": "4"}, -1128, "stopLimitTimeInForce is required with stopLimitPrice"),
    ("exchangeInfo", {"symbol": "A", "permissions": ["SPOT"]}, -1128, "symbol and permissions exclude each other"),
    ("exchangeInfo", {"symbol": "A", "symbolStatus": "HALT"}, -1128, "symbolStatus and symbol exclude each other"),
    ("executionRules", {"symbols": ["A"], "symbolStatus": "HALT"}, -1128, "exclude each other"),
    ("trades.aggregate", {"symbol": "A", "fromId": 1, "startTime": 1}, -1128, "fromId and startTime exclude each other"),
    ("ticker.price", {"symbols": ["A", "B", "A"]}, -1151, "symbols names A twice"),
    ("klines", {"symbol": "A", "interval": "1m", "startTime": 2, "endTime": 1}, -1127, "startTime lies after endTime"),
    ("allOrders", {"symbol": "A", "startTime": 0, "endTime": 86_400_001}, -1127, "more than 24 hours"),
    ("myAllocations", {"symbol": "A", "orderId": 1, "startTime": 1}, -1128, "this combination of parameters is not served"),
    ("myPreventedMatches", {"symbol": "A"}, -1128, "symbol+preventedMatchId; symbol+orderId"),
    ("allOrderLists", {"fromId": 1, "endTime": 1}, -1128, "fromId and endTime exclude each other"),
]


@pytest.mark.parametrize(("method", "given", "code", "says"), BROKEN)
def test_a_request_that_breaks_a_rule_is_refused_with_an_example(method: str, given: dict[str, Any], code: int, says: str):
    spec = catalog.BY_METHOD[method]

    with pytest.raises(Invalid) as refusal:
        parse(spec.type, given)

    broken = next(rule for rule in spec.rules if rule.broken_by(given))
    assert says in refusal.value.message
    assert broken.code == code
    example = refusal.value.hint.removeprefix("Example: ").removesuffix(".")
    assert parse(spec.type, example.encode())


def test_every_rule_names_parameters_of_its_operation_and_a_documented_code():
    for spec in catalog.OPERATIONS:
        for rule in spec.rules:
            assert rule.code in ERRORS
            examples = {name: parameter.example for name, parameter in parameters(spec.type).items()}
            assert rule.broken_by({}) is None or set(rule.mend({}, examples)) <= set(examples)


@settings(deadline=None)
@given(st.sampled_from([spec for spec in catalog.OPERATIONS if spec.rules]), st.data())
def test_whatever_breaks_the_rules_the_example_keeps_them(spec: Any, data: st.DataObject):
    known = parameters(spec.type)
    given: dict[str, Any] = {}
    for name, parameter in known.items():
        if parameter.required or data.draw(st.booleans()):
            given[name] = data.draw(st.sampled_from(parameter.choices or (parameter.example,)))
    try:
        parse(spec.type, given)
        return
    except Invalid as error:
        hint = error.hint

    assert parse(spec.type, hint.removeprefix("Example: ").removesuffix(".").encode())
