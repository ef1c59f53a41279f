"""Two connections carry the same stream for a moment, so that moving from one to the other loses and doubles nothing.

Events of the new connection are kept back until one of them continues what the channel has, or repeats it: from there on the
new connection has everything, and its events go on while what the channel has had already is dropped by number, also what the
new connection brings later than the old one did. Until then the old connection goes on delivering. When the old one is gone or
silent the move is made as it is (`finish`), and the channel sees the hole, if there is one.
"""

from collections.abc import Callable
from time import monotonic

from services.stream_ingestion.channel import Channel

KEPT_MOST = 10_000
"""Events kept back for a stream that moves; beyond it the move is made."""
KEPT_S = 10.0
"""A stream that waits to be taken over keeps the events of so long, twice as long at most, so that thousands of them take no
more memory than that much of the market: by then its owner has given it away or is known to be dead. What is older is
fetched."""


LAG_S = 10.0
"""A new connection repeats what the old one brought for so long at most; a low number after that is no repetition."""


class Ahead:
    """The events of the new connection for one channel.

    Args:
        channel: Takes what goes on.
        on_moved: Is told when the old connection is of no use any more.
        on_passed: Is told when nothing can be repeated any more: from then on the channel may take the events directly.
        waits: Move only when `finish` says so, as a replica does that has yet to take over.
    """

    def __init__(
        self,
        channel: Channel,
        on_moved: Callable[["Ahead"], None],
        on_passed: Callable[["Ahead"], None],
        *,
        waits: bool = False,
    ) -> None:
        self.channel = channel
        self.moved = False
        self._on_moved = on_moved
        self._on_passed = on_passed
        self._waits = waits
        self._kept: list[bytes] = []
        self._older: list[bytes] = []
        self._keep_until = 0.0
        self._last = 0
        """The channel's last number when the move was made."""
        self._passed = False
        self._repeats_until = 0.0
        self._is_shared = False

    def take(self, payload: bytes) -> None:
        """An event of the new connection."""
        if self.moved:
            self._go_on(payload)
            return
        self._kept.append(payload)
        if self._waits:
            if (now := monotonic()) >= self._keep_until:
                self._older, self._kept, self._keep_until = self._kept, [], now + KEPT_S
        elif len(self._kept) > KEPT_MOST or self.channel.is_next(self.channel.number(self._kept[0])):
            self.finish()

    def finish(self) -> None:
        """Move now."""
        if self.moved:
            return
        self.moved = True
        self._last, self._repeats_until = self.channel.last, monotonic() + LAG_S
        kept = dict.fromkeys(self._older + self._kept)  # each once: two connections may have brought it
        self._older, self._kept = [], []
        for payload in kept:
            self._go_on(payload)
        self._on_moved(self)

    def share(self) -> None:
        """Two connections bring the events of a stream that waits: each of them counts once."""
        self._is_shared = True

    def part(self) -> None:
        """It is one connection again, the newer one, which may lag behind."""
        if self._is_shared:
            self._is_shared = False
            self._last, self._repeats_until = self.channel.last, monotonic() + LAG_S

    def _go_on(self, payload: bytes) -> None:
        if not self._passed:
            last = self.channel.last if self._is_shared else self._last
            if 0 <= self.channel.number(payload) <= last and monotonic() < self._repeats_until:
                return
            if not self._is_shared:
                self._passed = True
                self._on_passed(self)
        self.channel.take(payload)
