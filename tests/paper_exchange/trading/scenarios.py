"""What has to happen on the floor so that a reply has every field of its documented example.

By operation and number of the example, as in `tests/documented/operations`.
"""

from collections.abc import Callable
from typing import Any

from tests.paper_exchange.trading.floor import SYMBOL, Floor

Scenario = Callable[[Floor], Any]
DAY_MS = 86_400_000


def limit_buy(floor: Floor, **params: Any) -> Any:
    return floor.main.limit("BUY", "50000", "0.5", **params)


def oco(floor: Floor, **params: Any) -> Any:
    floor.quote()
    return floor.main.ask("orderList.place.oco", **OCO, **params)


OCO: dict[str, Any] = {
    "symbol": SYMBOL,
    "side": "SELL",
    "quantity": "0.5",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "70000",
    "belowType": "STOP_LOSS_LIMIT",
    "belowPrice": "49900",
    "belowStopPrice": "50000",
    "belowTimeInForce": "GTC",
}
ICEBERG: dict[str, Any] = {"belowIcebergQty": "0.1"}
WORKING: dict[str, Any] = {
    "symbol": SYMBOL,
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingPrice": "50000",
    "workingQuantity": "0.5",
    "workingTimeInForce": "GTC",
    "pendingSide": "SELL",
}
PENDING_MARKET: dict[str, Any] = {"pendingType": "MARKET"}
PENDING_PAIR: dict[str, Any] = {
    "pendingAboveType": "LIMIT_MAKER",
    "pendingAbovePrice": "70000",
    "pendingBelowType": "STOP_LOSS_LIMIT",
    "pendingBelowPrice": "39900",
    "pendingBelowStopPrice": "40000",
    "pendingBelowTimeInForce": "GTC",
}


def market_sell(shape: str) -> Scenario:
    def happens(floor: Floor) -> Any:
        floor.quote()
        return floor.main.place("SELL", "MARKET", quantity="0.5", newOrderRespType=shape)

    return happens


def pegged(floor: Floor) -> Any:
    floor.quote()
    floor.other.limit("BUY", "59980", "1")
    peg = {"pegPriceType": "PRIMARY_PEG", "pegOffsetType": "PRICE_LEVEL", "pegOffsetValue": 1}
    return floor.main.place("BUY", "LIMIT", timeInForce="GTC", quantity="0.5", **peg)


def canceled(floor: Floor) -> Any:
    return floor.main.ask("order.cancel", symbol=SYMBOL, orderId=limit_buy(floor)["orderId"])


def canceled_member(floor: Floor) -> Any:
    client_id = oco(floor, aboveClientOrderId="above")["orders"][1]["clientOrderId"]
    return floor.main.ask(
        "order.cancel", symbol=SYMBOL, origClientOrderId=client_id, newClientOrderId="c", cancelRestrictions="ONLY_NEW"
    )


def canceled_all(floor: Floor) -> Any:
    oco(floor, **ICEBERG, aboveIcebergQty="0.1")
    limit_buy(floor)
    limit_buy(floor)
    return sorted(floor.main.ask("openOrders.cancelAll", symbol=SYMBOL), key=lambda each: "orders" in each)


def replaced(floor: Floor) -> Any:
    order_id = limit_buy(floor)["orderId"]
    return floor.main.ask("order.cancelReplace", **replacement(cancelOrderId=order_id))


def replacement(**params: Any) -> dict[str, Any]:
    order: dict[str, Any] = {
        "symbol": SYMBOL,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "price": "51000",
        "quantity": "0.5",
        "cancelReplaceMode": "STOP_ON_FAILURE",
    }
    return order | params


def amended(floor: Floor) -> Any:
    order_id = limit_buy(floor)["orderId"]
    return floor.main.ask("order.amend.keepPriority", symbol=SYMBOL, orderId=order_id, newQty="0.3")


def amended_member(floor: Floor) -> Any:
    oto(floor)
    working, pending = floor.main.ask("openOrders.status", symbol=SYMBOL)
    assert working["status"] == "NEW"
    return floor.main.ask("order.amend.keepPriority", symbol=SYMBOL, orderId=pending["orderId"], newQty="0.3")


def amendments(floor: Floor) -> Any:
    order_id = amended(floor)["amendedOrder"]["orderId"]
    floor.main.ask("order.amend.keepPriority", symbol=SYMBOL, orderId=order_id, newQty="0.2", newClientOrderId="smaller")
    return floor.main.ask("order.amendments", symbol=SYMBOL, orderId=order_id, fromExecutionId=1, limit=5)


def oto(floor: Floor) -> Any:
    floor.quote()
    return floor.main.ask("orderList.place.oto", **WORKING, **PENDING_MARKET, pendingQuantity="0.5")


def old_oco(floor: Floor) -> Any:
    floor.quote()
    return floor.main.ask("orderList.place", symbol=SYMBOL, side="BUY", quantity="0.5", price="50000", stopPrice="70000")


def listed(method: str, **params: Any) -> Scenario:
    def happens(floor: Floor) -> Any:
        first, second = oco(floor), floor.main.ask("orderList.place.oto", **WORKING, **PENDING_MARKET, pendingQuantity="0.5")
        assert first["orderListId"] < second["orderListId"]
        return floor.main.ask(method, **params)

    return happens


def one_list(floor: Floor) -> Any:
    oco(floor)
    return floor.main.ask("openOrderLists.status")


def canceled_list(floor: Floor) -> Any:
    return floor.main.ask("orderList.cancel", symbol=SYMBOL, orderListId=oco(floor)["orderListId"])


