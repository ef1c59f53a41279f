"""How late an event was when it arrived: the clock of receipt less the exchange's own time in the event.

Data that was just received looks new, though it may be seconds old. The difference tells, as far as the two clocks agree: it
holds the error of both, and is negative where ours is behind the exchange's (`get_system_status` tells by how much).
Best prices (`bookTicker`) and partial depth bear no time: of them nobody can say how late they are.
"""

REASON = "its last event was old when it arrived, or the clocks differ: delayMs"
"""Why a stream whose last event was too late is not synced."""
_MARK = b'"E":'
_WITHIN = 64
"""The time is the second field of an event, and of an array's first event."""
_MICROSECONDS_FROM = 10**14
"""No time in milliseconds is that large before the year 5138; in microseconds every one since 1973 is."""


def event_time_ms(payload: bytes) -> int | None:
    """The exchange's clock in an event (Unix ms); None where it bears no time."""
    at = payload.find(_MARK, 0, _WITHIN)
    if at < 0:
        return None
    try:
        time = int(payload[at + len(_MARK) : payload.find(b",", at)])
    except ValueError:
        return None
    return in_ms(time)


def in_ms(time: int) -> int:
    """A time of the exchange's in milliseconds, whether it counts in them or in microseconds."""
    return time // 1000 if time >= _MICROSECONDS_FROM else time


def delay_ms(payload: bytes, received_ms: int) -> int | None:
    """How late it was; None where the event bears no time."""
    time = event_time_ms(payload)
    return None if time is None else received_ms - time
