"""Fields that are there only when something makes them meaningful, and what they say."""

from typing import Any

from services.paper_exchange.engine.amounts import parse
from services.paper_exchange.engine.commands import Commission, Rates, SetCommission
from tests.paper_exchange.trading.floor import SYMBOL, Floor
from tests.paper_exchange.trading.scenarios import PENDING_MARKET, PENDING_PAIR, WORKING

ACK = ("symbol", "orderId", "orderListId", "clientOrderId", "transactTime")
RESULT = (
    *ACK,
    "price",
    "origQty",
    "executedQty",
    "origQuoteOrderQty",
    "cummulativeQuoteQty",
    "status",
    "timeInForce",
    "type",
    "side",
    "workingTime",
    "selfTradePreventionMode",
)
FULL = (*RESULT[:-1], "fills", "selfTradePreventionMode")


def test_the_detail_of_a_reply_follows_the_type_and_the_wish(floor: Floor) -> None:
    floor.quote()
    maker: dict[str, Any] = {"price": "50000", "quantity": "0.1"}
    stop: dict[str, Any] = {"quantity": "0.1", "stopPrice": "70000"}

    assert tuple(floor.main.limit("BUY", "50000", "0.1")) == FULL
    assert tuple(floor.main.place("BUY", "MARKET", quantity="0.1")) == FULL
    assert tuple(floor.main.place("BUY", "LIMIT_MAKER", **maker)) == ACK
    assert tuple(floor.main.place("BUY", "STOP_LOSS", **stop)) == ACK
    assert tuple(floor.main.place("BUY", "LIMIT_MAKER", **maker, newOrderRespType="RESULT")) == RESULT
    assert tuple(floor.main.limit("BUY", "50000", "0.1", newOrderRespType="ACK")) == ACK


def test_a_stop_shows_its_price_and_does_not_work_yet(floor: Floor) -> None:
    floor.quote()
    placed = floor.main.place("SELL", "STOP_LOSS", quantity="0.1", stopPrice="50000", newOrderRespType="RESULT")

    assert (placed["stopPrice"], placed["workingTime"]) == ("50000.00000000", -1)
    assert not floor.main.status(placed["orderId"])["isWorking"]


def test_a_trailing_stop_shows_its_distance_and_since_when_it_trails(floor: Floor) -> None:
    floor.quote()
    now_ms = floor.venue.now_us // 1000
    at_once = floor.main.place("SELL", "STOP_LOSS", quantity="0.1", trailingDelta=100, newOrderRespType="RESULT")
    later = floor.main.place(
        "SELL", "TAKE_PROFIT", quantity="0.1", trailingDelta=100.0, stopPrice="70000", newOrderRespType="RESULT"
    )

    assert (at_once["trailingDelta"], at_once["trailingTime"]) == (100, now_ms)
    assert "stopPrice" not in at_once
    assert (later["trailingDelta"], later["trailingTime"], later["stopPrice"]) == (100, -1, "70000.00000000")


def test_an_iceberg_a_strategy_and_a_peg_are_told_back(floor: Floor) -> None:
    floor.quote()
    placed = floor.main.limit("BUY", "50000", "0.5", icebergQty="0.1", strategyId=7, strategyType=1_000_007)
    pegged = floor.main.place("BUY", "LIMIT", timeInForce="GTC", quantity="0.1", pegPriceType="MARKET_PEG")

    assert (placed["icebergQty"], placed["strategyId"], placed["strategyType"]) == ("0.10000000", 7, 1_000_007)
    assert (pegged["price"], pegged["pegPriceType"], pegged["peggedPrice"]) == (
        "0.00000000",
        "MARKET_PEG",
        "60010.00000000",
    )
    assert "pegOffsetType" not in pegged


def test_an_order_by_quote_quantity_tells_both_quantities(floor: Floor) -> None:
    floor.quote()
    bought = floor.main.place("BUY", "MARKET", quoteOrderQty="6001")

    assert (bought["origQuoteOrderQty"], bought["origQty"]) == ("6001.00000000", "0.10000000")
    assert (bought["executedQty"], bought["cummulativeQuoteQty"]) == ("0.10000000", "6001.00000000")


