"""One connection to the market streams: its address, its subscriptions, its limits, its end.

    /ws/<name>[/<name>...]        raw messages
    /stream?streams=<name>/...    each in an envelope that names its stream

Both may come without a name, and take `timeUnit=MICROSECOND`; names may be percent-encoded. A connection that sends more than
five messages a second (pings and pongs count), or that does not read, is cut off. It ends after 24 hours; a `serverShutdown`
comes ten minutes before that. (Source: "WebSocket Streams", "General WSS information" and "WebSocket Limits".)
"""

import asyncio
from collections import deque
from collections.abc import Callable
from urllib.parse import unquote

from msgspec import Struct

from services.paper_exchange import ws_api
from services.paper_exchange.door import TIME_UNITS
from services.paper_exchange.errors import Refused, refused
from services.paper_exchange.rest import Message, Receive, Scope, Send
from services.paper_exchange.streams import control, payloads
from services.paper_exchange.streams.channel import Unit, micros, millis
from services.paper_exchange.streams.faults import CALM, Fate, StreamFaults
from services.paper_exchange.streams.frames import text_frame
from services.paper_exchange.streams.hub import Hub
from services.paper_exchange.streams.socket import Socket, socket_of
from services.paper_exchange.weights import Weights

RAW, COMBINED = "/ws", "/stream"
LIFE_S = 24 * 3600.0
NOTICE_S = 600.0
"""So long before its end a connection is told of it (of a short life, half of it)."""
MESSAGES_PER_S = 5
MAX_UNSENT = 4 * 1024 * 1024
"""Bytes that may wait for a reader; one with more is cut off."""
MAX_LATE = 20_000
"""Frames that a drill's latency may hold back."""
_SHUTDOWN = "!serverShutdown"
_GOING_AWAY, _UNSUPPORTED, _POLICY = 1001, 1003, 1008


