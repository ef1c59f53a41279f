"""Answers `binance.rpc.stream.*`: any replica answers anything, from what NATS keeps; a book comes from where it is kept."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec
from msgspec import UNSET
from nats.aio.msg import Msg
from nats.errors import Error

from services.stream_ingestion import leases as lease_names
from services.stream_ingestion import names
from services.stream_ingestion.leases import Lease, Leases
from services.stream_ingestion.local_books import LocalBooks
from services.stream_ingestion.order_book import OrderBook, cumulated
from services.stream_ingestion.reader import Reader, decode_cursor
from services.stream_ingestion.replica import Replica
from services.stream_ingestion.settings import Settings
from services.stream_ingestion.symbols import Symbols
from shared.contract.errors import RateLimited, ServiceError, Unavailable, encode_error
from shared.contract.platform.streams import (
    BOOK_DEFAULT,
    LEASE_DEFAULT_S,
    READ_DEFAULT,
    WAIT_DEFAULT_MS,
    Book,
    Condition,
    Fill,
    Latest,
    LatestEvents,
    List,
    LocalOrderBook,
    Read,
    Subscribe,
    Subscription,
    Subscriptions,
    Unsubscribe,
    UnsubscribeAll,
    Unsubscribed,
)
from shared.contract.primitives import Maybe
from shared.contract.validate import parse
from shared.runtime import wire
from shared.runtime.bus import Bus
from shared.runtime.clock import monotonic, now_ms
from shared.runtime.responder import RpcRequest

ANONYMOUS = "anonymous"
"""The holder for callers that do not say who they are."""
KEEP_FOR_ANSWER_MS = 250
"""Of the time that a caller gives, so much is kept for answering."""
BOOK_WAIT_MS = 400
"""So long is waited at a time for a book to be in step."""
BOOK_AGAIN_MS = 50
BOOK_STREAM = "{}@depth@100ms"
_encode = msgspec.json.encode
T = TypeVar("T")


class Handlers:
    """Answers the operations of streams."""

    def __init__(
        self,
        bus: Bus,
        replica: Replica,
        leases: Leases,
        reader: Reader,
        books: LocalBooks,
        symbols: Symbols,
        settings: Settings,
    ) -> None:
        self._bus = bus
        self._replica = replica
        self._leases = leases
        self._reader = reader
        self._books = books
        self._symbols = symbols
        self._settings = settings
        self._inner: set[asyncio.Task[None]] = set()

    async def answer(self, request: RpcRequest) -> bytes:
        """Answer any of them."""
        match request.operation:
            case Subscribe() as asked:
                return await self.subscribe(asked, request)
            case Unsubscribe() as asked:
                return await self.unsubscribe([lease_names.stream_of(asked.stream, _holder(request))], request)
            case UnsubscribeAll():
                await self._leases.refresh()
                return await self.unsubscribe([lease.stream for lease in self._leases.of(_holder(request), now_ms())], request)
            case List() as asked:
                return await self.listing(asked, request)
            case Latest() as asked:
                return await self.latest(asked, request)
            case Read() as asked:
                return await self.read(asked, request)
            case Book() as asked:
                return await self.book(asked, request)
            case other:
                raise AssertionError(other)

    async def subscribe(self, asked: Subscribe, request: RpcRequest) -> bytes:
        """Take or renew leases; wait a little for what flows."""
        streams = list(dict.fromkeys(names.canonical(name) for name in asked.streams))
        await self._symbols.check(names.symbol_of(name) for name in streams)
        now, holder = now_ms(), _holder(request)
        flowing = self._leases.streams(now, 0)
        self._check_limits(streams, holder)
        seconds = _given(asked.lease_seconds, LEASE_DEFAULT_S)
        leases = await asyncio.gather(*(self._leases.take(name, holder, seconds, now) for name in streams))
        await self._replica.nudge()
        await self._reader.first(
            {name: 0 if name in flowing else now for name in streams}, _wait_s(asked.wait_ms, WAIT_DEFAULT_MS, request)
        )
        return _encode(Subscriptions(await self._shown(leases)))

    async def unsubscribe(self, streams: Sequence[str], request: RpcRequest) -> bytes:
        """Drop leases."""
        await self._leases.refresh()  # another replica may have taken them a moment ago
        holder = _holder(request)
        ended = [name for name in streams if await self._leases.end(name, holder)]
        await self._replica.nudge()
        return _encode(Unsubscribed(ended))

    async def listing(self, asked: List, request: RpcRequest) -> bytes:
        """Leases and how their streams are."""
        await self._leases.refresh()
        now = now_ms()
        leases = self._leases.all(now) if _given(asked.everybody, False) else self._leases.of(_holder(request), now)
        return _encode(Subscriptions(await self._shown(sorted(leases, key=lambda lease: (lease.stream, lease.holder)))))

    async def latest(self, asked: Latest, request: RpcRequest) -> bytes:
        """The last event of each stream."""
        streams = [names.canonical(name) for name in asked.streams]
        await self._renew(streams, request)
        return _encode(LatestEvents(await self._reader.latest(streams)))

    async def read(self, asked: Read, request: RpcRequest) -> bytes:
        """Events after a cursor."""
        streams = list(dict.fromkeys(names.canonical(name) for name in asked.streams))
        cursor = None if asked.cursor is UNSET else decode_cursor(asked.cursor)
        await self._renew(streams, request)
        page = await self._reader.read(
            streams,
            cursor,
            _given(asked.limit, READ_DEFAULT),
            _wait_s(asked.wait_ms, 0, request),
            conflate=_given(asked.conflate, False),
        )
        return _encode(page)

    async def book(self, asked: Book, request: RpcRequest) -> bytes:
        """A local order book, which is kept from now on if it was not."""
        await self._symbols.check([asked.symbol])
        name, holder = BOOK_STREAM.format(asked.symbol.lower()), _holder(request)
        lease = self._leases.find(name, holder, now_ms())
        if lease is None or not lease.book or lease.is_due(now_ms()):
            if lease is None:
                self._check_limits([name], holder)
            await self._leases.take(name, holder, lease.seconds if lease else LEASE_DEFAULT_S, now_ms(), book=True)
            await self._replica.nudge()
        until = request.deadline_ms - KEEP_FOR_ANSWER_MS
        while True:
            try:
                return await self._book_now(asked)
            except Unavailable:
                if now_ms() + BOOK_AGAIN_MS >= until:
                    raise
            await asyncio.sleep(BOOK_AGAIN_MS / 1000)

    async def _book_now(self, asked: Book) -> bytes:
        """The book from whoever keeps it at this moment; it may move while we ask."""
        session = self._replica.session
        if self._replica.owns(asked.symbol):
            return await self._local_book(asked)
        owner = session.owners.get(self._replica.shard(asked.symbol), "")
        if owner not in session.members or owner == session.me:
            raise Unavailable(f"Nobody keeps the book of {asked.symbol} at the moment.", retry_after_ms=1000)
        return await self._bus.request(self._inner_subject(owner), _encode(asked), deadline_ms=now_ms() + 2 * BOOK_WAIT_MS)

    async def listen_as(self, member: str) -> None:
        """Answer other replicas' questions for books that are kept here."""
        await self._bus.subscribe(self._inner_subject(member), self._on_inner)

    async def close(self) -> None:
        """Answer no more."""
        for task in self._inner:
            task.cancel()
        await asyncio.gather(*self._inner, return_exceptions=True)

    async def _local_book(self, asked: Book) -> bytes:
        try:
            async with asyncio.timeout(BOOK_WAIT_MS / 1000):
                book = await self._books.until_synced(asked.symbol)
        except TimeoutError:
            raise Unavailable(
                f"The local book of {asked.symbol} is not in step with the exchange.",
                retry_after_ms=1000,
                hint="Ask again in a moment, or use get_order_book.",
            ) from None
        stream = names.canonical(BOOK_STREAM.format(asked.symbol.lower()))
        (latest,) = await self._reader.latest([stream])
        age_ms = int((monotonic() - book.changed_at) * 1000)
        if latest.condition.state == "stale" and age_ms > self._settings.stream_stale_s * 1000:
            raise Unavailable(
                f"The local book of {asked.symbol} has not changed for {age_ms} ms ({latest.condition.reason}).",
                retry_after_ms=1000,
                hint="Use get_order_book.",
            )
        return _encode(_shown_book(asked, book, age_ms))

    async def _on_inner(self, message: Msg) -> None:
        task = asyncio.create_task(self._answer_inner(message))
        self._inner.add(task)
        task.add_done_callback(self._inner.discard)

    async def _answer_inner(self, message: Msg) -> None:
        headers: dict[str, str] | None = None
        try:
            reply = await self._local_book(parse(Book, message.data))
        except ServiceError as error:
            reply = encode_error(error)
            headers = {wire.ERROR_CODE: str(error.status), wire.ERROR_TEXT: error.message[: wire.MAX_ERROR_TEXT]}
        try:
            await self._bus.data.publish(message.reply, reply, headers=headers)
        except Error:
            return  # the asker will hear of the silence

    def _inner_subject(self, member: str) -> str:
        return f"{self._bus.prefix}.rpc.stream_replica.{member}.book"

    def _check_limits(self, streams: Sequence[str], holder: str) -> None:
        settings = self._settings
        now = now_ms()
        held = {lease.stream for lease in self._leases.of(holder, now)} | set(streams)
        if len(held) > settings.streams_per_holder:
            raise RateLimited(
                f"{len(held)} streams are more than the {settings.streams_per_holder} that one caller may hold.",
                hint="End some with unsubscribe, or use one of all symbols such as !miniTicker@arr.",
            )
        every = set(self._leases.streams(now, 0)) | set(streams)
        if len(every) > settings.streams_most:
            raise RateLimited(
                f"{len(every)} streams are more than the {settings.streams_most} that may flow at once.",
                hint="Wait until others end theirs, or raise BINANCE_STREAMS_MOST.",
            )

    async def _renew(self, streams: Sequence[str], request: RpcRequest) -> None:
        """Reading keeps a lease alive."""
        now, holder = now_ms(), _holder(request)
        for name in streams:
            if (lease := self._leases.find(name, holder, now)) and lease.is_due(now):
                await self._leases.take(name, holder, lease.seconds, now)

    async def _shown(self, leases: Sequence[Lease]) -> list[Subscription]:
        if not leases:
            return []
        streams = list(dict.fromkeys(lease.stream for lease in leases))
        latest = {event.stream: event for event in await self._reader.latest(streams)}
        cursors = await self._reader.cursors(streams)
        return [
            Subscription(
                handle=lease.handle,
                stream=lease.stream,
                subject=self._reader.source(lease.stream).subject,
                ends=lease.ends,
                condition=latest[lease.stream].condition,
                cursor=cursors[lease.stream].encode(),
                latest=latest[lease.stream].latest,
                holder=lease.holder,
            )
            for lease in leases
        ]


