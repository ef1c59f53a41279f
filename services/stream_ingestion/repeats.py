"""Events that are kept twice: published again after a restart of NATS, or late by a replica that was frozen. Pure."""

from collections.abc import Mapping, Sequence

from services.stream_ingestion import lateness
from services.stream_ingestion.cursors import Cursor
from services.stream_ingestion.direct import Stored
from services.stream_ingestion.sources import Source

REPEATED_MOST = 100_000
"""Events of a stream that may be published again after a restart of NATS; more than is ever fetched to fill a hole."""
LATE_MS = 1_000
"""A replica that was frozen for longer than its session has events that are older than this by the exchange's clock."""


def unread(by_subject: Mapping[str, Source], found: Sequence[Stored], cursor: Cursor) -> list[Stored]:
    """Leave out what the caller has read.

    Numbers far below the last one are no repetition, nor are those whose time goes on: the exchange counts anew.
    """
    old, last, time_ms = set(cursor.o), dict[str, int | None](), dict[str, int]()
    unread: list[Stored] = []
    for message in found:
        source = by_subject[message.subject]
        if source.number is not None:
            name, number, at_ms = source.name, source.number(message.data), lateness.event_time_ms(message.data) or -1
            before = last.get(name, cursor.last(name))
            goes_on = name not in old and at_ms > time_ms.get(name, cursor.t - LATE_MS)
            if before is not None and before - REPEATED_MOST < number <= before and not goes_on:
                continue
            old.discard(name)
            last[name], time_ms[name] = number, at_ms
        unread.append(message)
    return unread
