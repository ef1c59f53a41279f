"""The exchange's WebSocket API as a transport: one connection at a time, replaced before it ends.

    connect ─▶ log on (Ed25519) ─▶ in use ─▶ leaving: shutdown announced, 23 hours old, silent, broken
       ▲ └─ failed: wait, longer each time                      │
       └──────────── the next one is opened first ◀─────────────┘  then the old one delivers what is in flight, and closes

A request is never moved to another connection: when one breaks, what was in flight on it is `Lost`.
Source: "General API Information" and "Session Authentication" of the WebSocket API's documentation, 2026-07-21.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidStatus

from shared.binance import replies
from shared.binance.limits import BAN_MS, MINUTE_MS, RateBudget
from shared.binance.server_time import Sample, ServerClock
from shared.binance.signing import Key
from shared.binance.transport import Lost, NotSent, Reply, Request
from shared.binance.usage import from_headers
from shared.binance.ws_connection import OnEvent, WsConnection
from shared.contract.account.operations import Logon
from shared.contract.environments import LOOPBACK
from shared.contract.market.operations import Time

logger = logging.getLogger(__name__)
quiet = logging.getLogger(f"{__name__}.socket")
quiet.setLevel(logging.WARNING)
"""Below this the library would log whole frames, signatures included."""

OnOpen = Callable[[WsConnection], Awaitable[None]]

LIFE_S = 23 * 3600.0
"""The exchange closes a connection after 24 hours."""
OPEN_TIMEOUT_S = 5.0
DRAIN_S = 10.0
"""So long a leaving connection may deliver; the exchange itself gives up on a request after 10 s."""
BACK_OFF_S = (0.1, 30.0)
"""First and longest wait between attempts; the exchange allows 300 in five minutes."""
PATIENCE_S = 1.0
"""A request waits for the next attempt if it is no further away than this."""
STABLE_S = 5.0
"""A connection that lived shorter counts as a failed attempt."""
PING_S = 20.0
MAX_IN_FLIGHT = 256
MAX_FRAME = 64 * 1024 * 1024
CONNECTION_WEIGHT = 2


class WsApiTransport:
    """Keeps one connection to `url`, from the first request on.

    Args:
        url: of the WebSocket API, with its path.
        budget: is charged for connecting, told of bans, and asked before each attempt.
        clock: gives the time for the logon; measured with the connection when it needs to be.
        session_key: an Ed25519 key to log on with, so that its requests need no signature each.
        on_event: is given user data events.
        on_open: prepares a connection (subscribes) before it is used; if it fails, the connection is not used.
        jitter: numbers from 0 to 1.
    """

    def __init__(
        self,
        url: str,
        *,
        budget: RateBudget,
        clock: ServerClock,
        session_key: Key | None = None,
        on_event: OnEvent | None = None,
        on_open: OnOpen | None = None,
        life_s: float = LIFE_S,
        max_in_flight: int = MAX_IN_FLIGHT,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._url = url
        self._budget = budget
        self._clock = clock
        self._session_key = session_key
        self._on_event = on_event
        self._on_open = on_open
        self._life_s = life_s
        self._jitter = jitter
        self._slots = asyncio.Semaphore(max_in_flight)
        self._current: WsConnection | None = None
        self._attempted = asyncio.Event()
        self._next_attempt_s = 0.0
        self._keeper: asyncio.Task[None] | None = None
        self._retiring: set[asyncio.Task[None]] = set()
        self.opened = 0
        """How many connections were opened so far."""

    async def send(self, request: Request) -> Reply:
        """See `shared.binance.transport.Transport`."""
        spec = request.operation.spec
        if not spec.ws_api:
            raise replies.not_offered(spec, "WebSocket API")
        loop = asyncio.get_running_loop()
        until_s = loop.time() + request.timeout_s
        try:
            async with asyncio.timeout_at(until_s):
                await self._slots.acquire()
        except TimeoutError:
            raise NotSent("too many requests are in flight.") from None
        try:
            connection = await self._connection(until_s)
            remaining = msgspec.structs.replace(request, timeout_s=until_s - loop.time())
            return await connection.send(remaining)
        finally:
            self._slots.release()

    async def close(self) -> None:
        """Close the connection; requests in flight are lost."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        for task in tuple(self._retiring):
            task.cancel()
        if self._current is not None:
            await self._current.close()

    async def _connection(self, until_s: float) -> WsConnection:
        loop = asyncio.get_running_loop()
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep())
        while self._current is None or not self._current.is_open:
            if self._next_attempt_s > min(until_s, loop.time() + PATIENCE_S):
                raise NotSent("no connection to the exchange.")
            attempted = self._attempted
            try:
                async with asyncio.timeout_at(until_s):
                    await attempted.wait()
            except TimeoutError:
                raise NotSent("no connection to the exchange in time.") from None
        return self._current

    async def _keep(self) -> None:
        """The life of the transport: open, use, and open the next before the last one ends."""
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            await self._pause(failures)
            connection = await self._open()
            failures += 1
            if connection is not None:
                previous, self._current = self._current, connection
                if previous is not None:
                    self._retire(previous)
            self._attempted.set()
            self._attempted = asyncio.Event()
            if connection is not None:
                opened_s = loop.time()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._life_s * (1 - self._jitter() / 20)):
                        await connection.leaving.wait()
                if loop.time() - opened_s > STABLE_S:
                    failures = 0

    async def _pause(self, failures: int) -> None:
        first_s, longest_s = BACK_OFF_S
        back_off_s = min(longest_s, first_s * 2**failures) * (0.5 + self._jitter() / 2) if failures else 0.0
        wait_s = max(back_off_s, self._budget.silent_ms() / 1000)
        self._next_attempt_s = asyncio.get_running_loop().time() + wait_s
        await asyncio.sleep(wait_s)

    async def _open(self) -> WsConnection | None:
        self._budget.settle(self._budget.take(CONNECTION_WEIGHT))
        try:
            socket = await connect(
                self._url,
                proxy=None if urlsplit(self._url).hostname in LOOPBACK else True,
                compression=None,
                open_timeout=OPEN_TIMEOUT_S,
                ping_interval=PING_S,
                ping_timeout=PING_S,
                close_timeout=1.0,
                max_size=MAX_FRAME,
                logger=quiet,
            )
        except InvalidStatus as refused:
            status = refused.response.status_code
            logger.warning("The WebSocket API refused the connection with status %d.", status)
            if status in (418, 429):
                headers = [(name.encode(), value.encode()) for name, value in refused.response.headers.raw_items()]
                _, retry_after_ms = from_headers(headers)
                self._budget.silence(retry_after_ms or (BAN_MS if status == 418 else MINUTE_MS))
            return None
        except (OSError, InvalidHandshake, TimeoutError):
            logger.warning("The WebSocket API cannot be reached at %s.", self._url)
            return None
        self.opened += 1
        connection = WsConnection(socket, on_event=self._on_event)
        try:
            await self._prepare(connection)
        except (NotSent, Lost):
            logger.warning("A new connection to the WebSocket API broke at once.")
            await connection.close()
            return None
        return connection

    async def _prepare(self, connection: WsConnection) -> None:
        key = self._session_key
        if key is not None:
            if self._clock.is_stale:
                await self._measure(connection)
            reply = await connection.send(Request(Logon(), OPEN_TIMEOUT_S, key, self._clock.now_ms()))
            if reply.status == 200:
                connection.session = key
            else:
                logger.warning("The session logon was refused (%s); requests are signed one by one.", replies.code(reply))
        if self._on_open is not None:
            await self._on_open(connection)

    async def _measure(self, connection: WsConnection) -> None:
        asked_ms = self._clock.monotonic_ms()
        reply = await connection.send(Request(Time(), OPEN_TIMEOUT_S))
        sample = Sample.of(asked_ms, reply.body, self._clock.monotonic_ms())
        if reply.status == 200 and sample is not None:
            self._clock.set([sample])

    def _retire(self, connection: WsConnection) -> None:
        task = asyncio.create_task(_finish(connection))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)


async def _finish(connection: WsConnection) -> None:
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await connection.idle.wait()
    finally:
        await connection.close()
