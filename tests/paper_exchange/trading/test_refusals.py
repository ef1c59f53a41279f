"""What the exchange says to requests that it does not carry out: code and text to the letter, and nothing has changed."""

from typing import Any

import pytest

from services.paper_exchange.engine.commands import SetSymbolStatus
from tests.paper_exchange.trading.floor import SYMBOL, Floor
from tests.paper_exchange.trading.scenarios import OCO, PENDING_MARKET, PENDING_PAIR, WORKING, replacement

MANDATORY = "Mandatory parameter '{}' was not sent, was empty/null, or malformed."
EITHER = "Param '{}' or '{}' must be sent, but both were empty/null!"
NOT_REQUIRED = "Parameter '{}' sent when not required."
BAD_COMBINATION = "Combination of optional parameters invalid."
ALSO = BAD_COMBINATION + " Recommendation: '{}' should also be sent."
TIF = "TimeInForce parameter sent when not required."
LIMIT: dict[str, Any] = {"type": "LIMIT", "timeInForce": "GTC", "price": "50000", "quantity": "0.5"}
MARKET: dict[str, Any] = {"type": "MARKET", "quantity": "0.5"}
STOP: dict[str, Any] = {"type": "STOP_LOSS", "quantity": "0.5", "stopPrice": "70000"}
MAKER: dict[str, Any] = {"type": "LIMIT_MAKER", "price": "50000", "quantity": "0.5"}
STRATEGY_TOO_LOW = "strategyType was less than 1000000."


def without(params: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name not in names}


