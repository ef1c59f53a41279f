"""cancelReplace: every row of the exchange's table of outcomes."""

import pytest

from services.paper_exchange.engine.filters import MaxNumOrders
from services.paper_exchange.engine.order_counts import OrderLimit
from services.paper_exchange.engine.outcomes import CancelReplaced, Placed, Refused
from tests.paper_exchange.engine.floor import Exchange, a_coin

STOP, ALLOW = "STOP_ON_FAILURE", "ALLOW_FAILURE"
NOTHING, CANCEL = "DO_NOTHING", "CANCEL_ONLY"
OK, FAIL, NOT = "SUCCESS", "FAILURE", "NOT_ATTEMPTED"

# mode, over the limit: what to do, is the limit passed, does the cancel find its order, can the new one be placed,
# -> cancel, new, HTTP status, code
OUTCOMES = [
    (mode, rate_mode, False, *row)
    for rate_mode in (NOTHING, CANCEL)
    for mode, *row in (
        (STOP, True, True, OK, OK, 200, 0),
        (STOP, False, True, FAIL, NOT, 400, -2022),
        (STOP, True, False, OK, FAIL, 409, -2021),
        (ALLOW, True, True, OK, OK, 200, 0),
        (ALLOW, False, False, FAIL, FAIL, 400, -2022),
        (ALLOW, False, True, FAIL, OK, 409, -2021),
        (ALLOW, True, False, OK, FAIL, 409, -2021),
    )
] + [
    (STOP, CANCEL, True, False, True, FAIL, NOT, 429, -2022),
    (STOP, CANCEL, True, True, True, OK, FAIL, 429, -2021),
    (ALLOW, CANCEL, True, False, True, FAIL, FAIL, 400, -2022),
    (ALLOW, CANCEL, True, True, True, OK, FAIL, 409, -2021),
]


@pytest.mark.parametrize(("mode", "rate_mode", "over", "finds", "fits", "cancel", "new", "status", "code"), OUTCOMES)
def test_the_table_of_outcomes(
    mode: str, rate_mode: str, over: bool, finds: bool, fits: bool, cancel: str, new: str, status: int, code: int
) -> None:
    exchange = Exchange(order_limits=(OrderLimit("SECOND", 10, 2 if over else 100),)).with_traders("alice", "bob")
    exchange.limit("bob", "BUY", "1", "90")
    old = exchange.limit("alice", "SELL", "1", "100")
    if over:
        exchange.limit("alice", "SELL", "1", "105")
    place = exchange.request("alice", "SELL", "LIMIT_MAKER", quantity="1", price="110" if fits else "90")

    order_id = old.order.order_id if finds else 999
    outcome = exchange.replace("alice", order_id, place, mode, rate_limit_exceeded_mode=rate_mode)

    assert isinstance(outcome, CancelReplaced)
    assert (outcome.cancel_result, outcome.new_order_result) == (cancel, new)
    assert (outcome.status, outcome.code) == (status, code)
    assert isinstance(outcome.placed, Placed) == (new == OK)
    assert (outcome.placed is None) == (new == NOT)
    assert exchange.state_of(old) == ("CANCELED" if finds else "NEW")


@pytest.mark.parametrize("mode", [STOP, ALLOW])
def test_over_the_limit_with_do_nothing_nothing_is_done(mode: str) -> None:
    exchange = Exchange(order_limits=(OrderLimit("SECOND", 10, 1),)).with_traders("alice")
    old = exchange.limit("alice", "SELL", "1", "100")
    place = exchange.request("alice", "SELL", "LIMIT", quantity="1", price="110")

    outcome = exchange.replace("alice", old.order.order_id, place, mode)

    assert outcome == Refused(-1015, "Too many new orders; current limit is 1 orders per 10 SECOND.")
    assert exchange.state_of(old) == "NEW"


def test_a_new_order_that_was_not_attempted_still_counts(exchange: Exchange) -> None:
    place = exchange.request("alice", "SELL", "LIMIT", quantity="1", price="110")
    before = exchange.engine.order_counts("alice", exchange.now_us)[0][1]

    exchange.replace("alice", 999, place, STOP)

    assert exchange.engine.order_counts("alice", exchange.now_us)[0][1] == before + 1


def test_filters_come_before_both_steps_even_where_the_cancel_would_make_room() -> None:
    exchange = Exchange(a_coin(max_num_orders=MaxNumOrders(max_num_orders=1))).with_traders("alice")
    old = exchange.limit("alice", "SELL", "1", "100")
    place = exchange.request("alice", "SELL", "LIMIT", quantity="1", price="110")

    outcome = exchange.replace("alice", old.order.order_id, place, ALLOW)

    assert outcome == Refused(-1013, "Filter failure: MAX_NUM_ORDERS")
    assert exchange.state_of(old) == "NEW"


def test_the_new_order_may_take_the_canceled_ones_client_id(exchange: Exchange) -> None:
    old = exchange.limit("alice", "SELL", "1", "100", client_order_id="mine")
    place = exchange.request("alice", "SELL", "LIMIT", quantity="1", price="110", client_order_id="mine")

    outcome = exchange.replace("alice", old.order.order_id, place, STOP)

    assert isinstance(outcome, CancelReplaced)
    assert isinstance(outcome.placed, Placed)
    assert outcome.placed.order.client_order_id == "mine"


def test_a_refused_new_half_is_reported_as_rejected(exchange: Exchange) -> None:
    exchange.limit("bob", "BUY", "1", "90")
    old = exchange.limit("alice", "SELL", "1", "100")
    exchange.reports()

    place = exchange.request("alice", "SELL", "LIMIT_MAKER", quantity="1", price="90")
    exchange.replace("alice", old.order.order_id, place, STOP)

    old_id = old.order.order_id
    assert exchange.reports() == [f"{old_id} CANCELED CANCELED", f"{old_id + 1} REJECTED REJECTED"]


def test_a_symbol_without_cancel_replace_says_so() -> None:
    exchange = Exchange(a_coin(cancel_replace_allowed=False)).with_traders("alice")
    place = exchange.request("alice", "SELL", "LIMIT", quantity="1", price="110")

    refused = Refused(-2010, "Order cancel-replace is not supported for this symbol.")
    assert exchange.replace("alice", 1, place, STOP) == refused
