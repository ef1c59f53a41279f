"""Weights: what is charged, when an address is told to wait, when it is banned, and for how long."""

import httpx
import pytest

from services.paper_exchange.errors import Refused
from services.paper_exchange.weights import FIRST_BAN_US, MINUTE_US, PATIENCE, Limits, Weights
from tests.paper_exchange.conftest import OPENING_US, PaperProcess

HOME, AWAY = "10.0.0.1", "10.0.0.2"


def refusal(weights: Weights, now_us: int, address: str = HOME) -> Refused:
    with pytest.raises(Refused) as caught:
        weights.charge(address, 10, now_us)
    return caught.value


def test_weight_adds_up_within_a_minute_of_the_clock_and_starts_anew_with_the_next() -> None:
    weights = Weights(Limits())

    assert weights.charge(HOME, 5, OPENING_US) == 5
    assert weights.charge(HOME, 20, OPENING_US + MINUTE_US - 1) == 25
    assert weights.used(AWAY, OPENING_US) == 0
    assert weights.charge(HOME, 1, OPENING_US + MINUTE_US) == 1


def test_a_spent_limit_is_429_with_the_time_to_wait_and_others_go_on() -> None:
    weights = Weights(Limits(weight=15))
    weights.charge(HOME, 10, OPENING_US)

    no = refusal(weights, OPENING_US + 15_000_000)

    assert (no.status, no.code, no.retry_after_s) == (429, -1003, 45)
    assert no.msg.startswith("Too much request weight used; current limit is 15 request weight per 1 MINUTE.")
    assert no.data["retryAfter"] == (OPENING_US + MINUTE_US) // 1000
    assert weights.charge(AWAY, 10, OPENING_US + 15_000_000) == 10
    assert weights.charge(HOME, 10, OPENING_US + MINUTE_US) == 10


def test_who_ignores_429_is_banned_and_longer_every_time() -> None:
    weights = Weights(Limits(weight=5))
    now_us = OPENING_US

    for ban in range(3):
        statuses = [refusal(weights, now_us).status for _ in range(PATIENCE + 1)]
        no = refusal(weights, now_us)

        assert statuses == [429] * PATIENCE + [418]
        assert no.status == 418
        assert no.msg.startswith(f"Way too much request weight used; IP banned until {no.data['retryAfter']}.")
        assert no.retry_after_s == FIRST_BAN_US * 2**ban // 1_000_000
        now_us += FIRST_BAN_US * 2**ban


def test_a_ban_outlasts_the_minute() -> None:
    weights = Weights(Limits(weight=5))
    for _ in range(PATIENCE + 1):
        refusal(weights, OPENING_US)

    assert refusal(weights, OPENING_US + MINUTE_US + 1).status == 418


def test_connections_are_counted_over_five_minutes() -> None:
    weights = Weights(Limits(connections=2))
    weights.connect(HOME, 2, OPENING_US)
    weights.connect(HOME, 2, OPENING_US)

    with pytest.raises(Refused) as caught:
        weights.connect(HOME, 2, OPENING_US)
    assert caught.value.status == 429


def test_over_the_wire_429_comes_with_retry_after_and_418_follows() -> None:
    process = PaperProcess(PAPER_WEIGHT_LIMIT=50)
    process.ready()
    with httpx.Client(base_url=process.url) as client:
        answers = [client.get("/api/v3/depth?symbol=BTCUSDT&limit=1000") for _ in range(2 + PATIENCE)]
    process.stop()

    statuses = {answer.status_code for answer in answers}
    limited = next(answer for answer in answers if answer.status_code == 429)
    assert {429, 418} <= statuses
    assert 1 <= int(limited.headers["retry-after"]) <= 60
    assert limited.json().keys() == {"code", "msg"}
    assert int(answers[-1].headers["retry-after"]) > 60
