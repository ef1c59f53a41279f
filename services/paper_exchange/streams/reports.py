"""Streams that tell at fixed intervals how things are: candles, tickers, prices, tops of books.

A report is asked at every turn of its stream and answers with the messages of that turn: none when nothing has changed. The
first turn after a stream got its first reader always tells.
"""

from collections.abc import Callable, Iterable

from services.paper_exchange import tickers
from services.paper_exchange.bars import Bar
from services.paper_exchange.candles import following, opening
from services.paper_exchange.streams import payloads
from services.paper_exchange.streams.channel import Payload
from services.paper_exchange.streams.hub import Name
from services.paper_exchange.tape import MICROS
from services.paper_exchange.tickers import Window
from services.paper_exchange.venue import Venue

Report = Callable[[int], list[Payload]]
"""From a moment (microseconds) to messages."""
UTC_8_S = 8 * 3600
_MAX_CLOSED = 300
"""Candles that are told as closed in one turn, after the process was held up."""


class Statistics:
    """Bars of windows, each worked out once a turn however many streams tell of it."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self._now_us = 0
        self._bars: dict[tuple[str, int], Bar] = {}

    def bar(self, symbol: str, window: Window, now_us: int) -> Bar:
        """The bar of a symbol's window."""
        if now_us != self._now_us:
            self._now_us = now_us
            self._bars.clear()
        key = (symbol, window.open_us)
        bar = self._bars.get(key)
        if bar is None:
            bar = self._bars[key] = tickers.statistics(self.venue.charts[symbol], window, now_us)
        return bar


