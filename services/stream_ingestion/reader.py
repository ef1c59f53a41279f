"""Events read later: the latest of many streams, or everything after a cursor.

A cursor says how far a caller has read: the sequence of the stream that keeps the events (one for all subjects), when that
stream was created (after a restart of NATS it is another one), and of each stream with consecutive numbers the last one. So a
reader without any memory here is told what it missed: events that aged out, and holes. After a restart events are published
again from a little before it: what the caller has read already is left out.
"""

import asyncio
import base64
import contextlib
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET, Raw, Struct
from nats.errors import Error

from services.stream_ingestion import condition, numbers
from services.stream_ingestion.condition import PERIODS_MISSED
from services.stream_ingestion.direct import Direct, Stored
from services.stream_ingestion.stores import Stores
from shared.contract.errors import Invalid, Unavailable
from shared.contract.market.streams import Stream, find
from shared.contract.platform.streams import (
    AgedOut,
    Condition,
    LatestEvent,
    Missing,
    StreamEvent,
    StreamPage,
)
from shared.runtime.bus import Bus
from shared.runtime.clock import now_ms

PAGE_BYTES = 2 * 1024 * 1024
"""Events in one page; a reply has to fit through the bus."""
REPEATED_MOST = 100_000
"""Events of a stream that may be published again after a restart of NATS; more than is ever fetched to fill a hole."""
LATE_MS = 1_000
"""A replica that was frozen for longer than its session has events that are older than this by the exchange's clock."""
CREATED_KNOWN_S = 1.0
LOOK_AGAIN_S = 0.25
LATER_S = 0.02
"""An event that was heard live is kept for reading a moment later."""


