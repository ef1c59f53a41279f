"""Identical requests in flight are asked once: whoever comes while the answer is under way shares it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class InFlight(Generic[Key, Value]):
    """Calls under way by key.

    A caller that gives up (its deadline passed) does not take the answer from the others; the call itself ends early only when
    nobody waits for it any more.
    """

    def __init__(self) -> None:
        self._calls: dict[Key, tuple[asyncio.Task[Value], list[int]]] = {}

    def __len__(self) -> int:
        return len(self._calls)

    async def ask(self, key: Key, call: Callable[[], Awaitable[Value]]) -> Value:
        """The value of `call()`, or of the call that is already under way for this key."""
        if key not in self._calls:
            task = asyncio.ensure_future(call())
            self._calls[key] = (task, [0])
            task.add_done_callback(lambda done: self._forget(key, done))
        task, waiting = self._calls[key]
        waiting[0] += 1
        try:
            return await asyncio.shield(task)
        finally:
            waiting[0] -= 1
            if not waiting[0] and not task.done():
                self._forget(key, task)
                task.cancel()

    def _forget(self, key: Key, task: asyncio.Future[Value]) -> None:
        if key in self._calls and self._calls[key][0] is task:
            del self._calls[key]
        if task.done() and not task.cancelled():
            task.exception()  # looked at, so that an answer nobody waited for is no "never retrieved" warning
