"""Two connections carry the same stream for a moment, so that moving from one to the other loses and doubles nothing.

Events of the new connection are kept back until one of them continues what the channel has, or repeats it: from there on the
new connection has everything, and its events go on while what the channel has had already is dropped by number. Until then
the old connection goes on delivering. When the old one is gone or silent the move is made as it is (`finish`), and the
channel sees the hole, if there is one.
"""

from collections.abc import Callable

from services.stream_ingestion.channel import Channel

KEPT_MOST = 10_000
"""Events kept back for a stream; beyond it the move is made."""


class Ahead:
    """The events of the new connection for one channel."""

    def __init__(self, channel: Channel, on_moved: Callable[["Ahead"], None], *, waits: bool = False) -> None:
        self.channel = channel
        self.moved = False
        self._on_moved = on_moved
        self._waits = waits
        """Keep everything until `finish`, as a replica does that has yet to take over."""
        self._kept: list[bytes] = []

    def take(self, payload: bytes) -> None:
        """An event of the new connection."""
        if self.moved:
            self.channel.take(payload)
            return
        self._kept.append(payload)
        if self._waits:
            del self._kept[:-KEPT_MOST]
        elif len(self._kept) > KEPT_MOST or self.channel.is_next(self.channel.number(self._kept[0])):
            self.finish()

    def finish(self) -> None:
        """Move now."""
        if self.moved:
            return
        self.moved = True
        channel, kept = self.channel, self._kept
        last, tail = channel.last, channel.tail
        self._kept = []
        for payload in kept:
            if channel.number(payload) > last and payload != tail:
                channel.take(payload)
        self._on_moved(self)
