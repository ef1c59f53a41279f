"""The local order books of this replica: each hears its channel and gets a snapshot when it needs one."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from services.stream_ingestion.channel import DepthChannel
from services.stream_ingestion.history import Ask
from services.stream_ingestion.order_book import OrderBook, Snapshot
from shared.binance.stream_limits import Backoff
from shared.contract.errors import ServiceError
from shared.contract.market.events import DepthEvent
from shared.contract.market.operations import Depth
from shared.runtime.clock import monotonic
from shared.runtime.observe import logger

SNAPSHOTS_AT_ONCE = 4
LEVELS_MOST = 5000
"""The deepest snapshot that the exchange gives."""
SPARE = 4
"""So large a part more is fetched than is asked for, that it lasts for a while."""
DEEPEN_EVERY_S = 5.0
"""A book that was as deep before is filled up no more often than that: a deep snapshot weighs 250."""
AGAIN_FIRST_S = 0.2
AGAIN_MOST_S = 10.0
LOOK_EVERY_S = 0.02
QUIET_LOOKS = 10
QUIET_S = 0.5
"""A stream that flows and has brought no event for so long belongs to a quiet market: its book begins with a snapshot."""
_event = msgspec.json.Decoder(DepthEvent).decode
_snapshot = msgspec.json.Decoder(Snapshot).decode
_log = logger("stream_ingestion.local_books")


class LocalBooks:
    """Books by symbol."""

    def __init__(
        self, ask: Ask, levels: int, on_resync: Callable[[], None], flows: Callable[[str], bool], trouble: Callable[[str], str]
    ) -> None:
        self._ask = ask
        self._flows = flows
        self._trouble = trouble
        self._levels = levels
        self._on_resync = on_resync
        self._books: dict[str, tuple[OrderBook, DepthChannel]] = {}
        self._depth: dict[str, int] = {}
        """Levels a side that snapshots of a book begin with, where more were asked for than it began with."""
        self._deepen_from: dict[str, float] = {}
        """From when on another snapshot may be fetched of a book because more is asked for (monotonic)."""
        self._syncing: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(SNAPSHOTS_AT_ONCE)

    def __len__(self) -> int:
        return len(self._books)

    def find(self, symbol: str) -> OrderBook | None:
        """The book of a symbol, if one is kept."""
        found = self._books.get(symbol)
        return found[0] if found else None

    def synced(self) -> int:
        """How many can be trusted."""
        return sum(book.is_good for book, _ in self._books.values())

    def keep(self, channel: DepthChannel) -> None:
        """Keep a book from this channel's events."""
        if channel.symbol in self._books:
            return
        book = OrderBook(channel.symbol)
        self._books[channel.symbol] = (book, channel)
        channel.book = lambda payload: self._hear(book, payload)
        self._begin(book, self._sync_quiet(book, channel.name))

    def drop(self, channel: DepthChannel) -> None:
        """Keep it no more."""
        found = self._books.get(channel.symbol)
        if found is not None and found[1] is channel:
            channel.book = None
            del self._books[channel.symbol]
            self._depth.pop(channel.symbol, None)
            self._deepen_from.pop(channel.symbol, None)
            if task := self._syncing.pop(channel.symbol, None):
                task.cancel()

    def start_over(self, channel: DepthChannel) -> None:
        """Events may have been missed without a trace: begin with a new snapshot, as soon as the stream flows."""
        found = self._books.get(channel.symbol)
        if found is None or found[1] is not channel:
            return
        if task := self._syncing.pop(channel.symbol, None):
            task.cancel()  # its snapshot may be older than what was missed
        found[0].start_over()
        self._on_resync()
        self._begin(found[0], self._sync_quiet(found[0], channel.name))

    def trouble(self, symbol: str) -> str:
        """What ails the stream of a book; empty when nothing does."""
        found = self._books.get(symbol)
        return self._trouble(found[1].name) if found else ""

    async def until_good(self, symbol: str) -> OrderBook:
        """The book of a symbol as soon as it is in step and its stream flows; waits for ever."""
        while True:
            found = self._books.get(symbol)
            if found is not None and found[0].is_good and self._flows(found[1].name):
                return found[0]
            await asyncio.sleep(LOOK_EVERY_S)

    async def until_deep(self, book: OrderBook, levels: int) -> None:
        """Return when so many levels of each side are known, or all that there are, or as many as the exchange tells."""
        if book.has(levels):
            return
        now, depth = monotonic(), self._depth.get(book.symbol, self._levels)
        wanted = max(depth, min(levels + levels // SPARE, LEVELS_MOST))
        if wanted > depth or now >= self._deepen_from.get(book.symbol, 0.0):
            self._deepen_from[book.symbol] = now + DEEPEN_EVERY_S
            self._depth[book.symbol] = wanted
            book.deepen()
            self._look_after(book)
        if task := self._syncing.get(book.symbol):
            await asyncio.wait({task})

    async def close(self) -> None:
        """Stop fetching snapshots."""
        tasks = list(self._syncing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _hear(self, book: OrderBook, payload: bytes) -> None:
        try:
            event = _event(payload)
        except msgspec.MsgspecError:
            book.start_over()  # an event was lost to us, whatever it was
            return
        if book.hear(event, monotonic()) == "gap":
            self._on_resync()
        self._look_after(book)

    def _look_after(self, book: OrderBook) -> None:
        if book.needs_snapshot and book.symbol not in self._syncing:
            self._begin(book, self._sync(book))

    def _begin(self, book: OrderBook, work: Coroutine[Any, Any, None]) -> None:
        task = self._syncing[book.symbol] = asyncio.create_task(work)
        task.add_done_callback(lambda _: self._syncing.pop(book.symbol) if self._syncing.get(book.symbol) is task else None)

    async def _sync_quiet(self, book: OrderBook, name: str) -> None:
        """Wait for the stream to flow and a moment for its first event."""
        quiet = 0
        while quiet < QUIET_LOOKS and not book.needs_snapshot:
            await asyncio.sleep(QUIET_S / QUIET_LOOKS)
            quiet = quiet + 1 if self._flows(name) else 0
        await self._sync(book)

    async def _sync(self, book: OrderBook) -> None:
        backoff = Backoff(AGAIN_FIRST_S, AGAIN_MOST_S)
        while book.deepens or not book.synced:
            levels = self._depth.get(book.symbol, self._levels)
            try:
                async with self._turn:
                    body = await self._ask(Depth(symbol=book.symbol, limit=levels))
                if book.load(_snapshot(body), monotonic(), levels):
                    if levels >= self._depth.get(book.symbol, 0):
                        return
                    book.deepen()  # meanwhile more were asked for
                    continue
            except ServiceError as error:
                _log.warning("no snapshot for a local book", symbol=book.symbol, reason=error.message)
            except msgspec.MsgspecError:
                _log.error("a snapshot cannot be read", symbol=book.symbol)
            await asyncio.sleep(backoff.failed())
