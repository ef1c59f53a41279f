"""Parameters travel as the exchange reads them."""

from decimal import Decimal
from urllib.parse import parse_qsl

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.binance import encoding


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("BTCUSDT", "BTCUSDT"),
        (True, "true"),
        (False, "false"),
        (1764000000000, "1764000000000"),
        (["BTCUSDT", "ETHUSDT"], '["BTCUSDT","ETHUSDT"]'),
        (Decimal("0.00000001"), "0.00000001"),
        (Decimal("1E+3"), "1000"),
        (5000.0, "5000"),
        (1000.125, "1000.125"),
        (0.001, "0.001"),
    ],
)
def test_values_have_no_exponent_and_no_python_in_them(value: object, text: str):
    assert encoding.text(value) == text


def test_a_query_keeps_the_order_and_encodes_lists_as_json():
    query = encoding.query({"symbols": ["BTCUSDT", "币安人生USDT"], "type": "MINI", "windowSize": "1d"})

    assert query == ("symbols=%5B%22BTCUSDT%22%2C%22%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT%22%5D&type=MINI&windowSize=1d")


@given(st.dictionaries(st.sampled_from(["symbol", "newClientOrderId", "timeZone"]), st.text(min_size=1)))
def test_any_text_survives_the_query(params: dict[str, str]):
    assert dict(parse_qsl(encoding.query(params), keep_blank_values=True)) == params


def test_a_frame_without_parameters_has_none():
    assert encoding.frame(1, "time", {}) == b'{"id":1,"method":"time"}'


def test_a_frame_keeps_types():
    frame = encoding.frame(2, "klines", {"symbol": "１２３４５６", "limit": 5, "omitZeroBalances": True})

    assert msgspec.json.decode(frame)["params"] == {"symbol": "１２３４５６", "limit": 5, "omitZeroBalances": True}
