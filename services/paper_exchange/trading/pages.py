"""Which rows of a history a request asks for.

From an id on: the oldest first. Between times: the oldest from `startTime`, else the newest up to `endTime`. Nothing given: the
newest. Rows always come oldest first. Where both an id and times are given, the times decide ("Account order history" of the
WebSocket API; REST does not say). Histories grow in the order of their ids and times, so that finding a row is a bisection.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import TypeVar

from services.paper_exchange.call import Call
from services.paper_exchange.handlers import Handlers
from shared.contract.rules import MICROSECONDS_FROM

Row = TypeVar("Row")


def page(
    handlers: Handlers,
    call: Call,
    rows: Sequence[Row],
    *,
    from_id: int | None,
    id_of: Callable[[Row], int],
    time_of: Callable[[Row], int],
) -> Sequence[Row]:
    """The rows, at most `limit` of them; `time_of` tells microseconds."""
    given, limit = call.given, call.limit
    start_us, end_us = (handlers.moment(given.get(name)) for name in ("startTime", "endTime"))
    if end_us is not None and given["endTime"] < MICROSECONDS_FROM:
        # A millisecond lasts to its last microsecond.
        end_us += 999
    if start_us is None and end_us is None:
        if from_id is None:
            return rows[-limit:]
        first = bisect_left(rows, from_id, key=id_of)
        return rows[first : first + limit]
    last = len(rows) if end_us is None else bisect_right(rows, end_us, key=time_of)
    if start_us is None:
        return rows[max(0, last - limit) : last]
    first = bisect_left(rows, start_us, key=time_of)
    return rows[first : min(last, first + limit)]
