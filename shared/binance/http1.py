"""HTTP/1.1 as an httpx transport, over asyncio and httptools.

Why not the ones that exist. httpx's own (httpcore) spends more than a millisecond of processor time on a request and gets
slower with concurrency. Its aiohttp transport is faster, but aiohttp sends a PUT or DELETE again by itself when a kept
connection turns out to be closed, and the adapter reports a connection that broke after sending as one that was never made:
a cancel could be sent twice, and an order that was executed be called "not sent". Here nothing is ever sent twice, and the
exceptions tell what happened:

    before the request left   httpx.ConnectError, ConnectTimeout, PoolTimeout
    after                     httpx.ReadError, ReadTimeout, RemoteProtocolError

A connection carries one request at a time; idle ones are kept and the freshest is used first. Bodies arrive whole (bounded)
and untouched but for `Content-Encoding`, which `httpx.Response` undoes. One instance talks to one origin from one event loop.
"""

import asyncio
import ssl
from collections import deque
from typing import Any, cast

import httptools
import httpx

MAX_CONNECTIONS = 64
"""At once to the origin; who comes later waits for a free one."""
MAX_IDLE_S = 30.0
"""A connection idle for longer is not used again: the other side, or a router between, may have forgotten it."""
MAX_BODY = 64 * 1024 * 1024
"""Several times the exchange's largest reply."""
MAX_HEADERS = 256
FRAMING = frozenset({b"content-length", b"transfer-encoding"})
"""Headers that tell where a body ends; without them it ends with the connection."""

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


class _Connection(asyncio.Protocol):
    """One connection and the answer it is reading."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[Answer] | None = None
        self.idle_since = 0.0
        self.is_open = False
        self._parser = httptools.HttpResponseParser(self)
        self.on_message_begin()

    def ask(self, request: bytes, answer: asyncio.Future[Answer]) -> None:
        assert self.transport is not None
        assert self.answer is None
        self.answer = answer
        self.transport.write(request)

    def abort(self) -> None:
        self.is_open = False
        if self.transport is not None:
            self.transport.abort()

    # called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # asyncio declares less, and uvloop's is no subclass
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail(httpx.RemoteProtocolError("The answer is not HTTP."))

    def eof_received(self) -> None:
        self.is_open = False
        if self._ends_with_connection:
            self.on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(httpx.ReadError("The connection was lost before the answer."))

    # called by httptools

    def on_message_begin(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._size = 0
        self._ends_with_connection = False
        if self.answer is None and self.is_open:
            self.abort()  # an answer to nothing: it would be taken for the next request's

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))
        if len(self._headers) > MAX_HEADERS:
            self._fail(httpx.RemoteProtocolError("The answer has too many headers."))

    def on_headers_complete(self) -> None:
        self._ends_with_connection = not any(name.lower() in FRAMING for name, _ in self._headers)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)
        self._size += len(body)
        if self._size > MAX_BODY:
            self._fail(httpx.RemoteProtocolError("The answer is too long."))

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        self._ends_with_connection = False
        if status < 200:
            return  # 1xx announces the real answer
        self.is_open = self.is_open and self._parser.should_keep_alive()
        answer, self.answer = self.answer, None
        if answer is not None and not answer.done():
            answer.set_result((status, self._headers, b"".join(self._body)))

    def _fail(self, error: httpx.TransportError) -> None:
        answer, self.answer = self.answer, None
        if answer is not None and not answer.done():
            answer.set_exception(error)
        self.abort()


class Http1Transport(httpx.AsyncBaseTransport):
    """Up to `max_connections` connections to one origin.

    Times come from `request.extensions["timeout"]` as everywhere in httpx (`pool` for a free connection, `connect` for a new
    one, `read` for the whole answer), but all are counted from the start of the call. `request.extensions["target"]` is
    sent instead of the URL's path where it is given.
    """

    def __init__(self, *, max_connections: int = MAX_CONNECTIONS, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._free = asyncio.Semaphore(max_connections)
        self._idle: deque[_Connection] = deque()
        self._busy: set[_Connection] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request once and read the whole answer.

        Raises:
            httpx.TransportError: as told at the top of this module.
        """
        loop = asyncio.get_running_loop()
        limits = _Limits(request, loop.time())
        connection = await self._acquire(request.url, limits)
        try:
            answer: asyncio.Future[Answer] = loop.create_future()
            connection.ask(_serialize(request, await request.aread()), answer)
            async with limits.until("read"):
                status, headers, body = await answer
        except TimeoutError:
            raise httpx.ReadTimeout("No answer in time.") from None
        finally:
            self._release(connection, loop.time())
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))

    async def aclose(self) -> None:
        for connection in (*self._idle, *self._busy):
            connection.abort()
        self._idle.clear()

    async def _acquire(self, url: httpx.URL, limits: "_Limits") -> _Connection:
        if self._free.locked():
            try:
                async with limits.until("pool"):
                    await self._free.acquire()
            except TimeoutError:
                raise httpx.PoolTimeout("All connections are busy.") from None
        else:
            await self._free.acquire()
        try:
            connection = self._take_idle() or await self._connect(url, limits)
        except BaseException:
            self._free.release()
            raise
        self._busy.add(connection)
        return connection

    def _take_idle(self) -> _Connection | None:
        oldest = asyncio.get_running_loop().time() - MAX_IDLE_S
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and connection.idle_since >= oldest:
                return connection
            connection.abort()
        return None

    async def _connect(self, url: httpx.URL, limits: "_Limits") -> _Connection:
        secure = url.scheme == "https"
        if secure and self._tls is None:
            self._tls = ssl.create_default_context()
        try:
            async with limits.until("connect"):
                _, connection = await asyncio.get_running_loop().create_connection(
                    _Connection, url.host, url.port or (443 if secure else 80), ssl=self._tls if secure else None
                )
        except TimeoutError:
            raise httpx.ConnectTimeout("No connection in time.") from None
        except (OSError, ssl.SSLError):
            raise httpx.ConnectError("The connection was refused or cannot be secured.") from None
        return connection

    def _release(self, connection: _Connection, now_s: float) -> None:
        self._busy.discard(connection)
        self._free.release()
        if connection.answer is not None or not connection.is_open:
            connection.abort()  # a late answer would be taken for the next request's
        else:
            connection.idle_since = now_s
            self._idle.append(connection)


class _Limits:
    """The times of a request as moments of the loop's clock."""

    def __init__(self, request: httpx.Request, started_s: float) -> None:
        self._times: dict[str, float | None] = request.extensions.get("timeout", {})
        self._started_s = started_s

    def until(self, phase: str) -> asyncio.Timeout:
        seconds = self._times.get(phase)
        return asyncio.timeout_at(None if seconds is None else self._started_s + seconds)


def _serialize(request: httpx.Request, body: bytes) -> bytes:
    extensions: dict[str, Any] = request.extensions
    target: bytes = extensions.get("target", request.url.raw_path)
    headers = b"".join([name + b": " + value + b"\r\n" for name, value in request.headers.raw])
    return b"%b %b HTTP/1.1\r\n%b\r\n%b" % (request.method.encode(), target, headers, body)
