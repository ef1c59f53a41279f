"""Listeners of the market streams: one that only keeps what it is sent, and an exchange of the test's own with real sockets."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.paper_exchange.streams.hub import Hub
from services.paper_exchange.streams.publisher import Publisher
from services.paper_exchange.time_units import Unit, millis
from services.paper_exchange.venue import Venue
from tests.paper_exchange.conftest import OPENING_US
from tests.paper_exchange.running import Running

REFERENCE = Path(__file__).resolve().parents[4] / "shared"
"""Facts about the exchange, where they lie beside the checkout."""
collect_ignore_glob = [] if REFERENCE.is_dir() else ["test_reference_*.py"]
StartExchange = Callable[..., Awaitable[Running]]


def payload_of(frame: bytes) -> bytes:
    """What a frame carries, told by its header."""
    length = frame[1]
    start = {126: 4, 127: 10}.get(length, 2)
    if start > 2:
        length = int.from_bytes(frame[2:start], "big")
    assert frame[0] == 0x81
    assert len(frame) == start + length
    return frame[start:]


class Ear:
    """A reader that keeps what it hears."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def push(self, frame: bytes) -> None:
        self.frames.append(frame)

    def heard(self) -> list[Any]:
        """What was heard since the last time."""
        found = [json.loads(payload_of(frame)) for frame in self.frames]
        self.frames.clear()
        return found


class Stage:
    """A market with its clock in the test's hand, and a publisher."""

    def __init__(self, venue: Venue, **options: Any) -> None:
        self.venue = venue
        self.hub = Hub()
        self.publisher = Publisher(self.venue, self.hub, **options)

    def listen(self, *names: str, unit: Unit = millis, combined: bool = False) -> Ear:
        """Somebody who listens to these streams."""
        ear = Ear()
        for name in names:
            self.hub.subscribe(name, ear, unit, combined=combined)
        return ear

    def live(self, seconds: float) -> None:
        """Let the market live on, in heartbeats."""
        end_us = self.venue.now_us + round(seconds * 1e6)
        while self.venue.now_us < end_us:
            now_us = min(self.venue.now_us + 50_000, end_us)
            self.venue.advance(now_us)
            self.publisher.tick(now_us)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line about the outside judge."""
    there = "judged too" if REFERENCE.is_dir() else "LEFT OUT (no ../shared)"
    terminalreporter.write_line(f"streams: documented payloads and recordings: {there}")


@pytest.fixture(scope="session")
def living_venue() -> Venue:
    """A market that lives on from test to test."""
    return Venue("tests", OPENING_US)


@pytest.fixture
def stage(living_venue: Venue) -> Generator[Stage, None, None]:
    """A publisher of the test's own, at a full second, on a market that others have used before."""
    living_venue.advance(-(-living_venue.now_us // 1_000_000) * 1_000_000)
    yield Stage(living_venue)
    living_venue.listeners.clear()
    living_venue.tells_each_act = False


@pytest_asyncio.fixture
async def start_exchange() -> AsyncGenerator[StartExchange, None]:
    """Starts exchanges in this process: `await start_exchange(paper_life_s=1)`; they end with the test."""
    started: list[Running] = []

    async def start(**settings: Any) -> Running:
        exchange = Running(**settings)
        await exchange.start()
        started.append(exchange)
        return exchange

    yield start
    for exchange in started:
        async with asyncio.timeout(10):
            await exchange.stop()


def ws(exchange: Running) -> str:
    """Where its sockets are."""
    return exchange.ws_url
