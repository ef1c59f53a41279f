"""The streams that this replica carries: channels, where they come from, what becomes of their holes, what is told of them.

A stream is either live (published) or warm (received and kept back, to be taken over). `settle` brings about what is wanted;
everything else happens as events come.
"""

import asyncio
import contextlib
from collections.abc import Collection, Mapping, Set
from typing import Any

from msgspec import Struct
from nats.errors import Error

from services.stream_ingestion import condition, history, silence
from services.stream_ingestion.all_tickers import AllTickers
from services.stream_ingestion.carrier import Carrier, Terms
from services.stream_ingestion.channel import Channel, DepthChannel, Hole, channel
from services.stream_ingestion.condition import Condition
from services.stream_ingestion.counts import Counts
from services.stream_ingestion.direct import Direct
from services.stream_ingestion.history import Ask
from services.stream_ingestion.local_books import LocalBooks
from services.stream_ingestion.marks import Marks
from services.stream_ingestion.publisher import Publisher, pub_head, pub_line
from services.stream_ingestion.settings import Settings
from services.stream_ingestion.stores import Stores
from services.stream_ingestion.upstream import Upstream
from shared.contract.errors import ServiceError, Unavailable
from shared.contract.market.streams import find
from shared.runtime.bus import Bus
from shared.runtime.clock import monotonic, now_ms
from shared.runtime.metrics import Metrics
from shared.runtime.observe import logger

FILLS_AT_ONCE = 4
FILL_WITHIN_S = 15.0
"""So long a stream is held back at most while a hole of it is filled."""
FILL_AGAIN_MS = 250
FRESH_MS = 5_000
"""A lease so young wants a stream that did not flow before."""
BARRIER_WITHIN_S = 2.0
ALL_TICKERS = "!ticker@arr"
_log = logger("stream_ingestion.flow")


class Wanted(Struct, frozen=True):
    """Streams that should flow through this replica."""

    live: Mapping[str, int]
    """To be published, with the time (Unix ms) from which on they have been wanted without a break."""
    warm: Set[str]
    """To be received without being published."""
    books: Set[str]
    """Differences of which a local order book is wanted."""
    ended: Set[str] = frozenset()
    """Streams of ours that nobody wants any more."""


