"""Statistics of symbols over 24 hours, the trading day, or a window of one's choice: one bar, told in different words."""

from collections.abc import Callable
from typing import Concatenate

from services.paper_exchange import tickers
from services.paper_exchange.bars import Bar
from services.paper_exchange.call import Call
from services.paper_exchange.engine.amounts import text
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.public.time_zones import offset_s_of
from services.paper_exchange.tape import MICROS
from services.paper_exchange.tickers import Window


def last_day(handlers: Handlers, call: Call) -> bytes:
    return _tickers(handlers, call, lambda now_us: tickers.last_day(now_us), full=_full_24hr)


def trading_day(handlers: Handlers, call: Call) -> bytes:
    offset_s = offset_s_of(call.given.get("timeZone", "0"))
    return _tickers(handlers, call, lambda now_us: tickers.trading_day(now_us, offset_s), full=_full)


def rolling(handlers: Handlers, call: Call) -> bytes:
    size = call.given.get("windowSize", "1d")
    return _tickers(handlers, call, lambda now_us: tickers.rolling(size, now_us), full=_full)


def _tickers(
    handlers: Handlers, call: Call, window: Callable[[int], Window], *, full: "Callable[Concatenate[Handlers, str, ...], str]"
) -> bytes:
    now_us, mini = handlers.venue.now_us, call.given.get("type") == "MINI"
    span = window(now_us)

    def make(symbol: str) -> str:
        chart, book = handlers.venue.charts[symbol], handlers.venue.engine.book(symbol)
        version = (now_us // MICROS, chart.tape.next_id, book.update_id)

        def tell() -> bytes:
            bar = tickers.statistics(chart, span, now_us)
            ending = f'"openTime":{call.time(span.open_us)},"closeTime":{call.time(span.close_us)},{tickers.ids(bar)}}}'
            if mini:
                last = f'"lastPrice":"{text(bar.close)}"'
                return f'{{"symbol":"{symbol}",{tickers.prices(bar)},{last},{tickers.volumes(bar)},{ending}'.encode()
            return f'{{"symbol":"{symbol}",{tickers.changes(bar)},{full(handlers, symbol, bar, span)},{ending}'.encode()

        # The opening identifies the window, where it does not move with the clock.
        key = (full, symbol, mini, call.micros, span.close_us - span.open_us, span.open_us if full is _full else 0)
        return handlers.replies.get(key, version, tell).decode()

    return handlers.each(call.given, make)


def _full_24hr(handlers: Handlers, symbol: str, bar: Bar, span: Window) -> str:
    chart = handlers.venue.charts[symbol]
    quantity = chart.tape.quantities[-1] if len(chart.tape) and bar.count else 0
    previous = chart.close_before(span.open_us // MICROS) if bar.count else bar.close
    return (
        f'"prevClosePrice":"{text(previous)}","lastPrice":"{text(bar.close)}","lastQty":"{text(quantity)}",'
        f"{tickers.best(handlers.venue.engine.book(symbol))},{tickers.prices(bar)},{tickers.volumes(bar)}"
    )


def _full(_handlers: Handlers, _symbol: str, bar: Bar, _span: Window) -> str:
    return f'{tickers.prices(bar)},"lastPrice":"{text(bar.close)}",{tickers.volumes(bar)}'
