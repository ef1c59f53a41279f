"""What the exchange reports of its limits is read from wherever it says it."""

import msgspec
import pytest

from shared.binance import usage
from shared.binance.usage import RateLimit, Usage


def test_headers_tell_weight_orders_and_silence():
    counts, retry_after_ms = usage.from_headers(
        [
            (b"Content-Type", b"application/json"),
            (b"x-mbx-used-weight", b"21"),
            (b"X-MBX-USED-WEIGHT-1M", b"21"),
            (b"X-MBX-ORDER-COUNT-10S", b"2"),
            (b"x-mbx-order-count-1d", b"3"),
            (b"Retry-After", b"7"),
        ]
    )

    assert counts == (
        Usage("REQUEST_WEIGHT", 60_000, 21),
        Usage("ORDERS", 10_000, 2),
        Usage("ORDERS", 86_400_000, 3),
    )
    assert retry_after_ms == 7_000


@pytest.mark.parametrize("value", [b"", b"soon", b"-1", b"1.5"])
def test_headers_that_make_no_sense_are_passed_over(value: bytes):
    assert usage.from_headers([(b"X-MBX-USED-WEIGHT-1M", value), (b"Retry-After", value)]) == ((), None)


def test_exchange_info_announces_limits():
    body = (
        b'{"timezone":"UTC","rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":1200},'
        b'{"rateLimitType":"RAW_REQUESTS","interval":"MINUTE","intervalNum":5,"limit":300000}],"symbols":[{"any":"thing"}]}'
    )

    assert usage.from_exchange_info(body) == (
        Usage("REQUEST_WEIGHT", 60_000, None, 1200),
        Usage("RAW_REQUESTS", 300_000, None, 300000),
    )
    assert usage.from_exchange_info(b"<html>") == ()


def test_the_websocket_api_tells_count_and_limit():
    data = b'{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":50,"count":12}'

    assert msgspec.json.decode(data, type=RateLimit).usage == Usage("ORDERS", 10_000, 12, 50)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Too many new orders; current limit is 50 orders per 10 SECOND.", (Usage("ORDERS", 10_000, 50, 50),)),
        ("Too many new orders; current limit is 160000 orders per DAY.", (Usage("ORDERS", 86_400_000, 160000, 160000),)),
        ("Too many new orders.", ()),
        ("current limit is 5 orders per FORTNIGHT", ()),
    ],
)
def test_a_refused_order_names_the_limit_it_met(text: str, expected: tuple[Usage, ...]):
    assert usage.from_order_refusal(text) == expected
