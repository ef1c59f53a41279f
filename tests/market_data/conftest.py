"""market_data as it runs: the real process, the real bus, the real paper exchange."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from shared.contract import subjects
from shared.contract.catalog import BY_METHOD
from shared.runtime.bus import Bus
from shared.runtime.clock import now_ms
from shared.runtime.link import Address
from shared.runtime.nats_server import NatsServer
from tests.support.process import ServiceProcess

START_MS = 1_795_000_020_000
"""The exchange's clock begins here, at the start of a minute: windows of request weight do not end while a test counts."""


class MarketData:
    """A running market_data, and how to ask it."""

    def __init__(self, bus: Bus, nats_url: str, exchange_url: str, own_url: str) -> None:
        self.bus = bus
        self.nats_url = nats_url
        self.exchange_url = exchange_url
        self.own_url = own_url
        """Where it tells of itself."""

    async def ask(self, method: str, parameters: bytes = b"{}", *, within_ms: int = 5_000) -> bytes:
        subject = subjects.rpc(BY_METHOD[method], prefix=self.bus.prefix)
        return await self.bus.request(subject, parameters, deadline_ms=now_ms() + within_ms)


@asynccontextmanager
async def exchange(**settings: int) -> AsyncGenerator[tuple[ServiceProcess, str], None]:
    """A paper exchange and its address."""
    async with ServiceProcess("services.paper_exchange", paper_port=0, paper_start_ms=START_MS, **settings) as process:
        yield process, (await process.logged("ready"))["url"]


@asynccontextmanager
async def market_data(
    exchange_url: str, nats_url: str, prefix: str, transport: str = "rest"
) -> AsyncGenerator[MarketData, None]:
    """One market_data before an exchange, over this transport, and a bus of its own to ask it."""
    socket = exchange_url.replace("http", "ws")
    async with ServiceProcess(
        "services.market_data",
        nats_url=nats_url,
        subject_prefix=prefix,
        market_transport=transport,
        market_data_port=0,
        rest_url=exchange_url,
        ws_api_url=f"{socket}/ws-api/v3",
        stream_url=socket,
    ) as process:
        own_url = (await process.logged("ready"))["url"]
        bus = await Bus.connect(Address(urls=(nats_url,), name="test"), prefix=prefix)
        yield MarketData(bus, nats_url, exchange_url, own_url)
        await bus.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(nats_server: NatsServer) -> AsyncGenerator[dict[str, MarketData], None]:
    """market_data over either transport before one exchange, for tests that only read."""
    async with (
        exchange() as (_, url),
        market_data(url, nats_server.url, "rest", "rest") as rest,
        market_data(url, nats_server.url, "ws_api", "ws_api") as ws_api,
    ):
        yield {"rest": rest, "ws_api": ws_api}


@pytest_asyncio.fixture(loop_scope="module", params=["rest", "ws_api"])
async def market(both: dict[str, MarketData], request: pytest.FixtureRequest) -> MarketData:
    """market_data over each transport in turn."""
    return both[request.param]
