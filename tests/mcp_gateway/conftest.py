"""A gateway as it runs (its whole life, on a free port) and a market that answers over a real bus as a test wants it to."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.mcp_gateway.service import serve
from services.mcp_gateway.settings import Settings
from shared.contract.catalog import owned_by
from shared.contract.operation import Owner
from shared.runtime.bus import Bus
from shared.runtime.nats_server import NatsServer
from shared.runtime.responder import Responder
from shared.runtime.service import Life
from tests.mcp_gateway.gateways import NO_TLS, Gateway, Market, StartGateway


@pytest_asyncio.fixture
async def market(bus: Bus) -> AsyncGenerator[Market, None]:
    """Answers every operation of the market and its streams on this test's bus."""
    market = Market()
    responders = [Responder(bus, "market_data"), Responder(bus, "stream_ingestion")]
    for responder, owner in zip(responders, (Owner.MARKET, Owner.STREAM), strict=True):
        for spec in owned_by(owner):
            responder.add(spec, market.answer)
        await responder.start()
    yield market
    for responder in responders:
        await responder.drain(1)


@pytest_asyncio.fixture
async def start_gateway(nats_server: NatsServer, bus: Bus) -> AsyncGenerator[StartGateway, None]:
    """Starts gateways that end with the test: `await start_gateway(mcp_read_only=True)`."""
    ends: list[Callable[[], Awaitable[None]]] = []

    async def start(**given: Any) -> Gateway:
        defaults = {"nats_url": (nats_server.url,), "subject_prefix": bus.prefix, "port": 0, "drain_s": 1.0}
        life = Life(Settings.load(**{**defaults, **given}))
        up = asyncio.Event()
        living = asyncio.create_task(life.live(serve, on_ready=up.set))
        waiting = asyncio.create_task(up.wait())
        await asyncio.wait({living, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if living.done():
            living.result()
        http = httpx.AsyncClient(timeout=30, verify=NO_TLS)

        async def end() -> None:
            await http.aclose()
            life.stopping.set()
            await living

        ends.append(end)
        return Gateway(life, http)

    yield start
    for end in ends:
        await end()


@pytest_asyncio.fixture
async def gateway(start_gateway: StartGateway) -> Gateway:
    """A gateway with the settings that everybody has."""
    return await start_gateway()


@pytest.fixture
def arguments_of() -> Callable[[Any], dict[str, Any]]:
    """Arguments with which any tool of the market and its streams can be called."""

    def arguments(schema: dict[str, Any]) -> dict[str, Any]:
        stream = "btcusdt@trade"
        known = {"symbol": "BTCUSDT", "interval": "1h", "fromId": 7, "window": "4h", "levels": "5"}
        known |= {"stream": stream, "streams": [stream]}
        wanted = {"symbol", *schema.get("required", ())}
        return {name: value for name, value in known.items() if name in schema["properties"] and name in wanted}

    return arguments
