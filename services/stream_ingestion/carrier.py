"""One place among the upstream connections: a set of streams, and always a connection that carries them.

    open ── subscribe what is wanted ── wait ──┬── wanted changed: subscribe, unsubscribe
      ▲                                        ├── old, told to leave, or silent: open the next one, let both overlap, move
      └───────── lost: back off ───────────────┴── cancelled: close

What a stream's events become is the channel's affair, and how two connections overlap is `overlap`'s.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterable
from typing import Protocol

from msgspec import Struct

from services.stream_ingestion.channel import Channel
from services.stream_ingestion.overlap import Ahead
from shared.binance.sockets import Connect
from shared.binance.stream_limits import Backoff, Window
from shared.binance.ws_streams import StreamConnection
from shared.contract.errors import Rejected, ServiceError
from shared.runtime.observe import logger

PROBE_S = 3.0
"""Time that a silent connection gets to prove that it listens."""
DOUBT_AGAIN_S = 600.0
"""A connection on which a stream fell silent without cause is replaced; the market may just be quiet, so not again so soon."""
SILENT = "it fell silent"
_log = logger("stream_ingestion.carrier")


class Terms(Struct, frozen=True):
    """How connections are kept."""

    connect: Connect
    url: str
    max_frame: int
    rotate_after_s: float
    """Age at which a connection is replaced, before the exchange ends it."""
    silent_after_s: float
    """No bytes for so long: it is asked whether it still listens."""
    overlap_s: float
    """Two connections overlap at most so long."""
    backoff_first_s: float
    backoff_most_s: float
    connects: Window
    """Attempts to connect, shared by all carriers of the process."""


class News(Protocol):
    """Who is told of connections. Must not wait."""

    def read(self) -> None:
        """A read from the network has been worked off."""
        ...

    def down(self, carrier: "Carrier", reason: str) -> None:
        """A connection was lost; its streams stand still."""
        ...

    def replaced(self, carrier: "Carrier", reason: str) -> None:
        """A connection was replaced without a break."""
        ...


class Carrier:
    """Carries streams. `want` and `drop` at any time; `run` does the work."""

    def __init__(self, terms: Terms, news: News) -> None:
        self.channels: dict[str, Channel] = {}
        """What it carries, by name."""
        self.refused: dict[str, str] = {}
        """Streams that the exchange does not want to send, and its words."""
        self.opened = 0
        """Connections opened so far."""
        self._terms = terms
        self._news = news
        self._backoff = Backoff(terms.backoff_first_s, terms.backoff_most_s)
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._waiting: dict[str, Ahead] = {}
        self._connection: StreamConnection | None = None
        self._leave = ""
        self._doubts: set[str] = set()
        self._doubt_from = 0.0
        self._until = 0.0
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def heard_at(self) -> float:
        """When bytes were last read, by the event loop's clock; 0 while there is no connection."""
        return self._connection.heard_at if self.is_up and self._connection else 0.0

    @property
    def is_up(self) -> bool:
        """Is there a connection?"""
        return self._connection is not None and not self._connection.lost

    def flows(self, name: str) -> bool:
        """Has the exchange acknowledged this stream?"""
        return self.is_up and self._connection is not None and name in self._connection.flowing

    def want(self, channels: Iterable[Channel], *, waits: bool = False) -> None:
        """Carry these too; `waits`: keep their events back until `start`."""
        for channel in channels:
            self.channels[channel.name] = channel
            if waits:
                self._waiting[channel.name] = Ahead(channel, _no_old_one, self._on_passed, waits=True)
            if self._connection is not None:
                self._connection.routes[channel.name.encode()] = self._entry(channel)
        self._changed.set()

    def start(self, name: str) -> None:
        """Publish the events of a stream that was kept back, from now on."""
        if ahead := self._waiting.pop(name, None):
            ahead.finish()

    def drop(self, names: Iterable[str]) -> None:
        """Carry these no more."""
        for name in names:
            self.channels.pop(name, None)
            self._waiting.pop(name, None)
            self.refused.pop(name, None)
            if self._connection is not None:
                self._connection.routes[name.encode()] = _ignore
        self._changed.set()

    def replace(self, reason: str) -> None:
        """Move to another connection as soon as may be."""
        self._leave = reason
        self._changed.set()

    def doubt(self, name: str) -> None:
        """A stream has been silent for longer than it should: ask the exchange whether it still flows."""
        self._doubts.add(name)
        self._changed.set()

    def pause(self) -> None:
        """Read no more until `resume`."""
        if self._connection is not None:
            self._connection.pause()

    def resume(self) -> None:
        """Read on."""
        if self._connection is not None:
            self._connection.resume()

    async def run(self) -> None:
        """Carry until cancelled."""
        try:
            while True:
                try:
                    await self._carry()
                except Exception:
                    _log.exception("carrying streams failed, beginning anew")
                    if self._connection is not None:
                        await self._connection.close()
                await asyncio.sleep(self._backoff.failed())
        finally:
            if self._connection is not None:
                await self._connection.close()
            await asyncio.gather(*self._closing)

    async def _carry(self) -> None:
        """From one connection to the next, until one is lost."""
        connection = self._connection = await self._open(self._entry)
        while not connection.lost:
            await self._settle(connection)
            if (reason := await self._reason_to_move(connection)) and not connection.lost:
                connection = await self._move(connection, reason)
        self._news.down(self, connection.lost)

    async def _open(self, entry: Callable[[Channel], Callable[[bytes], None]]) -> StreamConnection:
        """A new connection; tries until there is one."""
        while True:
            if wait_s := self._terms.connects.wait_s(self._loop.time()):
                await asyncio.sleep(wait_s)
            self._terms.connects.take(self._loop.time())
            connection = StreamConnection(
                on_read=self._news.read, on_lost=self._on_lost, on_leaving=self._changed.set, max_frame=self._terms.max_frame
            )
            try:
                await connection.open(self._terms.connect, self._terms.url)
            except (OSError, TimeoutError) as error:
                wait_s = self._backoff.failed()
                _log.warning("the exchange's streams cannot be reached", error=str(error)[:200], again_in_s=round(wait_s, 2))
                await asyncio.sleep(wait_s)
            else:
                self.opened += 1
                connection.routes = {name.encode(): entry(channel) for name, channel in self.channels.items()}
                self._until = self._loop.time() + self._terms.rotate_after_s * random.uniform(0.9, 1.0)
                return connection

    async def _settle(self, connection: StreamConnection) -> None:
        """Subscribe what is wanted and not there, unsubscribe what is there and not wanted."""
        self._changed.clear()
        wanted = self.channels.keys()
        missing, extra = wanted - connection.flowing - self.refused.keys(), connection.names - wanted
        for name in missing:
            connection.routes[name.encode()] = self._entry(self.channels[name])
        try:
            if missing:
                await connection.subscribe(missing)
                self._backoff.worked()
            if extra:
                await connection.unsubscribe(extra)
                for name in extra - self.channels.keys():
                    connection.routes.pop(name.encode(), None)
        except Rejected as error:
            connection.names -= missing
            self.refused.update(dict.fromkeys(missing, error.message))
            _log.error("the exchange refuses streams", streams=sorted(missing)[:5], count=len(missing), reason=error.message)
        except ServiceError as error:
            self._leave = self._leave or error.message

    async def _reason_to_move(self, connection: StreamConnection) -> str:
        """Wait until something is to be done; why the connection has to be replaced, empty if it has not."""
        while not (self._changed.is_set() or self._leave or connection.leaving or connection.lost):
            now = self._loop.time()
            if self._doubts:
                return await self._probe(connection)
            if now >= self._until:
                return "it is about to be a day old"
            silent_at = connection.heard_at + self._terms.silent_after_s
            if now >= silent_at and connection.names:
                return await self._probe(connection)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.01, min(self._until, max(silent_at, now + 0.01)) - now)):
                    await self._changed.wait()
        reason, self._leave = self._leave, ""
        return reason or ("the exchange asked for it" if connection.leaving and not connection.lost else "")

    async def _probe(self, connection: StreamConnection) -> str:
        try:
            async with asyncio.timeout(PROBE_S):
                there = await connection.subscriptions()
        except (ServiceError, TimeoutError):
            return SILENT
        doubted, self._doubts = self._doubts & set(there), set()
        connection.names &= set(there)
        connection.flowing &= set(there)
        self._changed.set()  # what the exchange forgot is subscribed again
        if not doubted or self._loop.time() < self._doubt_from:
            return ""
        self._doubt_from = self._loop.time() + DOUBT_AGAIN_S
        return f"{min(doubted)} fell silent on it"

    async def _move(self, old: StreamConnection, reason: str) -> StreamConnection:
        """Open the next connection beside the old one and move every stream when nothing is lost by it."""
        aheads: dict[str, Ahead] = {}
        left = asyncio.Event()

        def entry(channel: Channel) -> Callable[[bytes], None]:
            if channel.name in self._waiting:
                return self._waiting[channel.name].take
            ahead = aheads[channel.name] = Ahead(channel, moved, self._on_passed)
            return ahead.take

        def moved(ahead: Ahead) -> None:
            name = ahead.channel.name
            if self.channels.get(name) is ahead.channel:
                old.routes[name.encode()] = _ignore
            if all(other.moved for other in aheads.values()):
                left.set()

        new = await self._open(entry)
        self._connection = new
        try:
            with contextlib.suppress(ServiceError):
                await new.subscribe(self.channels.keys() - self.refused.keys())
                if not old.lost and reason != SILENT and aheads:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(self._terms.overlap_s):
                            await left.wait()
            for ahead in aheads.values():
                ahead.finish()
        finally:
            closing = asyncio.create_task(old.close())  # a silent one may take its time
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        self._news.read()
        self._news.replaced(self, reason)
        return new

    def _entry(self, channel: Channel) -> Callable[[bytes], None]:
        waiting = self._waiting.get(channel.name)
        return waiting.take if waiting else channel.take

    def _on_passed(self, ahead: Ahead) -> None:
        name = ahead.channel.name.encode()
        if self._connection is not None and self._connection.routes.get(name) == ahead.take:
            self._connection.routes[name] = ahead.channel.take

    def _on_lost(self, connection: StreamConnection, _reason: str) -> None:
        if connection is self._connection:
            self._changed.set()


def _no_old_one(_ahead: Ahead) -> None:
    """Nothing to do: a stream that waited was on this connection alone."""


def _ignore(_payload: bytes) -> None:
    """A stream that has gone elsewhere."""