class Candles:
    """`<symbol>@kline_<interval>`: the candle as it grows, and once more, with `x`, when it has closed."""

    def __init__(self, venue: Venue, symbol: str, interval: str, offset_s: int) -> None:
        self._chart = venue.charts[symbol]
        self._symbol, self._interval, self._offset_s = symbol, interval, offset_s
        self._opened: int | None = None
        self._told = -1
        """Number of the next trade when it was told last."""

    def __call__(self, now_us: int) -> list[Payload]:
        now_s = now_us // MICROS
        opened = opening(self._interval, now_s, self._offset_s)
        previous = opened if self._opened is None else self._opened
        self._opened = opened
        closed: list[Payload] = []
        while previous < opened and len(closed) < _MAX_CLOSED:
            closed += self._tell(previous, now_us, is_closed=True)
            previous = following(self._interval, previous, self._offset_s)
        if closed:
            self._told = -1
            return closed
        version = self._chart.tape.next_id
        if version == self._told:
            return []
        self._told = version
        return self._tell(opened, now_us, is_closed=False)

    def _tell(self, opened: int, now_us: int, *, is_closed: bool) -> list[Payload]:
        return [
            payloads.kline(self._symbol, self._interval, start, end, bar, now_us, is_closed=is_closed)
            for start, end, bar in self._chart.candles(self._interval, [opened], now_us // MICROS, self._offset_s)
        ]


class MiniTicker:
    """`<symbol>@miniTicker`."""

    def __init__(self, statistics: Statistics, symbol: str) -> None:
        self._statistics = statistics
        self._symbol = symbol
        self._tape = statistics.venue.charts[symbol].tape
        self._told = -1

    def __call__(self, now_us: int) -> list[Payload]:
        if self._told == self._tape.next_id:
            return []
        self._told = self._tape.next_id
        bar = self._statistics.bar(self._symbol, tickers.last_day(now_us), now_us)
        return [payloads.mini_ticker(self._symbol, bar, now_us)]


class WindowTicker:
    """`<symbol>@ticker_<window>`."""

    def __init__(self, statistics: Statistics, symbol: str, size: str) -> None:
        self._statistics = statistics
        self._symbol, self._size = symbol, size
        self._tape = statistics.venue.charts[symbol].tape
        self._told = -1

    def __call__(self, now_us: int) -> list[Payload]:
        if self._told == self._tape.next_id:
            return []
        self._told = self._tape.next_id
        window = tickers.rolling(self._size, now_us)
        return [
            payloads.window_ticker(self._symbol, self._size, self._statistics.bar(self._symbol, window, now_us), window, now_us)
        ]


class Ticker:
    """`<symbol>@ticker`, which also tells the best prices."""

    def __init__(self, statistics: Statistics, symbol: str) -> None:
        self._statistics = statistics
        self._symbol = symbol
        self._chart = statistics.venue.charts[symbol]
        self._book = statistics.venue.engine.book(symbol)
        self._told = (-1, -1)

    def __call__(self, now_us: int) -> list[Payload]:
        tape = self._chart.tape
        version = (tape.next_id, self._book.update_id)
        if self._told == version:
            return []
        self._told = version
        window = tickers.last_day(now_us)
        bar = self._statistics.bar(self._symbol, window, now_us)
        previous = self._chart.close_before(window.open_us // MICROS) if bar.count else bar.close
        last_quantity = tape.quantities[-1] if len(tape) and bar.count else 0
        return [payloads.ticker(self._symbol, bar, window, previous, last_quantity, self._book, now_us)]


class Together:
    """A stream of the whole market: the messages of all symbols that have changed, in one array."""

    def __init__(self, reports: Iterable[Report]) -> None:
        self._reports = list(reports)

    def __call__(self, now_us: int) -> list[Payload]:
        changed = [payload for report in self._reports for payload in report(now_us)]
        return [payloads.several(changed)] if changed else []


class PartialDepth:
    """`<symbol>@depth<levels>`."""

    def __init__(self, venue: Venue, symbol: str, levels: int) -> None:
        self._book = venue.engine.book(symbol)
        self._levels = levels
        self._told = -1

    def __call__(self, _now_us: int) -> list[Payload]:
        if self._told == self._book.update_id:
            return []
        self._told = self._book.update_id
        return [payloads.partial_depth(self._book, self._levels)]


def average_price(venue: Venue, symbol: str) -> Report:
    """`<symbol>@avgPrice`, told at every turn."""
    chart = venue.charts[symbol]

    def report(now_us: int) -> list[Payload]:
        price, last_trade_us = tickers.average(chart, now_us)
        return [payloads.average_price(symbol, price, last_trade_us, now_us)]

    return report


def reference_price(venue: Venue, symbol: str) -> Report:
    """`<symbol>@referencePrice`, told at every turn where the symbol has a reference price."""
    market = venue.engine.state.markets[symbol]

    def report(now_us: int) -> list[Payload]:
        reference = market.reference
        if reference is None or not reference.ever_set:
            return []
        return [payloads.reference_price(symbol, reference.at(now_us), now_us // MICROS * MICROS)]

    return report


Make = Callable[[Statistics, Name], Report]


def _each(make: Callable[[Statistics, str, str], Report]) -> Make:
    return lambda statistics, name: make(statistics, name.symbol, name.value)


def _all(make: Callable[[Statistics, str, str], Report]) -> Make:
    return lambda statistics, name: Together(make(statistics, symbol, name.value) for symbol in statistics.venue.charts)


def _candles(offset_s: int) -> Make:
    return lambda statistics, name: Candles(statistics.venue, name.symbol, name.value, offset_s)


def _mini(statistics: Statistics, symbol: str, _value: str) -> Report:
    return MiniTicker(statistics, symbol)


def _full(statistics: Statistics, symbol: str, _value: str) -> Report:
    return Ticker(statistics, symbol)


def _top(statistics: Statistics, name: Name) -> Report:
    return PartialDepth(statistics.venue, name.symbol, int(name.value))


REPORTS: dict[str, Make] = {
    "<symbol>@kline_<interval>": _candles(0),
    "<symbol>@kline_<interval>@+08:00": _candles(UTC_8_S),
    "<symbol>@miniTicker": _each(_mini),
    "!miniTicker@arr": _all(_mini),
    "<symbol>@ticker": _each(_full),
    "!ticker@arr": _all(_full),
    "<symbol>@ticker_<window>": _each(WindowTicker),
    "!ticker_<window>@arr": _all(WindowTicker),
    "<symbol>@avgPrice": lambda statistics, name: average_price(statistics.venue, name.symbol),
    "<symbol>@referencePrice": lambda statistics, name: reference_price(statistics.venue, name.symbol),
    "<symbol>@depth<levels>": _top,
    "<symbol>@depth<levels>@100ms": _top,
}
"""By the template of the stream's name."""
