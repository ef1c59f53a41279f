"""Clients that know nothing of this project trade whole flows at a living market, unmodified but for the address."""

from collections.abc import AsyncGenerator, Callable
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from tests.paper_exchange.conftest import PaperProcess
from tests.paper_exchange.trading.clients import CLIENTS, Client, PythonBinanceRest, Said, SdkSocket

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""Of aiohttp and websockets, which both clients use in ways that will end."""

SYMBOL, MOVED = "BTCUSDT", "ETHUSDT"
"""Where flows trade, and where one of them moves the price."""
QUANTITY = "0.01"
STEP = Decimal("0.00001")


@pytest_asyncio.fixture(params=CLIENTS)
async def client(
    request: pytest.FixtureRequest, venue: PaperProcess, next_trader: Callable[[], str]
) -> AsyncGenerator[Client, None]:
    name = next_trader()
    client = CLIENTS[request.param](venue, name, f"{name}-secret")
    yield client
    await client.close()


@pytest_asyncio.fixture
async def whale(venue: PaperProcess) -> AsyncGenerator[Client, None]:
    client = PythonBinanceRest(venue, "whale", "whale-secret")
    yield client
    await client.close()


@pytest_asyncio.fixture
async def market(venue: PaperProcess) -> AsyncGenerator["Market", None]:
    client = PythonBinanceRest(venue, "whale", "whale-secret")
    yield Market(client)
    await client.close()


class Market:
    """What prices are like now."""

    def __init__(self, client: PythonBinanceRest) -> None:
        self._client = client

    async def at(self, share: str) -> str:
        """The last trade's price times a share."""
        last = await self._client.public("ticker/price", symbol=SYMBOL)
        return _price(last, share)

    async def in_thin_air(self, share: str) -> str:
        """The same on the symbol whose price the whale moves."""
        return _price(await self._client.public("ticker/price", symbol=MOVED), share)


def _price(last: Any, share: str) -> str:
    return str((Decimal(last["price"]) * Decimal(share)).quantize(Decimal("0.01")))


async def states(client: Client, placed: Any) -> list[str]:
    """The states of a list's orders."""
    found = [await client.ask("order.status", symbol=each["symbol"], orderId=each["orderId"]) for each in placed["orders"]]
    return [each["status"] for each in found]


def limit(side: str, price: str, **params: Any) -> dict[str, Any]:
    order = {"symbol": SYMBOL, "side": side, "type": "LIMIT", "timeInForce": "GTC", "price": price, "quantity": QUANTITY}
    return order | params


