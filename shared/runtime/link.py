"""One connection to nats-server: regained with growing, jittered pauses, never silently dead, never quietly closed.

nats-py 2.16 needs care, and gets it here and in `mended_client`: its error callback must not raise (that ends its read loop
while it still calls itself connected), so none of our callbacks can; an error of the server's that is not about permissions
closes it for good, so `closed` is a future that somebody must wait for.
"""

import asyncio
import contextlib
import random
import re
import ssl
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any, Self

from msgspec import Struct
from nats.aio.client import Server
from nats.errors import Error, SlowConsumerError

from shared.runtime.clock import monotonic
from shared.runtime.credentials import Credentials
from shared.runtime.direct_client import DirectClient
from shared.runtime.metrics import BusMetrics
from shared.runtime.observe import logger, without_secrets
from shared.runtime.settings import BusSettings

PING_INTERVAL_S = 5
MAX_PINGS_OUT = 2
"""A link that is half open is noticed within 15 s and regained."""
CONNECT_TIMEOUT_S = 2
RECONNECT_FIRST_S = 0.05
RECONNECT_MOST_S = 2.0
DRAIN_TIMEOUT_S = 5
ANSWER_WITHIN_S = 1.0
"""A server that does not answer for so long is not waited for when leaving."""
TELL_DROPS_EVERY_S = 10.0
_FORBIDDEN = re.compile(r"permissions violation for (?P<verb>publish|subscription) to \"(?P<subject>[^\"]*)\"")
_log = logger("runtime.link")


class Address(Struct, frozen=True, kw_only=True):
    """Where the bus is and who we are there."""

    urls: tuple[str, ...] = ("nats://127.0.0.1:4222",)
    name: str = "binance"
    """Name of the process, shown in the server's monitoring and told as `Caller`."""
    user: str = ""
    password: str = ""
    creds: str = ""
    """Credentials file (JWT and nkey)."""
    ca: str = ""
    cert: str = ""
    key: str = ""

    @classmethod
    def of(cls, settings: BusSettings, name: str) -> Self:
        """Where these settings say that it is, and as whom `name` goes there."""
        return cls(
            urls=settings.nats_url,
            name=name,
            user=settings.nats_user,
            password=settings.nats_password.get_secret_value(),
            creds=settings.nats_creds,
            ca=settings.nats_ca,
            cert=settings.nats_cert,
            key=settings.nats_key,
        )

    def options(self) -> dict[str, Any]:
        """What nats-py wants of it."""
        options: dict[str, Any] = {"servers": list(self.urls)}
        if self.user:
            options |= {"user": self.user, "password": self.password}
        if self.creds:
            Credentials.read(self.creds)  # a bad file is told at once; later it is read anew each time, for it may be renewed
            options["user_jwt_cb"] = lambda: Credentials.read(self.creds).jwt
            options["signature_cb"] = lambda nonce: Credentials.read(self.creds).sign(nonce)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        if self.ca or self.cert:
            context = ssl.create_default_context(cafile=self.ca or None)
            if self.cert:
                context.load_cert_chain(self.cert, self.key or None)
            options["tls"] = context
        return options

    def __str__(self) -> str:
        return without_secrets(", ".join(self.urls))


