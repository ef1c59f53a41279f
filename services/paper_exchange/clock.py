"""The exchange's clock: Unix time in microseconds that never runs backwards."""

import time


class Clock:
    """The wall clock, set off by so much."""

    def __init__(self, offset_us: int = 0) -> None:
        self.offset_us = offset_us
        self._last = 0

    def __call__(self) -> int:
        """Now."""
        self._last = max(self._last, time.time_ns() // 1000 + self.offset_us)
        return self._last
