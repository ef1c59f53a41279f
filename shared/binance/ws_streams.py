"""One connection to the market streams: which streams flow on it, and each frame handed to the one it belongs to.

    {"stream":"btcusdt@trade","data":{...}}        an event: its payload is cut out of the envelope, not decoded
    {"result":null,"id":1}                         a reply to SUBSCRIBE, UNSUBSCRIBE or LIST_SUBSCRIPTIONS
    {"error":{"code":2,"msg":"..."},"id":1}        a refusal; the exchange also writes {"code":2,"msg":"...","id":1}
    {"stream":"!serverShutdown","data":{...}}      the server goes down shortly: open another connection

An envelope that is not written as the exchange writes it today (blanks, another order, escaped letters) is decoded instead:
slower, and just as right. Source: "WebSocket Streams" of 2026-07-21.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from shared.binance.sockets import Connect, Socket
from shared.binance.stream_limits import messages
from shared.contract.errors import Rejected, Unavailable

NAMES_PER_MESSAGE = 200
"""Streams named in one control message: some 5 kB."""
REPLY_TIMEOUT_S = 5.0
_AFTER_NAME = b'","data":'
_NAME_AT = len(b'{"stream":"')
_NAME_ENDS_BEFORE = 200
_SHUTDOWN = "serverShutdown"
_NOTHING = Raw(b"")

Take = Callable[[bytes], None]
"""Is given the payload of each event of a stream."""


class _Envelope(Struct, frozen=True):
    stream: str = ""
    data: Raw = _NOTHING
    event_type: str = msgspec.field(name="e", default="")
    id: int | str | None = None
    result: list[str] | bool | None = None
    error: Raw = _NOTHING
    code: int | None = None
    msg: str = ""


class _Refusal(Struct, frozen=True):
    code: int = 0
    msg: str = ""


_envelope = msgspec.json.Decoder(_Envelope)
_refusal = msgspec.json.Decoder(_Refusal)


class StreamConnection:
    """An open connection and the streams on it. Use `open`; it is a `sockets.Receiver`."""

    def __init__(
        self,
        *,
        on_read: Callable[[], None],
        on_lost: Callable[["StreamConnection", str], None],
        on_leaving: Callable[[], None],
        max_frame: int = 1 << 30,
    ) -> None:
        self.routes: dict[bytes, Take] = {}
        """Who takes the payloads of a stream, by its name."""
        self.names: set[str] = set()
        """Streams subscribed here, or about to be."""
        self.flowing: set[str] = set()
        """Streams whose subscription the exchange has acknowledged."""
        self.heard_at = 0.0
        """When the last bytes were read, by the event loop's clock."""
        self.leaving = False
        """Has the exchange announced that it will close the connection?"""
        self.lost = ""
        """Why it has ended; empty while it lives."""
        self.oversized = 0
        """Frames dropped because they were larger than `max_frame`."""
        self._after_read = on_read
        self._on_lost = on_lost
        self._on_leaving = on_leaving
        self._max_frame = max_frame
        self._loop = asyncio.get_running_loop()
        self._budget = messages()
        self._ids = itertools.count(1)
        self._asked: dict[int | str, asyncio.Future[Any]] = {}
        self._turn = asyncio.Lock()
        self._socket: Socket | None = None

    async def open(self, connect: Connect, base_url: str) -> None:
        """Connect.

        Raises:
            OSError, TimeoutError: the exchange cannot be reached or refuses us.
        """
        self._socket = await connect(f"{base_url}/stream", self)
        self.heard_at = self._loop.time()

    async def subscribe(self, names: Iterable[str]) -> None:
        """Let streams flow; a bounded number for each message, messages as fast as the exchange allows.

        Raises:
            Rejected: the exchange refuses a message, with its words.
            Unavailable: the connection is gone, or silent.
        """
        await self._change("SUBSCRIBE", names)

    async def unsubscribe(self, names: Iterable[str]) -> None:
        """Let streams flow no more. Raises as `subscribe`."""
        await self._change("UNSUBSCRIBE", names)

    async def subscriptions(self) -> list[str]:
        """What the exchange believes to flow here: also the proof that it still listens. Raises as `subscribe`."""
        return await self._ask("LIST_SUBSCRIPTIONS", None) or []

    async def close(self) -> None:
        """End the connection."""
        if self._socket is not None:
            await self._socket.close()

    def pause(self) -> None:
        """Read no more from the network: what follows has to wait."""
        if self._socket is not None and not self.lost:
            self._socket.pause()

    def resume(self) -> None:
        """Read on."""
        if self._socket is not None and not self.lost:
            self._socket.resume()

    def on_text(self, frame: bytes) -> None:
        cut = frame.find(_AFTER_NAME, _NAME_AT, _NAME_ENDS_BEFORE)
        take = self.routes.get(frame[_NAME_AT:cut])
        if take is None or len(frame) > self._max_frame:
            self._on_other(frame)
        else:
            take(frame[cut + 9 : -1])

    def on_read(self) -> None:
        self.heard_at = self._loop.time()
        self._after_read()

    def on_lost(self, reason: str) -> None:
        self.lost = reason or "lost"
        for future in self._asked.values():
            if not future.done():
                future.set_exception(_gone(self.lost))
        self._on_lost(self, self.lost)

    def _on_other(self, frame: bytes) -> None:
        if len(frame) > self._max_frame:
            self.oversized += 1
            return
        try:
            found = _envelope.decode(frame)
        except msgspec.MsgspecError:
            return  # nothing that this protocol knows
        if found.event_type == _SHUTDOWN or found.stream == f"!{_SHUTDOWN}":
            self.leaving = True
            self._on_leaving()
        elif found.stream:
            take = self.routes.get(found.stream.encode())
            if take is not None:
                take(bytes(found.data))
        elif found.id is not None:
            self._on_reply(found.id, found)

    def _on_reply(self, reply_to: int | str, found: _Envelope) -> None:
        future = self._asked.get(reply_to)
        if future is None or future.done():
            return
        refusal = _refusal.decode(found.error) if bytes(found.error) else None
        if refusal is None and found.code is not None:
            refusal = _Refusal(found.code, found.msg)
        if refusal is None:
            future.set_result(found.result)
        else:
            future.set_exception(Rejected(f"The exchange refuses: {refusal.msg}", code=refusal.code))

    async def _change(self, method: Literal["SUBSCRIBE", "UNSUBSCRIBE"], names: Iterable[str]) -> None:
        every = sorted(names)
        if method == "SUBSCRIBE":
            self.names.update(every)
        for start in range(0, len(every), NAMES_PER_MESSAGE):
            some = every[start : start + NAMES_PER_MESSAGE]
            await self._ask(method, some)
            if method == "SUBSCRIBE":
                self.flowing.update(some)
            else:
                self.names.difference_update(some)
                self.flowing.difference_update(some)

    async def _ask(self, method: str, params: list[str] | None) -> Any:
        async with self._turn:
            if wait_s := self._budget.wait_s(self._loop.time()):
                await asyncio.sleep(wait_s)
            if self.lost or self._socket is None:
                raise _gone(self.lost or "not open")
            self._budget.take(self._loop.time())
            request_id = next(self._ids)
            reply: asyncio.Future[Any] = self._loop.create_future()
            self._asked[request_id] = reply
            asked = {"method": method, "id": request_id}
            self._socket.send(msgspec.json.encode(asked if params is None else {**asked, "params": params}))
        try:
            async with asyncio.timeout(REPLY_TIMEOUT_S):
                return await reply
        except TimeoutError:
            raise _gone(f"no reply to {method} in {REPLY_TIMEOUT_S:g} s") from None
        finally:
            del self._asked[request_id]


def _gone(reason: str) -> Unavailable:
    return Unavailable(f"The connection to the market streams: {reason}.", retry_after_ms=1000)
