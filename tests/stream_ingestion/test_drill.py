"""The drill: the paper exchange tears holes, breaks, silences and rotates connections, replicas are killed; afterwards every
trade id is on the bus exactly once, or told as missing, and the local books equal the exchange's.

`DRILL_S=600` in the environment makes it long.
"""

import asyncio
import json
import os
import random
import signal
import socket
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
import pytest_asyncio
from msgspec import UNSET

from shared.contract import subjects
from shared.contract.errors import ServiceError
from shared.contract.operation import Operation
from shared.contract.platform.streams import Book, Read, Subscribe
from shared.runtime.bus import Bus
from shared.runtime.clock import now_ms
from shared.runtime.nats_server import NatsServer
from tests.conftest import ConnectBus
from tests.support.process import ServiceProcess
from tests.support.waiting import eventually

DRILL_S = float(os.environ.get("DRILL_S", "25"))
SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBUSDT")
FAULTS = {"seed": "7", "gap_every": 400, "drop_every": 3000, "silence_every": 4000, "rotate_s": 8}
REPLICA = {"stream_shards": 8, "stream_session_s": 2, "stream_silent_s": 1, "stream_overlap_s": 1, "stream_connects": 300}


class Exchange:
    """The paper exchange and market_data before it, in processes of their own."""

    def __init__(self, url: str, nats_url: str) -> None:
        self.url = url
        self.settings = {
            "nats_url": nats_url,
            "rest_url": url,
            "ws_api_url": f"ws://{urlsplit(url).netloc}/ws-api/v3",
            "stream_url": f"ws://{urlsplit(url).netloc}",
        }
        self.http = httpx.AsyncClient(base_url=url, timeout=10)

    async def faults(self, order: dict[str, Any] | None) -> None:
        reply = await self.http.post("/paper/v1/faults", json={"streams": order or {}})
        reply.raise_for_status()

    async def depth(self, symbol: str) -> dict[str, Any]:
        return (await self.http.get("/api/v3/depth", params={"symbol": symbol, "limit": 5000})).json()

    def replica(self) -> ServiceProcess:
        return ServiceProcess("services.stream_ingestion", **self.settings, **REPLICA, stream_ingestion_port=0)


@pytest_asyncio.fixture
async def exchange(own_nats_server: NatsServer) -> AsyncGenerator[Exchange, None]:
    limits = {"paper_weight_limit": 1_000_000, "paper_connection_limit": 10_000}
    async with ServiceProcess("services.paper_exchange", paper_port=0, paper_speed=20, **limits) as paper:
        url = (await paper.logged("ready", within_s=30))["url"]
        found = Exchange(url, own_nats_server.url)
        async with ServiceProcess("services.market_data", **found.settings, market_data_port=0) as market, found.http:
            await market.logged("ready", within_s=30)
            yield found


async def ask(bus: Bus, operation: Operation[Any]) -> Any:
    body = await bus.request(
        subjects.rpc(operation.spec), msgspec.json.encode(operation), deadline_ms=now_ms() + 8000, headers={"Caller": "drill"}
    )
    return msgspec.json.decode(body, type=operation.spec.reply)


async def equal_books(bus: Bus, exchange: Exchange, symbol: str) -> bool:
    """Is the local book, at an update that both know, what the exchange says?"""
    try:
        book = await ask(bus, Book(symbol=symbol, limit=50))
    except ServiceError:
        return False
    theirs = await exchange.depth(symbol)
    if theirs["lastUpdateId"] != book.last_update_id:
        return False
    assert book.bids == theirs["bids"][:50]
    assert book.asks == theirs["asks"][:50]
    return True


