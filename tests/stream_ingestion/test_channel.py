"""What a channel makes of the events it is given: published, dropped, held back, or told as a hole."""

import pytest

from services.stream_ingestion.channel import Channel, DepthChannel, Hole, channel
from services.stream_ingestion.overlap import Ahead
from shared.contract.market.streams import find
from tests.stream_ingestion.stream_server import depth, kline, text, trade


class Told:
    """Hears what happens on a channel."""

    def __init__(self, *, fills: bool = False) -> None:
        self.fills = fills
        self.holes: list[Hole] = []
        self.beginnings = 0
        self.restarts = 0

    def began(self, channel: Channel) -> None:
        self.beginnings += 1

    def hole(self, channel: Channel, hole: Hole) -> bool:
        self.holes.append(hole)
        return self.fills

    def restarted(self, channel: Channel) -> None:
        self.restarts += 1


def opened(name: str, told: Told) -> tuple[Channel, list[bytes]]:
    found = find(name)
    assert found is not None
    stream, symbol, value = found
    lines: list[bytes] = []
    return channel(name, stream.subject(symbol, value), stream, symbol, lines, told), lines


def payloads(lines: list[bytes]) -> list[bytes]:
    return [line.partition(b"\r\n")[2][:-2] for line in lines]


def test_a_payload_is_published_byte_for_byte_on_its_subject() -> None:
    trades, lines = opened("btcusdt@trade", Told())
    trades.take(text(trade(7)))
    assert lines == [b"PUB binance.md.BTCUSDT.trade %d\r\n%b\r\n" % (len(text(trade(7))), text(trade(7)))]


def test_trades_go_on_by_number_and_duplicates_are_dropped() -> None:
    told = Told()
    trades, lines = opened("btcusdt@trade", told)
    for number in (7, 8, 8, 7, 9):
        trades.take(text(trade(number)))
    assert payloads(lines) == [text(trade(n)) for n in (7, 8, 9)]
    assert (trades.last, trades.duplicates, told.holes, told.beginnings) == (9, 2, [], 1)


def test_a_hole_that_cannot_be_filled_is_told_and_the_stream_goes_on() -> None:
    told = Told()
    trades, lines = opened("btcusdt@trade", told)
    for number in (7, 10, 11):
        trades.take(text(trade(number)))
    assert told.holes == [Hole(8, 9)]
    assert payloads(lines) == [text(trade(n)) for n in (7, 10, 11)]


def test_what_follows_a_hole_is_held_back_until_it_is_filled() -> None:
    trades, lines = opened("btcusdt@trade", Told(fills=True))
    for number in (7, 10, 11):
        trades.take(text(trade(number)))
    assert payloads(lines) == [text(trade(7))]
    assert (trades.holding, trades.last) == (True, 9)
    trades.release([text(trade(8)), text(trade(9))])
    trades.take(text(trade(12)))
    assert payloads(lines) == [text(trade(n)) for n in (7, 8, 9, 10, 11, 12)]


def test_a_hole_among_what_was_held_back_is_found_too() -> None:
    told = Told(fills=True)
    trades, lines = opened("btcusdt@trade", told)
    for number in (7, 9, 12):
        trades.take(text(trade(number)))
    trades.release([text(trade(8))])
    assert told.holes == [Hole(8, 8), Hole(10, 11)]
    trades.release([text(trade(10)), text(trade(11))])
    assert payloads(lines) == [text(trade(n)) for n in range(7, 13)]


def test_an_exchange_that_counts_anew_is_believed() -> None:
    told = Told()
    trades, lines = opened("btcusdt@trade", told)
    trades.take(text(trade(900_000)))
    trades.take(text(trade(1, at_ms=1_770_100_000_000)))
    trades.take(text(trade(2, at_ms=1_770_100_000_000)))
    assert (told.restarts, told.holes, len(lines)) == (1, [], 3)


def test_a_payload_written_with_blanks_is_understood() -> None:
    told = Told()
    trades, lines = opened("btcusdt@trade", told)
    for number in (7, 8, 10):
        trades.take(b'{ "e": "trade", "E": 1770000000007, "s": "BTCUSDT", "t": %d }' % number)
    assert told.holes == [Hole(9, 9)]
    assert len(lines) == 3