def _holder(request: RpcRequest) -> str:
    return request.caller or ANONYMOUS


def _given(value: Maybe[T], default: T) -> T:
    return default if value is UNSET else value


def _wait_s(asked: Maybe[int], default_ms: int, request: RpcRequest) -> float:
    left_ms = request.deadline_ms - KEEP_FOR_ANSWER_MS - now_ms()
    return max(0, min(_given(asked, default_ms), left_ms)) / 1000


def _shown_book(asked: Book, book: OrderBook, age_ms: int) -> LocalOrderBook:
    limit = _given(asked.limit, BOOK_DEFAULT)
    show = cumulated if _given(asked.cumulative, False) else _plain
    fill = UNSET
    if asked.side is not UNSET and asked.quantity is not UNSET:
        cost = book.cost(asked.side, Decimal(asked.quantity))
        average = cost.notional / cost.filled if cost.filled else Decimal(0)
        fill = Fill(
            side=asked.side,
            quantity=asked.quantity,
            filled=f"{cost.filled:f}",
            average_price=f"{average:.8f}",
            worst_price=f"{cost.worst_price:f}",
            notional=f"{cost.notional:f}",
        )
    return LocalOrderBook(
        symbol=asked.symbol,
        last_update_id=book.last_update_id,
        condition=Condition("synced", age_ms),
        event_time=book.event_time,
        received_time=now_ms() - age_ms,
        bids=show(book.bids(limit)),
        asks=show(book.asks(limit)),
        fill=fill,
    )


def _plain(levels: Sequence[tuple[str, str]]) -> list[list[str]]:
    return [list(level) for level in levels]
