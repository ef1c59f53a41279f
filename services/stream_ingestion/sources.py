"""A stream that is read, and what its events say of themselves."""

from msgspec import Raw, Struct

from services.stream_ingestion import lateness, numbers
from services.stream_ingestion.direct import Stored
from shared.contract.market.streams import Stream, find
from shared.contract.platform.streams import StreamEvent


class Source(Struct, frozen=True):
    """A stream that is read."""

    name: str
    subject: str
    stream: Stream

    @property
    def number(self) -> numbers.Number | None:
        """Reads the number of an event where numbers are consecutive."""
        return numbers.of_stream(self.stream) if self.stream.event in numbers.CONSECUTIVE else None

    @property
    def span(self) -> numbers.Span | None:
        """Reads from where to where an event reaches, where the next one begins right behind it."""
        return numbers.span_of_stream(self.stream)

    def shown(self, stored: Stored) -> StreamEvent:
        """One of its events as callers get it."""
        return StreamEvent(self.name, stored.time_ms, Raw(stored.data))


def source(name: str, prefix: str) -> Source:
    """The stream of that name. The name has been checked."""
    found = find(name)
    assert found is not None, name
    stream, symbol, value = found
    return Source(name, stream.subject(symbol, value, prefix=prefix), stream)


def delay_ms(stored: Stored) -> int | None:
    """How late an event was when it arrived; None where the exchange tells no time."""
    return lateness.delay_ms(stored.data, stored.time_ms)
