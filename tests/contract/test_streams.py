"""A stream's name at the exchange leads to its subject on the bus, and to no other's."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contract.errors import Invalid
from shared.contract.market.streams import STREAMS, find
from shared.contract.primitives import SYMBOL_PATTERN
from shared.contract.stream import Stream

NAMES = [
    ("btcusdt@trade", "binance.md.BTCUSDT.trade"),
    ("btcusdt@aggTrade", "binance.md.BTCUSDT.aggTrade"),
    ("btcusdt@blockTrade", "binance.md.BTCUSDT.blockTrade"),
    ("btcusdt@kline_1m", "binance.md.BTCUSDT.kline.1m"),
    ("btcusdt@kline_1M", "binance.md.BTCUSDT.kline.1M"),
    ("btcusdt@kline_1m@+08:00", "binance.md.BTCUSDT.kline.1m+08:00"),
    ("btcusdt@miniTicker", "binance.md.BTCUSDT.miniTicker"),
    ("btcusdt@ticker", "binance.md.BTCUSDT.ticker"),
    ("btcusdt@ticker_1h", "binance.md.BTCUSDT.ticker.1h"),
    ("btcusdt@bookTicker", "binance.md.BTCUSDT.bookTicker"),
    ("btcusdt@avgPrice", "binance.md.BTCUSDT.avgPrice"),
    ("btcusdt@referencePrice", "binance.md.BTCUSDT.referencePrice"),
    ("btcusdt@depth", "binance.md.BTCUSDT.depth"),
    ("btcusdt@depth@100ms", "binance.md.BTCUSDT.depth.100ms"),
    ("btcusdt@depth5", "binance.md.BTCUSDT.depth5"),
    ("btcusdt@depth20@100ms", "binance.md.BTCUSDT.depth20.100ms"),
    ("!miniTicker@arr", "binance.md.ALL.miniTicker"),
    ("!ticker@arr", "binance.md.ALL.ticker"),
    ("!ticker_4h@arr", "binance.md.ALL.ticker.4h"),
    ("币安人生usdt@trade", "binance.md.币安人生USDT.trade"),
]
SYMBOLS = st.from_regex(SYMBOL_PATTERN)
ANY_STREAM = st.sampled_from(STREAMS)


@pytest.mark.parametrize(("name", "subject"), NAMES)
def test_a_stream_is_found_by_its_name_and_knows_its_subject(name: str, subject: str):
    found = find(name)

    assert found is not None
    stream, symbol, value = found
    assert stream.subject(symbol, value) == subject
    assert stream.exchange_name(symbol, value) == name


@settings(deadline=None)
@given(stream=ANY_STREAM, symbol=SYMBOLS, data=st.data())
def test_the_name_leads_back_to_every_stream_and_symbol(stream: Stream, symbol: str, data: st.DataObject):
    value = data.draw(st.sampled_from(stream.values or ("",)))
    symbol = "" if stream.of_all_symbols else symbol

    assert find(stream.exchange_name(symbol, value)) == (stream, symbol, value)


@settings(deadline=None)
@given(stream=ANY_STREAM, symbol=SYMBOLS, data=st.data())
def test_a_subject_has_only_whole_tokens(stream: Stream, symbol: str, data: st.DataObject):
    value = data.draw(st.sampled_from(stream.values or ("",)))

    tokens = stream.subject(symbol, value).split(".")

    assert len(tokens) in (4, 5)
    assert all(token and not re.search(r"[\s*>]", token) for token in tokens)


@pytest.mark.parametrize(
    "symbol", ["BTC.USDT", "*", ">", "BTC USDT", "", "A%2FB", "../x", "BTCUSDT\n", "btcusdt", "A@trade", "A" * 21]
)
def test_a_symbol_that_could_leave_its_place_is_refused(symbol: str):
    with pytest.raises(Invalid, match="must be a trading pair in upper case"):
        STREAMS[0].subject(symbol)
    with pytest.raises(Invalid):
        STREAMS[0].exchange_name(symbol)


def test_an_unknown_parameter_is_refused_with_what_is_allowed():
    stream, *_ = find("btcusdt@depth5") or pytest.fail("partial depth is missing")

    with pytest.raises(Invalid, match="no levels '7'") as refusal:
        stream.exchange_name("BTCUSDT", "7")
    assert refusal.value.hint == "Allowed are 5, 10, 20."


@pytest.mark.parametrize("name", ["btcusdt@kline_7m", "btcusdt@depth@1s", "btcusdt", "@trade", "!trade@arr", "btcusdt@trade\n"])
def test_a_name_that_the_exchange_does_not_have_is_not_found(name: str):
    assert find(name) is None


def test_the_retired_stream_says_what_to_use_instead():
    stream, *_ = find("!ticker@arr") or pytest.fail("the retired stream is missing")

    assert stream.ended is not None
    assert (stream.ended.status, stream.ended.since) == ("retired", "2026-03-26")
    assert "<symbol>@ticker" in stream.ended.instead


def test_no_two_streams_share_a_name_or_a_subject():
    every = [(stream, value) for stream in STREAMS for value in stream.values or ("",)]

    assert len({stream.exchange_name("BTCUSDT", value) for stream, value in every}) == len(every)
    assert len({stream.subject("BTCUSDT", value) for stream, value in every}) == len(every)
