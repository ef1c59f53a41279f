"""Candles: the calendar of intervals, and bars put into it.

A candle of any interval is the sum of what lies between two moments of the calendar: history before the tape begins, the tape
after it. Intervals open at multiples of their length in the asked time zone; weeks on Monday, months on the first.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from services.paper_exchange.bars import Bar
from services.paper_exchange.history import History
from services.paper_exchange.paths import START_S
from services.paper_exchange.tape import MICROS, Tape

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
WIDTHS_S = {
    "1s": 1,
    "1m": MINUTE_S,
    "3m": 3 * MINUTE_S,
    "5m": 5 * MINUTE_S,
    "15m": 15 * MINUTE_S,
    "30m": 30 * MINUTE_S,
    "1h": HOUR_S,
    "2h": 2 * HOUR_S,
    "4h": 4 * HOUR_S,
    "6h": 6 * HOUR_S,
    "8h": 8 * HOUR_S,
    "12h": 12 * HOUR_S,
    "1d": DAY_S,
    "3d": 3 * DAY_S,
    "1w": 7 * DAY_S,
}
MONTH = "1M"
_FIRST_MONDAY_S = 4 * DAY_S
"""1970-01-05."""


def opening(interval: str, time_s: int, offset_s: int = 0) -> int:
    """When the candle that contains a moment opens (Unix seconds); `offset_s` is the time zone's distance from UTC."""
    local = time_s + offset_s
    if interval == MONTH:
        month = datetime.fromtimestamp(local, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return int(month.timestamp()) - offset_s
    width = WIDTHS_S[interval]
    since = _FIRST_MONDAY_S if interval == "1w" else 0
    return (local - since) // width * width + since - offset_s


def following(interval: str, opening_s: int, offset_s: int = 0) -> int:
    """When the next candle opens."""
    if interval != MONTH:
        return opening_s + WIDTHS_S[interval]
    return opening(MONTH, opening_s + 32 * DAY_S, offset_s)


def openings(
    interval: str, limit: int, now_s: int, *, start_s: int | None = None, end_s: int | None = None, offset_s: int = 0
) -> list[int]:
    """Openings of the candles that are asked for: from a start on, or the newest up to an end (or now), oldest first.

    `start_s` and `end_s` bound the opening times, both inclusive.
    """
    last = opening(interval, now_s if end_s is None else min(end_s, now_s), offset_s)
    if start_s is not None:
        first = opening(interval, start_s, offset_s)
        if first < start_s:
            first = following(interval, first, offset_s)
        found: list[int] = []
        while first <= last and len(found) < limit:
            found.append(first)
            first = following(interval, first, offset_s)
        return found
    found = [last]
    while len(found) < limit:
        found.append(opening(interval, found[-1] - 1, offset_s))
    return [moment for moment in reversed(found) if moment >= START_S]


class Chart:
    """Everything that a symbol ever traded: its history and its tape as one."""

    def __init__(self, history: History | None, tape: Tape, closed_s: int | None = None) -> None:
        """Without a history the tape begins at the beginning of time."""
        self.history = history
        self.tape = tape
        self.closed_s = closed_s
        """When trading ended for good."""

    def bar(self, from_s: int, to_s: int) -> Bar | None:
        """What was traded in between, or None if nothing was."""
        end_s = to_s if self.closed_s is None else min(to_s, self.closed_s)
        from_s = max(from_s, START_S)
        past_end_s = min(end_s, self.tape.start_s)
        past = self.history.bar(from_s, past_end_s) if self.history is not None and from_s < past_end_s else None
        recent = self.tape.bar(max(from_s, self.tape.start_s) * MICROS, end_s * MICROS) if end_s > self.tape.start_s else None
        if past is None or recent is None:
            return past or recent
        past.join(recent)
        return past

    def close_before(self, time_s: int) -> int:
        """The last price before a moment; zero when there was none."""
        if self.closed_s is not None:
            time_s = min(time_s, self.closed_s)
        price = self.tape.close_before(time_s * MICROS) if time_s > self.tape.start_s else None
        if price is not None:
            return price
        if self.history is None:
            return 0
        end_s = min(time_s, self.tape.start_s)
        return self.history.bar(end_s - 1, end_s).close

    def candles(self, interval: str, moments: list[int], now_s: int, offset_s: int = 0) -> Iterator[tuple[int, int, Bar]]:
        """(opening, next opening, bar) of each moment; a candle without trades is flat at the last price, if there is one."""
        close = 0
        for opened in moments:
            end = following(interval, opened, offset_s)
            if self.closed_s is not None and opened >= self.closed_s:
                return
            bar = self.bar(opened, min(end, now_s + 1))
            if bar is None:
                close = close or self.close_before(opened)
                if not close:
                    continue
                bar = Bar(-1, 0, close, close, close, close, 0, 0, 0, 0)
            close = bar.close
            yield opened, end, bar
