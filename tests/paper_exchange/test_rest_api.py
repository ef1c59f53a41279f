"""REST as the exchange speaks it: errors in its words, headers, statuses, units of time."""

import re
import time
from urllib.parse import quote

import httpx
import pytest

SYMBOL_RANGE = r"^[\w\-._&&[^a-z]]{1,50}$"
TOO_MANY = "%5B" + ",".join(f"%22S{number}%22" for number in range(101)) + "%5D"

REFUSALS = [
    ("depth", -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."),
    ("depth?symbol=", -1105, "Parameter 'symbol' was empty."),
    ("depth?symbol=btcusdt", -1100, f"Illegal characters found in parameter 'symbol'; legal range is '{SYMBOL_RANGE}'."),
    ("depth?symbol=BTC/USDT", -1100, f"Illegal characters found in parameter 'symbol'; legal range is '{SYMBOL_RANGE}'."),
    ("depth?symbol=%FF", -1100, "Illegal characters found in a parameter."),
    ("depth?symbol=NOSUCH", -1121, "Invalid symbol."),
    ("depth?symbol=BTCUSDT&limit=ten", -1100, "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'."),
    ("depth?symbol=BTCUSDT&limit=-5", -1100, "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'."),
    ("depth?symbol=BTCUSDT&limit=99999999999999999999", -1108, "Parameter 'limit' overflowed."),
    ("depth?symbol=BTCUSDT&limit=0", -1130, "Data sent for parameter 'limit' is not valid."),
    ("depth?symbol=BTCUSDT&limit=", -1105, "Parameter 'limit' was empty."),
    ("depth?symbol=BTCUSDT&symbol=ETHUSDT", -1101, "Duplicate values for a parameter detected."),
    (
        "klines?symbol=BTCUSDT&interval=1m&start_time=5",
        -1104,
        "Not all sent parameters were read; read '2' parameter(s) but was sent '3'.",
    ),
    ("klines?symbol=BTCUSDT", -1102, "Mandatory parameter 'interval' was not sent, was empty/null, or malformed."),
    ("klines?symbol=BTCUSDT&interval=1min", -1120, "Invalid interval."),
    ("klines?symbol=BTCUSDT&interval=1M&timeZone=15", -1130, "Data sent for parameter 'timeZone' is not valid."),
    ("ticker/24hr?symbol=BTCUSDT&type=mini", -1139, "Invalid ticker type."),
    ("ticker/24hr?symbol=BTCUSDT&symbols=%5B%22BTCUSDT%22%5D", -1128, "Combination of optional parameters invalid."),
    ("ticker/24hr?symbols=%5B%22BTCUSDT%22,%22NOSUCH%22%5D", -1121, "Invalid symbol."),
    ("ticker/price?symbols=%5B%22BTCUSDT%22,%22BTCUSDT%22%5D", -1151, "Symbol is present multiple times in the list."),
    ("ticker/price?symbol=BTCUSDT&symbolStatus=OPEN", -1122, "Invalid symbolStatus."),
    (
        "ticker/price?symbol=BTCUSDT&symbolStatus=BREAK",
        -1220,
        "The symbol's status does not match the requested symbolStatus.",
    ),
    ("ticker", -1102, "Param 'symbol' or 'symbols' must be sent, but both were empty/null!"),
    (f"ticker?symbols={TOO_MANY}", -1101, "Too many values sent for parameter 'symbols', maximum allowed up to 100."),
    (
        "ticker?symbol=BTCUSDT&windowSize=24h",
        -1100,
        "Illegal characters found in parameter 'windowSize'; "
        "legal range is '^([1-9]|[1-5][0-9])m$|^([1-9]|1[0-9]|2[0-3])h$|^[1-7]d$'.",
    ),
    ("aggTrades?symbol=BTCUSDT&fromId=1&startTime=1790000000000", -1128, "Combination of optional parameters invalid."),
    ("exchangeInfo?symbol=BTCUSDT&permissions=SPOT", -1128, "Combination of optional parameters invalid."),
    ("exchangeInfo?symbol=BTCUSDT&symbolStatus=TRADING", -1128, "Combination of optional parameters invalid."),
    ("executionRules?symbol=BTCUSDT&symbolStatus=TRADING", -1128, "Combination of optional parameters invalid."),
    ("referencePrice?symbol=BTCUSDT", -2043, "This symbol doesn't have a reference price."),
    ("referencePrice/calculation?symbol=BTCUSDT", -2043, "This symbol doesn't have a reference price."),
]


@pytest.mark.parametrize(("request_", "code", "text"), REFUSALS, ids=[each[0][:60] for each in REFUSALS])
def test_a_wrong_request_is_refused_in_the_exchange_s_words(rest: httpx.Client, request_: str, code: int, text: str) -> None:
    response = rest.get(f"/api/v3/{request_}")

    assert (response.status_code, response.json()) == (400, {"code": code, "msg": text})


def test_a_list_of_symbols_with_blanks_is_not_a_list(rest: httpx.Client) -> None:
    response = rest.get("/api/v3/ticker/price", params={"symbols": '["BTCUSDT", "ETHUSDT"]'})

    assert response.json()["code"] == -1100
    assert "legal range is '^\\[(\"" in response.json()["msg"]


@pytest.mark.parametrize("written", ["币安人生USDT", quote("币安人生USDT"), quote("币安人生") + "USDT"])
def test_a_symbol_in_another_script_is_found_however_it_is_written(rest: httpx.Client, written: str) -> None:
    assert rest.get(f"/api/v3/ticker/price?symbol={written}").json()["symbol"] == "币安人生USDT"
    assert rest.get(f"/api/v3/ticker/price?symbols=[%22{written}%22]").json()[0]["symbol"] == "币安人生USDT"


def test_a_limit_above_the_maximum_is_cut_to_it(rest: httpx.Client) -> None:
    assert len(rest.get("/api/v3/trades?symbol=BTCUSDT&limit=5000").json()) == 1000
    assert len(rest.get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1500").json()) == 1000
    assert len(rest.get("/api/v3/depth?symbol=BTCUSDT&limit=100000").json()["bids"]) > 200


def test_defaults_are_the_documented_ones(rest: httpx.Client) -> None:
    assert len(rest.get("/api/v3/depth?symbol=BTCUSDT").json()["asks"]) == 100
    assert len(rest.get("/api/v3/trades?symbol=BTCUSDT").json()) == 500
    assert len(rest.get("/api/v3/klines?symbol=BTCUSDT&interval=1h").json()) == 500
    day = rest.get("/api/v3/ticker?symbol=BTCUSDT").json()
    assert 86_400_000 <= day["closeTime"] - day["openTime"] < 86_460_000


def test_replies_carry_the_exchange_s_headers(rest: httpx.Client) -> None:
    first = rest.get("/api/v3/depth?symbol=BTCUSDT")
    second = rest.get("/api/v3/depth?symbol=BTCUSDT&limit=500")

    assert first.headers["content-type"] == "application/json;charset=UTF-8"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first.headers["x-mbx-uuid"])
    assert first.headers["x-mbx-uuid"] != second.headers["x-mbx-uuid"]
    assert first.headers["x-mbx-used-weight"] == first.headers["x-mbx-used-weight-1m"]
    if first.headers["date"][:-6] == second.headers["date"][:-6]:
        assert int(second.headers["x-mbx-used-weight-1m"]) - int(first.headers["x-mbx-used-weight-1m"]) >= 25


def test_times_come_in_microseconds_when_the_header_asks_for_them(rest: httpx.Client) -> None:
    micros = {"X-MBX-TIME-UNIT": "MICROSECOND"}

    assert rest.get("/api/v3/time").json()["serverTime"] < 10**13
    assert rest.get("/api/v3/time", headers=micros).json()["serverTime"] > 10**15
    candle = rest.get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1", headers=micros).json()[0]
    assert candle[6] - candle[0] == 59_999_999
    wrong = rest.get("/api/v3/time", headers={"X-MBX-TIME-UNIT": "SECOND"})
    assert wrong.json() == {
        "code": -1194,
        "msg": "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.",
    }


def test_an_unknown_path_is_404_and_html_only_for_a_browser(rest: httpx.Client) -> None:
    plain = rest.get("/api/v3/nosuch")
    browser = rest.get("/api/v3/nosuch", headers={"Accept": "text/html,*/*"})

    assert (plain.status_code, plain.headers["content-type"]) == (404, "application/json;charset=UTF-8")
    assert (browser.status_code, browser.headers["content-type"]) == (404, "text/html")


def test_a_method_that_a_path_does_not_know_is_405(rest: httpx.Client) -> None:
    assert rest.post("/api/v3/depth").status_code == 405


def test_an_endless_query_and_an_endless_body_end_in_a_refusal(rest: httpx.Client) -> None:
    assert rest.get("/api/v3/depth?symbol=BTCUSDT&x=" + "y" * 20_000).status_code == 400
    assert rest.post("/api/v3/order", content=b"a=" + b"b" * 100_000).status_code == 413
    assert rest.get("/api/v3/ping").json() == {}


def test_the_exchange_s_time_is_that_of_the_answer(rest: httpx.Client) -> None:
    for _ in range(20):
        before_us = time.time_ns() // 1000
        told_us = rest.get("/api/v3/time", headers={"X-MBX-TIME-UNIT": "MICROSECOND"}).json()["serverTime"]

        assert before_us <= told_us <= time.time_ns() // 1000
