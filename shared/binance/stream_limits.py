"""The exchange's limits on market stream connections, and windows that keep them. Pure.

Source: "WebSocket Limits" of the documentation of market streams, 2026-07-21.
"""

import random
from collections import deque

STREAMS_PER_CONNECTION = 1024
MESSAGES_PER_S = 5
"""What one connection may send, pings and pongs included; who sends more is disconnected, and banned in the end."""
KEPT_FOR_PONGS = 1
"""Of these so many stay free: the library answers the exchange's pings whenever they come."""
CONNECTS_PER_5_MIN = 300
"""Attempts to connect, for each address."""
LIFE_S = 24 * 3600
"""A connection is closed by the exchange after so long."""


class Window:
    """At most so many in any stretch of so many seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most = most
        self.seconds = seconds
        self._taken: deque[float] = deque()

    def wait_s(self, now: float) -> float:
        """How long until one more is allowed; 0 is now."""
        while self._taken and self._taken[0] <= now - self.seconds:
            self._taken.popleft()
        return 0.0 if len(self._taken) < self.most else self._taken[0] + self.seconds - now

    def take(self, now: float) -> None:
        """Count one."""
        self._taken.append(now)


def messages() -> Window:
    """For what one connection sends."""
    return Window(MESSAGES_PER_S - KEPT_FOR_PONGS, 1.05)


class Backoff:
    """Pauses between attempts: doubling, jittered so that a thousand clients do not come back at once, bounded."""

    def __init__(self, first_s: float, most_s: float) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._failures = 0

    def failed(self) -> float:
        """Count a failure; seconds to wait before the next attempt."""
        most = min(self._most_s, self._first_s * 2 ** min(self._failures, 32))
        self._failures += 1
        return random.uniform(most / 2, most)

    def worked(self) -> None:
        """Begin anew with the shortest pause."""
        self._failures = 0
