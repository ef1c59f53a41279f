"""One WebSocket API connection: many requests at once, told apart by their ids.

It lives until it breaks or is closed. Before that it may be *leaving*: the server announced its shutdown, or fell silent. It
goes on working meanwhile; who keeps it opens the next one, lets this one deliver what is in flight, and closes it.
"""

import asyncio
import logging
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from shared.binance import encoding, frames
from shared.binance.signing import Key
from shared.binance.transport import Lost, NotSent, Reply, Request
from shared.contract.operation import Owner

logger = logging.getLogger(__name__)

OnEvent = Callable[[int | None, bytes], None]
"""Is given a subscription's id and the event as the exchange wrote it."""


class WsConnection:
    """Sends requests over an open socket and hands each its reply."""

    def __init__(self, socket: ClientConnection, *, on_event: OnEvent | None = None) -> None:
        self._socket = socket
        self._on_event = on_event
        self._in_flight: dict[int, asyncio.Future[Reply]] = {}
        self._last_id = 0
        self._heard_s = 0.0
        self.session: Key | None = None
        """The key that is logged on."""
        self.leaving = asyncio.Event()
        self.idle = asyncio.Event()
        """Nothing is in flight."""
        self.idle.set()
        self._reader = asyncio.create_task(self._read())

    @property
    def is_open(self) -> bool:
        return self._socket.state is State.OPEN and not self._reader.done()

    @property
    def in_flight(self) -> int:
        return len(self._in_flight)

    async def send(self, request: Request) -> Reply:
        """See `shared.binance.transport.Transport`."""
        if not self.is_open:
            raise NotSent("no connection to the exchange.")
        loop = asyncio.get_running_loop()
        self._last_id += 1
        request_id, reply = self._last_id, loop.create_future()
        frame = encoding.frame(request_id, request.operation.spec.method, self._params(request))
        sent_s = loop.time()
        self._in_flight[request_id] = reply
        self.idle.clear()
        try:
            async with asyncio.timeout(request.timeout_s):
                await self._socket.send(frame, text=True)
                return await reply
        except TimeoutError:
            if self._heard_s <= sent_s:
                self.leaving.set()  # not a word since: the socket may be dead
            raise Lost("the exchange did not answer in time.", broken=False) from None
        except ConnectionClosed:
            raise Lost("the connection broke before the answer.", broken=True) from None
        finally:
            self._in_flight.pop(request_id, None)
            if not self._in_flight:
                self.idle.set()

    async def close(self) -> None:
        """Close the socket; what is in flight is lost."""
        self.leaving.set()
        await self._socket.close()
        await self._reader

    def _params(self, request: Request) -> encoding.Given:
        spec, key = request.operation.spec, request.key
        given = request.operation.given()
        if key is None or not spec.signed:
            return given
        if key is self.session and spec.owner is not Owner.CONNECTION:
            return {**given, "timestamp": request.timestamp_ms}
        return encoding.signed_params(given, key, request.timestamp_ms)

    async def _read(self) -> None:
        try:
            while True:
                data = await self._socket.recv(decode=False)
                self._heard_s = asyncio.get_running_loop().time()
                self._take(frames.read(data))
        except ConnectionClosed:
            pass
        except frames.Unreadable:
            logger.warning("The exchange sent a frame that cannot be read; the connection is replaced.")
            self._socket.transport.abort()
        finally:
            self.leaving.set()
            for reply in self._in_flight.values():
                if not reply.done():
                    reply.set_exception(Lost("the connection broke before the answer.", broken=True))

    def _take(self, frame: frames.Frame) -> None:
        if frame.is_event:
            if frame.is_shutdown:
                self.leaving.set()
            elif self._on_event is not None:
                self._on_event(frame.subscription_id, bytes(frame.event))
        elif frame.is_revocation:
            self.session = None
            logger.warning("The exchange revoked the session's key; requests are signed one by one.")
        elif isinstance(frame.id, int) and (reply := self._in_flight.get(frame.id)) is not None and not reply.done():
            reply.set_result(frame.reply)