ORDERS: list[tuple[dict[str, Any], int, str]] = [
    # What is missing
    ({}, -1102, MANDATORY.format("type")),
    (without(LIMIT, "timeInForce"), -1102, MANDATORY.format("timeInForce")),
    (without(LIMIT, "price"), -1102, MANDATORY.format("price")),
    (without(LIMIT, "quantity"), -1102, MANDATORY.format("quantity")),
    (without(MAKER, "price"), -1102, MANDATORY.format("price")),
    ({"type": "MARKET"}, -1102, EITHER.format("quantity", "quoteOrderQty")),
    (without(STOP, "stopPrice"), -1102, EITHER.format("stopPrice", "trailingDelta")),
    (without(STOP, "quantity"), -1102, MANDATORY.format("quantity")),
    ({**STOP, "type": "STOP_LOSS_LIMIT", "price": "1"}, -1102, MANDATORY.format("timeInForce")),
    # What is too much
    ({**MARKET, "price": "1"}, -1106, NOT_REQUIRED.format("price")),
    ({**LIMIT, "stopPrice": "1"}, -1106, NOT_REQUIRED.format("stopPrice")),
    ({**LIMIT, "trailingDelta": 100}, -1106, NOT_REQUIRED.format("trailingDelta")),
    ({**MARKET, "icebergQty": "0.1"}, -1106, NOT_REQUIRED.format("icebergQty")),
    ({**LIMIT, "quoteOrderQty": "10"}, -1128, BAD_COMBINATION),
    ({**MARKET, "quoteOrderQty": "10"}, -1128, BAD_COMBINATION),
    ({**MARKET, "timeInForce": "GTC"}, -1114, TIF),
    ({**MAKER, "timeInForce": "GTC"}, -1114, TIF),
    # What a value cannot be
    ({"type": "limit"}, -1116, "Invalid orderType."),
    ({**LIMIT, "timeInForce": "DAY"}, -1115, "Invalid timeInForce."),
    ({**LIMIT, "side": "HOLD"}, -1117, "Invalid side."),
    ({**LIMIT, "symbol": "NOSUCHPAIR"}, -1121, "Invalid symbol."),
    ({**LIMIT, "strategyType": 999_999}, -1134, STRATEGY_TOO_LOW),
    ({**LIMIT, "newOrderRespType": "LONG"}, -1130, "Data sent for parameter 'newOrderRespType' is not valid."),
    (
        {**LIMIT, "newClientOrderId": "a b"},
        -1100,
        "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'.",
    ),
    ({**LIMIT, "quantity": "0.000000001"}, -1111, "Parameter 'quantity' has too much precision."),
    ({**LIMIT, "price": "50000.123456789"}, -1111, "Parameter 'price' has too much precision."),
    ({**LIMIT, "icebergQty": "0.123456789"}, -1111, "Parameter 'icebergQty' has too much precision."),
    ({"type": "MARKET", "quoteOrderQty": "0.123456789"}, -1111, "Parameter 'quoteOrderQty' has too much precision."),
    ({**LIMIT, "quantity": "0"}, -1013, "Invalid quantity."),
    ({**LIMIT, "price": "0.00"}, -1013, "Invalid price."),
    # Pegs
    ({**without(LIMIT, "price"), "pegPriceType": "BEST"}, -1210, "Invalid pegPriceType."),
    ({**LIMIT, "pegPriceType": "PRIMARY_PEG", "pegOffsetType": "TICKS"}, -1211, "Invalid pegOffsetType."),
    ({**LIMIT, "pegOffsetType": "PRICE_LEVEL"}, -1128, ALSO.format("pegPriceType")),
    (
        {**LIMIT, "pegPriceType": "PRIMARY_PEG", "pegOffsetType": "PRICE_LEVEL"},
        -1128,
        "Fields [pegOffsetType, pegOffsetValue] must be sent together or omitted entirely.",
    ),
    ({**MARKET, "pegPriceType": "MARKET_PEG"}, -1106, NOT_REQUIRED.format("pegPriceType")),
    # What does not fit the symbol's filters
    ({**LIMIT, "price": "50000.001"}, -1013, "Filter failure: PRICE_FILTER"),
    ({**LIMIT, "quantity": "0.000001"}, -1013, "Filter failure: LOT_SIZE"),
    ({**LIMIT, "quantity": "0.00001"}, -1013, "Filter failure: NOTIONAL"),
    ({**LIMIT, "price": "900000"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    ({**LIMIT, "icebergQty": "0.00001"}, -1013, "Filter failure: ICEBERG_PARTS"),
    ({**STOP, "trailingDelta": 1}, -1013, "Filter failure: TRAILING_DELTA"),
]


BY_THE_ENGINE: list[tuple[dict[str, Any], str]] = [
    ({**MAKER, "pegPriceType": "MARKET_PEG"}, "This price peg cannot be used with this order type."),
    ({**LIMIT, "icebergQty": "0.1", "timeInForce": "IOC"}, "Unsupported order combination"),
    ({**LIMIT, "icebergQty": "0.6"}, "IcebergQty exceeds QTY."),
    ({**LIMIT, "quantity": "100"}, "Account has insufficient balance for requested action."),
    ({**MAKER, "price": "60010"}, "Order would immediately match and take."),
    ({**STOP, "stopPrice": "59000"}, "Order would trigger immediately."),
    ({**LIMIT, "newClientOrderId": "taken"}, "Duplicate order sent."),
]


@pytest.mark.parametrize("method", ["order.place", "order.cancelReplace", "order.test"])
@pytest.mark.parametrize(("params", "code", "text"), ORDERS)
def test_an_order_is_refused_in_the_exchange_s_words(
    floor: Floor, method: str, params: dict[str, Any], code: int, text: str
) -> None:
    floor.quote()
    order_id = floor.main.limit("BUY", "40000", "0.5")["orderId"]
    before = floor.main.balances()
    replaces = {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": order_id} if method == "order.cancelReplace" else {}

    no = floor.main.refusal(method, **{"symbol": SYMBOL, "side": "BUY", **params, **replaces})

    assert (no.status, no.code, no.msg) == (400, code, text)
    assert floor.main.balances() == before
    assert floor.main.status(order_id)["status"] == "NEW"


@pytest.mark.parametrize(("params", "text"), BY_THE_ENGINE)
def test_the_engine_rejects_an_order_in_the_exchange_s_words(floor: Floor, params: dict[str, Any], text: str) -> None:
    floor.quote()
    floor.main.limit("BUY", "40000", "0.5", newClientOrderId="taken")
    before = floor.main.balances()

    assert floor.main.told("order.place", symbol=SYMBOL, side="BUY", **params) == (-2010, text)
    assert floor.main.balances() == before


def test_a_parameter_that_nobody_knows_is_not_read(floor: Floor) -> None:
    assert floor.main.told("order.place", symbol=SYMBOL, side="BUY", **LIMIT, leverage="3") == (
        -1104,
        "Not all sent parameters were read; read '6' parameter(s) but was sent '7'.",
    )


OTO = {**WORKING, **PENDING_MARKET, "pendingQuantity": "0.5"}
OTOCO = {**WORKING, **PENDING_PAIR, "pendingQuantity": "0.5"}
LISTS: list[tuple[str, dict[str, Any], int, str]] = [
    ("oco", without(OCO, "aboveType"), -1102, MANDATORY.format("aboveType")),
    ("oco", without(OCO, "abovePrice"), -1102, MANDATORY.format("abovePrice")),
    ("oco", without(OCO, "belowTimeInForce"), -1102, MANDATORY.format("belowTimeInForce")),
    ("oco", without(OCO, "belowStopPrice"), -1102, EITHER.format("belowStopPrice", "belowTrailingDelta")),
    ("oco", {**OCO, "aboveType": "LIMIT"}, -1158, "Order type not supported in OCO."),
    ("oco", {**OCO, "belowType": "LIMIT_MAKER"}, -1168, "At least one OCO order must be contingent."),
    ("oco", {**OCO, "side": "BUY"}, -1165, "A limit order in a buy OCO must be below."),
    ("oco", {**OCO, "aboveType": "STOP_LOSS", "aboveStopPrice": "1"}, -1197, "A stop loss order in a sell OCO must be below."),
    (
        "oco",
        {**OCO, "belowIcebergQty": "0.1", "belowTimeInForce": "IOC"},
        -1160,
        "Parameter 'belowIcebergQty' is not supported if aboveTimeInForce/belowTimeInForce is not GTC.",
    ),
    ("oco", {**OCO, "abovePrice": "59000"}, -2010, "The relationship of the prices for the orders is not correct."),
    ("oco", {**OCO, "quantity": "11"}, -2010, "Account has insufficient balance for requested action."),
    ("oco", {**OCO, "listClientOrderId": "a b"}, -1100, ""),
    ("oto", without(OTO, "workingTimeInForce"), -1102, MANDATORY.format("workingTimeInForce")),
    ("oto", without(OTO, "pendingQuantity"), -1102, MANDATORY.format("pendingQuantity")),
    ("oto", {**OTO, "workingType": "MARKET"}, -1116, "Invalid orderType."),
    ("oto", {**OTO, "pendingType": "LIMIT", "pendingTimeInForce": "GTC"}, -1102, MANDATORY.format("pendingPrice")),
    ("oto", {**OTO, "workingPrice": "0.001"}, -1013, "Filter failure: PRICE_FILTER"),
    ("otoco", without(OTOCO, "pendingBelowType"), -1102, MANDATORY.format("pendingBelowType")),
    ("otoco", {**OTOCO, "pendingSide": "BUY"}, -1165, "A limit order in a buy OCO must be below."),
    ("opo", {**WORKING, **PENDING_MARKET, "workingSide": "SELL"}, -1222, "Working order in an OPO list must be a bid."),
    ("opo", {**WORKING, **PENDING_MARKET, "pendingSide": "BUY"}, -1223, "Pending orders in an OPO list must be asks."),
    ("opo", OTO, -1225, "Pending orders should not include the 'pendingQuantity' tag."),
    ("opoco", {**OTOCO}, -1225, "Pending orders should not include the 'pendingQuantity' tag."),
    ("opoco", {**WORKING, **PENDING_PAIR, "workingSide": "SELL"}, -1222, "Working order in an OPO list must be a bid."),
]


@pytest.mark.parametrize(("kind", "params", "code", "text"), LISTS)
def test_an_order_list_is_refused_in_the_exchange_s_words(
    floor: Floor, kind: str, params: dict[str, Any], code: int, text: str
) -> None:
    floor.quote()
    before = floor.main.balances()

    no = floor.main.refusal(f"orderList.place.{kind}", **params)

    assert no.code == code
    assert no.msg == text or not text
    assert floor.main.balances() == before
    assert floor.main.ask("openOrderLists.status") == []


OLD_OCO: dict[str, Any] = {"symbol": SYMBOL, "side": "SELL", "quantity": "0.5", "price": "70000", "stopPrice": "50000"}


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        (without(OLD_OCO, "stopPrice"), -1102, EITHER.format("stopPrice", "trailingDelta")),
        ({**OLD_OCO, "stopLimitPrice": "49900"}, -1128, ALSO.format("stopLimitTimeInForce")),
        ({**OLD_OCO, "price": "50001"}, -2010, "The relationship of the prices for the orders is not correct."),
    ],
)
def test_the_old_pair_is_refused_in_the_exchange_s_words(floor: Floor, params: dict[str, Any], code: int, text: str) -> None:
    floor.quote()

    assert floor.main.told("orderList.place", **params) == (code, text)


UNKNOWN = (-2011, "Unknown order sent.")
CANCELS: list[tuple[str, dict[str, Any], tuple[int, str]]] = [
    ("order.cancel", {}, (-1102, EITHER.format("orderId", "origClientOrderId"))),
    ("order.cancel", {"orderId": 4711}, UNKNOWN),
    ("order.cancel", {"origClientOrderId": "nobody"}, UNKNOWN),
    ("order.cancel", {"origClientOrderId": "mine", "orderId": 4711}, UNKNOWN),
    (
        "order.cancel",
        {"origClientOrderId": "mine", "cancelRestrictions": "ONLY_PARTIALLY_FILLED"},
        (-2011, "Order was not canceled due to cancel restrictions."),
    ),
    (
        "order.cancel",
        {"origClientOrderId": "mine", "cancelRestrictions": "NEVER"},
        (-1145, "cancelRestrictions has to be either ONLY_NEW or ONLY_PARTIALLY_FILLED."),
    ),
    ("order.cancel", {"symbol": "NOSUCHPAIR", "orderId": 1}, (-1121, "Invalid symbol.")),
    ("openOrders.cancelAll", {"symbol": "BTCUSDC"}, UNKNOWN),
    ("orderList.cancel", {}, (-1102, EITHER.format("orderListId", "listClientOrderId"))),
    ("orderList.cancel", {"orderListId": 4711}, UNKNOWN),
    ("order.amend.keepPriority", {"newQty": "0.1"}, (-1102, EITHER.format("orderId", "origClientOrderId"))),
    ("order.amend.keepPriority", {"orderId": 4711, "newQty": "0.1"}, (-2038, "Unknown order sent.")),
    ("order.amend.keepPriority", {"origClientOrderId": "mine"}, (-1102, MANDATORY.format("newQty"))),
    ("order.amend.keepPriority", {"origClientOrderId": "mine", "newQty": "0"}, (-1013, "Invalid newQty.")),
    (
        "order.amend.keepPriority",
        {"origClientOrderId": "mine", "newQty": "0.5"},
        (-2038, "The requested action would change no state; rejecting"),
    ),
    (
        "order.amend.keepPriority",
        {"origClientOrderId": "mine", "newQty": "0.6"},
        (-2038, "Order amend (quantity increase) is not supported."),
    ),
]


@pytest.mark.parametrize(("method", "params", "told"), CANCELS)
def test_a_cancel_or_amendment_is_refused_in_the_exchange_s_words(
    floor: Floor, method: str, params: dict[str, Any], told: tuple[int, str]
) -> None:
    floor.main.limit("BUY", "50000", "0.5", newClientOrderId="mine")

    assert floor.main.told(method, **{"symbol": SYMBOL, **params}) == told
    assert [each["origQty"] for each in floor.main.ask("openOrders.status")] == ["0.50000000"]


NOT_THERE = (-2013, "Order does not exist.")
READS: list[tuple[str, dict[str, Any], tuple[int, str]]] = [
    ("order.status", {"symbol": SYMBOL}, (-1102, EITHER.format("orderId", "origClientOrderId"))),
    ("order.status", {"symbol": SYMBOL, "orderId": 4711}, NOT_THERE),
    ("order.status", {"symbol": "NOSUCHPAIR", "orderId": 1}, (-1121, "Invalid symbol.")),
    ("orderList.status", {}, (-1102, EITHER.format("orderListId", "origClientOrderId"))),
    ("orderList.status", {"orderListId": 4711}, NOT_THERE),
    ("openOrders.status", {"symbol": "NOSUCHPAIR"}, (-1121, "Invalid symbol.")),
    (
        "allOrders",
        {"symbol": SYMBOL, "startTime": 1, "endTime": 86_400_002},
        (-1127, "More than 24 hours between startTime and endTime."),
    ),
    ("allOrders", {"symbol": SYMBOL, "startTime": 2, "endTime": 1}, (-1102, MANDATORY.format("endTime"))),
    ("allOrderLists", {"fromId": 1, "startTime": 1}, (-1128, BAD_COMBINATION)),
    ("myTrades", {"symbol": SYMBOL, "fromId": 1, "startTime": 1}, (-1128, BAD_COMBINATION)),
    ("myTrades", {"symbol": SYMBOL, "orderId": 1, "endTime": 1}, (-1128, BAD_COMBINATION)),
    ("myAllocations", {"symbol": SYMBOL, "orderId": 1, "startTime": 1}, (-1128, BAD_COMBINATION)),
    ("myPreventedMatches", {"symbol": SYMBOL}, (-1128, BAD_COMBINATION)),
    ("myPreventedMatches", {"symbol": SYMBOL, "orderId": 1, "preventedMatchId": 1}, (-1128, BAD_COMBINATION)),
    ("order.amendments", {"symbol": SYMBOL}, (-1102, MANDATORY.format("orderId"))),
    ("account.commission", {"symbol": "NOSUCHPAIR"}, (-1121, "Invalid symbol.")),
    ("account.status", {"omitZeroBalances": "maybe"}, (-1130, "Data sent for parameter 'omitZeroBalances' is not valid.")),
]


@pytest.mark.parametrize(("method", "params", "told"), READS)
def test_a_read_is_refused_in_the_exchange_s_words(
    floor: Floor, method: str, params: dict[str, Any], told: tuple[int, str]
) -> None:
    assert floor.main.told(method, **params) == told


def test_both_ids_of_a_query_must_name_the_same_order(floor: Floor) -> None:
    order_id = floor.main.limit("BUY", "50000", "0.5", newClientOrderId="mine")["orderId"]

    assert floor.main.ask("order.status", symbol=SYMBOL, orderId=order_id, origClientOrderId="mine")["orderId"] == order_id
    assert floor.main.told("order.status", symbol=SYMBOL, orderId=order_id, origClientOrderId="other") == (
        -2039,
        "Client order ID is not correct for this order ID.",
    )


def test_nobody_sees_or_touches_another_s_orders(floor: Floor) -> None:
    order_id = floor.main.limit("BUY", "50000", "0.5", newClientOrderId="mine")["orderId"]

    assert floor.other.told("order.status", symbol=SYMBOL, orderId=order_id) == NOT_THERE
    assert floor.other.told("order.cancel", symbol=SYMBOL, orderId=order_id) == UNKNOWN
    assert floor.other.told("order.cancel", symbol=SYMBOL, origClientOrderId="mine") == UNKNOWN
    assert floor.other.told("order.amend.keepPriority", symbol=SYMBOL, orderId=order_id, newQty="0.1")[0] == -2038
    assert floor.other.ask("openOrders.status") == []
    assert floor.main.status(order_id)["status"] == "NEW"


def test_the_symbol_s_mode_and_status_come_first(floor: Floor) -> None:
    order_id = floor.main.limit("BUY", "50000", "0.5")["orderId"]
    floor.venue.execute(SetSymbolStatus(symbol=SYMBOL, status="HALT"))

    assert floor.main.told("order.place", symbol=SYMBOL, side="BUY", **LIMIT) == (-2010, "Market is closed.")
    assert floor.main.ask("order.cancel", symbol=SYMBOL, orderId=order_id)["status"] == "CANCELED"


def test_an_account_may_lack_the_right_to_trade_the_symbol(floor: Floor) -> None:
    watcher = floor.customer("watcher", can_trade=False)
    foreigner = floor.customer("foreigner", permissions=("LEVERAGED",))

    assert watcher.told("order.place", symbol=SYMBOL, side="BUY", **LIMIT) == (
        -2010,
        "This account may not place or cancel orders.",
    )
    assert foreigner.told("order.place", symbol=SYMBOL, side="BUY", **LIMIT) == (
        -2010,
        "This symbol is not permitted for this account.",
    )


def test_an_order_over_the_limit_of_orders_is_refused_with_429() -> None:
    floor = Floor(orders_in_ten_seconds=2)
    floor.main.limit("BUY", "50000", "0.5")
    floor.main.limit("BUY", "50000", "0.5")

    no = floor.main.refusal("order.place", symbol=SYMBOL, side="BUY", **LIMIT)

    assert (no.status, no.code, no.msg) == (429, -1015, "Too many new orders; current limit is 2 orders per 10 SECOND.")
    assert floor.main.told("order.cancelReplace", **replacement(cancelOrderId=1))[0] == -1015
    floor.wait(10)
    assert floor.main.limit("BUY", "50000", "0.5")["status"] == "NEW"
