"""The exchange's clock as seen from here.

A signed request carries the exchange's time and is refused (-1021) when it is a second ahead of it or older than recvWindow.
Peers measure once, when they start, and fail hours later; here the offset is measured again and again. One sample asks for
the server's time, halves the round trip, and errs by at most that half; of several samples the shortest round trip wins.
The clock is anchored to the monotonic clock, so setting the machine's time does not move it; where the two clocks part (the
machine slept, or its time was set) the measurement is declared stale.
"""

from collections.abc import Callable

import msgspec
from msgspec import Struct

from shared.contract.market.models import ServerTime

MAX_AGE_MS = 10 * 60_000
"""A quartz drifts by up to 100 ppm: 60 ms in this time, well inside the allowed second."""
PARTED_MS = 250
"""So far may wall and monotonic clock part before the measurement is not believed any more."""
SAMPLES = 3
_server_time = msgspec.json.Decoder(ServerTime)


class Sample(Struct, frozen=True):
    """One question for the time: local monotonic ms before and after, the server's ms in between."""

    asked_ms: float
    server_ms: float
    answered_ms: float

    @staticmethod
    def of(asked_ms: float, body: bytes, answered_ms: float) -> "Sample | None":
        """A sample from the body of a reply to `time`; None when it cannot be read."""
        try:
            return Sample(asked_ms, _server_time.decode(body).server_time, answered_ms)
        except msgspec.MsgspecError:
            return None

    @property
    def round_trip_ms(self) -> float:
        return self.answered_ms - self.asked_ms

    @property
    def offset_ms(self) -> float:
        """What to add to the monotonic clock: the server is taken to have answered in the middle of the round trip."""
        return self.server_ms - (self.asked_ms + self.answered_ms) / 2


class ServerClock:
    """Exchange time from a monotonic clock (`monotonic_ms`); before the first measurement it is the machine's (`wall_ms`)."""

    def __init__(self, monotonic_ms: Callable[[], float], wall_ms: Callable[[], float]) -> None:
        self.monotonic_ms = monotonic_ms
        self._wall_ms = wall_ms
        self._offset_ms = 0.0
        self._measured_ms: float | None = None
        self._wall_at_ms = 0.0
        self.error_ms = 0.0
        """The time is right within this much: half of the best round trip."""
        self.drift_ppm = 0.0
        """How fast the exchange's clock ran against ours between the last two measurements."""

    def now_ms(self) -> int:
        """The exchange's Unix time in ms."""
        if self._measured_ms is None:
            return int(self._wall_ms())
        return int(self.monotonic_ms() + self._offset_ms)

    @property
    def is_measured(self) -> bool:
        return self._measured_ms is not None

    @property
    def age_ms(self) -> float | None:
        """Since the last measurement; None before the first."""
        return None if self._measured_ms is None else self.monotonic_ms() - self._measured_ms

    @property
    def wall_offset_ms(self) -> float:
        """How far the exchange is ahead of the machine's clock."""
        return 0.0 if self._measured_ms is None else self.monotonic_ms() + self._offset_ms - self._wall_ms()

    @property
    def is_stale(self) -> bool:
        """Is it time to measure again?"""
        age_ms = self.age_ms
        return age_ms is None or age_ms > MAX_AGE_MS or self.has_parted

    @property
    def has_parted(self) -> bool:
        """Did the machine sleep or its time jump since the measurement? Then it is wrong, not merely old."""
        age_ms = self.age_ms
        return age_ms is not None and abs(self._wall_ms() - self._wall_at_ms - age_ms) > PARTED_MS

    def set(self, samples: list[Sample]) -> None:
        """Take over the best of the samples; at least one."""
        best = min(samples, key=lambda sample: sample.round_trip_ms)
        now_ms = self.monotonic_ms()
        if self._measured_ms is not None and now_ms > self._measured_ms:
            self.drift_ppm = (best.offset_ms - self._offset_ms) / (now_ms - self._measured_ms) * 1e6
        self._offset_ms, self.error_ms = best.offset_ms, best.round_trip_ms / 2
        self._measured_ms, self._wall_at_ms = now_ms, self._wall_ms()
