"""Why the streams of a carrier cannot be trusted, as far as its connection is concerned."""

from collections.abc import Iterable
from time import monotonic

from services.stream_ingestion.channel import Channel


class Troubles:
    """What ails all streams at the moment, and what each of them has missed."""

    def __init__(self) -> None:
        self.reason = ""
        """Why nothing can come; empty if something can."""
        self._broken: dict[str, tuple[str, float]] = {}
        """Streams that missed events, if there were any: why, and when it was (monotonic); until something comes."""

    def of(self, channel: Channel) -> str:
        """Why this stream cannot be trusted; empty if it can."""
        if self.reason:
            return self.reason
        reason, at = self._broken.get(channel.name, ("", 0.0))
        if reason and channel.received > at:
            del self._broken[channel.name]
            return ""
        return reason

    def broke(self, names: Iterable[str], reason: str) -> None:
        """These may have missed something."""
        self._broken.update(dict.fromkeys(names, (reason, monotonic())))

    def forget(self, name: str) -> None:
        """Nobody asks for this one any more."""
        self._broken.pop(name, None)