def routed(*, ws_api: bool) -> Scenario:
    def happens(floor: Floor) -> Any:
        floor.quote()
        floor.other.ask(
            "order.place", symbol="BTCUSDC", side="SELL", type="LIMIT", timeInForce="GTC", price="59000", quantity="0.5"
        )
        terms: dict[str, Any] = {"type": "MARKET"} if ws_api else {"type": "LIMIT", "timeInForce": "GTC", "price": "60000"}
        return floor.main.ask("sor.order.place", ws_api=ws_api, symbol=SYMBOL, side="BUY", quantity="0.5", **terms)

    return happens


def allocations(floor: Floor) -> Any:
    order_id = routed(ws_api=False)(floor)["orderId"]
    return floor.main.ask("myAllocations", symbol=SYMBOL, orderId=order_id)


def prevented(floor: Floor) -> Any:
    order_id = floor.main.limit("BUY", "60000", "0.5")["orderId"]
    floor.main.limit("SELL", "60000", "0.5", selfTradePreventionMode="EXPIRE_MAKER")
    return floor.main.ask("myPreventedMatches", symbol=SYMBOL, orderId=order_id, fromPreventedMatchId=0, limit=5)


def trailed_and_prevented(floor: Floor) -> Any:
    """A trailing stop that fired, rests, and was taken away by an order of its own account."""
    floor.quote()
    floor.main.place(
        "SELL",
        "STOP_LOSS_LIMIT",
        timeInForce="GTC",
        price="60100",
        quantity="0.5",
        trailingDelta=100,
        newClientOrderId="trailing",
        strategyId=7,
        strategyType=1_000_000,
    )
    floor.other.limit("BUY", "59300", "1")
    floor.main.limit("SELL", "59300", "1.5")
    floor.main.limit("BUY", "60100", "1.5", selfTradePreventionMode="EXPIRE_MAKER")
    return floor.main.ask("order.status", symbol=SYMBOL, origClientOrderId="trailing")


def traded(floor: Floor) -> Any:
    market_sell("ACK")(floor)
    return floor.main.ask("myTrades", symbol=SYMBOL, startTime=floor.venue.now_us // 1000 - 1000, limit=5)


def after_order(method: str, **params: Any) -> Scenario:
    def happens(floor: Floor) -> Any:
        order_id = limit_buy(floor)["orderId"]
        named: dict[str, Any] = {name: order_id if value == "orderId" else value for name, value in params.items()}
        return floor.main.ask(method, **named)

    return happens


def alone(method: str, **params: Any) -> Scenario:
    return lambda floor: floor.main.ask(method, **params)


ORDER: dict[str, Any] = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.5"}
LIMIT_ORDER: dict[str, Any] = {**ORDER, "type": "LIMIT", "timeInForce": "GTC", "price": "60000"}
SCENARIOS: dict[tuple[str, int], Scenario] = {
    ("order.place", 0): market_sell("ACK"),
    ("order.place", 1): market_sell("RESULT"),
    ("order.place", 2): market_sell("FULL"),
    ("order.place", 5): pegged,
    ("order.test", 0): alone("order.test", **LIMIT_ORDER),
    ("order.test", 1): alone("order.test", **LIMIT_ORDER, computeCommissionRates=True),
    ("order.cancel", 0): canceled,
    ("order.cancel", 1): canceled_member,
    ("openOrders.cancelAll", 0): canceled_all,
    ("order.cancelReplace", 0): replaced,
    ("order.amend.keepPriority", 0): amended,
    ("order.amend.keepPriority", 1): amended_member,
    ("order.amendments", 0): amendments,
    ("sor.order.place", 0): routed(ws_api=False),
    ("sor.order.place", 1): routed(ws_api=True),
    ("sor.order.test", 0): alone("sor.order.test", **LIMIT_ORDER),
    ("sor.order.test", 1): alone("sor.order.test", **LIMIT_ORDER, computeCommissionRates=True),
    ("orderList.place", 0): old_oco,
    ("orderList.place.oco", 0): lambda floor: oco(floor, **ICEBERG),
    ("orderList.place.oto", 0): oto,
    ("orderList.place.otoco", 0): alone("orderList.place.otoco", **WORKING, **PENDING_PAIR, pendingQuantity="0.5"),
    ("orderList.place.opo", 0): alone("orderList.place.opo", **WORKING, **PENDING_MARKET),
    ("orderList.place.opoco", 0): alone("orderList.place.opoco", **WORKING, **PENDING_PAIR),
    ("orderList.cancel", 0): canceled_list,
    ("orderList.status", 0): listed("orderList.status", orderListId=0),
    ("openOrderLists.status", 0): one_list,
    ("allOrderLists", 0): listed("allOrderLists", fromId=0, limit=5),
    ("order.status", 0): after_order("order.status", symbol=SYMBOL, orderId="orderId"),
    ("order.status", 1): trailed_and_prevented,
    ("openOrders.status", 0): after_order("openOrders.status", symbol=SYMBOL),
    ("allOrders", 0): after_order("allOrders", symbol=SYMBOL, limit=5),
    ("myTrades", 0): traded,
    ("myAllocations", 0): allocations,
    ("myPreventedMatches", 0): prevented,
    ("account.status", 0): alone("account.status", omitZeroBalances=True),
    ("account.commission", 0): alone("account.commission", symbol=SYMBOL),
    ("account.rateLimits.orders", 0): alone("account.rateLimits.orders"),
    ("myFilters", 0): alone("myFilters", symbol=SYMBOL),
}
