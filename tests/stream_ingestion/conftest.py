"""Replicas of stream_ingestion in this process, with a nats-server of the test's own and a small exchange."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, TypeVar

import pytest
import pytest_asyncio

from services.stream_ingestion.service import serve
from services.stream_ingestion.settings import Settings
from shared.contract.errors import Unavailable
from shared.contract.operation import Operation
from shared.contract.platform.streams import Subscribe, Subscriptions
from shared.runtime.bus import Bus
from shared.runtime.nats_server import NatsServer
from shared.runtime.service import Life
from tests.conftest import ConnectBus
from tests.stream_ingestion.asking import ask
from tests.stream_ingestion.market import Market
from tests.stream_ingestion.recordings import REFERENCE
from tests.stream_ingestion.stream_server import StreamServer
from tests.support.waiting import eventually

Reply = TypeVar("Reply")
SETTINGS: dict[str, Any] = {
    "environment": "paper",
    "host": "127.0.0.1",
    "port": 0,
    "stream_session_s": 1.0,
    "stream_linger_s": 0.3,
    "stream_late_s": 0,
    "stream_shards": 4,
    "stream_overlap_s": 0.5,
    "drain_s": 5.0,
}


class Running:
    """A replica that lives."""

    def __init__(self, life: Life[Settings], task: asyncio.Task[int]) -> None:
        self.life = life
        self._task = task

    async def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.life.stopping.set()
        return await self._task


class Platform:
    """A bus, an exchange that streams, a market_data that answers, and as many replicas as the test starts."""

    def __init__(self, bus: Bus, nats: NatsServer, exchange: StreamServer, market: Market) -> None:
        self.bus = bus
        self.nats = nats
        self.exchange = exchange
        self.market = market
        self.heard: dict[str, list[bytes]] = {}
        """Events heard live, by subject."""
        self.replicas: list[Running] = []

    async def start(self, **settings: Any) -> Running:
        """Start a replica."""
        given = SETTINGS | {"nats_url": (self.nats.url,), "stream_url": self.exchange.url} | settings
        life = Life(Settings.load(**given))
        ready = asyncio.Event()
        task = asyncio.create_task(life.live(serve, on_ready=ready.set))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            raise AssertionError(f"the replica ended with {task.result()}")
        running = Running(life, task)
        self.replicas.append(running)
        return running

    async def ask(self, operation: Operation[Reply], *, caller: str = "tester", within_ms: int = 5000) -> Reply:
        """Ask stream_ingestion."""
        return await ask(self.bus, operation, caller=caller, within_ms=within_ms)

    async def ask_again(self, operation: Operation[Reply], *, within_s: float = 20.0) -> Reply:
        """Ask until there is an answer: the bus may have been away."""
        found: list[Reply] = []

        async def answered() -> bool:
            try:
                found.append(await self.ask(operation, within_ms=500))
            except Unavailable:
                return False
            return True

        await eventually(answered, within_s=within_s)
        return found[0]

    async def subscribe(
        self, *streams: str, wait_ms: int = 0, lease_seconds: int = 60, caller: str = "tester"
    ) -> Subscriptions:
        """Take leases and return when the exchange sends."""
        reply = await self.ask(Subscribe(streams=list(streams), wait_ms=wait_ms, lease_seconds=lease_seconds), caller=caller)
        await eventually(lambda: self.exchange.subscribed >= set(streams))
        return reply

    async def listen(self, subject: str) -> list[bytes]:
        """Hear a subject live; the list grows."""
        heard = self.heard.setdefault(subject, [])

        async def hear(message: Any) -> None:
            heard.append(message.data)

        await self.bus.subscribe(subject, hear)
        await self.bus.settle()
        return heard


@pytest_asyncio.fixture
async def platform(own_nats_server: NatsServer, connect_bus: ConnectBus) -> AsyncGenerator[Platform, None]:
    bus = await connect_bus(url=own_nats_server.url)
    market = Market(bus)
    await market.open()
    async with StreamServer() as exchange:
        running = Platform(bus, own_nats_server, exchange, market)
        yield running
        for replica in running.replicas:
            if not replica.life.stopping.is_set():
                await replica.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line about the outside judge."""
    there = "replayed too" if REFERENCE.is_dir() else "LEFT OUT (no ../shared); one made here was replayed"
    terminalreporter.write_line(f"stream_ingestion: recording of a real exchange: {there}")
