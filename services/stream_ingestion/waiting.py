"""Callers that wait for something to happen: they take none of the slots in which requests are worked on, but are bounded.

A reader may wait half a minute. A few hundred of them would otherwise hold every slot of the service, and nobody could so much
as subscribe.
"""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from shared.contract.errors import RateLimited
from shared.runtime.responder import RpcRequest

MOST = 4096
"""Waiting at a replica at once; each costs a task and some kilobytes."""
MOST_EACH = 1024
"""Of one caller; a gateway's nameless agents are one caller, and it lets half of its calls wait."""
RETRY_MS = 1000


class Waiting:
    """Who waits."""

    def __init__(self) -> None:
        self._by_caller: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._by_caller.total()

    @contextmanager
    def of(self, request: RpcRequest) -> Generator[None, None, None]:
        """Let a request wait.

        Raises:
            RateLimited: too many do already.
        """
        caller, waiting = request.caller, len(self)
        if waiting >= MOST or self._by_caller[caller] >= MOST_EACH:
            raise RateLimited(
                f"{self._by_caller[caller]} requests of yours and {waiting} of all callers are waiting already.",
                retry_after_ms=RETRY_MS,
                hint="Ask without waiting (waitMs 0), or read several streams with one request.",
            )
        self._by_caller[caller] += 1
        try:
            with request.idle():
                yield
        finally:
            self._by_caller[caller] -= 1
            if not self._by_caller[caller]:
                del self._by_caller[caller]
