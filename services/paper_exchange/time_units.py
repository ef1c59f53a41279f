"""The unit in which a client is told times: milliseconds, or microseconds where it asks for them.

(REST documentation, "General API Information"; in addresses `timeUnit`.)
"""

from collections.abc import Callable

Unit = Callable[[int], int]
"""From microseconds to the unit of a connection."""


def millis(time_us: int) -> int:
    """Milliseconds."""
    return time_us // 1000


def micros(time_us: int) -> int:
    """Microseconds."""
    return time_us


TIME_UNITS = {"MILLISECOND": False, "millisecond": False, "MICROSECOND": True, "microsecond": True}
"""The words for the unit, and whether it is microseconds."""
