"""python-binance by its own named methods, as its users write them."""

from collections.abc import AsyncGenerator, Callable
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from tests.paper_exchange.conftest import PaperProcess
from tests.paper_exchange.trading.clients import PythonBinanceSocket

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""Of aiohttp and websockets, which the client uses in ways that will end."""

SYMBOL = "BTCUSDT"


@pytest_asyncio.fixture
async def binance(venue: PaperProcess, next_trader: Callable[[], str]) -> AsyncGenerator[Any, None]:
    name = next_trader()
    client = PythonBinanceSocket(venue, name, f"{name}-secret")
    yield client.library
    await client.close()


async def price_at(binance: Any, share: str) -> str:
    last = await binance.get_symbol_ticker(symbol=SYMBOL)
    return str((Decimal(last["price"]) * Decimal(share)).quantize(Decimal("0.01")))


async def test_orders_over_rest(binance: Any) -> None:
    order = await binance.order_limit_buy(symbol=SYMBOL, quantity="0.01", price=await price_at(binance, "0.8"))
    replaced = await binance.cancel_replace_order(
        symbol=SYMBOL,
        side="BUY",
        type="LIMIT",
        timeInForce="GTC",
        quantity="0.02",
        price=await price_at(binance, "0.8"),
        cancelReplaceMode="STOP_ON_FAILURE",
        cancelOrderId=order["orderId"],
    )
    sold = await binance.order_market_sell(symbol=SYMBOL, quantity="0.01")
    seen = await binance.get_order(symbol=SYMBOL, orderId=order["orderId"])
    waiting = await binance.get_open_orders(symbol=SYMBOL)
    await binance.cancel_all_open_orders(symbol=SYMBOL)

    assert await binance.create_test_order(symbol=SYMBOL, side="BUY", type="MARKET", quoteOrderQty="100") == {}
    assert (seen["status"], sold["status"]) == ("CANCELED", "FILLED")
    assert [each["orderId"] for each in waiting] == [replaced["newOrderResponse"]["orderId"]]
    assert {each["orderId"] for each in await binance.get_my_trades(symbol=SYMBOL)} == {sold["orderId"]}
    assert len(await binance.get_all_orders(symbol=SYMBOL)) == 3
    # Of three orders today, one has traded.
    assert (await binance.get_current_order_count())[1]["count"] == 2
    assert Decimal((await binance.get_asset_balance("BTC"))["free"]) == Decimal("19.99")
    assert (await binance.get_account())["canTrade"]


async def test_order_lists_over_rest(binance: Any) -> None:
    pair = await binance.create_oco_order(
        symbol=SYMBOL,
        side="SELL",
        quantity="0.01",
        aboveType="LIMIT_MAKER",
        abovePrice=await price_at(binance, "1.2"),
        belowType="STOP_LOSS",
        belowStopPrice=await price_at(binance, "0.8"),
    )
    waiting = await binance.get_open_oco_orders()
    canceled = await binance.v3_delete_order_list(symbol=SYMBOL, orderListId=pair["orderListId"])
    listed = await binance.v3_get_all_order_list()

    assert [each["orderListId"] for each in waiting] == [pair["orderListId"]]
    assert canceled["listOrderStatus"] == "ALL_DONE"
    assert [each["listOrderStatus"] for each in listed] == ["ALL_DONE"]


async def test_orders_over_the_websocket_api(binance: Any) -> None:
    order = await binance.ws_order_limit_sell(symbol=SYMBOL, quantity="0.01", price=await price_at(binance, "1.2"))
    seen = await binance.ws_get_order(symbol=SYMBOL, orderId=order["orderId"])
    pair = await binance.ws_create_oco_order(
        symbol=SYMBOL,
        side="SELL",
        quantity="0.01",
        aboveType="LIMIT_MAKER",
        abovePrice=await price_at(binance, "1.2"),
        belowType="STOP_LOSS",
        belowStopPrice=await price_at(binance, "0.8"),
    )
    lists = await binance.ws_get_oco_open_orders()
    ended = await binance.ws_cancel_oco_order(symbol=SYMBOL, orderListId=pair["orderListId"])
    canceled = await binance.ws_cancel_all_open_orders(symbol=SYMBOL)
    routed = await binance.ws_create_sor_order(symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.01")

    assert seen["status"] == "NEW"
    assert [each["orderListId"] for each in lists] == [pair["orderListId"]]
    assert ended["listOrderStatus"] == "ALL_DONE"
    assert [each["orderId"] for each in canceled] == [order["orderId"]]
    assert routed[0]["usedSor"]
    assert (await binance.ws_get_commission_rates(symbol=SYMBOL))["symbol"] == SYMBOL
    assert (await binance.ws_get_account())["accountType"] == "SPOT"