class Link:
    """A nats-py client with its callbacks; the client itself is `nc`."""

    def __init__(self, kind: str, metrics: BusMetrics) -> None:
        self.kind = kind
        self.nc = DirectClient()
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Done when the client has closed for good without being asked to; the reason."""
        self.on_forbidden: Callable[[str], None] = _ignore
        self.on_lost: Callable[[], None] | None = None
        self.on_regained: Callable[[], Awaitable[None]] | None = None
        self.refused: list[str] = []
        """Subjects that the server did not let us subscribe to, in lower case."""
        self.last_error = ""
        self._metrics = metrics
        self._leaving = False
        self._attempts = 0
        self._told_drops_at = -TELL_DROPS_EVERY_S
        self._background: set[asyncio.Task[None]] = set()

    async def open(self, address: Address, *, pending_size: int, inbox_prefix: str) -> None:
        """Connect; tries until cancelled, except that a refused login ends it.

        Raises:
            nats.errors.AuthorizationError or another of nats-py's errors: the server refuses us.
        """
        options = address.options()
        self._refused_login: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        connecting = asyncio.create_task(
            self.nc.connect(
                **options,
                name=f"{address.name}/{self.kind}",
                inbox_prefix=inbox_prefix,
                pending_size=pending_size,
                max_reconnect_attempts=-1,
                reconnect_time_wait=0.25,  # pyright: ignore[reportArgumentType]  the annotation says int, it is given to asyncio.sleep
                reconnect_to_server_handler=self._choose,
                connect_timeout=CONNECT_TIMEOUT_S,
                ping_interval=PING_INTERVAL_S,
                max_outstanding_pings=MAX_PINGS_OUT,
                drain_timeout=DRAIN_TIMEOUT_S,
                error_cb=self._on_error,
                disconnected_cb=self._on_lost,
                reconnected_cb=self._on_regained,
                closed_cb=self._on_closed,
                lame_duck_mode_cb=self._on_lame_duck,
            )
        )
        try:
            await asyncio.wait({connecting, self._refused_login}, return_when=asyncio.FIRST_COMPLETED)
            if self._refused_login.done():
                self._refused_login.result()
            await connecting
            if not await self.nc.go_direct():
                _log.warning("nats-py has changed: messages are heard the public way, which costs more", link=self.kind)
        finally:
            self._refused_login.cancel()
            if not connecting.done():
                connecting.cancel()
                await asyncio.wait({connecting})

    @property
    def is_up(self) -> bool:
        """Does the client believe that it is connected? The truth costs a `round_trip_s`."""
        return self.nc.is_connected

    async def round_trip_s(self, timeout_s: float) -> float | None:
        """Seconds to the server and back through the read loop; None when it does not answer in time."""
        if not self.nc.is_connected:
            return None
        sent = perf_counter()
        try:
            await self.nc.rtt(timeout=timeout_s)  # pyright: ignore[reportArgumentType]  (the annotation says int)
        except (Error, OSError):
            return None
        return perf_counter() - sent

    async def close(self) -> None:
        """Leave: what is still to be sent is sent and what has arrived is handled, if the server answers."""
        self._leaving = True
        try:
            if await self.round_trip_s(ANSWER_WITHIN_S) is not None:
                async with asyncio.timeout(DRAIN_TIMEOUT_S):
                    await self.nc.drain()
        except (Error, OSError, TimeoutError):
            _log.debug("left without draining", link=self.kind)
        await self.abandon()
        for task in self._background:
            task.cancel()

    async def abandon(self) -> None:
        """Leave without a word."""
        self._leaving = True
        await self.nc.close()

    def _choose(self, servers: list[Server], _info: dict[str, Any]) -> tuple[Server, float]:
        least = min(server.reconnects for server in servers)
        server = random.choice([server for server in servers if server.reconnects == least])
        most = min(RECONNECT_MOST_S, RECONNECT_FIRST_S * 2 ** min(self._attempts, 10))
        self._attempts += 1
        return server, random.uniform(most / 2, most)

    async def _on_error(self, error: Exception) -> None:
        with contextlib.suppress(Exception):
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        if isinstance(error, SlowConsumerError):
            self._metrics.slow_consumer.inc()
            if monotonic() - self._told_drops_at >= TELL_DROPS_EVERY_S:
                self._told_drops_at = monotonic()
                _log.warning("reader too slow, messages dropped", link=self.kind, subject=error.subject)
            return
        self._metrics.errors.labels(self.kind).inc()
        self.last_error = _told(error)
        if found := _FORBIDDEN.search(str(error)):
            _log.error("forbidden on the bus", link=self.kind, verb=found["verb"], subject=found["subject"])
            if found["verb"] == "publish":
                self.on_forbidden(found["subject"])
            else:
                self.refused.append(found["subject"])
        elif "authorization" in str(error).lower() and not self._refused_login.done():
            self._refused_login.set_exception(error)
        else:
            _log.debug("bus error", link=self.kind, error=self.last_error)

    async def _on_lost(self) -> None:
        if not self._leaving:
            _log.warning("bus lost, reconnecting", link=self.kind, error=_told(self.nc.lost_by))
        if self.on_lost is not None:
            self.on_lost()

    async def _on_regained(self) -> None:
        with contextlib.suppress(Exception):
            self._attempts = 0
            self._metrics.reconnects.labels(self.kind).inc()
            _log.info("bus regained", link=self.kind)
            if self.on_regained is not None:
                task = asyncio.create_task(_guarded(self.on_regained))
                self._background.add(task)
                task.add_done_callback(self._background.discard)

    async def _on_closed(self) -> None:
        if not self._leaving and not self.closed.done():
            self.closed.set_result(str(self.nc.last_error or self.last_error or "no reason given"))

    async def _on_lame_duck(self) -> None:
        _log.warning("the server is about to stop", link=self.kind)
        if len(self.nc.servers) > 1:
            with contextlib.suppress(Exception):
                await self.nc.force_reconnect()


def _told(error: Exception | None) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ") if error is not None else "asked to reconnect"


def _ignore(_subject: str) -> None:
    """Nobody minds."""


async def _guarded(hook: Callable[[], Awaitable[None]]) -> None:
    try:
        await hook()
    except Exception:
        _log.exception("a task after reconnecting failed")
