"""Can the exchange be reached from here? Known from what requests meet, and asked where they meet nothing."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from shared.contract.errors import Denied, ServiceError, Unavailable

FRESH_S: Final = 5.0
"""What the exchange answered so long ago still proves that it can be reached."""
Value = TypeVar("Value")


class Reach:
    """Listens to requests; `ping` asks the exchange for nothing but an answer."""

    def __init__(self, ping: Callable[[], Awaitable[object]], *, monotonic: Callable[[], float]) -> None:
        self._ping = ping
        self._monotonic = monotonic
        self._heard_at = float("-inf")

    async def hear(self, request: Callable[[], Awaitable[Value]]) -> Value:
        """The answer of a request, from which this learns; raises as the request does."""
        try:
            answer = await request()
        except (Unavailable, Denied):  # as the exchange is out of reach, or its firewall has shut this address out
            self._heard_at = float("-inf")
            raise
        self._heard_at = self._monotonic()
        return answer

    async def problem(self) -> str:
        """Why it cannot be reached; empty when it can. A request limit is no reason: it holds for every replica here."""
        if self._monotonic() - self._heard_at > FRESH_S:
            try:
                await self.hear(self._ping)
            except (Unavailable, Denied) as error:
                return error.message
            except ServiceError:
                pass
        return ""
