"""A carrier on connections of the test's own: what becomes of streams that come and go while it moves."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator

import pytest_asyncio

from services.stream_ingestion.carrier import Carrier, Terms
from services.stream_ingestion.channel import Channel
from shared.binance.sockets import Receiver, Socket
from shared.binance.stream_limits import Window
from tests.stream_ingestion.stream_server import text, trade
from tests.stream_ingestion.test_channel import Told, opened, payloads
from tests.support.waiting import eventually


class Line:
    """A connection that acknowledges everything and sends what the test says."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.is_closed = False

    def send(self, text: bytes) -> None:
        reply = b'{"result":null,"id":%d}' % json.loads(text)["id"]
        asyncio.get_running_loop().call_soon(self.receiver.on_text, reply)

    def event(self, payload: bytes) -> None:
        self.receiver.on_text(b'{"stream":"btcusdt@trade","data":%b}' % payload)

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    async def close(self) -> None:
        self.is_closed = True
        self.receiver.on_lost("closed")


class Exchange:
    """Gives out lines, one after another, as long as it may."""

    def __init__(self) -> None:
        self.asked = 0
        self.lines: list[Line] = []
        self.may_open = asyncio.Event()
        self.may_open.set()

    async def connect(self, _url: str, receiver: Receiver) -> Socket:
        self.asked += 1
        await self.may_open.wait()
        self.lines.append(Line(receiver))
        return self.lines[-1]


class News:
    """Counts moves."""

    def __init__(self) -> None:
        self.moves = 0

    def read(self) -> None: ...

    def down(self, carrier: Carrier, reason: str) -> None: ...

    def replaced(self, carrier: Carrier, reason: str) -> None:
        self.moves += 1


class Carrying:
    """A carrier that runs."""

    def __init__(self) -> None:
        self.exchange = Exchange()
        self.news = News()
        terms = Terms(self.exchange.connect, "ws://test", 1 << 20, 3600, 3600, 0.05, 0.01, 0.01, Window(100, 1))
        self.carrier = Carrier(terms, self.news)


@pytest_asyncio.fixture
async def carrying() -> AsyncGenerator[Carrying, None]:
    found = Carrying()
    running = asyncio.create_task(found.carrier.run())
    yield found
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def stream() -> tuple[Channel, list[bytes]]:
    return opened("btcusdt@trade", Told())


async def test_a_stream_that_comes_back_while_its_connection_is_replaced_is_the_new_one(carrying: Carrying) -> None:
    carrier, exchange = carrying.carrier, carrying.exchange
    (before, lines_before), (after, lines_after) = stream(), stream()
    carrier.want([before])
    await eventually(lambda: carrier.flows("btcusdt@trade"))
    exchange.lines[0].event(text(trade(1)))
    exchange.may_open.clear()
    carrier.replace("the test wants it")
    await eventually(lambda: exchange.asked == 2)
    carrier.drop(["btcusdt@trade"])
    before.shut()
    carrier.want([after])
    exchange.may_open.set()
    await eventually(lambda: carrying.news.moves == 1)
    exchange.lines[1].event(text(trade(2)))
    assert payloads(lines_before) == [text(trade(1))]
    assert payloads(lines_after) == [text(trade(2))]
    await eventually(lambda: exchange.lines[0].is_closed)


async def test_a_stream_that_comes_back_during_the_overlap_is_the_new_one(carrying: Carrying) -> None:
    carrier, exchange = carrying.carrier, carrying.exchange
    (before, lines_before), (after, lines_after) = stream(), stream()
    carrier.want([before])
    await eventually(lambda: carrier.flows("btcusdt@trade"))
    exchange.lines[0].event(text(trade(1)))
    carrier.replace("the test wants it")
    await eventually(lambda: len(exchange.lines) == 2 and carrier.flows("btcusdt@trade"))
    exchange.lines[1].event(text(trade(3)))  # kept back: 2 is still to come from the old connection
    carrier.drop(["btcusdt@trade"])
    before.shut()
    carrier.want([after])
    await eventually(lambda: carrying.news.moves == 1)
    exchange.lines[1].event(text(trade(4)))
    assert payloads(lines_before) == [text(trade(1))]
    assert payloads(lines_after) == [text(trade(4))]
