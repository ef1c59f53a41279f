"""One connection to the market streams: its subscriptions, its limits, its end.

A connection that sends more than five messages a second (pings and pongs count), or that does not read, is cut off. It ends
after 24 hours; a `serverShutdown` comes ten minutes before that. (Source: "WebSocket Streams", "General WSS information" and
"WebSocket Limits".)
"""

import asyncio
from collections import deque
from collections.abc import Callable

from services.paper_exchange.rest import Message, Receive
from services.paper_exchange.streams import control, payloads
from services.paper_exchange.streams.address import Asked
from services.paper_exchange.streams.faults import Fate, StreamFaults
from services.paper_exchange.streams.frames import text_frame
from services.paper_exchange.streams.held_back import HeldBack
from services.paper_exchange.streams.hub import Hub
from services.paper_exchange.streams.lifetime import end_after
from services.paper_exchange.streams.socket import Socket

MESSAGES_PER_S = 5
MAX_LATE = 20_000
"""Frames that a drill's latency may hold back; a connection with more is cut off."""
_SHUTDOWN = "!serverShutdown"
_UNSUPPORTED, _POLICY = 1003, 1008


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
        self._late = HeldBack(MAX_LATE, self._write)
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
        self._timers += end_after(self._socket, life_s, self.announce_end)

    def announce_end(self) -> None:
        """Tell the client to open another connection."""
        told = payloads.server_shutdown(self._clock())(self._unit)
        self._write(text_frame((f'{{"stream":"{_SHUTDOWN}","data":{told}}}' if self.combined else told).encode()))

    def close(self) -> None:
        """Leave all audiences."""
        self.unsubscribe(list(self.names))
        for timer in self._timers:
            timer.cancel()
        self._late.close()

    def _write(self, frame: bytes) -> None:
        if not self._socket.push(frame):
            self._on_cut_off()

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
        elif outcome == "sent" and not self._late.add(frame, fate.due_s(self._loop.time())):
            self._socket.cut()
