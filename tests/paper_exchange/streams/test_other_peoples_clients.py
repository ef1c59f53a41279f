"""Clients that know nothing of this project listen to every stream, unmodified but for the address."""

import asyncio
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from binance_common.configuration import ConfigurationWebSocketStreams
from binance_sdk_spot.spot import Spot

from services.paper_exchange.engine.amounts import text
from tests.paper_exchange.conftest import PaperProcess
from tests.paper_exchange.running import Running
from tests.paper_exchange.streams.conftest import StartExchange, ws

with warnings.catch_warnings():
    # python-binance 1.0 imports a name that websockets has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from binance.async_client import AsyncClient
    from binance.ws.depthcache import DepthCacheManager
    from binance.ws.streams import BinanceSocketManager

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""Of aiohttp and websockets, which both clients use in ways that will end."""

WITHIN_S = 20
SYMBOL = "bnbusdt"


@pytest_asyncio.fixture
async def sdk(exchange: PaperProcess) -> AsyncGenerator[Any, None]:
    spot: Any = Spot(config_ws_streams=ConfigurationWebSocketStreams(stream_url=f"{exchange.ws_url}/stream"))
    connection = await spot.websocket_streams.create_connection()
    yield connection
    await connection.close_connection(close_session=True)


SDK_STREAMS: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "aggTrade": lambda sdk: sdk.agg_trade(symbol=SYMBOL),
    "trade": lambda sdk: sdk.trade(symbol=SYMBOL),
    "kline": lambda sdk: sdk.kline(symbol=SYMBOL, interval="1s"),
    "kline@+08:00": lambda sdk: sdk.kline_offset(symbol=SYMBOL, interval="1s"),
    "miniTicker": lambda sdk: sdk.mini_ticker(symbol=SYMBOL),
    "!miniTicker": lambda sdk: sdk.all_mini_ticker(),
    "ticker": lambda sdk: sdk.ticker(symbol=SYMBOL),
    "ticker_4h": lambda sdk: sdk.rolling_window_ticker(symbol=SYMBOL, window_size="4h"),
    "!ticker_1h": lambda sdk: sdk.all_market_rolling_window_ticker(window_size="1h"),
    "bookTicker": lambda sdk: sdk.book_ticker(symbol=SYMBOL),
    "avgPrice": lambda sdk: sdk.avg_price(symbol=SYMBOL),
    "referencePrice": lambda sdk: sdk.reference_price(symbol=SYMBOL),
    "depth10": lambda sdk: sdk.partial_book_depth(symbol=SYMBOL, levels="10"),
    "depth5@100ms": lambda sdk: sdk.partial_book_depth(symbol=SYMBOL, levels="5", update_speed="100ms"),
    "depth": lambda sdk: sdk.diff_book_depth(symbol=SYMBOL),
    "depth@100ms": lambda sdk: sdk.diff_book_depth(symbol=SYMBOL, update_speed="100ms"),
}


@pytest.mark.parametrize("kind", SDK_STREAMS)
async def test_the_official_client_listens_to_every_stream(sdk: Any, kind: str) -> None:
    heard: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def take(event: Any) -> None:
        if not heard.done():
            heard.set_result(event)

    handle = await SDK_STREAMS[kind](sdk)
    handle.on("message", take)

    async with asyncio.timeout(WITHIN_S):
        event = await heard

    model: Any = _model(event)
    fields: dict[str, Any] = model.__dict__
    assert any(value is not None for value in fields.values())
    await handle.unsubscribe()


def _model(event: Any) -> Any:
    """The model of one event: out of its wrappers, the first of several."""
    event = getattr(event, "root", event)
    if isinstance(event, list):
        event = event[0]  # pyright: ignore[reportUnknownVariableType]
    return getattr(event, "actual_instance", event)  # pyright: ignore[reportUnknownArgumentType]


@pytest_asyncio.fixture
async def python_binance(start_exchange: StartExchange, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Any, None]:
    exchange = await start_exchange(paper_weight_limit=1_000_000, paper_retired_streams=True)
    monkeypatch.setattr(AsyncClient, "API_URL", f"{exchange.url}/api")
    monkeypatch.setattr(BinanceSocketManager, "STREAM_URL", f"{ws(exchange)}/")
    client: Any = AsyncClient()
    client.exchange = exchange
    yield client
    await client.close_connection()


SOCKETS: dict[str, Callable[[Any], Any]] = {
    "depthUpdate": lambda manager: manager.depth_socket("BNBUSDT"),
    "depth5": lambda manager: manager.depth_socket("BNBUSDT", depth="5", interval=100),
    "kline": lambda manager: manager.kline_socket("BNBUSDT", interval="1s"),
    "24hrMiniTicker arr": lambda manager: manager.miniticker_socket(1000),
    "trade": lambda manager: manager.trade_socket("BNBUSDT"),
    "aggTrade": lambda manager: manager.aggtrade_socket("BNBUSDT"),
    "24hrMiniTicker": lambda manager: manager.symbol_miniticker_socket("BNBUSDT"),
    "24hrTicker": lambda manager: manager.symbol_ticker_socket("BNBUSDT"),
    "24hrTicker arr": lambda manager: manager.ticker_socket(),
    "bookTicker": lambda manager: manager.symbol_book_ticker_socket("BNBUSDT"),
    "multiplex": lambda manager: manager.multiplex_socket(["bnbusdt@aggTrade", "币安人生usdt@trade"]),
}


async def test_python_binance_opens_every_socket(python_binance: Any) -> None:
    manager: Any = BinanceSocketManager(python_binance, max_queue_size=10_000)

    async def first(kind: str) -> Any:
        async with SOCKETS[kind](manager) as stream:
            return await stream.recv()

    async with asyncio.timeout(WITHIN_S):
        heard = dict(zip(SOCKETS, await asyncio.gather(*(first(kind) for kind in SOCKETS)), strict=True))

    for kind, event in heard.items():
        wanted, _, arr = kind.partition(" ")
        if kind == "multiplex":
            assert event["stream"] in ("bnbusdt@aggTrade", "币安人生usdt@trade")
        elif kind == "bookTicker":
            assert event["s"] == "BNBUSDT"
        elif kind == "depth5":
            assert len(event["bids"]) == 5
        else:
            assert (event[0] if arr else event)["e"] == wanted


async def test_the_depth_cache_of_python_binance_stays_equal_to_the_engine_s_book(python_binance: Any) -> None:
    exchange: Running = python_binance.exchange
    book = exchange.venue.engine.book("BTCUSDT")
    cache: Any
    equal = 0
    async with asyncio.timeout(WITHIN_S), DepthCacheManager(python_binance, "BTCUSDT", limit=5000, ws_interval=100) as manager:
        cache = manager
        while equal < 20:
            await cache.recv()
            if cache._last_update_id != book.update_id:
                continue  # the market has moved on while the client was reading
            kept = cache.get_depth_cache()
            assert kept._bids.keys() == {text(price) for price, _ in book.levels("BUY")}
            assert kept.get_asks() == [[float(text(price)), float(text(quantity))] for price, quantity in book.levels("SELL")]
            assert kept.get_bids() == [[float(text(price)), float(text(quantity))] for price, quantity in book.levels("BUY")]
            equal += 1
