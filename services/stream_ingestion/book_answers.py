"""A local order book for whoever asks: from here, or from the replica that keeps it; only while it can be trusted.

Replicas ask each other on `<prefix>.rpc.stream_replica.<member>.book`. A book may move while it is asked for, so the question
is repeated, to whoever keeps it then, until the caller's time is up.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from decimal import Decimal

import msgspec
from msgspec import UNSET
from nats.aio.msg import Msg
from nats.errors import Error

from services.stream_ingestion import lateness
from services.stream_ingestion.local_books import LEVELS_MOST, LocalBooks
from services.stream_ingestion.order_book import Cost, OrderBook, cumulated
from services.stream_ingestion.replica import Replica
from services.stream_ingestion.settings import Settings
from shared.contract.errors import ServiceError, Unavailable, encode_error
from shared.contract.market.models import Level
from shared.contract.platform.streams import BOOK_DEFAULT, Book, Condition, Fill, LocalOrderBook
from shared.contract.validate import parse
from shared.runtime import wire
from shared.runtime.bus import Bus
from shared.runtime.clock import monotonic, now_ms

WAIT_MS = 400
"""So long is waited at a time for a book to be in step."""
DEEPEN_MS = 300
"""So long a deeper snapshot is waited for."""
AGAIN_MS = 50
_encode = msgspec.json.encode


class BookAnswers:
    """Answers for books."""

    def __init__(self, bus: Bus, replica: Replica, books: LocalBooks, settings: Settings) -> None:
        self._bus = bus
        self._replica = replica
        self._books = books
        self._stale_ms = int(settings.stream_stale_s * 1000)
        self._late_ms = int(settings.stream_late_s * 1000)
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen_as(self, member: str) -> None:
        """Answer other replicas' questions for books that are kept here."""
        await self._bus.subscribe(self._subject(member), self._on_question)

    async def answer(self, asked: Book, until_ms: int) -> bytes:
        """The book, from wherever it is kept.

        Raises:
            Unavailable: there is none by then that can be trusted.
        """
        while True:
            try:
                return await self._now(asked)
            except Unavailable:
                if now_ms() + AGAIN_MS >= until_ms:
                    raise
            await asyncio.sleep(AGAIN_MS / 1000)

    async def close(self) -> None:
        """Answer no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _now(self, asked: Book) -> bytes:
        session = self._replica.session
        if self._replica.owns(asked.symbol):
            return await self._from_here(asked)
        owner = session.owners.get(self._replica.shard(asked.symbol), "")
        if owner not in session.members or owner == session.me:
            raise Unavailable(f"Nobody keeps the book of {asked.symbol} at the moment.", retry_after_ms=1000)
        return await self._bus.request(self._subject(owner), _encode(asked), deadline_ms=now_ms() + 2 * WAIT_MS)

    async def _from_here(self, asked: Book) -> bytes:
        try:
            async with asyncio.timeout(WAIT_MS / 1000):
                book = await self._books.until_good(asked.symbol)
            await self._deepen(asked, book)
        except TimeoutError:
            book = None
        if book is None or not book.is_good or not self._replica.is_alive:
            trouble = self._books.trouble(asked.symbol)
            raise Unavailable(
                f"The local book of {asked.symbol} is not in step with the exchange{f': {trouble}' if trouble else ''}.",
                retry_after_ms=1000,
                hint="Ask again in a moment, or use get_order_book.",
            )
        return _encode(shown(asked, book, self._condition(book)))

    async def _deepen(self, asked: Book, book: OrderBook) -> None:
        """Let as much of the book be known as is asked for; what is known serves where the exchange takes its time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DEEPEN_MS / 1000):
                await self._books.until_deep(book, _limit(asked))
                if (cost := _cost(asked, book)) is not None and cost.filled < Decimal(asked.quantity or 0):
                    await self._books.until_deep(book, LEVELS_MOST)

    def _condition(self, book: OrderBook) -> Condition:
        """Its stream flows and nothing is missing; but after a long silence, or of old news, it is not told as good."""
        age_ms = int((monotonic() - book.changed_at) * 1000)
        delay_ms = now_ms() - age_ms - lateness.in_ms(book.event_time) if book.event_time else None
        if age_ms > self._stale_ms:
            return Condition("stale", age_ms, "no change for long: a quiet market, or a silent stream", delay_ms=delay_ms)
        if delay_ms is not None and 0 < self._late_ms < delay_ms:
            return Condition("stale", age_ms, lateness.REASON, delay_ms=delay_ms)
        return Condition("synced", age_ms, delay_ms=delay_ms)

    async def _on_question(self, message: Msg) -> None:
        task = asyncio.create_task(self._reply(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reply(self, message: Msg) -> None:
        headers: dict[str, str] | None = None
        try:
            reply = await self._from_here(parse(Book, message.data))
        except ServiceError as error:
            reply = encode_error(error)
            headers = {wire.ERROR_CODE: str(error.status), wire.ERROR_TEXT: error.message[: wire.MAX_ERROR_TEXT]}
        try:
            await self._bus.data.publish(message.reply, reply, headers=headers)
        except Error:
            return  # the asker will hear of the silence

    def _subject(self, member: str) -> str:
        return f"{self._bus.prefix}.rpc.stream_replica.{member}.book"


def shown(asked: Book, book: OrderBook, condition: Condition) -> LocalOrderBook:
    """As much of a book as was asked for."""
    limit, cost = _limit(asked), _cost(asked, book)
    levels = cumulated if asked.cumulative is True else _plain
    bids, asks = book.bids(limit), book.asks(limit)
    is_short = cost is not None and cost.filled < Decimal(asked.quantity or 0)
    bids_end, asks_end = book.ends
    return LocalOrderBook(
        symbol=asked.symbol,
        last_update_id=book.last_update_id,
        condition=condition,
        event_time=book.event_time,
        received_time=now_ms() - (condition.age_ms or 0),
        bids=levels(bids),
        asks=levels(asks),
        fill=_fill(asked, cost),
        bids_known_to=bids_end if bids_end and (len(bids) < limit or (is_short and asked.side == "SELL")) else UNSET,
        asks_known_to=asks_end if asks_end and (len(asks) < limit or (is_short and asked.side == "BUY")) else UNSET,
    )


def _limit(asked: Book) -> int:
    return BOOK_DEFAULT if asked.limit is UNSET else asked.limit


def _cost(asked: Book, book: OrderBook) -> Cost | None:
    if asked.side is UNSET or asked.quantity is UNSET:
        return None
    return book.cost(asked.side, Decimal(asked.quantity))


def _fill(asked: Book, cost: Cost | None) -> Fill | msgspec.UnsetType:
    if asked.side is UNSET or asked.quantity is UNSET or cost is None:
        return UNSET
    average = cost.notional / cost.filled if cost.filled else Decimal(0)
    return Fill(
        side=asked.side,
        quantity=asked.quantity,
        filled=f"{cost.filled:f}",
        average_price=f"{average:.8f}",
        worst_price=f"{cost.worst_price:f}",
        notional=f"{cost.notional:f}",
    )


def _plain(levels: Sequence[Level]) -> list[list[str]]:
    return [list(level) for level in levels]
