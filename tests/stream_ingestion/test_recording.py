"""A recording goes through exchange, service and bus: what is heard is what was recorded, and each local book is the one that
can be reckoned from the files alone."""

import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio

from shared.contract.market.streams import find
from shared.contract.platform.streams import Book, LocalOrderBook, Subscribe
from shared.runtime.nats_server import NatsServer
from tests.conftest import ConnectBus
from tests.stream_ingestion import recordings
from tests.stream_ingestion.asking import ask
from tests.support.process import ServiceProcess
from tests.support.waiting import eventually

Levels = dict[Decimal, Decimal]
FOLDERS = ["made here", *(["a real exchange's"] if recordings.REFERENCE.is_dir() else [])]
SPEED = {"made here": 10, "a real exchange's": 10}


class Recorded:
    """What the files of a recording say, read with nothing of ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        lines = (folder / "frames.jsonl").read_text().splitlines()
        envelopes = [line[line.index('"frame":') + len('"frame":') : -1] for line in lines]
        self.streams: list[str] = [json.loads(envelope)["stream"] for envelope in envelopes]
        self.payloads = [envelope[envelope.index('"data":') + len('"data":') : -1].encode() for envelope in envelopes]
        self.symbols = sorted(path.stem.removeprefix("depth_") for path in folder.glob("depth_*.json"))

    def book(self, symbol: str) -> tuple[int, list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
        """(last update, bids, asks) at the end, by the documented steps."""
        body = json.loads((self.folder / f"depth_{symbol}.json").read_text())["body"]
        last: int = body["lastUpdateId"]
        bids, asks = ({Decimal(price): Decimal(quantity) for price, quantity in body[side]} for side in ("bids", "asks"))
        for stream, payload in zip(self.streams, self.payloads, strict=True):
            if not stream.startswith(f"{symbol.lower()}@depth"):
                continue
            event = json.loads(payload)
            if event["u"] <= last:
                continue
            assert event["U"] <= last + 1, "the recording itself has a hole"
            last = event["u"]
            _set(bids, event["b"])
            _set(asks, event["a"])
        return last, sorted(bids.items(), reverse=True), sorted(asks.items())


def _set(side: Levels, levels: list[list[str]]) -> None:
    for price, quantity in levels:
        side[Decimal(price)] = Decimal(quantity)
        if not side[Decimal(price)]:
            del side[Decimal(price)]


class Replaying:
    """The recording on a paper exchange that waits for the operator, with the services before it, all processes."""

    def __init__(self, recorded: Recorded, operator: httpx.AsyncClient, service: str) -> None:
        self.recorded = recorded
        self._operator = operator
        self._service = service

    async def start(self) -> None:
        """Let the recording begin."""
        (await self._operator.post("/paper/v1/replay/start")).raise_for_status()

    async def ended(self) -> bool:
        """Has its last frame been sent?"""
        return (await self._operator.get("/paper/v1/replay")).json()["state"] == "ended"

    async def counted(self, name: str) -> float:
        """A counter of stream_ingestion, over all its labels."""
        lines = (await self._operator.get(f"{self._service}/metrics")).text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name) and "_created" not in line)


@pytest_asyncio.fixture(params=FOLDERS)
async def replaying(
    request: pytest.FixtureRequest, own_nats_server: NatsServer, tmp_path: Path
) -> AsyncGenerator[Replaying, None]:
    (tmp_path / "made").mkdir()
    folder = recordings.make(tmp_path / "made") if request.param == "made here" else recordings.REFERENCE
    async with AsyncExitStack() as stack:
        paper = ServiceProcess(
            "services.paper_exchange",
            paper_port=0,
            paper_source="replay",
            paper_recording=str(folder),
            paper_replay_start="operator",
            paper_speed=SPEED[request.param],
        )
        url: str = (await (await stack.enter_async_context(paper)).logged("ready", within_s=30))["url"]
        where = urlsplit(url).netloc
        given = {
            "nats_url": own_nats_server.url,
            "rest_url": url,
            "ws_api_url": f"ws://{where}/ws-api/v3",
            "stream_url": f"ws://{where}",
        }
        service = ""
        for name in ("market_data", "stream_ingestion"):
            of_its_own = {"stream_late_s": 0} if name == "stream_ingestion" else {}  # what was recorded is old
            process = ServiceProcess(f"services.{name}", **given, **{f"{name}_port": 0}, **of_its_own)
            service = (await (await stack.enter_async_context(process)).logged("ready", within_s=30))["url"]
        operator = await stack.enter_async_context(httpx.AsyncClient(base_url=url))
        yield Replaying(Recorded(folder), operator, service)


def numbers(levels: list[list[str]]) -> list[tuple[Decimal, Decimal]]:
    return [(Decimal(price), Decimal(quantity)) for price, quantity in levels]


async def test_a_recording_is_heard_as_it_was_and_its_books_are_those_of_an_independent_reckoning(
    replaying: Replaying, own_nats_server: NatsServer, connect_bus: ConnectBus
) -> None:
    recorded = replaying.recorded
    bus = await connect_bus(url=own_nats_server.url)
    heard: list[tuple[str, bytes]] = []

    async def hear(message: Any) -> None:
        heard.append((message.subject, message.data))

    await bus.subscribe("binance.md.>", hear)
    streams = sorted({*recorded.streams, *(f"{symbol.lower()}@depth@100ms" for symbol in recorded.symbols)})
    early, late = recorded.symbols[::2], recorded.symbols[1::2]
    await ask(bus, Subscribe(streams=streams, wait_ms=0))
    for symbol in early:
        await ask(bus, Book(symbol=symbol))
    await replaying.start()
    await eventually(lambda: len(heard) > len(recorded.payloads) // 3, within_s=30)
    for symbol in late:
        await ask(bus, Book(symbol=symbol))
    await eventually(replaying.ended, within_s=30)
    await eventually(lambda: len(heard) >= len(recorded.payloads))

    assert [data for _, data in heard] == recorded.payloads
    assert [subject for subject, _ in heard] == [subject_of(name) for name in recorded.streams]
    for symbol in recorded.symbols:
        last, bids, asks = recorded.book(symbol)

        async def is_there(symbol: str = symbol, last: int = last) -> LocalOrderBook | None:
            book = await ask(bus, Book(symbol=symbol, limit=5000))
            return book if book.last_update_id >= last else None

        book = await eventually(is_there)
        assert book is not None
        assert (book.last_update_id, numbers(book.bids), numbers(book.asks)) == (last, bids, asks), symbol
        assert book.condition.state == "synced"
    assert await replaying.counted("binance_stream_book_resyncs") == 0, "a book that starts over might hide what went wrong"
    assert await replaying.counted("binance_stream_holes") == 0


def subject_of(name: str) -> str:
    found = find(name)
    assert found
    stream, symbol, value = found
    return stream.subject(symbol, value)
