"""Events of many streams in one order, by a consumer that lives for one reading.

A direct get reads one subject. For many streams that is one get each, of which most events are thrown away again, for they go
beyond the page: 200 streams with 100 new events each took 158 ms that way. A consumer takes any number of subjects and gives
them merged, so many and no more: 4 ms. For a few streams the direct get is cheaper.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from msgspec import Struct
from nats.aio.msg import Msg

from services.stream_ingestion.direct import Page, Stored
from shared.contract.errors import Unavailable
from shared.runtime.bus import Bus
from shared.runtime.wire import STATUS

TIMEOUT_S = 3.0
LIVES_NS = 5_000_000_000
"""A consumer that its reader could not delete ends by itself after so long."""
_CONSUMER, _SEQUENCE, _TIME, _PENDING = 3, 5, 7, 8
"""Where the reply subject of a delivered message names its consumer, its sequence, its time (Unix ns) and how many follow."""


class _Created(Struct, frozen=True):
    """As much of the server's reply as is of use."""

    num_pending: int = 0
    error: dict[str, Any] | None = None


_created = msgspec.json.Decoder(_Created).decode


class Gathered:
    """Reads through one inbox; `open` it first."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._inbox = bus.commands.new_inbox()
        self._names = itertools.count()
        self._head = self._inbox.rpartition(".")[2]
        self._waiting: dict[str, asyncio.Queue[Msg]] = {}

    async def open(self) -> None:
        """Listen for messages."""
        commands: Any = self._bus.commands
        await commands.subscribe(f"{self._inbox}.*.*", cb=self._receive)

    async def page(self, stream: str, subjects: Sequence[str], start: int, most: int, *, max_bytes: int) -> Page:
        """Messages of these subjects from a sequence on, in order.

        Nothing comes of a first message that is larger than `max_bytes`.

        Raises:
            Unavailable: the stream is not there, or the bus does not answer.
        """
        async with self._consumer(stream, subjects, start) as (name, pending, arrivals):
            messages: list[Stored] = []
            if pending:
                ask = {"batch": most, "max_bytes": max_bytes, "no_wait": True}
                await self._send(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}", ask, name, "next")
            while len(messages) < most and pending:
                arrived = await arrivals.get()
                if STATUS in (arrived.headers or {}):
                    break  # the page is full, in bytes
                stored, pending = _delivered(arrived)
                messages.append(stored)
            return Page(messages, pending)

    async def count(self, stream: str, subjects: Sequence[str], start: int) -> int:
        """How many messages of these subjects are kept from a sequence on. Raises as `page`."""
        async with self._consumer(stream, subjects, start) as (_, pending, _):
            return pending

    @asynccontextmanager
    async def _consumer(
        self, stream: str, subjects: Sequence[str], start: int
    ) -> AsyncGenerator[tuple[str, int, asyncio.Queue[Msg]], None]:
        """A consumer's name, how many messages it has to give, and where they arrive. All within `TIMEOUT_S`."""
        name = f"{self._head}{next(self._names)}"
        arrivals = self._waiting[name] = asyncio.Queue[Msg]()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._send(
                    f"$JS.API.CONSUMER.CREATE.{stream}.{name}", _order(stream, name, subjects, start), name, "created"
                )
                created = _created((await arrivals.get()).data)
                if created.error is not None:
                    why = created.error.get("description", "")
                    raise Unavailable(f"NATS does not give the events kept in {stream}: {why}.", retry_after_ms=1000)
                yield name, created.num_pending, arrivals
        except TimeoutError:
            raise Unavailable(f"NATS did not answer for the events kept in {stream}.", retry_after_ms=1000) from None
        finally:
            del self._waiting[name]
            if self._bus.commands.is_connected:
                await self._bus.commands.publish(f"$JS.API.CONSUMER.DELETE.{stream}.{name}", b"")

    async def _send(self, subject: str, ask: dict[str, Any], name: str, what: str) -> None:
        if not self._bus.commands.is_connected:
            raise Unavailable("The link to NATS is down.", retry_after_ms=1000)
        await self._bus.commands.publish(subject, msgspec.json.encode(ask), reply=f"{self._inbox}.{name}.{what}")

    async def _receive(self, message: Msg) -> None:
        """A delivered message bears the subject under which it was kept, and in its reply subject the consumer's name."""
        told = message.reply.split(".") if message.reply else message.subject.split(".")
        name = told[_CONSUMER] if message.reply else told[-2]
        if arrivals := self._waiting.get(name):
            arrivals.put_nowait(message)


def _order(stream: str, name: str, subjects: Sequence[str], start: int) -> dict[str, Any]:
    config = {
        "name": name,
        "deliver_policy": "by_start_sequence",
        "opt_start_seq": max(1, start),
        "ack_policy": "none",
        "replay_policy": "instant",
        "filter_subjects": list(subjects),
        "inactive_threshold": LIVES_NS,
        "mem_storage": True,
        "num_replicas": 1,
    }
    return {"stream_name": stream, "config": config}


def _delivered(message: Msg) -> tuple[Stored, int]:
    """A message, and how many follow it."""
    told = message.reply.split(".")
    return Stored(message.subject, int(told[_SEQUENCE]), int(told[_TIME]) // 1_000_000, message.data), int(told[_PENDING])