def test_an_expired_order_says_why(floor: Floor) -> None:
    floor.quote(quantity="0.1")
    ioc = floor.main.limit("BUY", "60010", "0.5", timeInForce="IOC")
    fok = floor.main.limit("BUY", "50000", "0.5", timeInForce="FOK")
    market = floor.main.place("SELL", "MARKET", quantity="0.5")

    assert (ioc["status"], ioc["executedQty"], ioc["expiryReason"]) == (
        "EXPIRED",
        "0.10000000",
        "UNFILLED_IOC_QUANTITY_EXPIRED",
    )
    assert (fok["status"], fok["fills"], fok["expiryReason"]) == ("EXPIRED", [], "UNFILLED_FOK_ORDER_EXPIRED")
    assert (market["status"], market["expiryReason"]) == ("EXPIRED", "INSUFFICIENT_LIQUIDITY")
    assert floor.main.status(fok["orderId"])["expiryReason"] == "UNFILLED_FOK_ORDER_EXPIRED"


def test_a_prevented_trade_is_told_to_the_taker(floor: Floor) -> None:
    group = floor.customer("group", trade_group_id=9)
    maker = group.limit("BUY", "60000", "0.1")
    taker = group.limit("SELL", "60000", "0.3", selfTradePreventionMode="EXPIRE_BOTH")

    assert taker["status"] == "EXPIRED_IN_MATCH"
    assert taker["preventedMatches"] == [
        {
            "preventedMatchId": 0,
            "makerSymbol": SYMBOL,
            "makerOrderId": maker["orderId"],
            "price": "60000.00000000",
            "takerPreventedQuantity": "0.30000000",
            "makerPreventedQuantity": "0.10000000",
        }
    ]
    assert (taker["tradeGroupId"], taker["preventedQuantity"]) == (9, "0.30000000")
    seen = group.status(maker["orderId"])
    assert (seen["status"], seen["preventedMatchId"], seen["preventedQuantity"]) == ("EXPIRED_IN_MATCH", 0, "0.10000000")
    assert group.ask("account.status")["tradeGroupId"] == 9


def test_a_routed_order_names_its_allocations(floor: Floor) -> None:
    floor.quote()
    floor.other.ask(
        "order.place", symbol="BTCUSDC", side="SELL", type="LIMIT", timeInForce="GTC", price="59000", quantity="0.1"
    )
    order: dict[str, Any] = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "60010"}

    placed = floor.main.ask("sor.order.place", **order, quantity="0.3")

    allocation, trade = placed["fills"]
    assert (allocation["matchType"], allocation["allocId"], allocation["tradeId"]) == ("ONE_PARTY_TRADE_REPORT", 0, -1)
    assert "allocId" not in trade
    assert trade["tradeId"] > 0
    assert (placed["workingFloor"], placed["usedSor"]) == ("EXCHANGE", True)
    assert floor.main.ask("sor.order.place", ws_api=True, **order, quantity="0.1")[0]["usedSor"]


def test_an_opo_s_pending_order_has_no_quantity_until_there_is_one(floor: Floor) -> None:
    floor.quote()
    waiting = floor.main.ask("orderList.place.opo", **WORKING, **PENDING_MARKET)
    released = floor.main.ask("orderList.place.opoco", **{**WORKING, "workingPrice": "60010"}, **PENDING_PAIR)

    assert "origQty" not in waiting["orderReports"][1]
    assert [each.get("origQty") for each in released["orderReports"]] == ["0.50000000", None, None]
    # The commission (0.001 BTC) came from what was free already.
    assert [floor.main.status(each["orderId"])["origQty"] for each in released["orders"]] == ["0.50000000"] * 3


def test_orders_of_a_list_are_told_in_the_detail_asked_for(floor: Floor) -> None:
    floor.quote()
    shapes = {
        shape: floor.main.ask("orderList.place.oto", **WORKING, **PENDING_MARKET, pendingQuantity="0.1", newOrderRespType=shape)
        for shape in ("ACK", "RESULT", "FULL")
    }

    assert tuple(shapes["ACK"]["orderReports"][0]) == ACK
    assert tuple(shapes["RESULT"]["orderReports"][0]) == RESULT
    assert tuple(shapes["FULL"]["orderReports"][0]) == FULL


