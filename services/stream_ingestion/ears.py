"""Listening to subjects until they speak: one subscription for each, however many wait for it, and none when nobody does."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from msgspec import Struct, field
from nats.errors import Error

from shared.contract.errors import Unavailable
from shared.runtime.bus import Bus
from shared.runtime.direct_client import Listening

SEEN_WITHIN_S = 2


class _Ear(Struct):
    """A subscription and who waits for it."""

    subscription: Listening
    waiting: set[asyncio.Event] = field(default_factory=set[asyncio.Event])


class Ears:
    """All that is listened to."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._ears: dict[str, _Ear] = {}
        self._turn = asyncio.Lock()

    def __len__(self) -> int:
        """Subscriptions."""
        return len(self._ears)

    @asynccontextmanager
    async def on(self, subjects: Sequence[str]) -> AsyncGenerator[asyncio.Event, None]:
        """Listen to these; the event is set whenever one of them speaks. What is said from now on is heard for certain.

        Raises:
            Unavailable: the bus does not answer.
        """
        spoke = asyncio.Event()
        try:
            async with self._turn:  # two who come at once must not both subscribe
                for subject in subjects:
                    if subject not in self._ears:
                        self._ears[subject] = await self._open(subject)
                    self._ears[subject].waiting.add(spoke)
            try:
                await self._bus.data.flush(SEEN_WITHIN_S)
            except (Error, TimeoutError, OSError):
                raise Unavailable("The bus does not answer.", retry_after_ms=1000) from None
            yield spoke
        finally:
            for subject in subjects:
                await self._leave(subject, spoke)

    async def _open(self, subject: str) -> _Ear:
        def hear(_subject: str, _payload: bytes) -> None:
            if ear := self._ears.get(subject):
                for spoke in ear.waiting:
                    spoke.set()

        return _Ear(await self._bus.listen(subject, hear))

    async def _leave(self, subject: str, spoke: asyncio.Event) -> None:
        ear = self._ears.get(subject)
        if ear is None:
            return
        ear.waiting.discard(spoke)
        if not ear.waiting:
            del self._ears[subject]
            with contextlib.suppress(Error):
                await ear.subscription.unsubscribe()
