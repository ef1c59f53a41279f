"""Statistics of a symbol over a window: the tickers of 24 hours, of the trading day, and of any rolling window.

All are one bar, told in different words; so they agree with the candles of the same window.
"""

from msgspec import Struct

from services.paper_exchange.bars import Bar
from services.paper_exchange.candles import DAY_S, HOUR_S, MINUTE_S, Chart
from services.paper_exchange.engine.amounts import text
from services.paper_exchange.engine.book import Book
from services.paper_exchange.engine.words import Side
from services.paper_exchange.tape import MICROS

AVERAGE_MINS = 5
_UNITS_S = {"m": MINUTE_S, "h": HOUR_S, "d": DAY_S}
_SIDES: tuple[tuple[Side, str], ...] = (("BUY", "bid"), ("SELL", "ask"))
_NOTHING = ("0.00000000", "0.00000000")


class Window(Struct, frozen=True):
    """A stretch of time, both ends inclusive, in microseconds."""

    open_us: int
    close_us: int


def rolling(size: str, now_us: int) -> Window:
    """`4h` up to now; it opens at a full minute, so it may be up to a minute longer."""
    width_us = int(size[:-1]) * _UNITS_S[size[-1]] * MICROS
    return Window((now_us - width_us) // (MINUTE_S * MICROS) * MINUTE_S * MICROS, now_us)


def last_day(now_us: int) -> Window:
    """The last 24 hours."""
    return Window(now_us - DAY_S * MICROS, now_us)


def trading_day(now_us: int, offset_s: int) -> Window:
    """Today in a time zone, to its last millisecond."""
    offset_us, day_us = offset_s * MICROS, DAY_S * MICROS
    start_us = (now_us + offset_us) // day_us * day_us - offset_us
    return Window(start_us, start_us + day_us - 1)


def statistics(chart: Chart, window: Window, now_us: int) -> Bar:
    """The window's bar; one of no trades has a price only at its close."""
    bar = chart.bar(window.open_us // MICROS, min(window.close_us, now_us) // MICROS + 1)
    return bar or Bar(-1, 0, 0, 0, 0, chart.close_before(now_us // MICROS + 1), 0, 0, 0, 0)


def average(chart: Chart, now_us: int) -> tuple[int, int]:
    """The average price of the last five minutes (`avgPrice`), and when the last trade was."""
    bar = chart.bar(now_us // MICROS - AVERAGE_MINS * MINUTE_S, now_us // MICROS + 1)
    price = bar.average if bar else chart.close_before(now_us // MICROS + 1)
    tape = chart.tape
    return price, tape.times[-1] if len(tape) else tape.start_s * MICROS - 1


def percent(change: int, base: int) -> str:
    """A change in percent with three decimals, rounded half away from zero."""
    if not base:
        return "0.000"
    thousandths = (abs(change) * 100_000 * 2 + base) // (2 * base)
    return f"{'-' if change < 0 and thousandths else ''}{thousandths // 1000}.{thousandths % 1000:03d}"


def ids(bar: Bar) -> str:
    """First id, last id and count."""
    return f'"firstId":{bar.first_id},"lastId":{bar.last_id},"count":{bar.count}'


def changes(bar: Bar) -> str:
    """Change, percentage and weighted average."""
    return (
        f'"priceChange":"{text(bar.change)}","priceChangePercent":"{percent(bar.change, bar.open)}",'
        f'"weightedAvgPrice":"{text(bar.average)}"'
    )


def prices(bar: Bar) -> str:
    """Open, high and low."""
    return f'"openPrice":"{text(bar.open)}","highPrice":"{text(bar.high)}","lowPrice":"{text(bar.low)}"'


def volumes(bar: Bar) -> str:
    """Base and quote volume."""
    return f'"volume":"{text(bar.volume)}","quoteVolume":"{text(bar.quote)}"'


def best(book: Book) -> str:
    """Best bid and ask with their quantities."""
    sides: list[str] = []
    for side, name in _SIDES:
        top = book.best(side)
        price, quantity = (text(top[0]), text(top[1])) if top else _NOTHING
        sides.append(f'"{name}Price":"{price}","{name}Qty":"{quantity}"')
    return ",".join(sides)
