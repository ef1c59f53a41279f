"""Candles: the calendar, and the agreement of every interval with every other, with the tape and with the tickers."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json

from services.paper_exchange.call import Call
from services.paper_exchange.candles import DAY_S, MONTH, WIDTHS_S, following, opening, openings
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.public import PUBLIC
from services.paper_exchange.tape import MICROS
from services.paper_exchange.venue import Venue
from services.paper_exchange.weights import Limits

INTERVALS = (*WIDTHS_S, MONTH)
SYMBOLS = ("BTCUSDT", "ETHBTC", "币安人生USDT", "BTCEUR")


def ask(market: Venue, method: str, **given: Any) -> Any:
    handlers = Handlers(market, Limits())
    return json.decode(PUBLIC[method](handlers, Call(given)))


def whole(value: str) -> int:
    return int(value.replace(".", ""))


def put_together(candles: list[Any]) -> tuple[Any, ...]:
    """Open, high, low, close, volume, quote volume, count and takers' volumes of candles as of one."""
    traded = [candle for candle in candles if candle[8]] or candles[:1]
    return (
        traded[0][1],
        max((candle[2] for candle in traded), key=whole),
        min((candle[3] for candle in traded), key=whole),
        traded[-1][4],
        *(sum(whole(candle[column]) for candle in candles) for column in (5, 7, 9, 10)),
        sum(candle[8] for candle in candles),
    )


def test_weeks_open_on_monday_and_months_on_the_first() -> None:
    moment = int(datetime(2026, 11, 22, 13, 5, tzinfo=UTC).timestamp())

    assert datetime.fromtimestamp(opening("1w", moment), UTC) == datetime(2026, 11, 16, tzinfo=UTC)
    assert datetime.fromtimestamp(opening("1M", moment), UTC) == datetime(2026, 11, 1, tzinfo=UTC)
    assert datetime.fromtimestamp(following("1M", opening("1M", moment)), UTC) == datetime(2026, 12, 1, tzinfo=UTC)
    assert opening("3d", moment) % (3 * DAY_S) == 0


def test_a_time_zone_moves_the_openings() -> None:
    moment = int(datetime(2026, 11, 22, 20, 0, tzinfo=UTC).timestamp())

    assert datetime.fromtimestamp(opening("1d", moment, 8 * 3600), UTC) == datetime(2026, 11, 22, 16, tzinfo=UTC)
    assert datetime.fromtimestamp(opening("1M", moment, -5 * 3600), UTC) == datetime(2026, 11, 1, 5, tzinfo=UTC)
    assert datetime.fromtimestamp(opening("1h", moment, 20700), UTC) == datetime(2026, 11, 22, 19, 15, tzinfo=UTC)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(INTERVALS), st.integers(0, 2_000_000_000), st.integers(-48, 56))
def test_a_moment_lies_in_its_candle(interval: str, moment: int, quarters: int) -> None:
    opened = opening(interval, moment, quarters * 900)

    assert opened <= moment < following(interval, opened, quarters * 900)
    assert opening(interval, opened, quarters * 900) == opened


def test_a_range_is_read_from_its_start_or_back_from_its_end() -> None:
    assert openings("1m", 3, 1_000_000, start_s=1) == [60, 120, 180]
    assert openings("1m", 3, 1_000_000, start_s=60, end_s=120) == [60, 120]
    assert openings("1m", 3, 1_000_000, end_s=240) == [120, 180, 240]
    assert openings("1m", 2, 100) == [0, 60]
    assert openings("1m", 2, 100, start_s=500, end_s=200) == []


@pytest.mark.parametrize("interval", INTERVALS)
def test_there_are_a_thousand_candles_of_every_interval(market: Venue, interval: str) -> None:
    candles = ask(market, "klines", symbol="BTCUSDT", interval=interval, limit=1000)

    assert len(candles) == 1000
    assert all(later[0] == earlier[6] + 1 for earlier, later in pairwise(candles))
    assert candles[-1][0] <= market.now_us // 1000 <= candles[-1][6]


PARTS = [("1m", "1s"), ("5m", "1m"), ("1h", "15m"), ("1d", "4h"), ("3d", "1d"), ("1w", "1d"), ("1M", "1d"), ("12h", "1h")]


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize(("wide", "narrow"), PARTS)
def test_a_candle_is_the_sum_of_the_narrower_ones(market: Venue, symbol: str, wide: str, narrow: str) -> None:
    for candle in ask(market, "klines", symbol=symbol, interval=wide, limit=12):
        parts = ask(market, "klines", symbol=symbol, interval=narrow, startTime=candle[0], endTime=candle[6], limit=1000)
        assert put_together([candle]) == put_together(parts)