def test_an_amended_member_shows_its_list(floor: Floor) -> None:
    floor.quote()
    placed = floor.main.ask("orderList.place.oto", **WORKING, **PENDING_MARKET, pendingQuantity="0.5")
    working = placed["orders"][0]

    body = floor.main.ask(
        "order.amend.keepPriority", symbol=SYMBOL, orderId=working["orderId"], newQty="0.3", newClientOrderId="smaller"
    )

    assert body["amendedOrder"]["origClientOrderId"] == working["clientOrderId"]
    assert [each["clientOrderId"] for each in body["listStatus"]["orders"]] == ["smaller", placed["orders"][1]["clientOrderId"]]


def test_rates_for_an_order_have_those_of_its_side_in_them(floor: Floor) -> None:
    rates = Rates(maker=parse("0.00000010"), taker=parse("0.00000020"), buyer=parse("0.00000030"), seller=parse("0.00000040"))
    commission = Commission(rates, tax=rates, special=rates, discount_enabled=True, discount=parse("0.25"))
    floor.venue.execute(SetCommission(account="main", symbol=SYMBOL, commission=commission))
    order: dict[str, Any] = {"symbol": SYMBOL, "type": "LIMIT", "timeInForce": "GTC", "price": "60000", "quantity": "0.1"}

    told = floor.main.ask("order.test", side="SELL", **order, computeCommissionRates=True)

    for kind in ("standard", "special", "tax"):
        assert told[f"{kind}CommissionForOrder"] == {"maker": "0.00000050", "taker": "0.00000060"}
    assert told["discount"] == {
        "enabledForAccount": True,
        "enabledForSymbol": True,
        "discountAsset": "BNB",
        "discount": "0.25000000",
    }
    assert floor.main.ask("order.test", side="SELL", **order) == {}
    assert floor.main.ask("account.commission", symbol=SYMBOL)["standardCommission"]["seller"] == "0.00000040"


def test_an_account_shows_all_assets_or_what_it_has(floor: Floor) -> None:
    floor.main.limit("BUY", "50000", "0.5")
    every = floor.main.ask("account.status")

    assert [each["asset"] for each in every["balances"]] == ["BTC", "USDT", "USDC", "BNB"]
    assert floor.main.balances()["USDT"] == ("975000.00000000", "25000.00000000")
    assert (every["makerCommission"], every["takerCommission"]) == (10, 20)
    assert every["commissionRates"]["taker"] == "0.00200000"
    assert every["uid"] == floor.main.ask("account.status")["uid"] != floor.other.ask("account.status")["uid"]


def test_a_count_goes_up_with_each_order_and_down_with_the_first_fill(floor: Floor) -> None:
    def counts() -> list[int]:
        return [each["count"] for each in floor.main.ask("account.rateLimits.orders")]

    floor.quote()
    floor.main.limit("BUY", "50000", "0.1")
    floor.main.ask("orderList.place.otoco", **WORKING, **PENDING_PAIR, pendingQuantity="0.1")
    assert counts() == [4, 4]
    floor.main.place("BUY", "MARKET", quantity="0.1")
    assert counts() == [4, 4]
    floor.wait(10)
    assert counts() == [0, 4]


def test_filters_of_the_account_are_its_own(floor: Floor) -> None:
    limited = floor.customer("limited", max_assets=(("BTC", parse("1")),))

    shown = limited.ask("myFilters", symbol=SYMBOL)
    assert shown["assetFilters"] == [{"filterType": "MAX_ASSET", "asset": "BTC", "limit": "1.00000000"}]
    assert shown["exchangeFilters"] == [{"filterType": "EXCHANGE_MAX_NUM_ORDERS", "maxNumOrders": 1000}]
    assert {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20} in shown["symbolFilters"]
    assert limited.told(
        "order.place", symbol=SYMBOL, side="SELL", type="LIMIT", timeInForce="GTC", price="60000", quantity="1.1"
    ) == (-1013, "Filter failure: MAX_ASSET")
