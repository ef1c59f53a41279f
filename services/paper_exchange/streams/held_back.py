"""What a drill's latency holds back: each thing until its moment, in the order in which they came."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class HeldBack(Generic[Thing]):
    """The things of one connection that are on their way."""

    def __init__(self, most: int, deliver: Callable[[Thing], None]) -> None:
        """`most`: so many at once; `deliver` is called with each when its moment has come."""
        self._most = most
        self._deliver = deliver
        self._things: deque[tuple[float, Thing]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def __len__(self) -> int:
        return len(self._things)

    def add(self, thing: Thing, due_s: float) -> bool:
        """Hold it back until `due_s` (of the loop's clock) and never before one ahead of it; False when there is no room."""
        if len(self._things) >= self._most:
            return False
        self._things.append((max(due_s, self._things[-1][0]) if self._things else due_s, thing))
        if self._timer is None:
            self._release()
        return True

    def close(self) -> None:
        """Deliver nothing any more."""
        self._things.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _release(self) -> None:
        self._timer = None
        now_s = self._loop.time()
        while self._things and self._things[0][0] <= now_s:
            self._deliver(self._things.popleft()[1])
        if self._things:
            self._timer = self._loop.call_at(self._things[0][0], self._release)
