"""What the exchange keeps of a stream, fetched over the bus from market_data and written as the stream would have sent it.

| stream | from | weight |
| --- | --- | --- |
| trade | `trades.historical` by id, 1000 a request | 25 |
| aggTrade | `trades.aggregate` by id, 1000 a request | 4 |
| kline | `klines` by time, 1000 a request | 2 |
| !ticker@arr | `ticker.24hr` of all symbols | 80 |

Of differences of the book and of statistics nothing is kept. A fetched event's time (`E`) is that of the trade or of the
candle's end; a fetched candle does not know its trades' ids (-1, as the exchange writes where there are none).
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from services.stream_ingestion.channel import CandleChannel, Channel, Hole, NumberedChannel
from services.stream_ingestion.numbers import close_time, open_time
from shared.contract.market.events import (
    AggregateTradeEvent,
    Candle,
    KlineEvent,
    TickerEvent,
    TradeEvent,
)
from shared.contract.market.models import AggregateTrade, Kline, Ticker, Trade
from shared.contract.market.operations import AggregateTrades, HistoricalTrades, Klines, Ticker24hr
from shared.contract.market.streams import find
from shared.contract.operation import Operation

ROWS = 1000
"""The most that the exchange gives in one request."""

Ask = Callable[[Operation[Any]], Awaitable[bytes]]
"""Asks market_data; raises ServiceError."""

_trades = msgspec.json.Decoder(list[Trade]).decode
_aggregates = msgspec.json.Decoder(list[AggregateTrade]).decode
_klines = msgspec.json.Decoder(list[Kline]).decode
_tickers = msgspec.json.Decoder(list[Ticker]).decode
_encode = msgspec.json.encode


def can_fill(channel: Channel) -> bool:
    """Does the exchange keep what this stream sends?"""
    return isinstance(channel, NumberedChannel | CandleChannel)


def requests(channel: Channel, hole: Hole) -> int:
    """How many requests it takes."""
    if not isinstance(channel, CandleChannel):
        return -(-hole.count // ROWS)
    return 1


async def fetch(channel: Channel, hole: Hole, ask: Ask) -> list[bytes]:
    """The events of a hole, as far as the exchange gives them, in order. Raises ServiceError."""
    if isinstance(channel, CandleChannel):
        return await _candles(channel, hole, ask)
    events: list[bytes] = []
    first = hole.first
    while first <= hole.last:
        limit = min(ROWS, hole.last - first + 1)
        if channel.stream.event is TradeEvent:
            rows = _trades(await ask(HistoricalTrades(symbol=channel.symbol, from_id=first, limit=limit)))
            found = [_trade(channel.symbol, row) for row in rows if first <= row.id <= hole.last]
            reached = rows[-1].id if rows else 0
        else:
            aggregates = _aggregates(await ask(AggregateTrades(symbol=channel.symbol, from_id=first, limit=limit)))
            found = [_aggregate(channel.symbol, row) for row in aggregates if first <= row.id <= hole.last]
            reached = aggregates[-1].id if aggregates else 0
        events += found
        if reached < first:
            break
        first = reached + 1
    return events


async def all_tickers(ask: Ask) -> list[tuple[str, int, bytes]]:
    """(symbol, count of trades, event) of each symbol with trades, as `!ticker@arr` sent it. Raises ServiceError."""
    rows = _tickers(await ask(Ticker24hr()))
    return [(row.symbol, row.last_id, _ticker(row)) for row in rows if row.count]


def _trade(symbol: str, row: Trade) -> bytes:
    return _encode(
        TradeEvent("trade", row.time, symbol, row.id, row.price, row.qty, row.time, row.is_buyer_maker, row.is_best_match)
    )


def _aggregate(symbol: str, row: AggregateTrade) -> bytes:
    return _encode(
        AggregateTradeEvent(
            event_type="aggTrade",
            event_time=row.time,
            symbol=symbol,
            aggregate_trade_id=row.id,
            price=row.price,
            quantity=row.quantity,
            first_trade_id=row.first_trade_id,
            last_trade_id=row.last_trade_id,
            trade_time=row.time,
            is_buyer_maker=row.is_buyer_maker,
            unused=row.is_best_match,
        )
    )


async def _candles(channel: CandleChannel, hole: Hole, ask: Ask) -> list[bytes]:
    found = find(channel.name)
    assert found is not None
    interval: Any = found[2]
    asked = Klines(symbol=channel.symbol, interval=interval, start_time=hole.first, end_time=hole.last, limit=ROWS)
    if channel.name.endswith("@+08:00"):
        asked = msgspec.structs.replace(asked, time_zone="+8:00")
    rows = _klines(await ask(asked))
    return [_candle(channel.symbol, interval, row) for row in rows if hole.first <= row.open_time <= hole.last]


def _candle(symbol: str, interval: str, row: Kline) -> bytes:
    candle = Candle(
        open_time=row.open_time,
        close_time=row.close_time,
        symbol=symbol,
        interval=interval,
        first_trade_id=-1,
        last_trade_id=-1,
        open=row.open,
        close=row.close,
        high=row.high,
        low=row.low,
        volume=row.volume,
        trades=row.trades,
        is_closed=True,
        quote_volume=row.quote_volume,
        taker_buy_volume=row.taker_buy_volume,
        taker_buy_quote_volume=row.taker_buy_quote_volume,
        unused="0",
    )
    return _encode(KlineEvent("kline", row.close_time + 1, symbol, candle))


def _ticker(row: Ticker) -> bytes:
    def known(value: Any) -> str:
        return value if isinstance(value, str) else "0"

    return _encode(
        TickerEvent(
            event_type="24hrTicker",
            event_time=row.close_time,
            symbol=row.symbol,
            price_change=known(row.price_change),
            price_change_percent=known(row.price_change_percent),
            weighted_average_price=known(row.weighted_avg_price),
            previous_close=known(row.prev_close_price),
            close=row.last_price,
            close_quantity=known(row.last_qty),
            bid=known(row.bid_price),
            bid_quantity=known(row.bid_qty),
            ask=known(row.ask_price),
            ask_quantity=known(row.ask_qty),
            open=row.open_price,
            high=row.high_price,
            low=row.low_price,
            volume=row.volume,
            quote_volume=row.quote_volume,
            open_time=row.open_time,
            close_time=row.close_time,
            first_trade_id=row.first_id,
            last_trade_id=row.last_id,
            trades=row.count,
        )
    )


def span(channel: Channel, events: list[bytes]) -> Hole:
    """From the first to the last of these events, at least one, in the numbers of holes."""
    number = open_time if isinstance(channel, CandleChannel) else channel.number
    return Hole(number(events[0]), number(events[-1]))


def rest(channel: Channel, hole: Hole, events: list[bytes]) -> Hole | None:
    """What is still missing of a hole after these events; None if nothing is."""
    if isinstance(channel, CandleChannel):
        return _rest_of_candles(hole, events)
    found = {channel.number(event) for event in events}
    missing = [number for number in range(hole.first, hole.last + 1) if number not in found]
    return Hole(missing[0], missing[-1]) if missing else None


def _rest_of_candles(hole: Hole, events: list[bytes]) -> Hole | None:
    missing, reached = list[Hole](), hole.first
    for event in events:
        if (opened := open_time(event)) > reached:
            missing.append(Hole(reached, opened - 1))
        reached = close_time(event) + 1
    if reached <= hole.last:
        missing.append(Hole(reached, hole.last))
    return Hole(missing[0].first, missing[-1].last) if missing else None
