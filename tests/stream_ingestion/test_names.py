"""Names, numbers, leases' keys and conditions: the small pure parts."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.stream_ingestion import lateness, names, numbers
from services.stream_ingestion.channel import Channel, Hole, channel
from services.stream_ingestion.condition import GAP_SHOWN_S, Condition, subject
from services.stream_ingestion.cursors import Cursor, decode_cursor
from services.stream_ingestion.leases import Lease, key, stream_of
from shared.contract.errors import Invalid
from shared.contract.market.streams import STREAMS, find
from shared.runtime.clock import monotonic, now_ms
from tests.stream_ingestion.test_channel import Told

DOCUMENTED = Path(__file__).parents[1] / "documented" / "streams"


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_every_stream_of_the_catalogue_can_be_carried(stream: Any) -> None:
    for value in stream.values or ("",):
        name = stream.exchange_name("" if stream.of_all_symbols else "BTCUSDT", value)
        assert names.canonical(name) == name
        assert names.symbol_of(name) == ("" if stream.of_all_symbols else "BTCUSDT")
        found = find(name)
        assert found is not None
        opened = channel(name, stream.subject(found[1], value), stream, found[1], [], Told())
        assert isinstance(opened, Channel)


def example(stream: Any, number: int) -> bytes:
    """An event of the stream with this number, in the order in which the exchange writes its fields."""
    event: dict[str, Any] = {"e": "x", "E": number, "s": "BTCUSDT", "t": number, "a": number}
    if stream.kind == "bookTicker":
        event = {"u": number, "s": "BTCUSDT", "b": "1", "B": "1", "a": "2", "A": "2"}
    elif stream.kind == "depth":
        event = {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": number - 3, "u": number, "b": [["1", "2"]], "a": []}
    elif stream.kind == "depth{}":
        event = {"lastUpdateId": number, "bids": [["1", "2"]], "asks": []}
    elif stream.kind == "kline":
        event = {"e": "kline", "E": number, "s": "BTCUSDT", "k": {"t": number, "T": number + 59_999, "s": "BTCUSDT"}}
    return json.dumps([event] if stream.of_all_symbols else event, separators=(",", ":")).encode()


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_the_number_of_every_event_is_found_however_it_is_written(stream: Any) -> None:
    read = numbers.of_stream(stream)
    for earlier, later in ((1_770_000_000_000, 1_770_000_000_001), (12, 900)):
        assert read(example(stream, earlier)) < read(example(stream, later))
        spaced = json.dumps(json.loads(example(stream, earlier))).encode()
        assert read(spaced) == read(example(stream, earlier))


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b"null", b'{"t":"x"}', b"\xff", b'{"t":'])
def test_what_has_no_number_has_none(payload: bytes) -> None:
    assert numbers.field("t")(payload) == -1


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_the_keys_of_leases_are_what_a_bucket_takes_and_differ(stream: str, holder: str) -> None:
    made = key(stream, holder)
    plain, _, digest = made.rpartition(".")
    assert all(letter.isascii() and (letter.isalnum() or letter in "-_=") for letter in plain + digest)
    assert made != key(stream + "x", holder)
    assert made != key(stream, holder + "x")


def test_a_handle_belongs_to_its_holder() -> None:
    lease = Lease("btcusdt@trade", "me", 60, 0, 1)
    assert stream_of(lease.handle, "me") == stream_of("btcusdt@trade", "you") == "btcusdt@trade"
    with pytest.raises(Invalid, match="somebody else"):
        stream_of(lease.handle, "you")


def test_reading_renews_a_lease_when_a_third_of_it_has_passed() -> None:
    lease = Lease("btcusdt@trade", "me", 60, 0, 60_000)
    assert [lease.is_due(now) for now in (0, 19_000, 21_000)] == [False, False, True]


def test_a_cursor_comes_back_as_it_went() -> None:
    cursor = Cursor(17, 5, 9, {"btcusdt@trade": 4})
    assert decode_cursor(cursor.encode()) == cursor
    for wrong in ("", "x", "eyJ", "!!!!", cursor.encode()[:-4]):
        with pytest.raises(Invalid, match="is no cursor"):
            decode_cursor(wrong)


def opened(name: str) -> Channel:
    found = find(name)
    assert found is not None
    stream, symbol, value = found
    return channel(name, stream.subject(symbol, value), stream, symbol, [], Told())


def test_a_condition_follows_the_clock() -> None:
    trades = opened("btcusdt@trade")
    condition = Condition(trades, 60.0)
    assert condition.state == "stale"
    trades.received = 100.0
    assert condition.judge(101.0)
    assert condition.state == "synced"
    condition.mark(Hole(4, 5), "events are missing", 102.0)
    assert condition.judge(102.0)
    assert json.loads(condition.told(7, "me")) == {
        "stream": "btcusdt@trade",
        "state": "gap",
        "time": 7,
        "reason": "events are missing",
        "missing": {"first": 4, "last": 5},
        "replica": "me",
    }
    trades.received = 140.0
    assert condition.judge(102.0 + GAP_SHOWN_S)
    assert condition.state == "synced"
    assert condition.judge(201.0)
    assert condition.state == "stale"


def test_a_stream_is_stuck_only_when_it_had_its_time_since_the_market_moved() -> None:
    tickers = opened("btcusdt@miniTicker")
    condition = Condition(tickers, 60.0)
    tickers.received = 100.0
    condition.judge(101.0)
    states: list[str] = []
    for now, moved_at in ((120.0, 99.0), (121.0, 120.9), (123.0, 122.9), (124.5, 124.4), (125.5, 125.4)):
        condition.judge(now, moved_at=moved_at)
        states.append(condition.state)
    assert states == ["synced", "synced", "synced", "synced", "stale"]
    tickers.received = 126.0
    condition.judge(126.5, moved_at=126.4)
    assert condition.state == "synced"


def test_a_stream_with_a_long_period_has_more_patience() -> None:
    assert Condition(opened("btcusdt@kline_1m"), 10.0).stale_after_s == 40.0


def test_the_condition_of_a_stream_is_told_beside_its_events() -> None:
    assert subject("binance.md.BTCUSDT.kline.1m", "binance") == "binance.health.md.BTCUSDT.kline.1m"


@pytest.mark.parametrize(
    ("payload", "delay"),
    [
        (b'{"e":"trade","E":1770000000000,"s":"BTCUSDT","t":1}', 1500),
        (b'{"e":"trade","E":1770000000000123,"s":"BTCUSDT","t":1}', 1500),
        (b'{"e":"trade","E":1770000002000,"s":"BTCUSDT","t":1}', -500),
        (b'[{"e":"24hrMiniTicker","E":1770000000000,"s":"BTCUSDT"}]', 1500),
        (b'{"u":1,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"}', None),
        (b'{"e":"trade","E":soon,"s":"BTCUSDT"}', None),
    ],
    ids=["milliseconds", "microseconds", "our clock is behind", "an array's first", "no time", "no number"],
)
def test_how_late_an_event_was_is_told_by_both_clocks(payload: bytes, delay: int | None) -> None:
    assert lateness.delay_ms(payload, 1_770_000_001_500) == delay


def test_a_stream_whose_events_come_late_is_stale_until_one_comes_in_time() -> None:
    trades = opened("btcusdt@trade")
    condition = Condition(trades, 60.0, late_s=10.0)
    for behind_s, state in ((30, "stale"), (0, "synced")):
        trades.received, trades.tail = monotonic(), b'{"e":"trade","E":%d,"s":"X","t":1}' % (now_ms() - behind_s * 1000)
        condition.judge(monotonic())
        told = json.loads(condition.told(7, "me"))
        assert (condition.state, told["delayMs"] // 1000) == (state, behind_s)
