"""Reading stored messages by direct get: many at a time, answered by the server without a consumer.

nats-py has direct gets for one message; the batched ones of nats-server (ADR-31: `batch`, `next_by_subj`, `multi_last`) answer
with one message after another and end with a status. Key-value buckets are streams too and are read the same way.
"""

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from nats.aio.msg import Msg

from shared.contract.errors import Unavailable
from shared.runtime.bus import Bus

TIMEOUT_S = 3.0
SUBJECTS_EACH = 1024
"""Subjects in one request for last values: the server's own limit. What one request answers was so at one moment."""
_END, _NOTHING, _BUSY = "204", "404", "413"
_GONE = frozenset({"KV-Operation", "Nats-Marker-Reason"})


class Stored(Struct, frozen=True):
    """A message as it is kept."""

    subject: str
    sequence: int
    time_ms: int
    """The server's clock when it arrived."""
    data: bytes
    is_gone: bool = False
    """Of a key-value bucket: does it say that the key was deleted?"""


class Page(Struct, frozen=True):
    """Messages in order of arrival."""

    messages: list[Stored]
    pending: int
    """How many more follow."""


class Direct:
    """Reads through one inbox; `open` it first."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._inbox = bus.commands.new_inbox()
        self._tokens = itertools.count()
        self._waiting: dict[str, asyncio.Queue[Msg]] = {}

    async def open(self) -> None:
        """Listen for answers."""
        commands: Any = self._bus.commands
        await commands.subscribe(f"{self._inbox}.*", cb=self._receive)

    async def page(self, stream: str, subject: str, start: int, most: int, *, max_bytes: int = 4 * 1024 * 1024) -> Page:
        """Messages of a subject (wildcards allowed) from a sequence on.

        Raises:
            Unavailable: the stream is not there, or the bus does not answer.
        """
        ask = {"seq": max(1, start), "next_by_subj": subject, "batch": most, "max_bytes": max_bytes}
        return await self._ask(stream, ask)

    async def last(self, stream: str, subjects: Sequence[str]) -> dict[str, Stored]:
        """The last message of each subject that has one. Raises as `page`."""
        found: dict[str, Stored] = {}
        for start in range(0, len(subjects), SUBJECTS_EACH):
            some = list(subjects[start : start + SUBJECTS_EACH])
            page = await self._ask(stream, {"multi_last": some, "batch": len(some)})
            found.update((message.subject, message) for message in page.messages)
        return found

    async def every(self, stream: str, subject: str) -> list[Stored]:
        """All messages of a subject, for buckets that are small. Raises as `page`."""
        messages: list[Stored] = []
        start = 1
        while True:
            page = await self.page(stream, subject, start, 1000)
            messages += page.messages
            if not page.pending or not page.messages:
                return messages
            start = page.messages[-1].sequence + 1

    async def _ask(self, stream: str, ask: dict[str, Any]) -> Page:
        token = str(next(self._tokens))
        answers = self._waiting[token] = asyncio.Queue[Msg]()
        messages: list[Stored] = []
        try:
            if not self._bus.commands.is_connected:
                raise Unavailable("The link to NATS is down.", retry_after_ms=1000)
            subject = f"$JS.API.DIRECT.GET.{stream}"
            await self._bus.commands.publish(subject, msgspec.json.encode(ask), reply=f"{self._inbox}.{token}")
            async with asyncio.timeout(TIMEOUT_S):
                while True:
                    headers = (answer := await answers.get()).headers or {}
                    status = headers.get("Status", "")
                    if status == _END:
                        return Page(messages, int(headers.get("Nats-Num-Pending", "0")))
                    if status == _NOTHING:
                        return Page(messages, 0)
                    if status:
                        raise Unavailable(f"NATS does not give the events kept in {stream} (status {status}).")
                    messages.append(_stored(answer, headers))
        except TimeoutError:
            raise Unavailable(f"NATS did not answer for the events kept in {stream}.", retry_after_ms=1000) from None
        finally:
            del self._waiting[token]

    async def _receive(self, message: Msg) -> None:
        if answers := self._waiting.get(message.subject.rpartition(".")[2]):
            answers.put_nowait(message)


def _stored(message: Msg, headers: dict[str, str]) -> Stored:
    return Stored(
        subject=headers["Nats-Subject"],
        sequence=int(headers["Nats-Sequence"]),
        time_ms=_milliseconds(headers["Nats-Time-Stamp"]),
        data=message.data,
        is_gone=not _GONE.isdisjoint(headers),
    )


def _milliseconds(stamp: str) -> int:
    """Unix milliseconds of a time such as 2026-11-23T16:00:00.123456789Z."""
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    return int(datetime.fromisoformat(f"{whole}+00:00").timestamp()) * 1000 + int((fraction + "000")[:3])


def keys(messages: Iterable[Stored]) -> dict[str, Stored]:
    """Of a bucket's messages those that stand, by key."""
    found: dict[str, Stored] = {}
    for message in messages:
        key = message.subject.split(".", 2)[2]
        if message.is_gone:
            found.pop(key, None)
        else:
            found[key] = message
    return found