@pytest.mark.parametrize("name", ["btcusdt@depth", "btcusdt@depth@100ms"])
def test_differences_must_join(name: str) -> None:
    told = Told()
    diffs, lines = opened(name, told)
    for first, last in ((5, 7), (8, 8), (8, 8), (9, 12), (15, 15)):
        diffs.take(text(depth(first, last)))
    assert told.holes == [Hole(13, 14)]
    assert (len(lines), diffs.duplicates, diffs.last) == (4, 1, 15)


def test_the_book_hears_every_difference() -> None:
    diffs, _ = opened("btcusdt@depth", Told())
    heard: list[bytes] = []
    assert isinstance(diffs, DepthChannel)
    diffs.book = heard.append
    for first, last in ((5, 7), (5, 7)):
        diffs.take(text(depth(first, last)))
    assert len(heard) == 2


def test_candles_follow_each_other_without_a_hole() -> None:
    told = Told()
    candles, lines = opened("btcusdt@kline_1m", told)
    candles.take(text(kline(60_000, 61_000)))
    candles.take(text(kline(60_000, 120_000, closed=True)))
    candles.take(text(kline(120_000, 121_000)))
    assert (told.holes, len(lines)) == ([], 3)


def test_a_candle_whose_end_was_not_heard_is_a_hole() -> None:
    told = Told(fills=True)
    candles, lines = opened("btcusdt@kline_1m", told)
    candles.take(text(kline(60_000, 61_000)))
    candles.take(text(kline(240_000, 241_000)))
    candles.take(text(kline(240_000, 243_000)))
    assert told.holes == [Hole(60_000, 239_999)]
    filled = [text(kline(minute, minute + 60_000, closed=True)) for minute in (60_000, 120_000, 180_000)]
    candles.release(filled)
    candles.take(text(kline(240_000, 245_000)))
    assert payloads(lines)[1:] == [*filled, *(text(kline(240_000, at)) for at in (241_000, 243_000, 245_000))]


def test_every_event_of_a_stream_without_numbers_is_taken() -> None:
    told = Told()
    tickers, lines = opened("btcusdt@ticker", told)
    for at in (1000, 1000, 2000):
        tickers.take(b'{"e":"24hrTicker","E":%d,"s":"BTCUSDT"}' % at)
    assert (len(lines), told.beginnings, tickers.last) == (3, 1, 2000)


def test_a_move_waits_until_the_new_connection_continues_the_old_one() -> None:
    trades, lines = opened("btcusdt@trade", Told())
    moved: list[Ahead] = []
    ahead = Ahead(trades, moved.append)
    trades.take(text(trade(1)))
    ahead.take(text(trade(3)))
    assert not moved
    for number in (2, 3, 4):
        trades.take(text(trade(number)))
    ahead.take(text(trade(4)))
    ahead.take(text(trade(5)))
    assert moved == [ahead]
    assert payloads(lines) == [text(trade(n)) for n in (1, 2, 3, 4, 5)]


def test_a_move_of_a_stream_without_consecutive_numbers_waits_for_a_repetition() -> None:
    tickers, lines = opened("btcusdt@ticker", Told())
    ahead = Ahead(tickers, lambda _: None)
    events = [b'{"e":"24hrTicker","E":%d}' % at for at in range(6)]
    tickers.take(events[1])
    ahead.take(events[3])
    tickers.take(events[2])
    ahead.take(events[4])
    tickers.take(events[3])
    ahead.take(events[5])
    assert ahead.moved
    assert payloads(lines) == events[1:]


def test_a_move_from_a_dead_connection_shows_the_hole() -> None:
    told = Told()
    trades, lines = opened("btcusdt@trade", told)
    trades.take(text(trade(1)))
    ahead = Ahead(trades, lambda _: None)
    ahead.take(text(trade(4)))
    ahead.finish()
    assert told.holes == [Hole(2, 3)]
    assert payloads(lines) == [text(trade(1)), text(trade(4))]


def test_a_channel_goes_on_after_what_another_replica_published() -> None:
    told = Told()
    trades, lines = opened("btcusdt@trade", told)
    trades.resume(text(trade(5)))
    trades.take(text(trade(5)))
    trades.take(text(trade(6)))
    trades.take(text(trade(8)))
    assert told.holes == [Hole(7, 7)]
    assert payloads(lines) == [text(trade(6)), text(trade(8))]
