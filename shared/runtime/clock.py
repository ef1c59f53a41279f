"""What time it is: the wall clock for what crosses processes, the monotonic clock for what is measured here."""

import time

monotonic = time.monotonic
"""Seconds that only grow: for waits, ages and durations within a process."""


def now_ms() -> int:
    """Unix time in milliseconds: for deadlines and events that other processes read."""
    return time.time_ns() // 1_000_000
