"""Prices as they are now: the book, the last trade, the average of five minutes, the reference."""

from msgspec import json

from services.paper_exchange import tickers
from services.paper_exchange.call import Call
from services.paper_exchange.engine.amounts import text
from services.paper_exchange.errors import refused
from services.paper_exchange.handlers import DEFAULT_DEPTH, Handlers
from services.paper_exchange.tape import MICROS


def depth(handlers: Handlers, call: Call) -> bytes:
    symbol, limit = call.given["symbol"], call.given.get("limit", DEFAULT_DEPTH)
    if symbol not in handlers.symbols or "symbolStatus" in call.given:
        handlers.one(call.given)
    book = handlers.venue.engine.book(symbol)

    def make() -> bytes:
        sides = (
            ",".join(f'["{text(price)}","{text(quantity)}"]' for price, quantity in book.levels(side, limit))
            for side in ("BUY", "SELL")
        )
        bids, asks = sides
        return f'{{"lastUpdateId":{book.update_id},"bids":[{bids}],"asks":[{asks}]}}'.encode()

    return handlers.replies.get(("depth", symbol, limit), book.update_id, make)


def average(handlers: Handlers, call: Call) -> bytes:
    symbol = handlers.one(call.given)
    price, closed_us = tickers.average(handlers.venue.charts[symbol], handlers.venue.now_us)
    return f'{{"mins":{tickers.AVERAGE_MINS},"price":"{text(price)}","closeTime":{call.time(closed_us)}}}'.encode()


def last(handlers: Handlers, call: Call) -> bytes:
    def make(symbol: str) -> str:
        price = _last_price(handlers, symbol)
        return f'{{"symbol":"{symbol}","price":"{text(price)}"}}'

    return handlers.each(call.given, make)


def best(handlers: Handlers, call: Call) -> bytes:
    def make(symbol: str) -> str:
        return f'{{"symbol":"{symbol}",{tickers.best(handlers.venue.engine.book(symbol))}}}'

    return handlers.each(call.given, make)


def reference(handlers: Handlers, call: Call) -> bytes:
    symbol = handlers.one(call.given)
    reference, now_us = handlers.venue.engine.state.markets[symbol].reference, handlers.venue.now_us
    if reference is None or not reference.ever_set:
        raise refused(-2043)
    price, time_us = reference.at(now_us), now_us // MICROS * MICROS
    shown = "null" if price is None else f'"{text(price)}"'
    return f'{{"symbol":"{symbol}","referencePrice":{shown},"timestamp":{call.time(time_us)}}}'.encode()


def reference_calculation(handlers: Handlers, call: Call) -> bytes:
    symbol = handlers.one(call.given)
    rule = handlers.instrument(symbol).reference
    if rule is None:
        raise refused(-2043)
    if rule.bucket_count:
        how = {
            "calculationType": "ARITHMETIC_MEAN",
            "bucketCount": rule.bucket_count,
            "bucketWidthMs": rule.bucket_width_ms,
        }
    else:
        how = {"calculationType": "EXTERNAL", "externalCalculationId": rule.external_id}
    return json.encode({"symbol": symbol, **how})


def _last_price(handlers: Handlers, symbol: str) -> int:
    chart = handlers.venue.charts[symbol]
    return chart.tape.prices[-1] if len(chart.tape) else chart.close_before(handlers.venue.now_us // MICROS)
