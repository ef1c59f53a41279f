"""Events read later: the latest of many streams, or everything after a cursor."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

from msgspec import UNSET
from nats.errors import Error

from services.stream_ingestion import condition, lateness, losses, repeats, sources
from services.stream_ingestion.condition import PERIODS_MISSED
from services.stream_ingestion.cursors import Cursor, decode_cursor
from services.stream_ingestion.direct import Direct, Stored
from services.stream_ingestion.ears import Ears
from services.stream_ingestion.gathered import Gathered
from services.stream_ingestion.settings import Settings
from services.stream_ingestion.sources import Source
from services.stream_ingestion.stores import Stores
from shared.contract.errors import Unavailable
from shared.contract.platform.streams import Condition, LatestEvent, StreamPage
from shared.runtime.bus import Bus
from shared.runtime.clock import now_ms

PAGE_BYTES = 2 * 1024 * 1024
"""Events in one page; a reply has to fit through the bus."""
FEW = 8
"""So many streams with news are read one by one; more of them are cheaper gathered."""
HERE_KNOWN_S = 1.0
LOOK_AGAIN_S = (0.0, 0.002, 0.01, 0.05, 0.25)
"""An event that was heard live is kept for reading a moment later: pauses before each look."""
EVERYTHING = ">"
Aside = Callable[[], AbstractContextManager[None]]
"""What a reader enters who has to wait (`waiting.Waiting.of`)."""
T = TypeVar("T")


class Reader:
    """Reads what is kept."""

    def __init__(self, bus: Bus, direct: Direct, gathered: Gathered, stores: Stores, settings: Settings) -> None:
        self._bus = bus
        self._direct = direct
        self._gathered = gathered
        self._ears = Ears(bus)
        self._stores = stores
        self._keep_each = settings.stream_keep_each
        self._stale_ms = int(settings.stream_stale_s * 1000)
        self._late_ms = int(settings.stream_late_s * 1000)
        self._known_here = ((-HERE_KNOWN_S - 1, 0), Cursor(1))

    def source(self, name: str) -> Source:
        """The stream of that name. The name has been checked."""
        return sources.source(name, self._bus.prefix)

    async def latest(self, names: Sequence[str]) -> list[LatestEvent]:
        """The last event of each stream, with its condition. Raises Unavailable."""
        read = [self.source(name) for name in names]
        kept, conditions = await self._newest(read)
        return self._latest(read, kept, conditions)

    async def standing(self, names: Sequence[str]) -> dict[str, tuple[LatestEvent, Cursor]]:
        """Of each stream the last event that is kept, and the cursor behind that very event. Raises Unavailable."""
        read = [self.source(name) for name in names]
        here = await self._here()
        kept, conditions = await self._newest(read)
        return {
            source.name: (
                latest,
                _after({source.subject: source}, [stored], here, stored.sequence + 1)
                if (stored := kept.get(source.subject))
                else here,
            )
            for source, latest in zip(read, self._latest(read, kept, conditions), strict=True)
        }

    async def read(
        self, names: Sequence[str], cursor: Cursor | None, limit: int, wait_s: float, aside: Aside, *, conflate: bool
    ) -> StreamPage:
        """Events after the cursor, without one the last of each stream; waits if there are none.

        Raises:
            Unavailable: the bus does not answer.
            RateLimited: too many wait already (from `aside`).
        """
        read = [self.source(name) for name in names]
        page = await self._page(read, cursor, limit, conflate=conflate)
        if wait_s <= 0 or _has_news(page):
            return page
        goes_on = decode_cursor(page.cursor)

        async def look() -> StreamPage | None:
            nonlocal page
            page = await self._page(read, goes_on, limit, conflate=conflate)
            return page if _has_news(page) else None

        with aside():
            await self._until(read, wait_s, look)
        return page

    async def first(self, since: Mapping[str, int], wait_s: float, aside: Aside) -> None:
        """Return as soon as each stream has an event not older than its time (Unix ms), or time is up. Raises as `read`."""
        awaited = [self.source(name) for name in since]

        async def look() -> bool | None:
            nonlocal awaited
            kept = await self._kept(awaited)
            awaited = [
                source
                for source in awaited
                if (stored := kept.get(source.subject)) is None or stored.time_ms < since[source.name]
            ]
            return None if awaited else True

        if wait_s > 0 and not await look():
            with aside():
                await self._until(awaited, wait_s, look)

    async def _until(self, listened: Sequence[Source], wait_s: float, look: Callable[[], Awaitable[T | None]]) -> T | None:
        """Look now and whenever one of these streams speaks, until something is found or time is up."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        async with self._ears.on([source.subject for source in listened]) as spoke:
            pauses = LOOK_AGAIN_S[:1]
            while True:
                for pause in pauses:
                    await asyncio.sleep(pause)
                    spoke.clear()
                    if (found := await look()) is not None or loop.time() >= until:
                        return found
                try:
                    async with asyncio.timeout_at(until):
                        await spoke.wait()
                    pauses = LOOK_AGAIN_S
                except TimeoutError:
                    pauses = LOOK_AGAIN_S[:1]

    async def _page(self, read: Sequence[Source], cursor: Cursor | None, limit: int, *, conflate: bool) -> StreamPage:
        here = await self._here()
        newest, conditions = await self._newest(read)
        thinned: set[str] = set()
        begins, cursor = cursor is None, cursor or here
        if cursor.c != here.c:
            cursor = cursor.anew(here.c, [source.name for source in read])
        if begins or conflate:
            every = sorted((stored for stored in newest.values() if begins or stored.sequence >= cursor.s), key=_sequence)
            found, more = every[:limit], len(every) > limit
        else:
            found, more, thinned = await self._news(read, cursor.s, limit, newest)
            if found and cursor.t and await self._is_swept(cursor.s):
                thinned = {source.subject for source in read}
        by_subject = {source.subject: source for source in read}
        behind = found[-1].sequence + 1 if found else cursor.s
        if not more:
            behind = max(behind, here.s)  # of these streams nothing else came before: a quiet one is not lost from sight
        passed = await self._passed(read, cursor.s, behind, len(found)) if found and conflate and not begins else 0
        found = repeats.unread(by_subject, found, cursor)
        thinned |= {source.subject for source in read if source.name in cursor.o}
        return StreamPage(
            events=[by_subject[message.subject].shown(message) for message in found],
            cursor=_after(by_subject, found, cursor, behind).encode(),
            more=more,
            conditions={event.stream: event.condition for event in self._latest(read, newest, conditions)},
            aged_out=UNSET if conflate else losses.aged_out(read, found, cursor, thinned) or UNSET,
            conflated=passed if conflate else UNSET,
            missing=UNSET if conflate else losses.holes(read, found, cursor) or UNSET,
        )

    async def _news(
        self, read: Sequence[Source], start: int, limit: int, newest: Mapping[str, Stored]
    ) -> tuple[list[Stored], bool, set[str]]:
        """Events from a sequence on, whether there are more, and subjects of which as many are kept as may be."""
        news = [source for source in read if (kept := newest.get(source.subject)) and kept.sequence >= start]
        if len(news) > FEW:
            subjects = [source.subject for source in read]  # all: while it reads others may go on, too
            gathered = await self._gathered.page(self._stores.events, subjects, start, limit, max_bytes=PAGE_BYTES)
            if gathered.messages:
                is_crowded = len(gathered.messages) + gathered.pending >= self._keep_each
                crowded = await self._crowded(read, start) if is_crowded else set[str]()
                return gathered.messages, gathered.pending > 0, crowded
        pages = await asyncio.gather(
            *(
                self._direct.page(self._stores.events, source.subject, start, limit, max_bytes=PAGE_BYTES // len(news))
                for source in news
            )
        )
        # The streams are read one by one, and one may go on after its turn and before another's: the cursor must not pass the
        # newest event from before all of them were read, nor the place where the page of one was cut off.
        ends = [page.messages[-1].sequence for page in pages if page.pending and page.messages]
        until = min([max((newest[source.subject].sequence for source in news), default=0), *ends])
        every = sorted((message for page in pages for message in page.messages), key=_sequence)
        found = [message for message in every if message.sequence <= until][:limit]
        more = len(found) < len(every) or any(page.pending for page in pages)
        counts = {source.subject: len(page.messages) + page.pending for source, page in zip(news, pages, strict=True)}
        return found, more, {subject for subject, count in counts.items() if count >= self._keep_each}

    async def _passed(self, read: Sequence[Source], start: int, behind: int, shown: int) -> int:
        """How many events are kept from a sequence on that are passed over; while they flow, exact to those of a moment."""
        subjects = [source.subject for source in read]
        before = await self._gathered.count(self._stores.events, subjects, start)
        return max(0, before - await self._gathered.count(self._stores.events, subjects, behind) - shown)

    async def _crowded(self, read: Sequence[Source], start: int) -> set[str]:
        """Subjects of which so many events are kept from a sequence on as may be kept of one: there were more of them."""
        try:
            state = (await self._bus.jetstream.stream_info(self._stores.events, subjects_filter=EVERYTHING)).state
        except (Error, TimeoutError):
            raise _silent() from None
        full = [source.subject for source in read if (state.subjects or {}).get(source.subject, 0) >= self._keep_each]
        pages = await asyncio.gather(*(self._direct.page(self._stores.events, subject, start, 1) for subject in full))
        return {
            subject for subject, page in zip(full, pages, strict=True) if len(page.messages) + page.pending >= self._keep_each
        }

    async def _is_swept(self, start: int) -> bool:
        """Has anything from this sequence on been thrown away for its age or for want of room?"""
        oldest = (await self._direct.page(self._stores.events, EVERYTHING, 1, 1)).messages
        return not oldest or oldest[0].sequence > start

    async def _kept(self, read: Sequence[Source]) -> dict[str, Stored]:
        """The last event by subject."""
        return await self._direct.last(self._stores.events, [source.subject for source in read])

    async def _newest(self, read: Sequence[Source]) -> tuple[dict[str, Stored], dict[str, condition.Told]]:
        """The last event by subject, and what was told last by stream."""
        return await asyncio.gather(self._kept(read), self._conditions(read))

    def _latest(
        self, read: Sequence[Source], kept: Mapping[str, Stored], conditions: Mapping[str, condition.Told]
    ) -> list[LatestEvent]:
        return [
            LatestEvent(
                source.name,
                self._judge(source, conditions.get(source.name), stored := kept.get(source.subject)),
                None if stored is None else source.shown(stored),
            )
            for source in read
        ]

    async def _conditions(self, read: Sequence[Source]) -> dict[str, condition.Told]:
        by_subject = {condition.subject(source.subject, self._bus.prefix): source for source in read}
        kept = await self._direct.last(self._stores.conditions, list(by_subject))
        return {by_subject[subject].name: condition.decode_told(stored.data) for subject, stored in kept.items()}

    def _judge(self, source: Source, told: condition.Told | None, newest: Stored | None) -> Condition:
        """What its replica told last, unless the clocks say that this is no longer so."""
        age = None if newest is None else max(0, now_ms() - newest.time_ms)
        delay = None if newest is None else lateness.delay_ms(newest.data, newest.time_ms)
        if told is None:
            return Condition("stale", age, "nobody receives it: subscribe to it", delay_ms=delay)
        bound_ms = max(self._stale_ms, PERIODS_MISSED * source.stream.speed_ms) + 2_000
        state, reason = told.state, told.reason
        if state == "synced" and (age is None or age > bound_ms):
            state, reason = "stale", "nothing has come for longer than its replica would allow"
        elif state != "gap" and delay is not None and 0 < self._late_ms < delay:
            state, reason = "stale", lateness.REASON
        missing = told.missing if state == "gap" and told.filled is UNSET else UNSET
        return Condition(state, age, reason, missing, delay)

    async def _here(self) -> Cursor:
        """The cursor behind everything that is kept; asked for again now and then, and after the bus was away."""
        (at, reconnects), known = self._known_here
        now, seen = asyncio.get_running_loop().time(), self._bus.commands.stats["reconnects"]
        if now - at > HERE_KNOWN_S or seen != reconnects:
            try:
                info = await self._bus.jetstream.stream_info(self._stores.events)
            except (Error, TimeoutError):
                raise _silent() from None
            created = 0 if info.created is None else int(info.created.timestamp() * 1000)
            known = Cursor(info.state.last_seq + 1, created, now_ms())
            self._known_here = ((now, seen), known)
        return known


def _silent() -> Unavailable:
    return Unavailable("NATS does not tell about the events that are kept.", retry_after_ms=1000)


def _sequence(stored: Stored) -> int:
    return stored.sequence


def _has_news(page: StreamPage) -> bool:
    return bool(page.events) or page.more or page.aged_out is not UNSET


def _after(by_subject: Mapping[str, Source], found: Sequence[Stored], cursor: Cursor, behind: int) -> Cursor:
    last, old = dict(cursor.n), dict(cursor.o)
    for message in found:
        source = by_subject[message.subject]
        old.pop(source.name, None)
        if source.span is not None:
            last[source.name] = source.span(message.data)[1]
    return Cursor(behind, cursor.c, found[-1].time_ms if found else cursor.t, last, old)
