"""The WebSocket API: one JSON request a text frame, one answer with the request's own id, user data events in between.

Pings every 20 seconds and a pong within 60 are the socket's; what is said is the session's; this module lets a connection
begin and end: after 24 hours, with a `serverShutdown` ten minutes before. (WebSocket API documentation, "General API
Information", "Request format", "Response format".)
"""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qsl

from msgspec import json

from services.paper_exchange.door import Door
from services.paper_exchange.errors import Refused, refused
from services.paper_exchange.keys import Key
from services.paper_exchange.request_faults import Fates, Fault
from services.paper_exchange.rest import Message, Receive, Scope, Send
from services.paper_exchange.sessions import VERSION, Options, Session, flag, peek
from services.paper_exchange.streams.frames import text_frame
from services.paper_exchange.streams.held_back import HeldBack
from services.paper_exchange.streams.lifetime import end_after
from services.paper_exchange.streams.socket import Socket, socket_of
from services.paper_exchange.time_units import TIME_UNITS
from services.paper_exchange.user_data import UserData

PATH = "/ws-api/v3"
CONNECTION_WEIGHT = 2
LIFE_S = 24 * 3600.0
"""A connection ends after so long."""
MAX_LATE = 10_000
"""Requests that a drill's latency may hold back; a connection with more is cut off."""
_BINARY, _POLICY = 1003, 1008


class WsApi:
    """Answers connections to `/ws-api/v3`."""

    def __init__(self, door: Door, user_data: UserData, fates: Fates | None = None, *, life_s: float = LIFE_S) -> None:
        self._door = door
        self._fates = fates or Fates()
        self._user_data = user_data
        self._life_s = life_s
        self._connections: set[Connection] = set()

    def announce_end(self) -> None:
        """Tell every connection that the exchange is about to go."""
        for connection in self._connections:
            connection.announce_end()

    def revoked(self, key: Key) -> None:
        """A key is used no more."""
        for connection in self._connections:
            connection.session.revoked(key)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from its opening to its end."""
        await receive()
        client = scope["client"]
        address: str = client[0] if client else ""
        try:
            options = _options(scope)
            self._door.weights.connect(address, CONNECTION_WEIGHT, self._door.clock())
        except Refused as no:
            await deny(send, no)
            return
        await send({"type": "websocket.accept"})
        connection = Connection(socket_of(scope), self._door.told_us, self._fates)
        connection.session = Session(self._door, self._user_data, address, options, connection.push)
        connection.end_after(self._fates.rotate_s or self._life_s)
        self._connections.add(connection)
        try:
            await connection.talk(receive)
        finally:
            self._connections.discard(connection)
            connection.close()


class Connection:
    """A socket with its session."""

    session: Session

    def __init__(self, socket: Socket, told_us: Callable[[], int], fates: Fates) -> None:
        self._socket = socket
        self._told_us = told_us
        self._fates = fates
        self._timers: list[asyncio.TimerHandle] = []
        self._late: HeldBack[tuple[str, Fault]] = HeldBack(MAX_LATE, self._carry_out)
        self._loop = asyncio.get_running_loop()

    def push(self, text: str) -> None:
        """Send a frame's text, now."""
        self._socket.push(text_frame(text.encode()))

    async def talk(self, receive: Receive) -> None:
        """Answer frames until the connection ends."""
        while True:
            message: Message = await receive()
            if message["type"] != "websocket.receive":
                return
            text = message.get("text")
            if text is None:
                self._socket.end(_BINARY, "Text frames only.")
                return
            if self._fates.requests is None:
                self._answer(text)
            else:
                self._answer_as_fated(text, self._fates.of(_method(text)))

    def _answer(self, text: str) -> None:
        self._reply(self.session.answer(text))

    def _reply(self, text: str) -> None:
        self.push(text)
        if self.session.banned:
            self._socket.end(_POLICY)

    def _answer_as_fated(self, text: str, fault: Fault) -> None:
        if not fault.delay_s:
            self._carry_out((text, fault))
        elif not self._late.add((text, fault), self._loop.time() + fault.delay_s):
            self._socket.cut()

    def _carry_out(self, request: tuple[str, Fault]) -> None:
        text, fault = request
        match fault.kind:
            case "none":
                self._answer(text)
            case "dropped":
                self._socket.cut()
            case "silence":
                self._socket.is_mute = True
            case "lost":
                self.session.answer(text)
                self._socket.cut()
            case _:
                if fault.is_done:
                    self.session.answer(text)
                self._reply(self.session.refused(text, fault.refusal(self._told_us())))

    def end_after(self, life_s: float) -> None:
        """End the connection when it is so old, with a notice before."""
        self._timers = end_after(self._socket, life_s, self.announce_end)

    def announce_end(self) -> None:
        """Tell the client to open another connection."""
        self.push(json.encode({"event": {"e": "serverShutdown", "E": self.session.now()}}).decode())

    def close(self) -> None:
        """Leave all audiences."""
        self.session.close()
        self._late.close()
        for timer in self._timers:
            timer.cancel()


async def deny(send: Send, no: Refused) -> None:
    """Refuse a connection with an HTTP answer."""
    body = no.body(with_data=no.code != -1003)
    headers = [(b"content-type", b"application/json;charset=UTF-8"), (b"content-length", str(len(body)).encode())]
    if no.retry_after_s is not None:
        headers.append((b"retry-after", str(no.retry_after_s).encode()))
    await send({"type": "websocket.http.response.start", "status": no.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


def _method(text: str) -> str:
    named = peek(text, "method")
    return VERSION.sub("", named) if isinstance(named, str) else ""


def _options(scope: Scope) -> Options:
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    unit = TIME_UNITS.get(query.get("timeUnit", "MILLISECOND"))
    if unit is None:
        raise refused(-1194)
    if query.get("responseFormat", "json") != "json":
        raise refused(-1155, status=406)
    return Options(unit, flag(query.get("returnRateLimits", "true")))
