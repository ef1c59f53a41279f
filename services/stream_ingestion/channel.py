"""One stream on its way from the exchange to the bus: each event checked against the one before it, then published as it came.

`take` is the hot path: it is called for every event and does the least that makes a hole impossible to miss. Whatever is not
the next event goes the slow way through `_unexpected`:

    first event ever           taken
    number not above the last  a duplicate (two connections overlap): dropped; or the exchange began to count anew: taken, told
    number beyond the next     a hole: told to `Events.hole`, which may ask to hold what follows until it is filled

Events of streams without a consecutive number are taken as they come; whether they are fresh, time tells.
"""

from collections.abc import Callable, Iterable
from time import monotonic
from typing import Protocol

from msgspec import Struct

from services.stream_ingestion import numbers
from services.stream_ingestion.publisher import pub_head
from shared.contract.market.streams import Stream

UNKNOWN = -2
"""No event has this number: everything is unexpected."""
HELD_MOST = 20_000
"""Events kept back while a hole is filled, which takes `flow.FILL_WITHIN_S` at most; beyond it the hole is marked and they go
out."""
RESTART_AFTER_MS = 5_000
"""A low number so much later by the exchange's clock is no duplicate: the exchange counts anew."""
_CLOSED = b'"x":true'
_NUMBER_FROM = 20
"""Before it stand the event's type and the beginning of its time."""


class Hole(Struct, frozen=True):
    """Events that did not come, by their numbers, or by open time for candles; both ends included."""

    first: int
    last: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1


class Events(Protocol):
    """Who is told what happens on a channel. Must not wait."""

    def began(self, channel: "Channel") -> None:
        """The first event has come."""
        ...

    def hole(self, channel: "Channel", hole: Hole) -> bool:
        """Events are missing. True: hold what follows until `release`; False: it cannot be filled and has been marked."""
        ...

    def gave_up(self, channel: "Channel", hole: Hole) -> None:
        """Too much came while a hole was to be filled: what was held back goes out without it."""
        ...

    def restarted(self, channel: "Channel") -> None:
        """The exchange began to count anew."""
        ...


class Channel:
    """A stream whose events are taken as they come; base of the others."""

    def __init__(self, name: str, subject: str, stream: Stream, symbol: str, lines: list[bytes], events: Events) -> None:
        self.name = name
        self.subject = subject
        self.stream = stream
        self.symbol = symbol
        self.number = numbers.of_stream(stream)
        """Reads the number of an event."""
        self.received = 0.0
        """The monotonic clock at the last event, 0 before the first."""
        self.tail = b""
        """The last event."""
        self.duplicates = 0
        self._head = pub_head(subject)
        self._append = lines.append
        self._events = events
        self._held: list[bytes] = []
        self._awaited: Hole | None = None
        """The hole that has to be filled before what is held back goes out."""

    def take(self, payload: bytes) -> None:
        """Take an event."""
        if not self.received:
            self._events.began(self)
        self.tail = payload
        self.received = monotonic()
        self._append(b"%b%d\r\n%b\r\n" % (self._head, len(payload), payload))

    @property
    def last(self) -> int:
        """The number of the last event, negative before the first."""
        return self.number(self.tail) if self.tail else UNKNOWN

    @property
    def holding(self) -> bool:
        """Are events kept back until a hole is filled?"""
        return self._awaited is not None

    @property
    def footprint(self) -> bytes:
        """As much of the last event as it takes to `resume` after it; empty where nothing could be found missing."""
        return b""

    def after(self, tail: bytes) -> Hole | None:
        """What came after an earlier event, or after its footprint."""
        return None

    def is_next(self, number: int) -> bool:
        """Is nothing missing between the last event and one with this number, as far as can be known?"""
        return number <= self.last

    def resume(self, tail: bytes) -> None:
        """Go on after an event that was published before, here or by another replica; what is held back is forgotten."""
        self.tail = tail
        self._let_go()

    def shut(self) -> None:
        """Publish nothing any more, whatever still comes: another channel, or another replica, has the stream now."""
        self._append, self._events = _nowhere, _Nobody()
        self._let_go()

    def awaits(self, hole: Hole) -> bool:
        """Is this very hole to be filled? Not any more once the stream was resumed, shut, or went on without it."""
        return self._awaited is hole

    def release(self, filled: Iterable[bytes]) -> None:
        """Publish what filled the hole that is awaited, then what was held back meanwhile."""
        held = self._let_go()
        for payload in filled:
            self._append(b"%b%d\r\n%b\r\n" % (self._head, len(payload), payload))
        for payload in held:
            self.take(payload)

    def _let_go(self) -> list[bytes]:
        held, self._held, self._awaited = self._held, [], None
        return held

    def _hold(self, payload: bytes) -> None:
        self._held.append(payload)
        if len(self._held) > HELD_MOST and (hole := self._awaited):
            self._events.gave_up(self, hole)
            self.release(())

    def _publish(self, payload: bytes) -> None:
        self.tail = payload
        self.received = monotonic()
        self._append(b"%b%d\r\n%b\r\n" % (self._head, len(payload), payload))


