"""One place among the upstream connections: a set of streams, and always a connection that carries them.

    open ── subscribe what is wanted ── wait ──┬── wanted changed: subscribe, unsubscribe
      ▲                                        ├── old, told to leave, or silent: open the next one, let both overlap, move
      └───────── lost: back off ───────────────┴── cancelled: close

What a stream's events become is the channel's affair, and how two connections overlap is `overlap`'s. While the connection is
away or does not answer, its streams are in `trouble`, each of them until something comes of it again.
"""

import asyncio
import contextlib
import math
import random
from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from msgspec import Struct

from services.stream_ingestion import silence
from services.stream_ingestion.channel import Channel
from services.stream_ingestion.doubts import Doubts
from services.stream_ingestion.overlap import Ahead
from services.stream_ingestion.refusals import Refusals
from services.stream_ingestion.troubles import Troubles
from shared.binance.sockets import Connect
from shared.binance.stream_limits import Backoff, Window
from shared.binance.ws_streams import StreamConnection
from shared.contract.errors import Rejected, ServiceError
from shared.runtime.observe import logger

PROBE_S = 3.0
"""Time that a silent connection gets to prove that it listens."""
ANSWERS_WITHIN_S = 1.0
"""Without an answer for so long its streams are in trouble: an answer that comes at once leaves them as they are."""
SILENT = "it fell silent"
SINCE = "nothing has come since the connection to the exchange was replaced: {}"
NO_ANSWER = "the connection to the exchange is silent and does not answer"
_log = logger("stream_ingestion.carrier")


class Terms(Struct, frozen=True):
    """How connections are kept."""

    connect: Connect
    url: str
    max_frame: int
    rotate_after_s: float
    """Age at which a connection is replaced, before the exchange ends it."""
    silent_after_s: float
    """No bytes for so long: it is asked whether it still listens; sooner where a stream on it has a short period."""
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
        """A connection was replaced."""
        ...

    def broke(self, channels: Collection[Channel]) -> None:
        """Events of these may have been missed, and no number may ever tell."""
        ...

    def changed(self, carrier: "Carrier") -> None:
        """What it has to tell of its streams (`trouble`) has changed."""
        ...