@pytest.mark.timeout(DRILL_S + 120)
async def test_every_trade_is_heard_once_or_told_as_missing_whatever_breaks(
    exchange: Exchange, own_nats_server: NatsServer, connect_bus: ConnectBus
) -> None:
    bus = await connect_bus(url=own_nats_server.url)
    heard: dict[str, list[int]] = {symbol: [] for symbol in SYMBOLS}
    missing: dict[str, set[int]] = {symbol: set() for symbol in SYMBOLS}
    filled = Counter[str]()

    async def on_trade(message: Any) -> None:
        heard[message.subject.split(".")[2]].append(json.loads(message.data)["t"])

    async def on_condition(message: Any) -> None:
        told, symbol = json.loads(message.data), message.subject.split(".")[3]
        if hole := told.get("missing"):
            if told.get("filled"):
                filled[symbol] += 1
            else:
                missing[symbol].update(range(hole["first"], hole["last"] + 1))

    for symbol in SYMBOLS:
        await bus.subscribe(f"binance.md.{symbol}.trade", on_trade)
        await bus.subscribe(f"binance.health.md.{symbol}.trade", on_condition)
    async with AsyncExitStack() as stack:
        replicas = [await stack.enter_async_context(exchange.replica()) for _ in range(2)]
        for replica in replicas:
            await replica.logged("ready", within_s=30)
        streams = [
            f"{symbol.lower()}@{kind}" for symbol in SYMBOLS for kind in ("trade", "depth@100ms", "bookTicker", "kline_1s")
        ]
        await ask(bus, Subscribe(streams=streams, lease_seconds=3600))
        await asyncio.gather(*(ask(bus, Book(symbol=symbol)) for symbol in SYMBOLS))

        await exchange.faults(FAULTS)
        luck, loop = random.Random(7), asyncio.get_running_loop()
        until = loop.time() + DRILL_S
        while loop.time() < until:
            how = luck.choice((signal.SIGKILL, signal.SIGTERM))
            leaving = replicas.pop(luck.randrange(len(replicas)))
            leaving.process.send_signal(how)
            replicas.append(await stack.enter_async_context(exchange.replica()))
            await replicas[-1].logged("ready", within_s=30)
            counts = {symbol: len(ids) for symbol, ids in heard.items()}
            await eventually(lambda counts=counts: all(len(heard[s]) > n + 50 for s, n in counts.items()), within_s=40)
        await exchange.faults(None)

        counts = {symbol: len(ids) for symbol, ids in heard.items()}
        await eventually(lambda: all(len(heard[s]) > n + 20 for s, n in counts.items()), within_s=40)
        for symbol in SYMBOLS:
            await eventually(lambda symbol=symbol: equal_books(bus, exchange, symbol), within_s=30)

    assert sum(filled.values()) > 0
    for symbol, ids in heard.items():
        assert ids == sorted(set(ids)), f"{symbol}: doubled or out of order"
        lost = set(range(ids[0], ids[-1] + 1)) - set(ids)
        assert lost <= missing[symbol], f"{symbol}: {len(lost - missing[symbol])} lost without a word"


class Reader:
    """Reads on with a cursor as an agent does, whatever happens, and keeps account of every id."""

    def __init__(self, bus: Bus, stream: str) -> None:
        self.ids: list[int] = []
        """Read, or told as missing."""
        self.aged_out = 0
        self._bus = bus
        self._stream = stream
        self._cursor = ""

    async def read(self, more: int, *, within_s: float = 60) -> None:
        """Read until so many more ids are accounted for."""
        wanted = len(self.ids) + more
        await eventually(lambda: self._page(wanted), within_s=within_s)

    async def _page(self, wanted: int) -> bool:
        asked = Read(streams=[self._stream], limit=1000, wait_ms=500, cursor=self._cursor or UNSET)
        try:
            page = await ask(self._bus, asked)
        except ServiceError:
            return False
        self._cursor = page.cursor
        for hole in dict(page.missing or {}).get(self._stream, ()):
            self.ids += range(hole.first, hole.last + 1)
        self.aged_out += sum(told.missed or 0 for told in dict(page.aged_out or {}).values())
        self.ids += [json.loads(bytes(event.event))["t"] for event in page.events]
        return len(self.ids) >= wanted


async def test_a_reader_accounts_for_every_trade_though_nats_and_the_exchange_die(
    own_nats_server: NatsServer, connect_bus: ConnectBus, tmp_path: Path
) -> None:
    bus = await connect_bus(url=own_nats_server.url)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    paper: dict[str, str | int] = {
        "paper_port": port,
        "paper_speed": 20,
        "paper_state": str(tmp_path / "paper.sqlite"),
        "paper_weight_limit": 1_000_000,
    }
    exchange = Exchange(f"http://127.0.0.1:{port}", own_nats_server.url)
    reader = Reader(bus, "btcusdt@trade")
    async with AsyncExitStack() as stack:
        venue = await stack.enter_async_context(ServiceProcess("services.paper_exchange", **paper))
        await venue.logged("ready", within_s=30)
        market = ServiceProcess("services.market_data", **exchange.settings, market_data_port=0)
        for process in (market, exchange.replica(), exchange.replica()):
            await (await stack.enter_async_context(process)).logged("ready", within_s=30)
        await ask(bus, Subscribe(streams=["btcusdt@trade"], lease_seconds=3600))
        await reader.read(300)

        venue.process.send_signal(signal.SIGKILL)
        await venue.ended()
        await (await stack.enter_async_context(ServiceProcess("services.paper_exchange", **paper))).logged("ready", within_s=30)
        await reader.read(300)

        own_nats_server.kill()
        own_nats_server.start()
        await reader.read(300)
    assert sorted(set(reader.ids)) == sorted(reader.ids), "doubled"
    assert len(range(min(reader.ids), max(reader.ids) + 1)) == len(reader.ids)