class NumberedChannel(Channel):
    """Trades and aggregate trades: each number is one more than the last."""

    def __init__(self, name: str, subject: str, stream: Stream, symbol: str, lines: list[bytes], events: Events) -> None:
        super().__init__(name, subject, stream, symbol, lines, events)
        self._next = UNKNOWN
        self._resumes = UNKNOWN
        """The next number while `_next` is withheld because events are held back."""
        self._mark = f'"{numbers.CONSECUTIVE[stream.event]}":'.encode()
        self._skip = len(self._mark)

    def take(self, payload: bytes) -> None:
        at = payload.find(self._mark, _NUMBER_FROM) + self._skip
        try:
            number = int(payload[at : payload.find(b",", at)])
        except ValueError:
            number = self.number(payload)
        if number != self._next:
            self._unexpected(payload, number)
            return
        self._next = number + 1
        self.tail = payload
        self.received = monotonic()
        self._append(b"%b%d\r\n%b\r\n" % (self._head, len(payload), payload))

    @property
    def last(self) -> int:
        known = self._resumes if self._next == UNKNOWN else self._next
        return known - 1 if known >= 0 else UNKNOWN

    def is_next(self, number: int) -> bool:
        return number <= self.last + 1

    def resume(self, tail: bytes) -> None:
        super().resume(tail)
        number = self.number(tail)
        self._next = number + 1 if number >= 0 else UNKNOWN

    @property
    def footprint(self) -> bytes:
        if not self.tail:
            return b""
        return b'{"E":%d,%b%d}' % (numbers.event_time(self.tail), self._mark, self.number(self.tail))

    def after(self, tail: bytes) -> Hole | None:
        return _between(self.number(tail), self.number(self.tail))

    def release(self, filled: Iterable[bytes]) -> None:
        if self._awaited is not None:
            self._next, self._resumes = self._resumes, UNKNOWN
        super().release(filled)

    def _unexpected(self, payload: bytes, number: int) -> None:
        if self._awaited is not None:
            self._hold(payload)
        elif self._next == UNKNOWN or number < 0:
            self._accept(payload, number)
            self._events.began(self)
        elif number < self._next:
            if _starts_anew(self.tail, payload):
                self._accept(payload, number)
                self._events.restarted(self)
            else:
                self.duplicates += 1
        else:
            hole = Hole(self._next, number - 1)
            if self._events.hole(self, hole):
                self._next, self._resumes, self._awaited = UNKNOWN, number, hole
                self._hold(payload)
            else:
                self._accept(payload, number)

    def _accept(self, payload: bytes, number: int) -> None:
        self._next = number + 1 if number >= 0 else UNKNOWN
        self._publish(payload)


class DepthChannel(Channel):
    """Differences of the book: each begins where the last one ended. Holes cannot be filled."""

    def __init__(self, name: str, subject: str, stream: Stream, symbol: str, lines: list[bytes], events: Events) -> None:
        super().__init__(name, subject, stream, symbol, lines, events)
        self.book: Callable[[bytes], None] | None = None
        """Is given every event, duplicates included: the book has its own rules."""
        self._next = UNKNOWN
        self._first = numbers.field("U")

    def take(self, payload: bytes) -> None:
        at = payload.find(b'"U":', _NUMBER_FROM) + 4
        end = payload.find(b',"u":', at)
        try:
            first, last = int(payload[at:end]), int(payload[end + 5 : payload.find(b",", end + 5)])
        except ValueError:
            first, last = self._first(payload), self.number(payload)
        if self.book is not None:
            self.book(payload)
        if first != self._next and not self._may_go(payload, first, last):
            return
        self._next = last + 1
        self.tail = payload
        self.received = monotonic()
        self._append(b"%b%d\r\n%b\r\n" % (self._head, len(payload), payload))

    @property
    def last(self) -> int:
        return self._next - 1 if self._next >= 0 else UNKNOWN

    def is_next(self, number: int) -> bool:
        return number <= self.last + 1

    def resume(self, tail: bytes) -> None:
        super().resume(tail)
        number = self.number(tail)
        self._next = number + 1 if number >= 0 else UNKNOWN

    @property
    def footprint(self) -> bytes:
        return b'{"E":%d,"u":%d}' % (numbers.event_time(self.tail), self.number(self.tail)) if self.tail else b""

    def after(self, tail: bytes) -> Hole | None:
        return _between(self.number(tail), self.number(self.tail))

    def _may_go(self, payload: bytes, first: int, last: int) -> bool:
        if self._next == UNKNOWN:
            self._events.began(self)
        elif last < self._next:
            if not _starts_anew(self.tail, payload):
                self.duplicates += 1
                return False
            self._events.restarted(self)
        elif first > self._next:
            self._events.hole(self, Hole(self._next, first - 1))
        return True