class Carrier:
    """Carries streams. `want` and `drop` at any time; `run` does the work."""

    def __init__(self, terms: Terms, news: News) -> None:
        self.channels: dict[str, Channel] = {}
        """What it carries, by name."""
        self.refusals = Refusals()
        """Streams that the exchange does not want to send."""
        self.opened = 0
        """Connections opened so far."""
        self._terms = terms
        self._news = news
        self._backoff = Backoff(terms.backoff_first_s, terms.backoff_most_s)
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._waiting: dict[str, Ahead] = {}
        self._connection: StreamConnection | None = None
        self._old: StreamConnection | None = None
        """While a connection takes over that has yet to be told what to carry: the one that carries."""
        self._troubles = Troubles()
        self._leave = ""
        self._left = asyncio.Event()
        """Is nothing to be waited for any more while two connections overlap?"""
        self._doubts = Doubts()
        self._until = 0.0
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def is_up(self) -> bool:
        """Is there a connection?"""
        return any(not connection.lost for connection in self._open_ones())

    def flows(self, name: str) -> bool:
        """Has the exchange acknowledged this stream, on a connection that is not known to be mute?"""
        return not self._troubles.reason and any(name in found.flowing and not found.lost for found in self._open_ones())

    def trouble(self, name: str) -> str:
        """Why a stream cannot be trusted; empty if it can, as far as its connection is concerned."""
        return self.refusals.words.get(name) or self._troubles.of(self.channels[name])

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
            self.refusals.forget([name])
            self._troubles.forget(name)
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

    def ask(self) -> None:
        """A stream brings nothing for longer than its period allows: ask the exchange, unless it answered a moment ago."""
        if self._doubts.ask(self._loop.time()):
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
                    await self._close_all()
                await asyncio.sleep(self._backoff.failed())
        finally:
            await self._close_all()
            await asyncio.gather(*self._closing)

    async def _carry(self) -> None:
        """From one connection to the next, until one is lost."""
        connection = self._connection = await self._open(self._entry)
        self.refusals.again_at = 0.0
        self._doubts.forget()
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
                if not self.is_up and not self._troubles.reason:
                    self._set_trouble(f"the exchange's streams cannot be reached: {str(error)[:200]}")
                await asyncio.sleep(wait_s)
            else:
                self.opened += 1
                connection.routes = {name.encode(): entry(channel) for name, channel in self.channels.items()}
                self._until = self._loop.time() + self._terms.rotate_after_s * random.uniform(0.9, 1.0)
                return connection

    async def _settle(self, connection: StreamConnection) -> None:
        """Subscribe what is wanted and not there, unsubscribe what is there and not wanted."""
        self._changed.clear()
        wanted, put_off = self.channels.keys(), self.refusals.put_off(self._loop.time())
        missing, extra = (wanted - connection.flowing).difference(put_off), connection.names - wanted
        for name in missing:
            connection.routes[name.encode()] = self._entry(self.channels[name])
        try:
            if missing:
                await self._subscribe(connection, missing)
                self._backoff.worked()
                if self._troubles.reason and not connection.lost:
                    self._set_trouble("")
            if extra:
                await connection.unsubscribe(extra)
                for name in extra - self.channels.keys():
                    connection.routes.pop(name.encode(), None)
        except Rejected as error:
            self._leave = self._leave or error.message  # what it does not end flows on until the connection is replaced
        except ServiceError:
            self._leave = SILENT
            if not connection.lost:
                self._set_trouble(self._troubles.reason or NO_ANSWER)

    async def _subscribe(self, connection: StreamConnection, names: Collection[str]) -> None:
        """Subscribe; what is refused is told and asked for again later.

        Raises:
            Unavailable: the connection is gone, or silent.
        """
        words = await self.refusals.subscribe(connection, names)
        if words := {name: reason for name, reason in words.items() if name in self.channels}:
            self.refusals.keep(words, self._loop.time())
            self._news.changed(self)
        else:
            self.refusals.worked()

    async def _reason_to_move(self, connection: StreamConnection) -> str:
        """Wait until something is to be done; why the connection has to be replaced, empty if it has not."""
        while not (self._changed.is_set() or self._leave or connection.leaving or connection.lost):
            now = self._loop.time()
            if self._doubts.are_there:
                return await self._probe(connection)
            if now >= self._until:
                return "it is about to be a day old"
            silent_at = connection.heard_at + self._silent_after_s
            if now >= silent_at and connection.names:
                return await self._probe(connection)
            ask_again_at = self.refusals.again_at if self.refusals.words else math.inf
            if now >= ask_again_at:
                return ""
            wake_at = min(self._until, max(silent_at, now + 0.01), ask_again_at)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.01, wake_at - now)):
                    await self._changed.wait()
        reason, self._leave = self._leave, ""
        return reason or ("the exchange asked for it" if connection.leaving and not connection.lost else "")

    @property
    def _silent_after_s(self) -> float:
        return min(
            self._terms.silent_after_s, *(silence.bound_s(channel.stream) for channel in self.channels.values()), math.inf
        )

    async def _probe(self, connection: StreamConnection) -> str:
        self._doubts.asking()
        late = self._loop.call_later(ANSWERS_WITHIN_S, self._set_trouble, self._troubles.reason or NO_ANSWER)
        try:
            async with asyncio.timeout(PROBE_S):
                there = set(await connection.subscriptions())
        except (ServiceError, TimeoutError):
            if not connection.lost:
                self._set_trouble(self._troubles.reason or NO_ANSWER)
            return SILENT
        finally:
            late.cancel()
        if forgotten := (connection.flowing - there) & self.channels.keys():
            self._break(forgotten, "nothing has come since the exchange forgot that it was subscribed")
        connection.names &= there
        connection.flowing &= there
        if self._troubles.reason or forgotten:
            self._set_trouble("")
        self._changed.set()  # what the exchange forgot is subscribed again
        return self._doubts.answered(there, self._loop.time())

    async def _move(self, old: StreamConnection, reason: str) -> StreamConnection:
        """Open the next connection beside the old one and move every stream when nothing is lost by it.

        Returns:
            The new one; the old one if the new one died before it carried anything: then the next attempt is due.
        """
        aheads: dict[str, Ahead] = {}
        shared: list[Ahead] = []
        left = self._left = asyncio.Event()

        def entry(channel: Channel) -> Callable[[bytes], None]:
            if waiting := self._waiting.get(channel.name):
                waiting.share()
                shared.append(waiting)
                return waiting.take
            ahead = aheads[channel.name] = Ahead(channel, moved, self._on_passed)
            return ahead.take

        def moved(ahead: Ahead) -> None:
            name = ahead.channel.name
            if self.channels.get(name) is ahead.channel:
                old.routes[name.encode()] = _ignore
            if all(other.moved for other in aheads.values() if other.channel.name not in self.refusals.words):
                left.set()

        new = await self._open(entry)
        self._connection, self._old = new, old
        try:
            await self._subscribe(new, self.channels.keys())
        except ServiceError as error:
            return await self._stay(old, new, reason, error.message)
        finally:
            for ahead in shared:
                ahead.part()
        for ahead in shared:
            old.routes[ahead.channel.name.encode()] = _ignore
        self._backoff.worked()
        had_all = await self._overlap(old) if reason != SILENT and aheads and not old.lost else set[str]()
        if new.lost:
            self._break(
                [name for name, ahead in aheads.items() if ahead.moved and name in self.channels], SINCE.format(new.lost)
            )
            return await self._stay(old, new, reason, new.lost)
        self._old = None
        mine = [name for name, ahead in aheads.items() if self.channels.get(name) is ahead.channel and not ahead.moved]
        self._break([name for name in mine if name in old.flowing and name not in had_all], SINCE.format(reason))
        for ahead in aheads.values():
            ahead.finish()
        self._close(old)
        self._doubts.forget()
        self._set_trouble("")
        self._news.read()
        self._news.replaced(self, reason)
        return new

    async def _overlap(self, old: StreamConnection) -> set[str]:
        """Wait until every stream has moved. Of those returned that have not, nothing is lost all the same: the old connection
        still listens, so what there was before the new one began has come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._terms.overlap_s):
                await self._left.wait()
                return set()
        try:
            async with asyncio.timeout(PROBE_S):
                return (old.flowing & set(await old.subscriptions())) - self._doubts.suspects
        except (ServiceError, TimeoutError):
            return set()

    async def _stay(self, old: StreamConnection, new: StreamConnection, reason: str, died: str) -> StreamConnection:
        """Go on with the old connection, and try again after a pause."""
        _log.warning("a new connection to the exchange's streams died at once", reason=died)
        self._connection, self._old, self._leave = old, None, self._leave or reason
        for name, channel in self.channels.items():
            old.routes[name.encode()] = self._entry(channel)
        self._close(new)
        if not old.lost:
            await asyncio.sleep(self._backoff.failed())
        return old

    async def _close_all(self) -> None:
        connections, self._connection, self._old = self._open_ones(), None, None
        await asyncio.gather(*(connection.close() for connection in connections))

    def _close(self, connection: StreamConnection) -> None:
        closing = asyncio.create_task(connection.close())  # a silent one may take its time
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _entry(self, channel: Channel) -> Callable[[bytes], None]:
        waiting = self._waiting.get(channel.name)
        return waiting.take if waiting else channel.take

    def _on_passed(self, ahead: Ahead) -> None:
        name = ahead.channel.name.encode()
        if self._connection is not None and self._connection.routes.get(name) == ahead.take:
            self._connection.routes[name] = ahead.channel.take

    def _on_lost(self, connection: StreamConnection, reason: str) -> None:
        if connection not in self._open_ones():
            return  # it was to end
        self._changed.set()
        self._left.set()
        if not self.is_up:
            lost = f"the connection to the exchange was lost: {reason}"
            self._break(self.channels, f"nothing has come since {lost}")
            self._set_trouble(lost)

    def _open_ones(self) -> list[StreamConnection]:
        return [connection for connection in (self._connection, self._old) if connection is not None]

    def _break(self, names: Collection[str], reason: str) -> None:
        """These have missed what the exchange sent meanwhile, if it sent anything."""
        self._troubles.broke(names, reason)
        self._news.broke([self.channels[name] for name in names])

    def _set_trouble(self, reason: str) -> None:
        self._troubles.reason = reason
        self._news.changed(self)


def _no_old_one(_ahead: Ahead) -> None:
    """Nothing to do: a stream that waited was on this connection alone."""


def _ignore(_payload: bytes) -> None:
    """A stream that has gone elsewhere."""
