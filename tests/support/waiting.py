"""Waiting for what will be true, bounded: no test sleeps for a guessed time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

T = TypeVar("T")
POLL_S = 0.005


async def eventually(condition: Callable[[], Awaitable[T]] | Callable[[], T], *, within_s: float = 10.0) -> T:
    """The first true value of the condition.

    Raises:
        AssertionError: it did not become true in time.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + within_s
    while True:
        found = condition()
        value = cast(T, await cast(Awaitable[T], found) if isinstance(found, Awaitable) else found)
        if value:
            return value
        if loop.time() >= until:
            raise AssertionError(f"not within {within_s:g} s: {getattr(condition, '__qualname__', condition)} is {value!r}")
        tick = asyncio.Event()
        loop.call_later(POLL_S, tick.set)
        await tick.wait()
