"""What a channel makes of the events it is given: published, dropped, held back, or told as a hole."""

import pytest

from services.stream_ingestion import channel as channels
from services.stream_ingestion import history, overlap
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
        self.given_up: list[Hole] = []

    def began(self, channel: Channel) -> None:
        self.beginnings += 1

    def hole(self, channel: Channel, hole: Hole) -> bool:
        self.holes.append(hole)
        return self.fills

    def gave_up(self, channel: Channel, hole: Hole) -> None:
        self.given_up.append(hole)

    def restarted(self, channel: Channel) -> None:
        self.restarts += 1


def opened(name: str, told: Told) -> tuple[Channel, list[bytes]]:
    found = find(name)
    assert found is not None
    stream, symbol, value = found
    lines: list[bytes] = []
    return channel(name, stream.subject(symbol, value), stream, symbol, lines, told), lines


def nobody(_ahead: Ahead) -> None:
    """Is told and does nothing."""


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
    ahead = Ahead(trades, moved.append, nobody)
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
    ahead = Ahead(tickers, nobody, nobody)
    events = [b'{"e":"24hrTicker","E":%d}' % at for at in range(6)]
    tickers.take(events[1])
    ahead.take(events[3])
    tickers.take(events[2])
    ahead.take(events[4])
    tickers.take(events[3])
    ahead.take(events[5])
    assert ahead.moved
    assert payloads(lines) == events[1:]


def test_a_move_while_a_hole_is_filled_doubles_no_candle() -> None:
    told = Told(fills=True)
    candles, lines = opened("btcusdt@kline_1m", told)
    candles.take(text(kline(60_000, 120_000, closed=True)))
    ahead = Ahead(candles, nobody, nobody)
    after_the_hole = [text(kline(180_000, 181_000)), text(kline(180_000, 240_000, closed=True))]
    for payload in after_the_hole:
        candles.take(payload)
    for payload in after_the_hole:
        ahead.take(payload)
    assert ahead.moved
    filled = text(kline(120_000, 180_000, closed=True))
    candles.release([filled])
    assert payloads(lines)[1:] == [filled, *after_the_hole]


def test_a_new_connection_that_lags_behind_repeats_nothing() -> None:
    tickers, lines = opened("btcusdt@ticker", Told())
    passed: list[Ahead] = []
    ahead = Ahead(tickers, nobody, passed.append)
    events = [b'{"e":"24hrTicker","E":%d}' % at for at in range(5)]
    for payload in events[:4]:
        tickers.take(payload)
    for payload in events[1:4]:
        ahead.take(payload)
    assert (ahead.moved, passed) == (True, [])
    ahead.take(events[4])
    assert passed == [ahead]
    assert payloads(lines) == events


def test_a_low_number_long_after_a_move_is_no_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(overlap, "monotonic", lambda: now[0])
    tickers, lines = opened("btcusdt@bookTicker", Told())
    ahead = Ahead(tickers, nobody, nobody)
    events = [b'{"u":%d,"s":"BTCUSDT"}' % number for number in (900, 5, 6)]
    tickers.take(events[0])
    ahead.finish()
    now[0] += overlap.LAG_S
    for payload in events[1:]:
        ahead.take(payload)
    assert payloads(lines) == events


def test_a_move_from_a_dead_connection_shows_the_hole() -> None:
    told = Told()
    trades, lines = opened("btcusdt@trade", told)
    trades.take(text(trade(1)))
    ahead = Ahead(trades, nobody, nobody)
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


def test_a_channel_that_was_shut_publishes_nothing_whatever_still_comes() -> None:
    told = Told(fills=True)
    trades, lines = opened("btcusdt@trade", told)
    for number in (7, 10):
        trades.take(text(trade(number)))
    (hole,) = told.holes
    trades.shut()
    assert not trades.awaits(hole)
    trades.release([text(trade(8)), text(trade(9))])
    trades.take(text(trade(20)))
    assert payloads(lines) == [text(trade(7))]
    assert told.beginnings == 1


