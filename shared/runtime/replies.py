"""Replies awaited: which request belongs to which waiting task. One wildcard inbox serves all requests of a connection.

nats-py has the same inside its `request`; this one leaves nothing behind when a publish fails, fails at once when the server
forbids a subject (nats-py only times out), and spends less on each request: a reply goes straight from the read to who waits.
"""

import asyncio
import itertools
from collections.abc import Callable
from typing import NamedTuple

from shared.runtime.direct_client import Message


class Replies:
    """Requests under way, by the last token of their reply subject."""

    def __init__(self, inbox: str) -> None:
        self._inbox = inbox
        self._skip = len(inbox) + 1
        self._numbers = itertools.count()
        self._waiting: dict[str, _Waiting] = {}
        self._loop = asyncio.get_running_loop()

    @property
    def subject(self) -> str:
        """What to subscribe to."""
        return f"{self._inbox}.*"

    def __len__(self) -> int:
        return len(self._waiting)

    def expect(self, subject: str, wait_s: float) -> tuple[str, asyncio.Future[Message]]:
        """The reply subject for a request, and the future of its reply, which ends with `TimeoutError` when none comes in time.

        `forget` it in the end, however it ends.
        """
        token = str(next(self._numbers))
        future: asyncio.Future[Message] = self._loop.create_future()
        self._waiting[token] = _Waiting(subject, future, self._loop.call_later(wait_s, _expire, future))
        return f"{self._inbox}.{token}", future

    def forget(self, reply: str) -> None:
        """Nobody waits for this reply any more."""
        waiting = self._waiting.pop(reply[self._skip :], None)
        if waiting is not None:
            waiting.timer.cancel()

    def receive(self, message: Message) -> None:
        """Hand a reply to the task that waits for it; one that nobody waits for is dropped."""
        waiting = self._waiting.get(message.subject[self._skip :])
        if waiting is not None and not waiting.future.done():
            waiting.future.set_result(message)

    def fail(self, error: Callable[[str], Exception], subject: str | None = None) -> None:
        """End the waiting for replies from a subject (in lower case, as the server tells of it), or for all."""
        for waiting in list(self._waiting.values()):
            if not waiting.future.done() and (subject is None or waiting.subject.lower() == subject):
                waiting.future.set_exception(error(waiting.subject))


class _Waiting(NamedTuple):
    subject: str
    future: asyncio.Future[Message]
    timer: asyncio.TimerHandle


def _expire(future: asyncio.Future[Message]) -> None:
    if not future.done():
        future.set_exception(TimeoutError())