async def test_an_order_is_placed_queried_amended_replaced_and_canceled(client: Client, market: Market) -> None:
    price = await market.at("0.8")

    placed = await client.ask("order.place", **limit("BUY", price, newClientOrderId="first"))
    seen = await client.ask("order.status", symbol=SYMBOL, origClientOrderId="first")
    amended = await client.ask("order.amend.keepPriority", symbol=SYMBOL, orderId=placed["orderId"], newQty="0.005")
    changes = await client.ask("order.amendments", symbol=SYMBOL, orderId=placed["orderId"])
    replaced = await client.ask(
        "order.cancelReplace",
        **limit("BUY", price, cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=placed["orderId"], newClientOrderId="first"),
    )
    still_open = await client.ask("openOrders.status", symbol=SYMBOL)
    canceled = await client.ask("order.cancel", symbol=SYMBOL, origClientOrderId="first", newClientOrderId="last")

    assert (placed["status"], seen["status"], seen["isWorking"]) == ("NEW", "NEW", True)
    assert (amended["amendedOrder"]["qty"], amended["amendedOrder"]["origClientOrderId"]) == ("0.00500000", "first")
    assert [(each["origQty"], each["newQty"]) for each in changes] == [("0.01000000", "0.00500000")]
    assert (replaced["cancelResult"], replaced["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    assert [each["orderId"] for each in still_open] == [replaced["newOrderResponse"]["orderId"]]
    assert (canceled["status"], canceled["origClientOrderId"], canceled["clientOrderId"]) == ("CANCELED", "first", "last")
    with pytest.raises(Said, match=r"Unknown order sent\."):
        await client.ask("order.cancel", symbol=SYMBOL, origClientOrderId="first")


async def test_a_trade_is_seen_in_fills_trades_balances_and_rates(client: Client, market: Market) -> None:
    test = limit("BUY", await market.at("1"))
    before = await client.ask("account.status", omitZeroBalances="true")
    checked = await client.ask("order.test", **test)
    cost = await client.ask("order.test", **test, computeCommissionRates="true")
    bought = await client.ask("order.place", symbol=SYMBOL, side="BUY", type="MARKET", quantity=QUANTITY)
    trades = await client.ask("myTrades", symbol=SYMBOL, orderId=bought["orderId"])
    after = await client.ask("account.status", omitZeroBalances="true")
    rates = await client.ask("account.commission", symbol=SYMBOL)
    counts = await client.ask("account.rateLimits.orders")

    assert not checked
    assert cost["standardCommissionForOrder"]["taker"] == rates["standardCommission"]["taker"] == "0.00100000"
    assert bought["status"] == "FILLED"
    assert sum(Decimal(fill["qty"]) for fill in bought["fills"]) == Decimal(QUANTITY)
    assert [each["id"] for each in trades] == [fill["tradeId"] for fill in bought["fills"]]
    commission = sum(Decimal(each["commission"]) for each in trades)
    assert free(after, "BTC") - free(before, "BTC") == Decimal(QUANTITY) - commission
    assert free(before, "USDT") - free(after, "USDT") == sum(Decimal(each["quoteQty"]) for each in trades)
    # The fill has given the order's place in the count back.
    assert [each["count"] for each in counts] == [0, 0]


def free(account: Any, asset: str) -> Decimal:
    return next(Decimal(each["free"]) for each in account["balances"] if each["asset"] == asset)


async def test_a_pair_ends_with_its_stop_when_the_price_falls(client: Client, market: Market, whale: Client) -> None:
    stop = await market.in_thin_air("0.995")
    pair = await client.ask(
        "orderList.place.oco",
        symbol=MOVED,
        side="SELL",
        quantity=QUANTITY,
        aboveType="LIMIT_MAKER",
        abovePrice=await market.in_thin_air("1.05"),
        belowType="STOP_LOSS",
        belowStopPrice=stop,
        listClientOrderId="pair",
    )
    waiting = await client.ask("openOrderLists.status")
    # The whale buys at the stop price, and sells until the price is there.
    await whale.ask("order.place", **limit("BUY", stop, symbol=MOVED, quantity="1000"))
    await whale.ask("order.place", **limit("SELL", stop, symbol=MOVED, quantity="900", timeInForce="IOC"))
    ended = await states(client, pair)
    await whale.ask("openOrders.cancelAll", symbol=MOVED)
    done = await client.ask("orderList.status", origClientOrderId="pair")

    assert [each["listClientOrderId"] for each in waiting] == ["pair"]
    assert [each["type"] for each in pair["orderReports"]] == ["STOP_LOSS", "LIMIT_MAKER"]
    assert ended == ["FILLED", "EXPIRED"]
    assert (done["listStatusType"], done["listOrderStatus"]) == ("ALL_DONE", "ALL_DONE")


async def test_the_old_pair_is_still_answered_and_canceled(client: Client, market: Market) -> None:
    pair = await client.ask(
        "orderList.place",
        symbol=SYMBOL,
        side="BUY",
        quantity=QUANTITY,
        price=await market.at("0.8"),
        stopPrice=await market.at("1.2"),
        stopLimitPrice=await market.at("1.21"),
        stopLimitTimeInForce="GTC",
    )
    canceled = await client.ask("orderList.cancel", symbol=SYMBOL, orderListId=pair["orderListId"])

    assert pair["contingencyType"] == "OCO"
    assert [each["status"] for each in canceled["orderReports"]] == ["CANCELED", "CANCELED"]
    assert await client.ask("openOrders.status", symbol=SYMBOL) == []


def working(price: str) -> dict[str, Any]:
    return {
        "symbol": SYMBOL,
        "workingType": "LIMIT",
        "workingTimeInForce": "GTC",
        "workingSide": "BUY",
        "workingPrice": price,
        "workingQuantity": QUANTITY,
        "pendingSide": "SELL",
    }


async def pair_around(market: Market) -> dict[str, Any]:
    return {
        "pendingAboveType": "LIMIT_MAKER",
        "pendingAbovePrice": await market.at("1.2"),
        "pendingBelowType": "STOP_LOSS_LIMIT",
        "pendingBelowStopPrice": await market.at("0.8"),
        "pendingBelowPrice": await market.at("0.79"),
        "pendingBelowTimeInForce": "GTC",
    }


async def test_one_triggers_the_other(client: Client, market: Market) -> None:
    placed = await client.ask(
        "orderList.place.oto",
        **working(await market.at("1.02")),
        pendingType="LIMIT_MAKER",
        pendingPrice=await market.at("1.2"),
        pendingQuantity=QUANTITY,
    )
    released = await states(client, placed)
    canceled = await client.ask("order.cancel", symbol=SYMBOL, orderId=placed["orders"][1]["orderId"])

    assert [each["status"] for each in placed["orderReports"]] == ["FILLED", "PENDING_NEW"]
    assert released == ["FILLED", "NEW"]
    assert placed["contingencyType"] == "OTO"
    assert canceled["orderListId"] == placed["orderListId"]
    assert await states(client, placed) == ["FILLED", "CANCELED"]


async def test_one_triggers_a_pair(client: Client, market: Market) -> None:
    placed = await client.ask(
        "orderList.place.otoco",
        **working(await market.at("1.02")),
        **await pair_around(market),
        pendingQuantity=QUANTITY,
    )
    released = await states(client, placed)
    await client.ask("openOrders.cancelAll", symbol=SYMBOL)

    assert [each["status"] for each in placed["orderReports"]] == ["FILLED", "PENDING_NEW", "PENDING_NEW"]
    assert released == ["FILLED", "NEW", "NEW"]
    assert await states(client, placed) == ["FILLED", "CANCELED", "CANCELED"]


async def test_a_list_that_is_canceled_while_it_waits_leaves_nothing(client: Client, market: Market) -> None:
    before = await client.ask("account.status", omitZeroBalances="true")
    placed = await client.ask(
        "orderList.place.otoco",
        **working(await market.at("0.7")),
        **await pair_around(market),
        pendingQuantity=QUANTITY,
        listClientOrderId="waiting",
    )
    canceled = await client.ask("orderList.cancel", symbol=SYMBOL, listClientOrderId="waiting")
    after = await client.ask("account.status", omitZeroBalances="true")

    assert [each["status"] for each in placed["orderReports"]] == ["NEW", "PENDING_NEW", "PENDING_NEW"]
    assert [each["status"] for each in canceled["orderReports"]] == ["CANCELED"] * 3
    assert after["balances"] == before["balances"]


async def test_one_pays_for_the_other(client: Client, market: Market) -> None:
    placed = await client.ask("orderList.place.opo", **working(await market.at("1.02")), pendingType="MARKET")
    bought, sold = [await client.ask("order.status", symbol=SYMBOL, orderId=each["orderId"]) for each in placed["orders"]]
    done = await client.ask("orderList.status", orderListId=placed["orderListId"])
    paid = await client.ask("myTrades", symbol=SYMBOL, orderId=bought["orderId"])

    assert "origQty" not in placed["orderReports"][1]
    assert (bought["status"], sold["status"]) == ("FILLED", "FILLED")
    # Sold is what was bought; the commission came out of what was free already.
    assert all(each["commissionAsset"] == "BTC" for each in paid)
    assert Decimal(sold["executedQty"]) == Decimal(QUANTITY)
    assert done["listOrderStatus"] == "ALL_DONE"


async def test_one_pays_for_a_pair(client: Client, market: Market) -> None:
    placed = await client.ask("orderList.place.opoco", **working(await market.at("1.02")), **await pair_around(market))
    pending = [await client.ask("order.status", symbol=SYMBOL, orderId=each["orderId"]) for each in placed["orders"][1:]]
    canceled = await client.ask("orderList.cancel", symbol=SYMBOL, orderListId=placed["orderListId"])

    assert [each["status"] for each in pending] == ["NEW", "NEW"]
    assert {Decimal(each["origQty"]) % STEP for each in pending} == {0}
    assert canceled["listOrderStatus"] == "ALL_DONE"


async def test_a_routed_order_takes_from_all_its_books(client: Client, market: Market) -> None:
    terms = {"symbol": SYMBOL, "side": "SELL", "quantity": QUANTITY}
    order = limit("SELL", await market.at("0.98"), timeInForce="IOC", quantity="2")

    checked = await client.ask("sor.order.test", **terms, type="MARKET", computeCommissionRates="true")
    answer = await client.ask("sor.order.place", **order)
    sold: Any = answer[0] if isinstance(answer, list) else answer  # pyright: ignore[reportUnknownVariableType]
    allocations = await client.ask("myAllocations", symbol=SYMBOL, orderId=sold["orderId"])
    trades = await client.ask("myTrades", symbol=SYMBOL, orderId=sold["orderId"])

    assert checked["standardCommissionForOrder"]["taker"] == "0.00100000"
    assert (sold["usedSor"], sold["status"]) == (True, "FILLED")
    assert allocations
    assert sum(Decimal(each["qty"]) for each in (*allocations, *trades)) == Decimal("2")


async def test_an_order_does_not_trade_with_its_own_account(client: Client, market: Market) -> None:
    own = await client.ask("order.place", **limit("BUY", await market.at("0.999")))
    await client.ask(
        "order.place",
        **limit("SELL", own["price"], timeInForce="IOC", quantity="5", selfTradePreventionMode="EXPIRE_MAKER"),
    )
    after = await client.ask("order.status", symbol=SYMBOL, orderId=own["orderId"])
    matches = await client.ask("myPreventedMatches", symbol=SYMBOL, orderId=own["orderId"])

    assert after["status"] == "EXPIRED_IN_MATCH"
    assert [(each["makerOrderId"], each["selfTradePreventionMode"]) for each in matches] == [(own["orderId"], "EXPIRE_MAKER")]
    assert matches[0]["makerPreventedQuantity"] == own["origQty"]


async def test_histories_tell_it_all_again(client: Client, market: Market) -> None:
    price = await market.at("0.8")
    orders = [await client.ask("order.place", **limit("BUY", price)) for _ in range(3)]
    oto = await client.ask("orderList.place.oto", **working(price), pendingType="MARKET", pendingQuantity=QUANTITY)
    canceled = await client.ask("openOrders.cancelAll", symbol=SYMBOL)

    ids = [each["orderId"] for each in orders]
    everything = await client.ask("allOrders", symbol=SYMBOL)
    page = await client.ask("allOrders", symbol=SYMBOL, orderId=ids[1], limit=2)
    lists = await client.ask("allOrderLists", limit=10)

    assert [each["orderId"] for each in everything] == ids + [each["orderId"] for each in oto["orders"]]
    assert {each["status"] for each in everything} == {"CANCELED"}
    assert [each["orderId"] for each in page] == ids[1:3]
    assert [each["orderListId"] for each in lists] == [oto["orderListId"]]
    assert len(canceled) == 4


@pytest.mark.parametrize("name", [name for name, kind in CLIENTS.items() if kind is not SdkSocket])
async def test_an_account_reads_the_filters_that_bind_it(venue: PaperProcess, name: str) -> None:
    # The official client's own model for the WebSocket API's reply has no place for its result.
    client = CLIENTS[name](venue, "whale", "whale-secret")

    found = await client.ask("myFilters", symbol=SYMBOL)
    await client.close()

    assert "LOT_SIZE" in {each["filterType"] for each in found["symbolFilters"]}
