"""Clients that know nothing of this project read every market endpoint, unmodified but for the address."""

import asyncio
import warnings
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

import pytest
import pytest_asyncio
from binance_common.configuration import ConfigurationRestAPI, ConfigurationWebSocketAPI
from binance_common.errors import BadRequestError
from binance_sdk_spot.spot import Spot

from tests.paper_exchange.conftest import PaperProcess

with warnings.catch_warnings():
    # python-binance 1.0 imports a name that websockets has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from binance.async_client import AsyncClient as AsyncPythonBinance
    from binance.client import Client as PythonBinance
    from binance.exceptions import BinanceAPIException

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""Of aiohttp and websockets, which both clients use in ways that will end."""

SYMBOL = "BTCUSDT"
MARKET_METHODS = (
    "ping",
    "time",
    "exchangeInfo",
    "executionRules",
    "depth",
    "trades.recent",
    "trades.historical",
    "blockTrades.historical",
    "trades.aggregate",
    "klines",
    "uiKlines",
    "avgPrice",
    "ticker.24hr",
    "ticker.tradingDay",
    "ticker",
    "ticker.price",
    "ticker.book",
    "referencePrice",
    "referencePrice.calculation",
)


@pytest.fixture
def sdk(exchange: PaperProcess) -> Generator[Any, None, None]:
    spot: Any = Spot(config_rest_api=ConfigurationRestAPI(base_path=exchange.url, timeout=10_000))
    yield spot.rest_api
    spot.rest_api._session.close()


@pytest_asyncio.fixture
async def sdk_socket(exchange: PaperProcess) -> AsyncGenerator[Any, None]:
    spot: Any = Spot(config_ws_api=ConfigurationWebSocketAPI(stream_url=f"{exchange.ws_url}/ws-api/v3"))
    connection = await spot.websocket_api.create_connection()
    yield connection
    await connection.close_connection(close_session=True)


@pytest.fixture
def python_binance(exchange: PaperProcess, monkeypatch: pytest.MonkeyPatch) -> Generator[Any, None, None]:
    monkeypatch.setattr(PythonBinance, "API_URL", f"{exchange.url}/api")
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    client: Any = PythonBinance(ping=True)
    yield client
    client.close_connection()
    asyncio.set_event_loop(None)
    loop.close()


SDK_CALLS: dict[str, Callable[[Any], Any]] = {
    "ping": lambda sdk: sdk.ping(),
    "time": lambda sdk: sdk.time(),
    "exchangeInfo": lambda sdk: sdk.exchange_info(),
    "executionRules": lambda sdk: sdk.execution_rules(symbol="BNBUSDT"),
    "depth": lambda sdk: sdk.depth(symbol=SYMBOL, limit=5),
    "trades.recent": lambda sdk: sdk.get_trades(symbol=SYMBOL, limit=3),
    "trades.historical": lambda sdk: sdk.historical_trades(symbol=SYMBOL, limit=3),
    "blockTrades.historical": lambda sdk: sdk.historical_block_trades(symbol=SYMBOL, from_id=0),
    "trades.aggregate": lambda sdk: sdk.agg_trades(symbol=SYMBOL, limit=3),
    "klines": lambda sdk: sdk.klines(symbol=SYMBOL, interval="1m", limit=3),
    "uiKlines": lambda sdk: sdk.ui_klines(symbol=SYMBOL, interval="1M", limit=3),
    "avgPrice": lambda sdk: sdk.avg_price(symbol=SYMBOL),
    "ticker.24hr": lambda sdk: sdk.ticker24hr(symbol=SYMBOL),
    "ticker.tradingDay": lambda sdk: sdk.ticker_trading_day(symbol=SYMBOL),
    "ticker": lambda sdk: sdk.ticker(symbol=SYMBOL, window_size="4h"),
    "ticker.price": lambda sdk: sdk.ticker_price(symbol=SYMBOL),
    "ticker.book": lambda sdk: sdk.ticker_book_ticker(symbol=SYMBOL),
    "referencePrice": lambda sdk: sdk.reference_price(symbol="BNBUSDT"),
    "referencePrice.calculation": lambda sdk: sdk.reference_price_calculation(symbol="BNBUSDT"),
}
SDK_SOCKET_ONLY: dict[str, Callable[[Any], Any]] = {
    "trades.recent": lambda sdk: sdk.trades_recent(symbol=SYMBOL, limit=3),
    "trades.historical": lambda sdk: sdk.trades_historical(symbol=SYMBOL, limit=3),
    "blockTrades.historical": lambda sdk: sdk.block_trades_historical(symbol=SYMBOL, from_id=0),
    "trades.aggregate": lambda sdk: sdk.trades_aggregate(symbol=SYMBOL, limit=3),
    "ticker.book": lambda sdk: sdk.ticker_book(symbol=SYMBOL),
}
"""Where the client calls it otherwise than over REST."""
PYTHON_BINANCE_PATHS: dict[str, tuple[str, dict[str, Any]]] = {
    "ping": ("ping", {}),
    "time": ("time", {}),
    "exchangeInfo": ("exchangeInfo", {}),
    "executionRules": ("executionRules", {"symbol": "BNBUSDT"}),
    "depth": ("depth", {"symbol": SYMBOL, "limit": 5}),
    "trades.recent": ("trades", {"symbol": SYMBOL}),
    "trades.historical": ("historicalTrades", {"symbol": SYMBOL}),
    "blockTrades.historical": ("historicalBlockTrades", {"symbol": SYMBOL, "fromId": 0}),
    "trades.aggregate": ("aggTrades", {"symbol": SYMBOL}),
    "klines": ("klines", {"symbol": SYMBOL, "interval": "1h"}),
    "uiKlines": ("uiKlines", {"symbol": SYMBOL, "interval": "1h"}),
    "avgPrice": ("avgPrice", {"symbol": SYMBOL}),
    "ticker.24hr": ("ticker/24hr", {}),
    "ticker.tradingDay": ("ticker/tradingDay", {"symbol": SYMBOL}),
    "ticker": ("ticker", {"symbol": SYMBOL}),
    "ticker.price": ("ticker/price", {}),
    "ticker.book": ("ticker/bookTicker", {}),
    "referencePrice": ("referencePrice", {"symbol": "XRPUSDT"}),
    "referencePrice.calculation": ("referencePrice/calculation", {"symbol": "XRPUSDT"}),
}


@pytest.mark.parametrize("method", MARKET_METHODS)
def test_the_official_client_reads_every_market_endpoint_over_rest(sdk: Any, method: str) -> None:
    body = SDK_CALLS[method](sdk).data()

    assert _filled(body) or method == "ping"


@pytest.mark.parametrize("method", MARKET_METHODS)
async def test_the_official_client_reads_every_market_endpoint_over_the_websocket_api(sdk_socket: Any, method: str) -> None:
    response = await (SDK_CALLS | SDK_SOCKET_ONLY)[method](sdk_socket)

    assert _filled(response.data()) or method == "ping"
    assert response.rate_limits[0].count > 0


@pytest.mark.parametrize("method", MARKET_METHODS)
def test_python_binance_reads_every_market_endpoint(python_binance: Any, method: str) -> None:
    path, params = PYTHON_BINANCE_PATHS[method]

    body = python_binance._get(path, version="v3", data=params)

    assert body or method == "ping"


def test_python_binance_s_own_methods_work(python_binance: Any) -> None:
    assert python_binance.get_server_time()["serverTime"] > 1_700_000_000_000
    assert len(python_binance.get_exchange_info()["symbols"]) >= 12
    assert python_binance.get_symbol_info("ETHBTC")["quoteAsset"] == "BTC"
    assert python_binance.get_order_book(symbol=SYMBOL)["bids"]
    assert len(python_binance.get_historical_klines(SYMBOL, "1h", "3 days ago UTC")) in (72, 73)
    assert float(python_binance.get_avg_price(symbol=SYMBOL)["price"]) > 0
    assert [each["symbol"] for each in python_binance.get_all_tickers()][:2] == ["BTCUSDT", "ETHUSDT"]


async def test_python_binance_speaks_the_websocket_api(exchange: PaperProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AsyncPythonBinance, "WS_API_URL", f"{exchange.ws_url}/ws-api/v3")
    client: Any = AsyncPythonBinance()
    async with asyncio.timeout(20):
        book = await client.ws_get_order_book(symbol=SYMBOL, limit=5)
        prices = await client.ws_get_symbol_ticker()
        klines = await client.ws_get_klines(symbol=SYMBOL, interval="1h", limit=2)
        await client.close_connection()

    assert len(book["bids"]) == 5
    assert len(prices) >= 12
    assert len(klines) == 2


def test_an_error_reaches_the_official_client_as_its_own_error(sdk: Any) -> None:
    with pytest.raises(BadRequestError, match="Invalid symbol"):
        sdk.depth(symbol="NOSUCHPAIR")


def test_an_error_reaches_python_binance_with_its_code(python_binance: Any) -> None:
    with pytest.raises(BinanceAPIException) as caught:
        python_binance.get_klines(symbol=SYMBOL, interval="1min")
    error: Any = caught.value
    assert (error.code, error.message, error.status_code) == (-1120, "Invalid interval.", 400)


def _filled(body: Any) -> bool:
    """Does the client's model hold anything?"""
    for wrapper in ("actual_instance", "result", "actual_instance"):
        body = getattr(body, wrapper, None) or body
    held: Any = getattr(body, "__dict__", body)
    return any(value is not None for value in (held.values() if isinstance(held, dict) else held))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
