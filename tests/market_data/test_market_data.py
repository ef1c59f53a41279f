"""Every public read, over the bus, from a real exchange process."""

import asyncio
import json
import time
from collections.abc import Coroutine
from typing import Any

import httpx
import msgspec
import pytest

from shared.contract.catalog import owned_by
from shared.contract.errors import Invalid, RateLimited, Rejected, Unavailable
from shared.contract.operation import Owner
from shared.runtime.nats_server import NatsServer
from tests.market_data.conftest import START_MS, MarketData, exchange, market_data
from tests.support.process import ServiceProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

PARAMETERS: dict[str, dict[str, Any]] = {
    "exchangeInfo": {"symbols": ["BTCUSDT", "ETHUSDT"]},
    "executionRules": {},
    "referencePrice": {"symbol": "BNBUSDT"},
    "referencePrice.calculation": {"symbol": "BNBUSDT"},
    "blockTrades.historical": {"symbol": "BTCUSDT", "fromId": 0},
    "klines": {"symbol": "BTCUSDT", "interval": "1h", "limit": 3},
    "uiKlines": {"symbol": "BTCUSDT", "interval": "1d", "limit": 3},
    "ticker.24hr": {"symbols": ["BTCUSDT", "ETHUSDT"]},
    "ticker.tradingDay": {"symbol": "BTCUSDT", "timeZone": "+8:00"},
    "ticker": {"symbol": "BTCUSDT", "windowSize": "4h", "type": "MINI"},
    "ticker.price": {},
    "ticker.book": {},
    "ping": {},
    "time": {},
}


def parameters(method: str) -> bytes:
    return json.dumps(PARAMETERS.get(method, {"symbol": "BTCUSDT"})).encode()


def query(given: dict[str, Any]) -> dict[str, str]:
    return {
        name: json.dumps(value, separators=(",", ":")) if isinstance(value, list) else str(value)
        for name, value in given.items()
    }


async def test_every_public_read_is_answered_with_a_reply_of_its_type(market: MarketData) -> None:
    for spec in owned_by(Owner.MARKET):
        reply = await market.ask(spec.method, parameters(spec.method))
        msgspec.json.decode(reply, type=spec.reply)


async def test_the_exchanges_bytes_pass_through_untouched(market: MarketData) -> None:
    given = {"symbol": "BTCUSDT", "interval": "1h", "startTime": START_MS - 10_000_000, "endTime": START_MS - 5_000_000}
    async with httpx.AsyncClient(base_url=market.exchange_url) as direct:
        wanted = (await direct.get("/api/v3/klines", params=query(given))).content
    assert len(json.loads(wanted)) > 0
    assert await market.ask("klines", json.dumps(given).encode()) == wanted


@pytest.mark.parametrize("symbols", [["ETHUSDT"], ["BTCUSDT", "ETHUSDT"]])
async def test_the_information_of_some_symbols_is_what_the_exchange_says(market: MarketData, symbols: list[str]) -> None:
    asked = {"symbols": symbols}
    async with httpx.AsyncClient(base_url=market.exchange_url) as direct:
        wanted = (await direct.get("/api/v3/exchangeInfo", params=query(asked))).json()
    given = json.loads(await market.ask("exchangeInfo", json.dumps(asked).encode()))
    for changing in ("serverTime", "rateLimits"):  # the WebSocket API tells one limit more
        del given[changing], wanted[changing]
    assert given == wanted


async def test_identical_requests_at_once_cost_the_weight_of_a_few(market: MarketData) -> None:
    async with httpx.AsyncClient(base_url=market.exchange_url) as direct:
        before = await used_weight(direct)
        replies = await asyncio.gather(*(market.ask("trades.recent", b'{"symbol":"BTCUSDT"}') for _ in range(50)))
        spent = await used_weight(direct) - before
    assert len(replies) == 50
    assert spent < 10 * 25, "fifty requests of weight 25"


async def test_an_exchanges_refusal_keeps_its_code(market: MarketData) -> None:
    with pytest.raises(Rejected) as refused:
        await market.ask("referencePrice", b'{"symbol":"ETHBTC"}')
    assert refused.value.code == -2043


@pytest.mark.parametrize("transport", ["rest", "ws_api"])
async def test_without_the_exchange_known_mistakes_are_told_and_the_rest_is_unavailable_soon(
    nats_server: NatsServer, transport: str
) -> None:
    async with exchange() as (process, url), market_data(url, nats_server.url, f"down-{transport}", transport) as market:
        await market.ask("ticker.price", b'{"symbol":"BTCUSDT"}')
        process.process.kill()
        await process.ended()
        with pytest.raises(Invalid, match="lists no symbol BTCUSD") as refused:  # nothing left: nobody could have answered
            await market.ask("ticker.price", b'{"symbol":"BTCUSD"}')
        assert "BTCUSDT" in refused.value.hint
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await market.ask("depth", b'{"symbol":"BTCUSDT"}', within_ms=3_000)
        assert time.monotonic() - began < 3.5


async def test_a_second_process_goes_silent_when_the_first_is_refused_for_its_weight(nats_server: NatsServer) -> None:
    """Somebody else on this address spends the weight: one process hears it from the exchange, the other from the bus."""
    async with (
        exchange(paper_weight_limit=600) as (_, url),
        market_data(url, nats_server.url, "ban") as market,
        market_data(url, nats_server.url, "ban"),
        httpx.AsyncClient(base_url=url) as somebody,
    ):
        for path in ("/api/v3/trades?symbol=BTCUSDT", "/api/v3/ping"):
            while (await somebody.get(path)).status_code != 429:
                pass
        assert await limited(market.ask("time")) > 0
        waits_ms = await asyncio.gather(*(limited(market.ask("time")) for _ in range(50)))
        assert min(waits_ms) > 0, "whichever of the two processes was asked"
        assert (await somebody.get("/api/v3/ping")).status_code == 429, "50 more requests would have earned a ban (418)"


async def used_weight(direct: httpx.AsyncClient) -> int:
    return int((await direct.get("/api/v3/ping")).headers["x-mbx-used-weight-1m"])


async def limited(asking: Coroutine[Any, Any, bytes]) -> int:
    """How long we are told to wait, 0 when we are answered."""
    try:
        await asking
    except RateLimited as error:
        return error.retry_after_ms or 0
    return 0


async def test_an_address_that_is_none_is_told_before_the_bus_is_looked_for() -> None:
    nowhere = "nats://127.0.0.1:1"
    async with ServiceProcess("services.market_data", rest_url="localhost:9000", nats_url=nowhere) as process:
        assert await process.ended(within_s=10) == 78
    (line,) = process.lines
    assert line.startswith(
        "market_data: The REST address of paper (BINANCE_REST_URL) must look like http://host or https://host"
    )
