"""What a reader missed, told by what it read: events that nobody can read any more, and holes. Pure."""

from collections.abc import Container, Sequence

from services.stream_ingestion.cursors import Cursor
from services.stream_ingestion.direct import Stored
from services.stream_ingestion.sources import Source
from shared.contract.platform.streams import AgedOut, Missing


def aged_out(sources: Sequence[Source], found: Sequence[Stored], cursor: Cursor, thinned: Container[str]) -> dict[str, AgedOut]:
    """Streams of which events between the cursor and the first one found are kept no more, as far as can be known.

    Args:
        sources: What is read.
        found: What was found, in order.
        cursor: How far had been read.
        thinned: Subjects of which something behind the cursor may have been thrown away.
    """
    told: dict[str, AgedOut] = {}
    for source in sources:
        first = next((message for message in found if message.subject == source.subject), None)
        if first is None or not cursor.t or source.subject not in thinned:
            continue
        before = cursor.last(source.name)
        if source.number is None or before is None:
            told[source.name] = AgedOut(cursor.t, first.time_ms, None)
        elif (missed := source.number(first.data) - before - 1) > 0:
            told[source.name] = AgedOut(cursor.t, first.time_ms, missed)
    return told


def holes(sources: Sequence[Source], found: Sequence[Stored], cursor: Cursor) -> dict[str, list[Missing]]:
    """What lies between two events that should follow each other, by stream: trades, updates of the book, times of candles."""
    told: dict[str, list[Missing]] = {}
    spans = {source.subject: (source.name, source.span) for source in sources if source.span is not None}
    last = {source.name: cursor.last(source.name) for source in sources}
    for message in found:
        if message.subject not in spans:
            continue
        name, span_of = spans[message.subject]
        (first, number), before = span_of(message.data), last.get(name)
        if before is not None and first > before + 1:
            told.setdefault(name, []).append(Missing(before + 1, first - 1))
        last[name] = number
    return told