class CandleChannel(Channel):
    """Candles: many events for each, the last of them says that it is closed, then the next one begins."""

    def __init__(self, name: str, subject: str, stream: Stream, symbol: str, lines: list[bytes], events: Events) -> None:
        super().__init__(name, subject, stream, symbol, lines, events)
        self._open = UNKNOWN
        self._current = b"\0"
        """How the candle that grows begins, in the payload."""

    def take(self, payload: bytes) -> None:
        if self._current not in payload and not self._begins(payload):
            return
        self.tail = payload
        self.received = monotonic()
        self._append(b"%b%d\r\n%b\r\n" % (self._head, len(payload), payload))

    @property
    def last(self) -> int:
        newest = self._held[-1] if self._held else self.tail
        return self.number(newest) if newest else UNKNOWN

    def resume(self, tail: bytes) -> None:
        super().resume(tail)
        self._follow(numbers.open_time(tail))

    @property
    def footprint(self) -> bytes:
        tail = self.tail
        if not tail:
            return b""
        closed = b"true" if _CLOSED in tail else b"false"
        times = numbers.event_time(tail), numbers.open_time(tail), numbers.close_time(tail), closed
        return b'{"E":%d,"k":{"t":%d,"T":%d,"x":%b}}' % times

    def after(self, tail: bytes) -> Hole | None:
        return _between(numbers.open_time(tail) - 1, numbers.open_time(self.tail))

    def _follow(self, open_time: int) -> None:
        self._open = open_time
        self._current = b'"k":{"t":%d,' % open_time

    def _begins(self, payload: bytes) -> bool:
        if self._awaited is not None:
            self._hold(payload)
            return False
        before, open_time = self._open, numbers.open_time(payload)
        if 0 <= open_time < before and not _starts_anew(self.tail, payload):
            self.duplicates += 1
            return False
        if before < 0:
            self._events.began(self)
        elif (hole := self._hole_before(open_time)) and self._events.hole(self, hole):
            self._awaited = hole
            self._current = b"\0"  # so that all that follows comes here
            self._open = open_time
            self._hold(payload)
            return False
        self._follow(open_time)
        return True

    def _hole_before(self, open_time: int) -> Hole | None:
        """Candles whose end was not heard: the one before, unless it said that it was closed, and those in between."""
        after = numbers.close_time(self.tail) + 1
        is_closed = _CLOSED in self.tail
        if open_time <= self._open or (is_closed and after == open_time):
            return None
        return Hole(after if is_closed else self._open, open_time - 1)


def channel(name: str, subject: str, stream: Stream, symbol: str, lines: list[bytes], events: Events) -> Channel:
    """The channel that fits the stream."""
    kind: type[Channel] = Channel
    if stream.event in numbers.CONSECUTIVE:
        kind = NumberedChannel
    elif stream.kind == "depth":
        kind = DepthChannel
    elif stream.kind == "kline":
        kind = CandleChannel
    return kind(name, subject, stream, symbol, lines, events)


class _Nobody:
    """Is told what happens on a channel that was shut."""

    def began(self, channel: Channel) -> None:
        return

    def hole(self, channel: Channel, hole: Hole) -> bool:
        return False

    def gave_up(self, channel: Channel, hole: Hole) -> None:
        return

    def restarted(self, channel: Channel) -> None:
        return


def _nowhere(_line: bytes) -> None:
    """For what comes after a channel was shut."""


def _between(before: int, last: int) -> Hole | None:
    return Hole(before + 1, last) if 0 <= before < last else None


def _starts_anew(before: bytes, payload: bytes) -> bool:
    then, now = numbers.event_time(before), numbers.event_time(payload)
    return then >= 0 and now > then + RESTART_AFTER_MS
