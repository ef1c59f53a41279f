"""What can be made to go wrong on market streams, for drills. Pure, and the same every time for the same seed.

    {"seed": "7", "gap_every": 200, "drop_every": 5000, "silence_every": 0, "rotate_s": 60, "latency_ms": 40, "jitter_ms": 20}

Each connection has a fate of its own, drawn from the seed and the connection's number since the faults were ordered: frame by
frame it says what happens to it. `..._every` is the mean number of frames between two such faults; zero is never.
"""

from random import Random
from typing import Annotated, Literal

from msgspec import Meta, Struct

_Count = Annotated[int, Meta(ge=0, le=10_000_000)]
_Millis = Annotated[int, Meta(ge=0, le=60_000)]


class StreamFaults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The order for a drill; without anything in it nothing goes wrong."""

    seed: Annotated[str, Meta(max_length=64)] = "1"
    gap_every: _Count = 0
    """Frames are left out: a hole in the sequence."""
    drop_every: _Count = 0
    """The connection is broken without a close frame."""
    silence_every: _Count = 0
    """The connection stays open and is mute from then on, pings and pongs included."""
    rotate_s: Annotated[float, Meta(ge=0, le=86_400)] = 0
    """Connections end after so many seconds, with `serverShutdown` halfway."""
    latency_ms: _Millis = 0
    """Frames go out so much later, in their order."""
    jitter_ms: _Millis = 0
    """And at random up to so much later still."""

    @property
    def is_calm(self) -> bool:
        """Does nothing happen to frames?"""
        return not (self.gap_every or self.drop_every or self.silence_every or self.latency_ms or self.jitter_ms)


CALM = StreamFaults()
Outcome = Literal["sent", "left out", "broken", "mute"]


class Fate:
    """What happens to the frames of one connection."""

    def __init__(self, faults: StreamFaults, number: int) -> None:
        """`number` is the connection's, counted from when the faults were ordered."""
        self._faults = faults
        self._luck = Random(f"{faults.seed}/{number}")
        self._gap, self._drop, self._silence = (
            self._after(every) for every in (faults.gap_every, faults.drop_every, faults.silence_every)
        )
        self._frames = 0
        self._latest_s = 0.0

    def next(self) -> Outcome:
        """What happens to the next frame."""
        self._frames += 1
        if self._frames == self._drop:
            return "broken"
        if self._silence and self._frames >= self._silence:
            return "mute"
        if self._frames == self._gap:
            self._gap += self._after(self._faults.gap_every)
            return "left out"
        return "sent"

    def due_s(self, now_s: float) -> float:
        """When a frame of this moment goes out: later, but never before the one ahead of it."""
        delay_ms = self._faults.latency_ms + self._luck.random() * self._faults.jitter_ms
        self._latest_s = max(self._latest_s, now_s + delay_ms / 1000)
        return self._latest_s

    def _after(self, every: int) -> int:
        """In how many frames the next fault of a kind comes: at least one, twice the mean at most, never for zero."""
        return self._luck.randint(1, 2 * every - 1) if every else 0
