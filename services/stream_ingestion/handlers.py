"""Answers `binance.rpc.stream.*`: any replica answers anything, from what NATS keeps; a book comes from where it is kept."""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from msgspec import UNSET

from services.stream_ingestion import leases as lease_names
from services.stream_ingestion import names
from services.stream_ingestion.book_answers import BookAnswers
from services.stream_ingestion.cursors import decode_cursor
from services.stream_ingestion.leases import Lease, Leases
from services.stream_ingestion.reader import Reader
from services.stream_ingestion.replica import Replica
from services.stream_ingestion.settings import Settings
from services.stream_ingestion.symbols import Symbols
from services.stream_ingestion.waiting import Waiting
from shared.contract.errors import Denied
from shared.contract.platform.streams import (
    LEASE_DEFAULT_S,
    READ_DEFAULT,
    WAIT_DEFAULT_MS,
    Book,
    Latest,
    LatestEvents,
    List,
    Read,
    Subscribe,
    Subscription,
    Subscriptions,
    Unsubscribe,
    UnsubscribeAll,
    Unsubscribed,
)
from shared.contract.primitives import Maybe
from shared.runtime.clock import now_ms
from shared.runtime.responder import RpcRequest

ANONYMOUS = "anonymous"
"""The holder for callers that do not say who they are."""
KEEP_FOR_ANSWER_MS = 250
"""Of the time that a caller gives, so much is kept for answering."""
BOOK_STREAM = "{}@depth@100ms"
_encode = msgspec.json.encode
T = TypeVar("T")


class Handlers:
    """Answers the operations of streams."""

    def __init__(
        self,
        replica: Replica,
        leases: Leases,
        reader: Reader,
        books: BookAnswers,
        symbols: Symbols,
        waiting: Waiting,
        settings: Settings,
    ) -> None:
        self._replica = replica
        self._leases = leases
        self._reader = reader
        self._books = books
        self._symbols = symbols
        self._settings = settings
        self._waiting = waiting

    async def answer(self, request: RpcRequest) -> bytes:
        """Answer any of them."""
        match request.operation:
            case Subscribe() as asked:
                return await self.subscribe(asked, request)
            case Unsubscribe() as asked:
                return await self.unsubscribe(_named([asked.stream], request), request)
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
        streams = _named(asked.streams, request)
        await self._symbols.check(names.symbol_of(name) for name in streams)
        now, holder = now_ms(), _holder(request)
        flowing = self._leases.streams(now, 0)
        self._check_limits(streams, holder)
        seconds = _given(asked.lease_seconds, LEASE_DEFAULT_S)
        leases = await asyncio.gather(*(self._leases.take(name, holder, seconds, now) for name in streams))
        await self._replica.nudge()
        await self._reader.first(
            {name: 0 if name in flowing else now for name in streams},
            _wait_s(asked.wait_ms, WAIT_DEFAULT_MS, request),
            lambda: self._waiting.of(request),
        )
        return _encode(Subscriptions(await self._shown(leases)))

    async def unsubscribe(self, streams: Sequence[str], request: RpcRequest) -> bytes:
        """Drop leases."""
        await self._leases.refresh()  # another replica may have taken them a moment ago
        now, holder = now_ms(), _holder(request)
        were_held = await asyncio.gather(*(self._leases.end(name, holder, now) for name in streams))
        await self._replica.nudge()
        return _encode(Unsubscribed([name for name, was_held in zip(streams, were_held, strict=True) if was_held]))

    async def listing(self, asked: List, request: RpcRequest) -> bytes:
        """Leases and how their streams are."""
        await self._leases.refresh()
        now = now_ms()
        leases = self._leases.all(now) if _given(asked.everybody, False) else self._leases.of(_holder(request), now)
        return _encode(Subscriptions(await self._shown(sorted(leases, key=lambda lease: (lease.stream, lease.holder)))))

    async def latest(self, asked: Latest, request: RpcRequest) -> bytes:
        """The last event of each stream."""
        streams = _named(asked.streams, request)
        await self._renew(streams, request)
        return _encode(LatestEvents(await self._reader.latest(streams)))

    async def read(self, asked: Read, request: RpcRequest) -> bytes:
        """Events after a cursor."""
        streams = _named(asked.streams, request)
        cursor = None if asked.cursor is UNSET else decode_cursor(asked.cursor)
        await self._renew(streams, request)
        page = await self._reader.read(
            streams,
            cursor,
            _given(asked.limit, READ_DEFAULT),
            _wait_s(asked.wait_ms, 0, request),
            lambda: self._waiting.of(request),
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
        with self._waiting.of(request):
            return await self._books.answer(asked, request.deadline_ms - KEEP_FOR_ANSWER_MS)

    def _check_limits(self, streams: Sequence[str], holder: str) -> None:
        settings = self._settings
        now = now_ms()
        held = {lease.stream for lease in self._leases.of(holder, now)} | set(streams)
        if len(held) > settings.streams_per_holder:
            raise Denied(
                f"{len(held)} streams are more than the {settings.streams_per_holder} that one caller may hold.",
                hint="End some (unsubscribe_from_stream), or use one of all symbols such as !miniTicker@arr; "
                "the operator's BINANCE_STREAMS_PER_HOLDER allows more.",
            )
        every = set(self._leases.streams(now, 0)) | set(streams)
        if len(every) > settings.streams_most:
            raise Denied(
                f"{len(every)} streams are more than the {settings.streams_most} that may flow at once.",
                hint="Others have to end theirs, or the operator raises BINANCE_STREAMS_MOST.",
            )

    async def _renew(self, streams: Sequence[str], request: RpcRequest) -> None:
        """Reading keeps a lease alive."""
        now, holder = now_ms(), _holder(request)
        held = (self._leases.find(name, holder, now) for name in streams)
        await asyncio.gather(
            *(self._leases.take(lease.stream, holder, lease.seconds, now) for lease in held if lease and lease.is_due(now))
        )

    async def _shown(self, leases: Sequence[Lease]) -> list[Subscription]:
        if not leases:
            return []
        streams = list(dict.fromkeys(lease.stream for lease in leases))
        standing = await self._reader.standing(streams)
        return [
            Subscription(
                handle=lease.handle,
                stream=lease.stream,
                subject=self._reader.source(lease.stream).subject,
                ends=lease.ends,
                condition=latest.condition,
                cursor=cursor.encode(),
                latest=latest.latest,
                holder=lease.holder,
            )
            for lease in leases
            for latest, cursor in [standing[lease.stream]]
        ]


def _holder(request: RpcRequest) -> str:
    return request.caller or ANONYMOUS


def _named(asked: Sequence[str], request: RpcRequest) -> list[str]:
    """The streams that are meant, each once: by their names or by the handles of the caller's leases."""
    holder = _holder(request)
    return list(dict.fromkeys(names.canonical(lease_names.stream_of(name, holder)) for name in asked))


def _given(value: Maybe[T], default: T) -> T:
    return default if value is UNSET else value


def _wait_s(asked: Maybe[int], default_ms: int, request: RpcRequest) -> float:
    left_ms = request.deadline_ms - KEEP_FOR_ANSWER_MS - now_ms()
    return max(0, min(_given(asked, default_ms), left_ms)) / 1000
