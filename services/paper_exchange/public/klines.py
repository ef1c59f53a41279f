"""Candles of a symbol. Those that are closed are written once."""

from collections.abc import Iterable

from services.paper_exchange.bars import Bar
from services.paper_exchange.call import Call
from services.paper_exchange.candles import Chart, openings
from services.paper_exchange.engine.amounts import text
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.public.time_zones import offset_s_of
from services.paper_exchange.tape import MICROS

_MAX_ROWS = 60_000


def klines(handlers: Handlers, call: Call) -> bytes:
    given = call.given
    symbol, interval = handlers.one(given), given["interval"]
    chart = handlers.venue.charts[symbol]
    offset_s = offset_s_of(given.get("timeZone", "0"))
    now_s = handlers.venue.now_us // MICROS
    until_s = now_s if chart.closed_s is None else min(now_s, chart.closed_s - 1)
    start_us, end_us = (handlers.moment(given.get(name)) for name in ("startTime", "endTime"))
    key = ("klines", symbol, interval, offset_s, call.limit, start_us, end_us, call.micros)

    def make() -> bytes:
        moments = openings(
            interval,
            call.limit,
            until_s,
            start_s=None if start_us is None else -(-start_us // MICROS),
            end_s=None if end_us is None else end_us // MICROS,
            offset_s=offset_s,
        )
        rows = _candles(handlers, chart, symbol, interval, moments, now_s, offset_s, call)
        return f"[{','.join(rows)}]".encode()

    return handlers.replies.get(key, (now_s, chart.tape.next_id), make)


def _candles(
    handlers: Handlers, chart: Chart, symbol: str, interval: str, moments: list[int], now_s: int, offset_s: int, call: Call
) -> Iterable[str]:
    known = handlers.candle_rows
    for index, opened in enumerate(moments):
        key = (symbol, interval, offset_s, call.micros, opened)
        row = known.get(key)
        if row is not None:
            yield row
            continue
        for start, end, bar in chart.candles(interval, moments[index : index + 1], now_s, offset_s):
            row = _row(start, end, bar, call)
            if end <= now_s:
                if len(known) >= _MAX_ROWS:
                    known.clear()
                known[key] = row
            yield row


def _row(start_s: int, end_s: int, bar: Bar, call: Call) -> str:
    return (
        f'[{call.time(start_s * MICROS)},"{text(bar.open)}","{text(bar.high)}","{text(bar.low)}","{text(bar.close)}",'
        f'"{text(bar.volume)}",{call.time(end_s * MICROS - 1)},"{text(bar.quote)}",{bar.count},'
        f'"{text(bar.taker_volume)}","{text(bar.taker_quote)}","0"]'
    )