class Flow:
    """Everything that flows here. Hears what channels and carriers have to tell (`channel.Events`, `carrier.News`)."""

    def __init__(
        self,
        bus: Bus,
        direct: Direct,
        stores: Stores,
        settings: Settings,
        terms: Terms,
        ask: Ask,
        *,
        joins: bool,
        metrics: Metrics,
    ) -> None:
        self.channels: dict[str, Channel] = {}
        self.conditions: dict[str, Condition] = {}
        """Of live streams."""
        self._moved: dict[str, float] = {}
        """When each symbol traded last."""
        self.replica = ""
        """Our name in what we tell."""
        self.upstream = Upstream(terms, self, streams_each=settings.streams_per_connection)
        self.publisher = Publisher(bus.data, self.upstream, joins=joins)
        self.publisher.on_withheld = self._on_withheld
        bus.on_data_lost(self.publisher.shut)
        self.books = LocalBooks(ask, settings.book_levels, self._on_resync, self._flows, self._trouble)
        self._counts = Counts(metrics)
        self._data: Any = bus.data
        self._direct = direct
        self._stores = stores
        self._settings = settings
        self._prefix = bus.prefix
        self._ask = ask
        self._warm: set[str] = set()
        self._marks: tuple[dict[str, bytes], dict[str, bytes]] = ({}, {})
        """Footprints of each live stream at the last two marks: the older ones are surely on the bus."""
        self._kept_marks = Marks(bus, direct, stores, settings.stream_shards)
        self._marking: asyncio.Task[None] | None = None
        self._past: dict[str, tuple[bytes, int]] = {}
        """Of streams that we lost with our session, the older mark and when that was; should NATS have lost the kept ones."""
        self._twice: list[tuple[str, bytes]] = []
        """To be told when we may speak again: the last events of streams that we lost with our session."""
        self._fills: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Semaphore(FILLS_AT_ONCE)
        self._tickers: AllTickers | None = None

    async def settle(self, wanted: Wanted) -> None:
        """Bring about what is wanted. Raises ServiceError when what was published last cannot be read; try again."""
        gone = self.channels.keys() - wanted.live.keys() - wanted.warm
        self._tell_end(gone & wanted.ended, condition.NOBODY)
        self._drop(gone | (self._live & wanted.warm))
        warm = [self.channels.get(name) or self._open(name) for name in sorted(wanted.warm)]
        self._warm.update(wanted.warm)
        self.upstream.want(warm, waits=True)
        starting = sorted(wanted.live.keys() - self._live)
        if starting:
            await self._start(starting, wanted)
        self._keep_books(wanted.books)
        self._counts.show(self.conditions.values(), self.upstream, self.books)

    def _keep_books(self, wanted: Set[str]) -> None:
        for name in wanted & self._live:
            found = self.channels[name]
            if isinstance(found, DepthChannel):
                self.books.keep(found)

    def _flows(self, name: str) -> bool:
        carrier = self.upstream.carrier_of(name)
        return carrier is not None and carrier.flows(name)

    @property
    def _live(self) -> set[str]:
        return self.channels.keys() - self._warm

    def _trouble(self, name: str) -> str:
        carrier = self.upstream.carrier_of(name)
        return carrier.trouble(name) if carrier is not None else ""

    def is_ready(self, name: str) -> bool:
        """Does a warm stream flow?"""
        carrier = self.upstream.carrier_of(name)
        return name == ALL_TICKERS or (carrier is not None and (carrier.flows(name) or name in carrier.refusals.words))

    async def forget(self) -> None:
        """Carry nothing, for our session has lapsed: others may have published what we did last, or were about to."""
        now, marks = now_ms(), self._marks[0]
        if live := [self.channels[name] for name in self._live]:
            self._past = {found.name: (marks.get(found.name, b""), now) for found in live}
        for found in live:
            if found.name in marks and (span := found.after(marks[found.name])):
                subject = f"{condition.subject(found.subject, self._prefix)}.again"
                self._twice.append((subject, condition.again(found.name, span, now, self.replica)))
        self.publisher.shut()
        self._kept_marks.forget()
        await self.settle(Wanted({}, frozenset(), frozenset()))

    async def quiesce(self, names: Set[str]) -> None:
        """Publish nothing of these any more, and return when the bus keeps all that was published. Raises ServiceError."""
        self._drop(names)
        self.publisher.flush()
        await self._barrier()

    async def recover(self) -> None:
        """Go on after what the bus has kept, or what it surely had: the rest is missing, and found by the numbers."""
        await self._barrier()
        live = [self.channels[name] for name in self._live]
        kept = await self._direct.last(self._stores.events, [channel.subject for channel in live])
        for found in live:
            stored = kept.get(found.subject)
            tail = stored.data if stored else self._marks[0].get(found.name, b"")
            if found.tail and tail:
                found.resume(tail)
            if found.tail and not found.footprint:
                self._mark(found, None, "the bus was away")
        self.publisher.reopen()
        self.publisher.lines += [pub_line(pub_head(subject), told) for subject, told in self._twice]
        self._twice.clear()
        self.tell_all()

    async def _barrier(self) -> None:
        """Return when everything that was sent before is kept: only then is the last event that is kept the last one sent.

        A round trip would not do: nats-py sends its pings ahead of what waits to be published.
        """
        try:
            await self._data.jetstream(timeout=BARRIER_WITHIN_S).publish(self._stores.barrier, b"")
        except (Error, TimeoutError):
            raise Unavailable("NATS does not acknowledge events.", retry_after_ms=1000) from None

    def mark(self) -> None:
        """Remember where every stream is; called while the bus is known to be there."""
        live = (self.channels[name] for name in self._live)
        fresh = {found.name: footprint for found in live if (footprint := found.footprint)}
        older, newer = self._marks
        known = older | newer
        self._marks = ({name: known[name] for name in fresh.keys() & known.keys()}, fresh)
        if self._marking is None or self._marking.done():
            self._marking = asyncio.create_task(self._write_marks(self._marks[0]))

    async def _write_marks(self, footprints: dict[str, bytes]) -> None:
        try:
            await self._barrier()
        except Unavailable:
            return  # who knows what the bus has
        await self._kept_marks.write(footprints)

    def tick(self) -> None:
        """Judge all conditions by the clock."""
        now = monotonic()
        self._moved = silence.moved(found.channel for found in self.conditions.values())
        for name, found in self.conditions.items():
            self._judge(found, now)
            if (carrier := self.upstream.carrier_of(name)) is None:
                continue
            if found.doubts(now):
                carrier.doubt(name)
            elif found.asks(now):
                carrier.ask()
        self.publisher.flush()
        self._counts.show(self.conditions.values(), self.upstream, self.books)

    def _judge(self, found: Condition, now: float) -> None:
        channel = found.channel
        if found.judge(now, self._trouble(channel.name), self._moved.get(channel.symbol, 0.0)):
            self._tell(found)

    def tell_all(self) -> None:
        """Tell every condition anew."""
        for name, found in self.conditions.items():
            found.judge(monotonic(), self._trouble(name))
            self._tell(found)
        self.publisher.flush()

    async def close(self) -> None:
        """Carry nothing any more. What is live still nobody has taken over."""
        self._tell_end(self._live, condition.STOPPED)
        self._drop(set(self.channels))
        self.publisher.flush()
        if self.publisher.is_open:
            with contextlib.suppress(Unavailable):
                await self._barrier()
        tasks = [*self._fills, *([self._marking] if self._marking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.books.close()
        await self.upstream.close()

    # channel.Events

    def began(self, channel: Channel) -> None:
        if footprint := channel.footprint:
            self._marks[0].setdefault(channel.name, footprint)
        if found := self.conditions.get(channel.name):
            channel.received = channel.received or monotonic()
            self._judge(found, monotonic())

    def hole(self, channel: Channel, hole: Hole) -> bool:
        self._counts.holes.labels(channel.stream.kind).inc()
        few = history.requests(channel, hole) * history.ROWS <= max(self._settings.stream_fill_most, history.ROWS)
        if self._settings.stream_fill_most and few and history.can_fill(channel) and channel.name in self.conditions:
            task = asyncio.create_task(self._fill(channel, hole))
            self._fills.add(task)
            task.add_done_callback(self._fills.discard)
            return True
        self._mark(channel, hole, "events are missing")
        return False

    def gave_up(self, channel: Channel, hole: Hole) -> None:
        self._mark(channel, hole, "events are missing (too many came while they were fetched)")

    def restarted(self, channel: Channel) -> None:
        self._mark(channel, None, "the exchange began to count anew")

    # carrier.News

    def read(self) -> None:
        self.publisher.flush()

    def down(self, carrier: Carrier, reason: str) -> None:
        self._counts.lost.inc()
        _log.warning("a connection to the exchange's streams was lost", reason=reason, streams=len(carrier.channels))

    def replaced(self, carrier: Carrier, reason: str) -> None:
        self._counts.replaced.inc()
        _log.info("a connection to the exchange's streams was replaced", reason=reason, streams=len(carrier.channels))

    def broke(self, channels: Collection[Channel]) -> None:
        for found in channels:
            if isinstance(found, DepthChannel):
                self.books.start_over(found)

    def changed(self, carrier: Carrier) -> None:
        now = monotonic()
        for name in carrier.channels.keys() & self.conditions.keys():
            self._judge(self.conditions[name], now)
        self.publisher.flush()

    def _open(self, name: str) -> Channel:
        found = find(name)
        assert found is not None, name
        stream, symbol, value = found
        subject = stream.subject(symbol, value, prefix=self._prefix)
        opened = channel(name, subject, stream, symbol, self.publisher.lines, self)
        self.channels[name] = opened
        return opened

    async def _start(self, names: list[str], wanted: Wanted) -> None:
        """Publish these from now on, after what was published of them before by whomever."""
        since = wanted.live
        opened = [self.channels.get(name) or self._open(name) for name in names]
        for found in opened:
            self._warm.add(found.name)  # until it has a beginning
        kept = await self._direct.last(self._stores.events, [found.subject for found in opened])
        marks = self._past | await self._kept_marks.read(found.name for found in opened if found.subject not in kept)
        for found in opened:
            stored = kept.get(found.subject)
            tail, at_ms = marks.get(found.name, (b"", 0)) if stored is None else (stored.data, stored.time_ms)
            self._past.pop(found.name, None)
            if tail and at_ms >= since[found.name]:
                found.resume(tail)
            self._warm.discard(found.name)
            self.conditions[found.name] = Condition(found, self._settings.stream_stale_s, self._settings.stream_late_s)
            self._tell(self.conditions[found.name])
            if not stored and since[found.name] < now_ms() - FRESH_MS and not found.footprint:
                self._mark(found, None, "taken over without knowing what came last")
            if found.name == ALL_TICKERS and not self._settings.all_tickers_native:
                self._tickers = AllTickers(found, self._ask, self._settings.all_tickers_s, self.publisher.flush)
        self.upstream.want([found for found in opened if found.name != ALL_TICKERS or self._settings.all_tickers_native])
        self._keep_books(wanted.books)
        for name in names:
            self.upstream.start(name)
        self.publisher.flush()

    def _drop(self, names: Set[str]) -> None:
        for name in names:
            found = self.channels.pop(name, None)
            if found is not None:
                found.shut()
            if isinstance(found, DepthChannel):
                self.books.drop(found)
            self.conditions.pop(name, None)
            self._warm.discard(name)
        self.upstream.drop(names)
        if ALL_TICKERS in names and self._tickers is not None:
            self._tickers.stop()
            self._tickers = None

    async def _fill(self, channel: Channel, hole: Hole) -> None:
        events: list[bytes] = []
        reason = ""
        try:
            async with asyncio.timeout(FILL_WITHIN_S), self._turn:
                events, reason = await self._fetch(channel, hole)
        except TimeoutError:
            reason = f"not fetched within {FILL_WITHIN_S:g} s"
        finally:
            if channel.awaits(hole):
                self._filled(channel, hole, events, reason)

    async def _fetch(self, channel: Channel, hole: Hole) -> tuple[list[bytes], str]:
        while channel.awaits(hole):
            try:
                return await history.fetch(channel, hole, self._ask), ""
            except ServiceError as error:
                if error.retry_after_ms is None or error.retry_after_ms > FILL_WITHIN_S * 1000:
                    return [], error.message
                await asyncio.sleep(max(FILL_AGAIN_MS, error.retry_after_ms) / 1000)
        return [], "meanwhile it was no longer wanted"

    def _filled(self, channel: Channel, hole: Hole, events: list[bytes], reason: str) -> None:
        """Tell what was fetched and what is still missing, then publish the one and what was held back.

        In this order nobody hears an event again without having been told, whenever the bus or this process dies.
        """
        rest = history.rest(channel, hole, events)
        self._counts.filled.inc(len(events))
        _log.info("a hole", stream=channel.name, first=hole.first, last=hole.last, filled=len(events), reason=reason)
        if events:
            state, filled = self.conditions[channel.name].state, history.span(channel, events)
            told = condition.filled(channel, filled, state, now_ms(), self.replica)
            self.publisher.lines.append(pub_line(pub_head(condition.subject(channel.subject, self._prefix)), told))
        if rest is not None:
            self._mark(channel, rest, f"events are missing ({reason or 'the exchange gave no more'})")
        channel.release(events)
        self.publisher.flush()

    def _mark(self, channel: Channel, hole: Hole | None, reason: str) -> None:
        if found := self.conditions.get(channel.name):
            found.mark(hole, reason, monotonic())
            found.judge(monotonic(), self._trouble(channel.name))
            self._tell(found)

    def _tell_end(self, names: Set[str], reason: str) -> None:
        """Tell of streams that are about to be dropped and taken up by nobody; others tell of theirs themselves."""
        for name in names:
            found = self.conditions.get(name) or Condition(self.channels[name], self._settings.stream_stale_s)
            found.end(reason)
            self._tell(found)

    def _tell(self, found: Condition) -> None:
        head = pub_head(condition.subject(found.channel.subject, self._prefix))
        self.publisher.lines.append(pub_line(head, found.told(now_ms(), self.replica)))

    def _on_withheld(self, count: int) -> None:
        self._counts.withheld.inc(count)

    def _on_resync(self) -> None:
        self._counts.resyncs.inc()
