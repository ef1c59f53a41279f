"""A carrier on connections of the test's own: what becomes of streams that come and go while it moves."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Collection

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
        self.dies = False
        """Break at the next message."""
        self.names: list[str] = []

    def send(self, text: bytes) -> None:
        loop, asked = asyncio.get_running_loop(), json.loads(text)
        if self.dies:
            loop.call_soon(self.receiver.on_lost, "broken")
            return
        if asked["method"] == "SUBSCRIBE":
            self.names += asked["params"]
        result = self.names if asked["method"] == "LIST_SUBSCRIPTIONS" else None
        loop.call_soon(self.receiver.on_text, json.dumps({"result": result, "id": asked["id"]}).encode())

    def event(self, payload: bytes, stream: str = "btcusdt@trade") -> None:
        self.receiver.on_text(b'{"stream":"%b","data":%b}' % (stream.encode(), payload))

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
        self.dying = 0
        """So many of the next lines die at their first message."""
        self.may_open = asyncio.Event()
        self.may_open.set()

    async def connect(self, _url: str, receiver: Receiver) -> Socket:
        self.asked += 1
        await self.may_open.wait()
        self.lines.append(Line(receiver))
        self.lines[-1].dies, self.dying = self.dying > 0, max(0, self.dying - 1)
        return self.lines[-1]


class News:
    """Counts moves, and hears which streams may have missed something."""

    def __init__(self) -> None:
        self.moves = 0
        self.broken: list[str] = []

    def read(self) -> None: ...

    def down(self, carrier: Carrier, reason: str) -> None: ...

    def broke(self, channels: Collection[Channel]) -> None:
        self.broken += [channel.name for channel in channels]

    def changed(self, carrier: Carrier) -> None: ...

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


async def test_a_new_connection_that_dies_while_it_subscribes_leaves_the_old_one_carrying(carrying: Carrying) -> None:
    carrier, exchange = carrying.carrier, carrying.exchange
    trades, lines = stream()
    carrier.want([trades])
    await eventually(lambda: carrier.flows("btcusdt@trade"))
    (first,) = exchange.lines
    first.event(text(trade(1)))
    exchange.dying = 2
    carrier.replace("the test wants it")
    await eventually(lambda: len(exchange.lines) == 3)
    assert not first.is_closed
    assert carrier.trouble("btcusdt@trade") == ""
    first.event(text(trade(2)))
    await eventually(lambda: carrying.news.moves == 1)
    exchange.lines[3].event(text(trade(3)))
    assert payloads(lines) == [text(trade(number)) for number in (1, 2, 3)]
    assert carrying.news.broken == []
    await eventually(lambda: first.is_closed)


async def test_a_quiet_stream_is_moved_whole_while_the_old_connection_answers(carrying: Carrying) -> None:
    carrier, exchange = carrying.carrier, carrying.exchange
    carrier.want([stream()[0]])
    await eventually(lambda: carrier.flows("btcusdt@trade"))
    carrier.replace("the test wants it")
    await eventually(lambda: carrying.news.moves == 1)
    assert carrying.news.broken == []
    exchange.lines[1].receiver.on_lost("broken")
    await eventually(lambda: len(exchange.lines) == 3 and carrier.flows("btcusdt@trade"))
    assert carrying.news.broken == ["btcusdt@trade"]
    assert carrier.trouble("btcusdt@trade") == "nothing has come since the connection to the exchange was lost: broken"
    exchange.lines[2].event(text(trade(1)))
    assert carrier.trouble("btcusdt@trade") == ""


async def test_an_old_connection_that_breaks_before_the_new_one_goes_on_leaves_a_doubt(carrying: Carrying) -> None:
    carrier, exchange = carrying.carrier, carrying.exchange
    carrier.want([stream()[0]])
    await eventually(lambda: carrier.flows("btcusdt@trade"))
    carrier.replace("the test wants it")
    await eventually(lambda: len(exchange.lines) == 2 and exchange.lines[1].names)
    exchange.lines[0].receiver.on_lost("broken")
    await eventually(lambda: carrying.news.moves == 1)
    assert carrying.news.broken == ["btcusdt@trade"]
    assert carrier.trouble("btcusdt@trade").startswith("nothing has come since")


async def test_a_stream_that_is_taken_over_while_its_connection_is_replaced_is_not_doubled(carrying: Carrying) -> None:
    carrier, exchange = carrying.carrier, carrying.exchange
    (trades, _), (tickers, lines) = stream(), opened("btcusdt@ticker", Told())
    events = [b'{"e":"24hrTicker","E":%d}' % at for at in range(1, 7)]
    carrier.want([trades])
    carrier.want([tickers], waits=True)
    await eventually(lambda: carrier.flows("btcusdt@trade") and carrier.flows("btcusdt@ticker"))
    old = exchange.lines[0]
    old.event(text(trade(1)))
    for payload in events[:2]:
        old.event(payload, "btcusdt@ticker")
    carrier.replace("the test wants it")
    await eventually(lambda: len(exchange.lines) == 2)
    new = exchange.lines[1]
    for payload in events[1:3]:  # one came before the new connection was there, one comes on both
        new.event(payload, "btcusdt@ticker")
    old.event(events[2], "btcusdt@ticker")
    tickers.resume(events[0])
    carrier.start("btcusdt@ticker")
    for payload in events[3:5]:
        old.event(payload, "btcusdt@ticker")
    new.event(events[3], "btcusdt@ticker")
    await eventually(lambda: carrying.news.moves == 1)
    for payload in events[4:]:  # the first of them comes late
        new.event(payload, "btcusdt@ticker")
    assert payloads(lines) == events[1:]
