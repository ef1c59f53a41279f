"""What stream_ingestion opens, answers and looks after while it lives."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from prometheus_client import Gauge

from services.stream_ingestion.book_answers import BookAnswers
from services.stream_ingestion.carrier import Terms
from services.stream_ingestion.direct import Direct
from services.stream_ingestion.flow import Flow
from services.stream_ingestion.gathered import Gathered
from services.stream_ingestion.handlers import Handlers
from services.stream_ingestion.leases import Leases
from services.stream_ingestion.publisher import can_join
from services.stream_ingestion.reader import Reader
from services.stream_ingestion.replica import Replica
from services.stream_ingestion.settings import Settings
from services.stream_ingestion.stores import Stores
from services.stream_ingestion.symbols import Symbols
from services.stream_ingestion.waiting import Waiting
from shared.binance.sockets import connector
from shared.binance.stream_limits import Window
from shared.contract import subjects
from shared.contract.catalog import owned_by
from shared.contract.operation import Operation, Owner
from shared.runtime.bus import Bus
from shared.runtime.clock import now_ms
from shared.runtime.ends import CannotStart
from shared.runtime.observe import logger
from shared.runtime.service import Life

ASK_WITHIN_MS = 10_000
BACKOFF_FIRST_S, BACKOFF_MOST_S = 0.1, 15.0
OVERHEAD = 256
"""Bytes that a message on the bus may have beside its payload."""
_log = logger("stream_ingestion")


@asynccontextmanager
async def serve(life: Life[Settings]) -> AsyncGenerator[None, None]:
    """The resources of stream_ingestion."""
    settings, bus = life.settings, life.bus
    direct, gathered, stores = Direct(bus), Gathered(bus), Stores(bus.prefix)
    await direct.open()
    await gathered.open()
    joins = await can_join(bus.data)
    if not joins:
        _log.warning("nats-py is not as it was: events are published one by one")
    ask = _asking(bus)
    flow = Flow(bus, direct, stores, settings, _terms(settings, bus), ask, joins=joins, metrics=life.metrics)
    leases = Leases(bus, direct, stores, int(settings.stream_linger_s * 1000))
    replica = Replica(bus, direct, stores, leases, flow, settings)
    reader = Reader(bus, direct, gathered, stores, settings)
    books = BookAnswers(bus, replica, flow.books, settings)
    waiting = Waiting()
    Gauge("binance_stream_waiting", "Requests that wait for an event", registry=life.metrics.registry).set_function(
        lambda: len(waiting)
    )
    handlers = Handlers(replica, leases, reader, books, Symbols(ask), waiting, settings)
    life.answer(owned_by(Owner.STREAM), handlers.answer)

    async def works() -> str:
        return replica.problem

    life.probe("streams", works)
    await replica.open(books.listen_as)
    beating = asyncio.create_task(replica.run())
    yield
    beating.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await beating
    await replica.hand_over(settings.drain_s)
    await books.close()


def _asking(bus: Bus) -> Any:
    async def ask(operation: Operation[Any]) -> bytes:
        subject = subjects.rpc(operation.spec, prefix=bus.prefix)
        return await bus.request(subject, msgspec.json.encode(operation), deadline_ms=now_ms() + ASK_WITHIN_MS)

    return ask


def _terms(settings: Settings, bus: Bus) -> Terms:
    try:
        connect = connector(settings.stream_library)
    except ModuleNotFoundError:
        raise CannotStart("picows is not installed: pip install picows, or set BINANCE_STREAM_LIBRARY=auto.") from None
    exchange = settings.exchange
    url = exchange.stream_url if settings.stream_url else exchange.market_stream_url or exchange.stream_url
    return Terms(
        connect=connect,
        url=url,
        max_frame=bus.max_payload - OVERHEAD,
        rotate_after_s=settings.stream_rotate_s,
        silent_after_s=settings.stream_silent_s,
        overlap_s=settings.stream_overlap_s,
        backoff_first_s=BACKOFF_FIRST_S,
        backoff_most_s=BACKOFF_MOST_S,
        connects=Window(settings.stream_connects, 300),
    )