class Cursor(Struct, frozen=True, omit_defaults=True):
    """How far a caller has read."""

    s: int
    """Next sequence."""
    c: int = 0
    """When the stream of events was created (Unix ms)."""
    t: int = 0
    """When the last event read arrived (Unix ms)."""
    n: dict[str, int] = {}
    """Number of the last event read, by stream."""
    o: dict[str, int] = {}
    """The same (-1 where there are no numbers) of streams of which nothing new has been read since events are kept anew."""

    def anew(self, created: int, names: Sequence[str]) -> "Cursor":
        """The cursor that reads on in what is kept since then."""
        return Cursor(1, created, self.t, {}, {**dict.fromkeys(names, -1), **self.o, **self.n})

    def last(self, name: str) -> int | None:
        """Number of the last event read of a stream, if it is known."""
        number = self.n.get(name, self.o.get(name, -1))
        return None if number < 0 else number

    def encode(self) -> str:
        """As callers see it."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


_cursor = msgspec.json.Decoder(Cursor).decode


def decode_cursor(text: str) -> Cursor:
    """What a caller gave back.

    Raises:
        Invalid: it is no cursor.
    """
    try:
        return _cursor(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, msgspec.MsgspecError):
        raise Invalid(f"{text!r:.60} is no cursor.", hint="Give back the cursor of the last reply, or none.") from None


class Source(Struct, frozen=True):
    """A stream that is read."""

    name: str
    subject: str
    stream: Stream

    @property
    def number(self) -> numbers.Number | None:
        """Reads the number of an event where numbers are consecutive."""
        return numbers.of_stream(self.stream) if self.stream.event in numbers.CONSECUTIVE else None


class Reader:
    """Reads what is kept."""

    def __init__(self, bus: Bus, direct: Direct, stores: Stores, *, keep_s: float, keep_each: int, stale_s: float) -> None:
        self._bus = bus
        self._direct = direct
        self._stores = stores
        self._keep_ms = int(keep_s * 1000)
        self._keep_each = keep_each
        self._stale_ms = int(stale_s * 1000)
        self._known_created = ((-CREATED_KNOWN_S - 1, 0), 0)

    def source(self, name: str) -> Source:
        """The stream of that name. The name has been checked."""
        found = find(name)
        assert found is not None, name
        stream, symbol, value = found
        return Source(name, stream.subject(symbol, value, prefix=self._bus.prefix), stream)

    async def latest(self, names: Sequence[str]) -> list[LatestEvent]:
        """The last event of each stream, with its condition. Raises Unavailable."""
        sources = [self.source(name) for name in names]
        kept, conditions = await self._newest(sources)
        return self._latest(sources, kept, conditions)

    async def standing(self, names: Sequence[str]) -> dict[str, tuple[LatestEvent, Cursor]]:
        """Of each stream the last event that is kept, and the cursor behind that very event. Raises Unavailable."""
        sources = [self.source(name) for name in names]
        created = await self._created()
        kept, conditions = await self._newest(sources)
        return {
            source.name: (
                latest,
                self._after({source.subject: source}, [stored], Cursor(1, created), stored.sequence + 1)
                if (stored := kept.get(source.subject))
                else Cursor(1, created),
            )
            for source, latest in zip(sources, self._latest(sources, kept, conditions), strict=True)
        }

    async def read(
        self, names: Sequence[str], cursor: Cursor | None, limit: int, wait_s: float, *, conflate: bool
    ) -> StreamPage:
        """Events after the cursor, without one the newest; waits if there are none. Raises Unavailable."""
        sources = [self.source(name) for name in names]
        if cursor is None:
            cursor = await self._before_newest(sources, limit)
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        while True:
            page = await self._page(sources, cursor, limit, conflate=conflate)
            left = until - loop.time()
            if page.events or page.aged_out is not UNSET or left <= 0:
                return page
            cursor = decode_cursor(page.cursor)
            await self._heard(sources, left, cursor)

    async def first(self, since: Mapping[str, int], wait_s: float) -> None:
        """Return as soon as each stream has an event not older than its time (Unix ms), or time is up. Raises Unavailable."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        sources = [self.source(name) for name in since]
        while sources and (left := until - loop.time()) > 0:
            kept = await self._direct.last(self._stores.events, [source.subject for source in sources])
            sources = [
                source
                for source in sources
                if (stored := kept.get(source.subject)) is None or stored.time_ms < since[source.name]
            ]
            if sources:
                await self._heard(sources, min(left, LOOK_AGAIN_S))

    async def _page(self, sources: Sequence[Source], cursor: Cursor, limit: int, *, conflate: bool) -> StreamPage:
        created = await self._created()
        if cursor.c != created:
            cursor = cursor.anew(created, [source.name for source in sources])
        newest, conditions = await self._newest(sources)
        pages = await asyncio.gather(
            *(
                self._direct.page(self._stores.events, source.subject, cursor.s, limit, max_bytes=PAGE_BYTES // len(sources))
                for source in sources
            )
        )
        by_subject = {source.subject: source for source in sources}
        # The streams are read one by one, and one may go on after its turn and before another's: the cursor must not pass the
        # newest event from before all of them were read, nor the place where the page of one was cut off.
        ends = [page.messages[-1].sequence for page in pages if page.pending and page.messages]
        until = min([max((stored.sequence for stored in newest.values()), default=0), *ends])
        every = sorted((message for page in pages for message in page.messages), key=lambda message: message.sequence)
        found = [message for message in every if message.sequence <= until][:limit]
        more = len(found) < len(every) or any(page.pending for page in pages)
        behind = found[-1].sequence + 1 if found else cursor.s
        found = _unread(by_subject, found, cursor)
        next_cursor = self._after(by_subject, found, cursor, behind)
        kept = {source.subject: len(page.messages) + page.pending for source, page in zip(sources, pages, strict=True)}
        aged_out = self._aged_out(sources, found, kept, cursor)
        shown = list({message.subject: message for message in found}.values()) if conflate else found
        return StreamPage(
            events=[_event(by_subject[message.subject], message) for message in shown],
            cursor=next_cursor.encode(),
            more=more,
            conditions={event.stream: event.condition for event in self._latest(sources, newest, conditions)},
            aged_out=aged_out or UNSET,
            conflated=len(found) - len(shown) if conflate else UNSET,
            missing=_holes(sources, found, cursor) or UNSET,
        )

    def _after(self, by_subject: dict[str, Source], found: list[Stored], cursor: Cursor, behind: int) -> Cursor:
        last, old = dict(cursor.n), dict(cursor.o)
        for message in found:
            source = by_subject[message.subject]
            old.pop(source.name, None)
            if source.number is not None:
                last[source.name] = source.number(message.data)
        return Cursor(behind, cursor.c, found[-1].time_ms if found else cursor.t, last, old)

    def _aged_out(
        self, sources: Sequence[Source], found: list[Stored], kept: dict[str, int], cursor: Cursor
    ) -> dict[str, AgedOut]:
        """Streams of which events between the cursor and the first one kept can be read no more, as far as can be known."""
        told: dict[str, AgedOut] = {}
        for source in sources:
            first = next((message for message in found if message.subject == source.subject), None)
            if first is None:
                continue
            is_here = source.name not in cursor.o and cursor.t >= now_ms() - self._keep_ms
            if (is_here and kept[source.subject] < self._keep_each) or not cursor.t:
                continue
            before = cursor.last(source.name)
            if source.number is None or before is None:
                told[source.name] = AgedOut(cursor.t, first.time_ms, None)
            elif (missed := source.number(first.data) - before - 1) > 0:
                told[source.name] = AgedOut(cursor.t, first.time_ms, missed)
        return told

    async def _before_newest(self, sources: Sequence[Source], limit: int) -> Cursor:
        """A cursor from which the last event of each stream can be read, or more of one stream."""
        kept = await self._direct.last(self._stores.events, [source.subject for source in sources])
        sequences = [message.sequence for message in kept.values()]
        return Cursor(min(sequences, default=1), await self._created())

    async def _heard(self, sources: Sequence[Source], within_s: float, cursor: Cursor | None = None) -> bool:
        """Listen to these subjects until one speaks."""
        spoke = asyncio.Event()

        async def hear(_message: object) -> None:
            spoke.set()

        subscriptions = [await self._bus.subscribe(source.subject, hear) for source in sources]
        try:
            if cursor is not None and await self._has_more(sources, cursor):
                return True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await spoke.wait()
            if spoke.is_set():
                await asyncio.sleep(LATER_S)
        finally:
            for subscription in subscriptions:
                with contextlib.suppress(Exception):
                    await subscription.unsubscribe()
        return spoke.is_set()

    async def _has_more(self, sources: Sequence[Source], cursor: Cursor) -> bool:
        """Did something come between reading and listening?"""
        kept = await self._direct.last(self._stores.events, [source.subject for source in sources])
        return any(message.sequence >= cursor.s for message in kept.values())

    async def _newest(self, sources: Sequence[Source]) -> tuple[dict[str, Stored], dict[str, condition.Told]]:
        """The last event by subject, and what was told last by stream."""
        subjects = [source.subject for source in sources]
        return await asyncio.gather(self._direct.last(self._stores.events, subjects), self._conditions(sources))

    def _latest(
        self, sources: Sequence[Source], kept: Mapping[str, Stored], conditions: Mapping[str, condition.Told]
    ) -> list[LatestEvent]:
        return [
            LatestEvent(
                source.name,
                self._judge(source, conditions.get(source.name), stored := kept.get(source.subject)),
                None if stored is None else _event(source, stored),
            )
            for source in sources
        ]

    async def _conditions(self, sources: Sequence[Source]) -> dict[str, condition.Told]:
        by_subject = {condition.subject(source.subject, self._bus.prefix): source for source in sources}
        kept = await self._direct.last(self._stores.conditions, list(by_subject))
        return {by_subject[subject].name: condition.decode_told(stored.data) for subject, stored in kept.items()}

    def _judge(self, source: Source, told: condition.Told | None, newest: Stored | None, *, known: bool = True) -> Condition:
        """What its replica told last, unless the clock says that this is no longer so."""
        age_ms = None if newest is None else max(0, now_ms() - newest.time_ms)
        if told is None:
            return Condition("stale", age_ms, "nobody receives it: subscribe to it")
        bound_ms = max(self._stale_ms, PERIODS_MISSED * source.stream.speed_ms) + 2_000
        if told.state == "synced" and (age_ms is None or age_ms > bound_ms):
            return Condition("stale", age_ms, "nothing has come for longer than its replica would allow")
        return Condition(
            told.state, age_ms, told.reason, told.missing if told.state == "gap" and told.filled is UNSET else UNSET
        )

    async def _created(self) -> int:
        """When the stream of events was created (Unix ms); asked for again now and then, and after the bus was away."""
        (at, reconnects), known = self._known_created
        now, seen = asyncio.get_running_loop().time(), self._bus.commands.stats["reconnects"]
        if now - at > CREATED_KNOWN_S or seen != reconnects:
            try:
                created = (await self._bus.jetstream.stream_info(self._stores.events)).created
            except (Error, TimeoutError):
                raise Unavailable("NATS does not tell about the events that are kept.", retry_after_ms=1000) from None
            known = 0 if created is None else int(created.timestamp() * 1000)
            self._known_created = ((now, seen), known)
        return known


def _unread(by_subject: Mapping[str, Source], found: list[Stored], cursor: Cursor) -> list[Stored]:
    """Leave out what the caller has read: what is published again after a restart of NATS, or was late from a frozen replica.

    Numbers far below the last one are no repetition, nor are those whose time goes on: the exchange counts anew.
    """
    old, last, time_ms = set(cursor.o), dict[str, int | None](), dict[str, int]()
    unread: list[Stored] = []
    for message in found:
        source = by_subject[message.subject]
        if source.number is not None:
            name, number, at_ms = source.name, source.number(message.data), numbers.event_time(message.data)
            before = last.get(name, cursor.last(name))
            goes_on = name not in old and at_ms > time_ms.get(name, cursor.t - LATE_MS)
            if before is not None and before - REPEATED_MOST < number <= before and not goes_on:
                continue
            old.discard(name)
            last[name], time_ms[name] = number, at_ms
        unread.append(message)
    return unread


def _holes(sources: Sequence[Source], found: list[Stored], cursor: Cursor) -> dict[str, list[Missing]]:
    """Numbers that do not follow each other among the events read."""
    holes: dict[str, list[Missing]] = {}
    for source in sources:
        if source.number is None:
            continue
        before = cursor.last(source.name)
        for message in found:
            if message.subject != source.subject:
                continue
            number = source.number(message.data)
            if before is not None and number > before + 1:
                holes.setdefault(source.name, []).append(Missing(before + 1, number - 1))
            before = number
    return holes


def _event(source: Source, stored: Stored) -> StreamEvent:
    return StreamEvent(source.name, stored.time_ms, Raw(stored.data))