def test_candles_of_a_time_zone_are_sums_too(market: Venue) -> None:
    for candle in ask(market, "klines", symbol="ETHUSDT", interval="1d", timeZone="5:45", limit=5):
        assert candle[0] % (DAY_S * 1000) == (DAY_S - 20700) * 1000
        parts = ask(market, "klines", symbol="ETHUSDT", interval="15m", startTime=candle[0], endTime=candle[6])
        assert put_together([candle]) == put_together(parts)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_candles_are_what_the_tape_says(market: Venue, symbol: str) -> None:
    tape = market.charts[symbol].tape
    for candle in ask(market, "klines", symbol=symbol, interval="1m", limit=15):
        trades = [trade for trade in map(tape.trade, range(len(tape))) if candle[0] <= trade.time_us // 1000 <= candle[6]]
        assert candle[8] == len(trades) > 0
        assert whole(candle[1]) == trades[0].price
        assert whole(candle[2]) == max(trade.price for trade in trades)
        assert whole(candle[3]) == min(trade.price for trade in trades)
        assert whole(candle[4]) == trades[-1].price
        assert whole(candle[5]) == sum(trade.quantity for trade in trades)
        assert whole(candle[7]) == sum(trade.quote for trade in trades)
        assert whole(candle[9]) == sum(trade.quantity for trade in trades if not trade.buyer_is_maker)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_day_s_ticker_is_the_sum_of_its_candles(market: Venue, symbol: str) -> None:
    ticker = ask(market, "ticker.24hr", symbol=symbol)
    start_s = ticker["openTime"] // 1000
    edge_s = start_s // 60 * 60 + 60
    candles = ask(market, "klines", symbol=symbol, interval="1s", startTime=start_s * 1000, endTime=edge_s * 1000 - 1)
    for first_s in (edge_s, edge_s + 1000 * 60):
        last = edge_s + 1000 * 60 if first_s == edge_s else market.now_us // MICROS + 1
        candles += ask(
            market, "klines", symbol=symbol, interval="1m", startTime=first_s * 1000, endTime=last * 1000 - 1, limit=1000
        )

    agrees(ticker, candles)


@pytest.mark.parametrize(("size", "interval"), [("7m", "1m"), ("59m", "1m"), ("1h", "1m"), ("4h", "1m"), ("7d", "15m")])
def test_a_rolling_window_is_the_sum_of_its_candles(market: Venue, size: str, interval: str) -> None:
    ticker = ask(market, "ticker", symbol="BTCUSDT", windowSize=size)
    assert ticker["openTime"] % 60_000 == 0
    if ticker["openTime"] % (WIDTHS_S[interval] * 1000):
        interval = "1m"
    candles: list[Any] = []
    start = ticker["openTime"]
    while start <= ticker["closeTime"]:
        found = ask(market, "klines", symbol="BTCUSDT", interval=interval, startTime=start, limit=1000)
        candles += found
        start = found[-1][6] + 1

    agrees(ticker, candles)


@pytest.mark.parametrize("zone", ["0", "8", "-3:30"])
def test_the_trading_day_is_the_day_s_candle(market: Venue, zone: str) -> None:
    ticker = ask(market, "ticker.tradingDay", symbol="SOLUSDT", timeZone=zone)
    candle = ask(market, "klines", symbol="SOLUSDT", interval="1d", timeZone=zone, limit=1)[0]

    assert (ticker["openTime"], ticker["closeTime"]) == (candle[0], candle[6])
    agrees(ticker, [candle])


def test_trade_ids_run_on_through_all_windows(market: Venue) -> None:
    tape = market.charts["BTCUSDT"].tape
    day, hour = ask(market, "ticker.24hr", symbol="BTCUSDT"), ask(market, "ticker", symbol="BTCUSDT", windowSize="1h")

    for ticker in (day, hour):
        assert ticker["lastId"] - ticker["firstId"] + 1 == ticker["count"]
        assert ticker["lastId"] == tape.next_id - 1 == ask(market, "trades.recent", symbol="BTCUSDT", limit=1)[0]["id"]
    assert day["firstId"] < hour["firstId"]


def test_the_average_price_is_that_of_five_minutes(market: Venue) -> None:
    average = ask(market, "avgPrice", symbol="ETHUSDT")
    now_s = market.now_us // MICROS
    candles = ask(market, "klines", symbol="ETHUSDT", interval="1s", startTime=(now_s - 300) * 1000, limit=1000)

    quote, volume = (sum(whole(candle[column]) for candle in candles) for column in (7, 5))
    assert whole(average["price"]) == quote * 10**8 // volume
    assert average["closeTime"] == ask(market, "trades.recent", symbol="ETHUSDT", limit=1)[0]["time"]


def test_a_closed_symbol_has_candles_up_to_its_end_and_no_day(market: Venue) -> None:
    closed = ask(market, "klines", symbol="MATICUSDT", interval="1d", limit=3)
    day = ask(market, "ticker.24hr", symbol="MATICUSDT")

    assert len(closed) == 3
    assert (day["count"], day["firstId"], day["lastId"], day["volume"]) == (0, -1, -1, "0.00000000")
    assert day["lastPrice"] == closed[-1][4]
    assert ask(market, "depth", symbol="MATICUSDT")["bids"] == []


def agrees(ticker: dict[str, Any], candles: list[Any]) -> None:
    opened, high, low, closed, volume, quote, _, _, count = put_together(candles)
    assert (ticker["openPrice"], ticker["highPrice"], ticker["lowPrice"], ticker["lastPrice"]) == (opened, high, low, closed)
    assert (whole(ticker["volume"]), whole(ticker["quoteVolume"]), ticker["count"]) == (volume, quote, count)
    assert whole(ticker["priceChange"]) == whole(closed) - whole(opened)
    assert whole(ticker["weightedAvgPrice"]) == quote * 10**8 // volume
    assert abs(float(ticker["priceChangePercent"]) - 100 * (float(closed) / float(opened) - 1)) < 0.0011