def test_a_hole_is_awaited_until_the_stream_goes_on_from_elsewhere() -> None:
    told = Told(fills=True)
    trades, lines = opened("btcusdt@trade", told)
    for number in (7, 10):
        trades.take(text(trade(number)))
    trades.resume(text(trade(8)))
    trades.take(text(trade(12)))
    before, now = told.holes
    assert (before, now) == (Hole(8, 9), Hole(9, 11))
    assert not trades.awaits(before)
    assert trades.awaits(now)
    assert payloads(lines) == [text(trade(7))]


def test_too_much_that_is_held_back_goes_out_and_the_hole_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "HELD_MOST", 2)
    told = Told(fills=True)
    trades, lines = opened("btcusdt@trade", told)
    for number in (7, 10, 11, 12):
        trades.take(text(trade(number)))
    assert told.given_up == told.holes == [Hole(8, 9)]
    assert not trades.awaits(told.holes[0])
    assert payloads(lines) == [text(trade(n)) for n in (7, 10, 11, 12)]


@pytest.mark.parametrize(
    ("name", "before", "last", "following"),
    [
        ("btcusdt@trade", trade(5), trade(8), trade(11)),
        ("btcusdt@aggTrade", {"e": "aggTrade", "E": 1, "a": 5, "q": ""}, {"e": "aggTrade", "E": 2, "a": 8, "q": ""}, None),
        ("btcusdt@depth", depth(5, 5), depth(6, 8), depth(11, 12)),
        ("btcusdt@kline_1m", kline(60_000, 61_000), kline(240_000, 300_000, closed=True), kline(420_000, 421_000)),
        ("btcusdt@kline_1m", kline(60_000, 61_000), kline(240_000, 250_000), kline(420_000, 421_000)),
    ],
)
def test_a_footprint_is_enough_to_go_on(name: str, before: object, last: object, following: object) -> None:
    heard, _ = opened(name, Told())
    heard.take(text(before))
    earlier = heard.footprint
    heard.take(text(last))
    told_whole, told_short = Told(), Told()
    whole, short = opened(name, told_whole)[0], opened(name, told_short)[0]
    whole.resume(text(last))
    short.resume(heard.footprint)
    assert (short.last, short.footprint) == (whole.last, heard.footprint)
    if following:
        for each in (whole, short):
            each.take(text(following))
        assert told_short.holes == told_whole.holes != []
    assert heard.after(heard.footprint) is None or "kline" in name
    assert heard.after(earlier) == (Hole(6, 8) if "kline" not in name else Hole(60_000, 240_000))


def test_a_stream_without_numbers_leaves_no_footprint() -> None:
    tickers, _ = opened("btcusdt@ticker", Told())
    tickers.take(b'{"e":"24hrTicker","E":1}')
    assert (tickers.footprint, tickers.after(b"")) == (b"", None)


def test_candles_that_the_exchange_does_not_give_are_still_missing() -> None:
    candles, _ = opened("btcusdt@kline_1m", Told())
    minutes = [text(kline(minute * 60_000, minute * 60_000 + 60_000, closed=True)) for minute in range(6)]
    asked = Hole(60_000, 359_999)
    assert history.rest(candles, asked, minutes[1:]) is None
    assert history.rest(candles, asked, minutes[2:]) == Hole(60_000, 119_999)
    assert history.rest(candles, asked, minutes[1:5]) == Hole(300_000, 359_999)
    assert history.rest(candles, asked, [minutes[1], minutes[3], minutes[5]]) == Hole(120_000, 299_999)
    assert history.rest(candles, asked, []) == asked


def test_a_stream_that_waits_keeps_no_more_than_so_many_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(overlap, "monotonic", lambda: now[0])
    told = Told()
    trades, lines = opened("btcusdt@trade", told)
    ahead = Ahead(trades, nobody, nobody, waits=True)
    for number in range(1, 101):
        ahead.take(text(trade(number)))
        now[0] += 1.0
    trades.resume(text(trade(70)))
    ahead.finish()
    (hole,) = told.holes
    assert hole.first == 71
    assert 80 <= hole.last <= 90
    assert payloads(lines) == [text(trade(number)) for number in range(hole.last + 1, 101)]
