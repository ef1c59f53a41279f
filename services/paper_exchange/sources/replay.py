"""Replay: a recording goes out on the streams as it came in, in its order and its spacing, or faster.

It begins with the first subscriber of any stream, or when the operator says so, and keeps its last state at its end. Frames
are the recorded bytes; `depth` and `exchangeInfo` answer from the recording; the engine has the recorded books as liquidity
of the house, so that orders can be placed, though the streams do not tell of them.
"""

import asyncio
from typing import Any

from fastapi import Request
from msgspec import Raw, Struct, json

from services.paper_exchange.call import Call
from services.paper_exchange.door import Answer
from services.paper_exchange.engine.amounts import parse
from services.paper_exchange.errors import refused
from services.paper_exchange.handlers import DEFAULT_DEPTH
from services.paper_exchange.sources.house import HouseBook
from services.paper_exchange.sources.recorded_book import RecordedBook
from services.paper_exchange.sources.recording import Frame, Recording
from services.paper_exchange.streams.channel import Channel
from services.paper_exchange.streams.hub import Hub
from services.paper_exchange.venue import Venue
from shared.contract.market.events import AggregateTradeEvent, DepthEvent, TradeEvent
from shared.contract.market.streams import find

_DEPTH = ("<symbol>@depth", "<symbol>@depth@100ms")
_TRADE, _AGGREGATE = "<symbol>@trade", "<symbol>@aggTrade"


class Replay:
    """One recording on one exchange."""

    def __init__(self, recording: Recording, venue: Venue, hub: Hub, *, speed: float, awaits_operator: bool = False) -> None:
        """`awaits_operator`: begin with `start`, not with the first subscriber."""
        self._frames = recording.frames
        self._info = recording.exchange_info
        self._hub = hub
        self._speed = speed
        self._next = 0
        self._started_s: float | None = None
        self._houses = {each.symbol: HouseBook(venue, each.symbol) for each in recording.instruments}
        self._books = {
            symbol: RecordedBook(snapshot, self._houses[symbol])
            for symbol, snapshot in recording.snapshots.items()
            if symbol in self._houses
        }
        self._streams = {frame.stream for frame in recording.frames}
        if not awaits_operator:
            hub.watch(self._on_channel)

    @property
    def answers(self) -> dict[str, Answer]:
        """What answers in place of the exchange's own handlers."""
        return {"exchangeInfo": self.exchange_info, "depth": self.depth}

    @property
    def state(self) -> str:
        """`waiting`, `running` or `ended`."""
        if self._started_s is None:
            return "waiting"
        return "running" if self._next < len(self._frames) else "ended"

    def start(self) -> None:
        """Begin, if it has not begun: with the first frame at the next turn of the event loop."""
        if self._started_s is None:
            loop = asyncio.get_running_loop()
            self._started_s = loop.time()
            loop.call_soon(self._play, loop)

    def play(self, elapsed_s: float) -> float | None:
        """Send what is due so many seconds after the start; when the next frame is due, None at the end."""
        frames = self._frames
        while self._next < len(frames):
            frame = frames[self._next]
            due_s = (frame.at_ms - frames[0].at_ms) / 1000 / self._speed
            if due_s > elapsed_s:
                return due_s
            self._next += 1
            self._send(frame)
        return None

    def depth(self, call: Call) -> bytes:
        """`GET depth`."""
        symbol = call.given["symbol"]
        book = self._books.get(symbol)
        if book is not None:
            return book.told(call.given.get("limit", DEFAULT_DEPTH))
        if symbol not in self._houses:
            raise refused(-1121)
        return b'{"lastUpdateId":0,"bids":[],"asks":[]}'

    def exchange_info(self, call: Call) -> bytes:
        """`GET exchangeInfo`: the recorded bytes, or of them the symbols that are asked for."""
        given = call.given
        wanted = {given["symbol"]} if "symbol" in given else set(given.get("symbols", ()))
        if wanted - self._houses.keys():
            raise refused(-1121)
        status = given.get("symbolStatus")
        if not wanted and status is None:
            return self._info
        info: dict[str, Raw] = json.decode(self._info, type=dict[str, Raw])
        listed = json.decode(info["symbols"], type=list[Raw])
        names = [json.decode(each, type=_Symbol) for each in listed]
        kept = [
            each
            for each, name in zip(listed, names, strict=True)
            if (not wanted or name.symbol in wanted) and status in (None, name.status)
        ]
        return json.encode(info | {"symbols": kept})

    async def shown(self, _request: Request) -> Any:
        """`GET /replay`."""
        return {"state": self.state, "frames": len(self._frames), "sent": self._next, "speed": self._speed}

    async def started(self, request: Request) -> Any:
        """`POST /replay/start`."""
        self.start()
        return await self.shown(request)

    def _on_channel(self, _channel: Channel, audible: bool) -> None:
        if audible:
            self.start()

    def _play(self, loop: asyncio.AbstractEventLoop) -> None:
        assert self._started_s is not None
        due_s = self.play(loop.time() - self._started_s)
        if due_s is not None:
            loop.call_at(self._started_s + due_s, self._play, loop)

    def _send(self, frame: Frame) -> None:
        channel = self._hub.channels.get(frame.stream)
        if channel is not None:
            channel.send_bytes(frame.payload, frame.envelope)
        found = find(frame.stream)
        if found is None or found[1] not in self._houses:
            return
        stream, symbol, _ = found
        if stream.name in _DEPTH and symbol in self._books:
            self._books[symbol].change(json.decode(frame.payload, type=DepthEvent))
        elif stream.name == _TRADE:
            self._trade(symbol, json.decode(frame.payload, type=TradeEvent))
        elif stream.name == _AGGREGATE and frame.stream.replace("@aggTrade", "@trade") not in self._streams:
            self._trade(symbol, json.decode(frame.payload, type=AggregateTradeEvent))

    def _trade(self, symbol: str, event: TradeEvent | AggregateTradeEvent) -> None:
        self._houses[symbol].trade(parse(event.price), parse(event.quantity), buyer_is_maker=event.is_buyer_maker)


class _Symbol(Struct, frozen=True):
    symbol: str
    status: str
