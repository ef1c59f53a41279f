"""What is about all symbols does not hold up what comes behind it on the WebSocket."""

import asyncio
from typing import Any

import pytest

from shared.binance.client import create_client
from shared.binance.large_answers import is_large
from shared.contract.environments import environment
from shared.contract.market.operations import Depth, ExchangeInfo, Ping, Ticker24hr, TickerPrice
from shared.contract.operation import Operation
from tests.binance.conftest import Connect
from tests.binance.exchange import Answer, ScriptedExchange
from tests.binance.words import within


@pytest.mark.parametrize(
    ("operation", "large"),
    [
        (ExchangeInfo(), True),
        (ExchangeInfo(permissions=["SPOT"]), True),
        (ExchangeInfo(symbol="BTCUSDT"), False),
        (TickerPrice(), True),
        (TickerPrice(symbols=["BTCUSDT"]), False),
        (Depth(symbol="BTCUSDT"), False),
        (Ping(), False),
    ],
)
def test_an_answer_is_large_where_no_symbol_is_named_that_could_be(operation: Operation[Any], large: bool) -> None:
    assert is_large(operation) is large


async def test_what_is_about_all_symbols_goes_by_rest_and_the_rest_by_the_socket(
    exchange: ScriptedExchange, connect: Connect
) -> None:
    client = connect("ws_api")
    there = asyncio.Event()
    exchange.script("exchangeInfo", Answer({"rateLimits": []}, when=there))
    large = asyncio.create_task(client.call(ExchangeInfo(), deadline_ms=within(5)))
    asked = await exchange.was_asked("exchangeInfo")

    for operation in (Ping(), Depth(symbol="BTCUSDT"), Ticker24hr(symbol="BTCUSDT")):
        assert await client.call(operation, deadline_ms=within(5)) == b"{}"
    there.set()

    assert await large == b'{"rateLimits": []}'
    assert "host" in asked.headers
    assert len(exchange.sockets) == 1
    assert not any(each.headers for each in exchange.asked if each is not asked)


async def test_the_socket_carries_it_where_rest_cannot_be_reached(exchange: ScriptedExchange) -> None:
    there = exchange.environment
    client = create_client(environment("paper", rest_url="http://127.0.0.1:1", ws_api_url=there.ws_api_url), transport="ws_api")

    assert await client.call(TickerPrice(), deadline_ms=within(5)) == b"{}"
    assert [(each.method, each.headers) for each in exchange.asked] == [("ticker.price", {})]
    await client.close()
