"""Amend keep priority: smaller, in the same place."""

import pytest

from services.paper_exchange.engine.amounts import plain
from services.paper_exchange.engine.filters import MaxNumOrderAmends
from services.paper_exchange.engine.outcomes import Amended, Refused
from tests.paper_exchange.engine.floor import Exchange, a_coin


def test_an_amended_order_keeps_its_place_in_the_queue(exchange: Exchange) -> None:
    exchange.account("carol", COIN="100")
    first = exchange.limit("alice", "SELL", "5", "100", client_order_id="mine")
    exchange.limit("carol", "SELL", "5", "100")
    exchange.reports()

    amended = exchange.amend("alice", first.order.order_id, "3", new_client_order_id="smaller")

    assert isinstance(amended, Amended)
    assert (amended.order.client_order_id, amended.original_client_order_id) == ("smaller", "mine")
    assert exchange.book()["asks"] == ["8 @ 100"]
    assert exchange.money("alice") == {"COIN": "97 + 3", "USDT": "10000"}
    assert exchange.reports() == [f"{first.order.order_id} REPLACED NEW"]
    exchange.placed("bob", "BUY", "MARKET", quantity="4")
    assert exchange.state_of(first) == "FILLED"
    (amendment,) = exchange.engine.amendments("alice", "COINUSDT", first.order.order_id)
    assert (plain(amendment.original_quantity), plain(amendment.new_quantity)) == ("5", "3")
    assert amendment.execution_id == amended.execution_id


REFUSALS = {
    "5": "The requested action would change no state; rejecting",
    "6": "Order amend (quantity increase) is not supported.",
    "1.0001": "Filter failure: LOT_SIZE",
}


@pytest.mark.parametrize("quantity", REFUSALS)
def test_what_an_amendment_may_not_do(exchange: Exchange, quantity: str) -> None:
    placed = exchange.limit("alice", "SELL", "5", "100")

    assert exchange.amend("alice", placed.order.order_id, quantity) == Refused(-2038, REFUSALS[quantity])
    assert exchange.now(placed) == placed.order


def test_an_order_that_is_not_there_cannot_be_amended(exchange: Exchange) -> None:
    placed = exchange.limit("alice", "SELL", "5", "100")

    assert exchange.amend("bob", placed.order.order_id, "1") == Refused(-2038, "Unknown order sent.")


def test_an_order_may_be_amended_so_often_and_no_more() -> None:
    exchange = Exchange(a_coin(max_num_order_amends=MaxNumOrderAmends(max_num_order_amends=1))).with_traders("alice")
    placed = exchange.limit("alice", "SELL", "5", "100")
    exchange.amend("alice", placed.order.order_id, "4")

    assert exchange.amend("alice", placed.order.order_id, "3") == Refused(-2038, "Filter failure: MAX_NUM_ORDER_AMENDS")


def test_an_amendment_below_what_was_executed_ends_the_order(exchange: Exchange) -> None:
    placed = exchange.limit("alice", "SELL", "5", "100")
    exchange.placed("bob", "BUY", "MARKET", quantity="2")

    exchange.amend("alice", placed.order.order_id, "1")

    assert exchange.state_of(placed) == "EXPIRED"
    assert plain(exchange.now(placed).executed) == plain(exchange.now(placed).quantity) == "2"
    assert exchange.book()["asks"] == []
    assert exchange.money("alice") == {"COIN": "98", "USDT": "10200"}


def test_an_icebergs_slice_shrinks_only_when_the_rest_is_smaller(exchange: Exchange) -> None:
    placed = exchange.limit("alice", "SELL", "10", "100", iceberg_quantity="3")

    exchange.amend("alice", placed.order.order_id, "4")
    assert exchange.book()["asks"] == ["3 @ 100"]
    exchange.amend("alice", placed.order.order_id, "2")
    assert exchange.book()["asks"] == ["2 @ 100"]


def test_a_symbol_without_amendments_says_so() -> None:
    exchange = Exchange(a_coin(amend_allowed=False)).with_traders("alice")
    placed = exchange.limit("alice", "SELL", "5", "100")

    refused = Refused(-2038, "Order amend is not supported for this symbol.")
    assert exchange.amend("alice", placed.order.order_id, "3") == refused
