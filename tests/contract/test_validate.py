"""Bad input is refused before anything is sent, with what is wrong, what is allowed and an example that works."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contract import catalog
from shared.contract.errors import Invalid
from shared.contract.operation import Operation, Spec
from shared.contract.parameters import parameters
from shared.contract.validate import MAX_ECHO, parse

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "60000"}
KLINES = {"symbol": "BTCUSDT", "interval": "1h"}
EXCEPTION_WORDS = re.compile(r"Expected `|Error|Exception|Traceback|msgspec|object at 0x|regex")


def refusal(method: str, given: Any) -> Invalid:
    outcome = parsed(catalog.BY_METHOD[method], json.dumps(given).encode() if isinstance(given, list) else given)
    assert isinstance(outcome, Invalid)
    return outcome


def parsed(spec: Spec, data: Any) -> Operation[Any] | Invalid:
    try:
        return parse(spec.type, data)
    except Invalid as error:
        return error


@pytest.mark.parametrize(
    ("method", "given", "says", "hints"),
    [
        ("depth", {}, "depth needs symbol: a trading pair in upper case such as BTCUSDT", '{"symbol":"BTCUSDT"}'),
        ("depth", {"symbol": "btc/usdt"}, 'symbol "btc/usdt" is not allowed', 'try "BTCUSDT"'),
        ("depth", {"symbol": "BTCUSDT\n"}, "a trading pair in upper case such as BTCUSDT", 'try "BTCUSDT"'),
        ("depth", {"symbol": "BTC.USDT"}, "a trading pair in upper case", "BTCUSDT"),
        ("depth", {"symbol": "*"}, "a trading pair in upper case", "BTCUSDT"),
        ("depth", {"symbol": "BTC%2FUSDT"}, "a trading pair in upper case", "BTCUSDT"),
        ("depth", {"symbol": "BTC USDT"}, "a trading pair in upper case", 'try "BTCUSDT"'),
        ("depth", {"symbol": "'; DROP TABLE orders; --"}, "a trading pair in upper case", "BTCUSDT"),
        ("depth", {"symbol": "BTC\u202eUSDT"}, "a trading pair in upper case", "BTCUSDT"),
        ("depth", {"symbol": None}, "symbol null is not allowed", "BTCUSDT"),
        ("depth", {"symbol": "BTCUSDT", "limit": 5001}, "a whole number from 1 to 5000", '{"limit":20}'),
        ("depth", {"symbol": "BTCUSDT", "limit": 0}, "a whole number from 1 to 5000", '{"limit":20}'),
        ("depth", {"symbol": "BTCUSDT", "limit": "5"}, 'limit "5" is not allowed', "Send a number, not text"),
        ("depth", {"symbol": "BTCUSDT", "limit": True}, "limit true is not allowed", '{"limit":20}'),
        ("depth", {"symbol": "BTCUSDT", "limit": 10**30}, "limit 1000", '{"limit":20}'),
        ("depth", {"symbol": "BTCUSDT", "Limit": 5}, 'depth has no parameter "Limit"', "Did you mean limit?"),
        ("depth", {"symbol": "BTCUSDT", "zzz": 5}, 'depth has no parameter "zzz"', "It takes symbol, limit, symbolStatus."),
        ("ping", {"x": 1}, 'ping has no parameter "x"', "It takes no parameters."),
        (
            "klines",
            {**KLINES, "interval": "1H"},
            'interval "1H" is not allowed: it must be one of 1s, 1m',
            'Did you mean "1h"?',
        ),
        ("klines", {**KLINES, "interval": "7m"}, 'interval "7m" is not allowed', '{"interval":"1h"}'),
        ("klines", {**KLINES, "startTime": "now"}, "a Unix time in milliseconds", "Send a number, not text"),
        ("klines", {**KLINES, "startTime": -1}, "a Unix time in milliseconds", "1764000000000"),
        ("klines", {**KLINES, "startTime": 2, "endTime": 1}, "startTime lies after endTime: swap", '"startTime":1,"endTime":2'),
        ("klines", {**KLINES, "timeZone": "+15:00"}, "between -12:00 and +14:00", "+8:00"),
        ("ticker", {}, "exactly one of symbol and symbols is required, 0 were given", '{"symbol":"BTCUSDT"}'),
        ("ticker", {"symbol": "A", "symbols": ["B"]}, "exactly one of symbol and symbols", '{"symbol":"A"}'),
        ("ticker", {"symbol": "A", "windowSize": "60m"}, "1m to 59m, 1h to 23h or 1d to 7d", '{"windowSize":"4h"}'),
        ("ticker", {"symbols": ["A", "A"]}, "symbols names A twice", '{"symbols":["A"]}'),
        ("ticker", {"symbols": ["A", "ethusdt"]}, 'symbols[1] "ethusdt" is not allowed', 'try "ETHUSDT"'),
        ("ticker", {"symbols": ["A", 7]}, "symbols[1] 7 is not allowed", "Send text"),
        (
            "ticker",
            {"symbols": "BTCUSDT"},
            "a list of 1 to 100 values",
            'Send a list, not text: {"symbols":["BTCUSDT","ETHUSDT"]}',
        ),
        ("ticker", {"symbols": []}, "a list of 1 to 100 values", '{"symbols":["BTCUSDT","ETHUSDT"]}'),
        ("ticker", {"symbols": [f"S{i}" for i in range(101)]}, "a list of 1 to 100 values", "BTCUSDT"),
        ("ticker.24hr", {"symbol": "A", "type": "mini"}, "one of FULL, MINI", 'Did you mean "MINI"?'),
        ("order.place", {**ORDER, "side": "buy"}, "one of BUY, SELL", 'Did you mean "BUY"?'),
        ("order.place", {**ORDER, "quantity": 0.5}, "quantity 0.5 is not allowed", "Send text, not a number"),
        ("order.place", {**ORDER, "quantity": "1e3"}, 'quantity "1e3" is not allowed', '"0.001"'),
        ("order.place", {**ORDER, "newClientOrderId": "a.b"}, "1 to 36 letters, digits, - or _", "my-order-1"),
        ("order.place", {**ORDER, "recvWindow": 60001}, "a number of milliseconds up to 60000", '{"recvWindow":5000}'),
        ("order.cancel", {"symbol": "BTCUSDT"}, "one of orderId and origClientOrderId is required", '"orderId":28457'),
        ("myTrades", {"symbol": "A", "fromId": 1, "endTime": 5}, "served are: symbol; symbol+orderId", '{"symbol":"A",'),
        ("allOrders", {"symbol": "A", "startTime": 0, "endTime": 86_400_001}, "more than 24 hours", '"endTime":86400000'),
        ("depth", [], "must be a JSON object", '{"symbol":"BTCUSDT"}'),
        ("depth", b"{", "not valid JSON", '{"symbol":"BTCUSDT"}'),
        ("depth", b'{"symbol":"\xff"}', "not valid JSON", '{"symbol":"BTCUSDT"}'),
        ("depth", b'{"limit":' + b"[" * 100_000, "limit", '{"limit":20}'),
        ("depth", {"symbol": "\ud800"}, "not valid JSON", '{"symbol":"BTCUSDT"}'),
        ("order.place", {**ORDER, "recvWindow": float("nan")}, "recvWindow null is not allowed", '{"recvWindow":5000}'),
    ],
)
def test_a_refusal_says_what_is_wrong_and_how_it_would_be_right(method: str, given: Any, says: str, hints: str):
    error = refusal(method, given)

    assert says in error.message
    assert hints in error.hint
    assert error.code is None


@pytest.mark.parametrize(
    "time", [1_764_000_000_000, 1_764_000_000_000_000, 0], ids=["milliseconds", "microseconds", "the beginning"]
)
def test_a_time_may_be_in_milliseconds_or_microseconds(time: int):
    assert parse(catalog.BY_METHOD["klines"].type, {**KLINES, "startTime": time}).given()["startTime"] == time


def test_a_range_may_mix_milliseconds_and_microseconds():
    given = {**KLINES, "startTime": 1_764_000_000_000_000, "endTime": 1_764_000_000_001}

    assert parse(catalog.BY_METHOD["klines"].type, given).given() == given


@pytest.mark.parametrize("symbol", ["BTCUSDT", "币安人生USDT", "1000SATSUSDT", "A-B_C"])
def test_a_symbol_of_any_script_passes(symbol: str):
    assert parse(catalog.BY_METHOD["depth"].type, {"symbol": symbol}).given() == {"symbol": symbol}


def test_what_is_left_out_is_not_sent():
    assert parse(catalog.BY_METHOD["depth"].type, b'{"symbol":"BTCUSDT"}').given() == {"symbol": "BTCUSDT"}
    assert parse(catalog.BY_METHOD["ping"].type, b"").given() == {}


@pytest.mark.parametrize("window", [5000, 0.5, 60000, 1234.567])
def test_a_receive_window_stays_the_number_that_it_was(window: float):
    given = {"symbol": "A", "recvWindow": window}

    sent = parse(catalog.BY_METHOD["openOrders.status"].type, given).given()["recvWindow"]

    assert (sent, type(sent)) == (window, type(window))


@pytest.mark.parametrize("spec", catalog.OPERATIONS, ids=lambda spec: spec.method)
def test_the_example_in_a_refusal_is_accepted(spec: Spec):
    error = refusal(spec.method, b"[]")

    example = re.search(r"\{.*\}", error.hint)

    assert example is not None
    assert parse(spec.type, example[0].encode())


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=20), inner, max_size=5),
    max_leaves=10,
)
ANY_OPERATION = st.sampled_from(catalog.OPERATIONS)


@settings(deadline=None)
@given(spec=ANY_OPERATION, data=st.data())
def test_whatever_is_sent_it_passes_or_is_refused_in_our_own_words(spec: Spec, data: st.DataObject):
    known = st.sampled_from(sorted(parameters(spec.type)) or ["x"])
    examples = [p.example for p in parameters(spec.type).values()]
    values = st.sampled_from(examples or [1]) | ANY_JSON
    sent: Any = data.draw(st.dictionaries(known | st.text(max_size=100), values, max_size=6) | ANY_JSON.filter(is_mapping))

    outcome = parsed(spec, sent)

    if isinstance(outcome, Invalid):
        assert not EXCEPTION_WORDS.search(outcome.message)
        assert len(outcome.message) < 700
        assert outcome.hint
    else:
        assert parse(spec.type, outcome.given()) == outcome


@settings(deadline=None)
@given(spec=ANY_OPERATION, text=st.binary(max_size=300))
def test_whatever_bytes_are_sent_they_pass_or_are_refused(spec: Spec, text: bytes):
    outcome = parsed(spec, text)

    assert not isinstance(outcome, Invalid) or not EXCEPTION_WORDS.search(outcome.message)


def test_a_long_value_is_not_told_back():
    error = refusal("depth", {"symbol": "x" * 5000})

    assert "x" * (MAX_ECHO + 1) not in error.message
    assert "..." in error.message


def is_mapping(value: Any) -> bool:
    return isinstance(value, dict)