class Streams:
    """Answers connections to `/ws` and `/stream`."""

    def __init__(self, hub: Hub, weights: Weights, clock: Callable[[], int], *, life_s: float = LIFE_S) -> None:
        self._hub = hub
        self._weights = weights
        self._clock = clock
        self._life_s = life_s
        self._connections: set[Connection] = set()
        self.faults: StreamFaults = CALM
        self.cut_off = 0
        """Readers that did not keep up."""
        self._number = 0

    def __len__(self) -> int:
        """Open connections."""
        return len(self._connections)

    def order(self, faults: StreamFaults) -> None:
        """Let these faults happen from now on, also on the connections that are open (each with a new number)."""
        self.faults = faults
        self._number = 0
        for connection in self._connections:
            self._number += 1
            connection.suffer(faults, self._number)

    def announce_end(self) -> None:
        """Tell every connection that the exchange is about to go."""
        for connection in self._connections:
            connection.announce_end()

    def _on_cut_off(self) -> None:
        self.cut_off += 1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from its opening to its end."""
        await receive()
        client = scope["client"]
        try:
            address = asked(scope)
            self._weights.connect(client[0] if client else "", 0, self._clock())
        except Refused as no:
            await ws_api.deny(send, no)
            return
        await send({"type": "websocket.accept"})
        connection = Connection(socket_of(scope), self._hub, address, self._clock, self._on_cut_off)
        self._connections.add(connection)
        self._number += 1
        connection.suffer(self.faults, self._number)
        connection.end_after(self.faults.rotate_s or self._life_s)
        connection.subscribe(address.names)
        try:
            await connection.listen(receive)
        finally:
            self._connections.discard(connection)
            connection.close()


class Asked(Struct, frozen=True):
    """What the address of a connection asks for."""

    names: list[str]
    combined: bool
    unit: Unit


def is_stream_path(path: str) -> bool:
    """Does a path lead to the market streams?"""
    return path == RAW or path.startswith(f"{RAW}/") or path.rstrip("/") == COMBINED


def asked(scope: Scope) -> Asked:
    """What is asked for.

    Raises:
        Refused: an unknown unit of time, or more streams than a connection can have.
    """
    query: dict[str, str] = {}
    for part in scope["query_string"].decode("latin-1").split("&"):
        name, _, value = part.partition("=")
        query[name] = value
    unit = TIME_UNITS.get(unquote(query.get("timeUnit", "MILLISECOND")))
    if unit is None:
        raise refused(-1194)
    path = scope["raw_path"].decode("latin-1")
    combined = not path.startswith(f"{RAW}/") and path != RAW
    # A plus sign is one, not a blank: it is part of the names of candles in UTC+8. Slashes part names even when encoded.
    listed = unquote(query.get("streams", "") if combined else path[len(RAW) + 1 :])
    names = list(dict.fromkeys(name for name in listed.split("/") if name))
    if len(names) > control.MAX_STREAMS:
        # Only the limit is documented, not what happens beyond it.
        raise refused(-1101)
    return Asked(names, combined, micros if unit else millis)


class Connection:
    """What one connection listens to."""

    def __init__(
        self, socket: Socket, hub: Hub, address: Asked, clock: Callable[[], int], on_cut_off: Callable[[], None]
    ) -> None:
        """`on_cut_off` is called when the reader does not keep up."""
        self._socket = socket
        self._hub = hub
        self._clock = clock
        self._on_cut_off = on_cut_off
        self._unit = address.unit
        self.combined = address.combined
        self.names: dict[str, None] = {}
        self._loop = asyncio.get_running_loop()
        self._heard: deque[float] = deque(maxlen=MESSAGES_PER_S)
        self._timers: list[asyncio.TimerHandle] = []
        self._fate: Fate | None = None
        self._late: deque[tuple[float, bytes]] = deque()
        self._late_timer: asyncio.TimerHandle | None = None
        socket.on_heard = self._on_heard

    def push(self, frame: bytes) -> None:
        """Send a frame of a stream."""
        if self._fate is not None:
            self._push_as_fated(frame, self._fate)
            return
        self._write(frame)

    def subscribe(self, names: list[str]) -> None:
        for name in names:
            if name not in self.names:
                self.names[name] = None
                self._hub.subscribe(name, self, self._unit, combined=self.combined)

    def unsubscribe(self, names: list[str]) -> None:
        for name in names:
            if name in self.names:
                del self.names[name]
                self._hub.unsubscribe(name, self)

    def combine(self, combined: bool) -> None:
        self.combined = combined
        for name in self.names:
            self._hub.subscribe(name, self, self._unit, combined=combined)

    async def listen(self, receive: Receive) -> None:
        """Answer messages until the connection ends."""
        while True:
            message: Message = await receive()
            if message["type"] != "websocket.receive":
                return
            text = message.get("text")
            if text is None:
                self._socket.end(_UNSUPPORTED, "Text frames only.")
                return
            self._write(text_frame(control.answer(self, text)))

    def suffer(self, faults: StreamFaults, number: int) -> None:
        """Let faults happen to this connection."""
        self._fate = None if faults.is_calm else Fate(faults, number)

    def end_after(self, life_s: float) -> None:
        """End the connection when it is so old, with a notice before."""
        self._timers += [
            self._loop.call_later(life_s - min(NOTICE_S, life_s / 2), self.announce_end),
            self._loop.call_later(life_s, self._socket.end, _GOING_AWAY),
        ]

    def announce_end(self) -> None:
        """Tell the client to open another connection."""
        told = payloads.server_shutdown(self._clock())(self._unit)
        self._write(text_frame((f'{{"stream":"{_SHUTDOWN}","data":{told}}}' if self.combined else told).encode()))

    def close(self) -> None:
        """Leave all audiences."""
        self.unsubscribe(list(self.names))
        for timer in self._timers:
            timer.cancel()
        if self._late_timer is not None:
            self._late_timer.cancel()

    def _write(self, frame: bytes) -> None:
        socket = self._socket
        socket.write(frame)
        if socket.unsent > MAX_UNSENT:
            self._on_cut_off()
            socket.cut()

    def _on_heard(self) -> None:
        now_s, heard = self._loop.time(), self._heard
        if len(heard) == MESSAGES_PER_S and now_s - heard[0] < 1:
            self._socket.end(_POLICY, "Too many requests")
            return
        heard.append(now_s)

    def _push_as_fated(self, frame: bytes, fate: Fate) -> None:
        outcome = fate.next()
        if outcome == "broken":
            self._socket.cut()
        elif outcome == "mute":
            self._socket.is_mute = True
        elif outcome == "sent":
            due_s = fate.due_s(self._loop.time())
            if len(self._late) >= MAX_LATE:
                self._socket.cut()
                return
            self._late.append((due_s, frame))
            if self._late_timer is None:
                self._send_late()

    def _send_late(self) -> None:
        self._late_timer = None
        now_s = self._loop.time()
        while self._late and self._late[0][0] <= now_s:
            self._write(self._late.popleft()[1])
        if self._late:
            self._late_timer = self._loop.call_at(self._late[0][0], self._send_late)
