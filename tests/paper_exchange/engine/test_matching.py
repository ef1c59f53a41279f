"""Price, then time; the resting order's price; what remains rests or expires."""

import pytest

from services.paper_exchange.engine.outcomes import Canceled, Refused
from tests.paper_exchange.engine.floor import Exchange

BOOK = [("BUY", "1", "99"), ("BUY", "2", "98"), ("SELL", "1", "101"), ("SELL", "2", "102"), ("SELL", "1", "101")]
BEFORE = {"bids": ["1 @ 99", "2 @ 98"], "asks": ["2 @ 101", "2 @ 102"]}

SCENARIOS: dict[str, tuple[tuple[str, str, dict[str, str]], list[str], str, dict[str, list[str]]]] = {
    # name: (order), fills, status, book after
    "a limit between the sides rests": (
        ("BUY", "LIMIT", {"quantity": "1", "price": "100"}),
        [],
        "NEW",
        {"bids": ["1 @ 100", "1 @ 99", "2 @ 98"], "asks": ["2 @ 101", "2 @ 102"]},
    ),
    "a limit through a level takes it and rests": (
        ("BUY", "LIMIT", {"quantity": "3", "price": "101.5"}),
        ["1 @ 101", "1 @ 101"],
        "PARTIALLY_FILLED",
        {"bids": ["1 @ 101.5", "1 @ 99", "2 @ 98"], "asks": ["2 @ 102"]},
    ),
    "a limit trades at the resting price": (
        ("SELL", "LIMIT", {"quantity": "2", "price": "90"}),
        ["1 @ 99", "1 @ 98"],
        "FILLED",
        {"bids": ["1 @ 98"], "asks": ["2 @ 101", "2 @ 102"]},
    ),
    "immediate or cancel lets the rest expire": (
        ("BUY", "LIMIT", {"quantity": "3", "price": "101", "time_in_force": "IOC"}),
        ["1 @ 101", "1 @ 101"],
        "EXPIRED",
        {"bids": ["1 @ 99", "2 @ 98"], "asks": ["2 @ 102"]},
    ),
    "fill or kill that cannot be filled touches nothing": (
        ("BUY", "LIMIT", {"quantity": "3", "price": "101", "time_in_force": "FOK"}),
        [],
        "EXPIRED",
        BEFORE,
    ),
    "fill or kill that can be filled fills": (
        ("BUY", "LIMIT", {"quantity": "3", "price": "102", "time_in_force": "FOK"}),
        ["1 @ 101", "1 @ 101", "1 @ 102"],
        "FILLED",
        {"bids": ["1 @ 99", "2 @ 98"], "asks": ["1 @ 102"]},
    ),
    "a market order takes what there is and the rest expires": (
        ("SELL", "MARKET", {"quantity": "5"}),
        ["1 @ 99", "2 @ 98"],
        "EXPIRED",
        {"bids": [], "asks": ["2 @ 101", "2 @ 102"]},
    ),
    "a limit maker rests": (
        ("SELL", "LIMIT_MAKER", {"quantity": "1", "price": "100"}),
        [],
        "NEW",
        {"bids": ["1 @ 99", "2 @ 98"], "asks": ["1 @ 100", "2 @ 101", "2 @ 102"]},
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_an_order_meets_the_book(exchange: Exchange, name: str) -> None:
    (side, type, parameters), fills, status, after = SCENARIOS[name]
    for resting_side, quantity, price in BOOK:
        exchange.limit("alice", resting_side, quantity, price)
    assert exchange.book() == BEFORE

    outcome = exchange.placed("bob", side, type, **parameters)

    assert exchange.fills(outcome) == fills
    assert outcome.order.status == status
    assert exchange.book() == after


def test_the_oldest_order_of_a_price_trades_first(exchange: Exchange) -> None:
    exchange.account("carol", COIN="10")
    first = exchange.limit("carol", "SELL", "1", "100")
    second = exchange.limit("alice", "SELL", "1", "100")

    exchange.placed("bob", "BUY", "MARKET", quantity="1")

    assert exchange.engine.open_orders("carol", "COINUSDT") == []
    assert [order.order_id for order in exchange.engine.open_orders("alice", "COINUSDT")] == [second.order.order_id]
    assert first.order.order_id < second.order.order_id


def test_a_limit_maker_that_would_take_is_refused(exchange: Exchange) -> None:
    exchange.limit("alice", "SELL", "1", "100")

    outcome = exchange.order("bob", "BUY", "LIMIT_MAKER", quantity="1", price="100")

    assert outcome == Refused(-2010, "Order would immediately match and take.", "WOULD_MATCH_IMMEDIATELY")
    assert exchange.money("bob") == {"COIN": "100", "USDT": "10000"}


def test_balances_follow_the_trades_and_a_better_price_gives_the_difference_back(exchange: Exchange) -> None:
    exchange.limit("alice", "SELL", "1", "90")
    assert exchange.money("alice") == {"COIN": "99 + 1", "USDT": "10000"}

    exchange.limit("bob", "BUY", "3", "100")

    assert exchange.money("alice") == {"COIN": "99", "USDT": "10090"}
    assert exchange.money("bob") == {"COIN": "101", "USDT": "9710 + 200"}


def test_an_order_beyond_the_balance_is_refused(exchange: Exchange) -> None:
    refused = Refused(-2010, "Account has insufficient balance for requested action.", "INSUFFICIENT_BALANCES")

    assert exchange.order("bob", "BUY", "LIMIT", quantity="101", price="100") == refused
    assert exchange.order("bob", "SELL", "LIMIT", quantity="100.001", price="100") == refused


def test_a_canceled_order_gives_its_funds_and_its_place_back(exchange: Exchange) -> None:
    placed = exchange.limit("bob", "BUY", "1", "100", client_order_id="mine")

    canceled = exchange.cancel("bob", placed.order.order_id, new_client_order_id="the cancel")
    assert isinstance(canceled, Canceled)

    assert (canceled.order.status, canceled.order.client_order_id) == ("CANCELED", "the cancel")
    assert canceled.original_client_order_id == "mine"
    assert exchange.money("bob") == {"COIN": "100", "USDT": "10000"}
    assert exchange.book() == {"bids": [], "asks": []}
    assert exchange.cancel("bob", placed.order.order_id) == Refused(-2011, "Unknown order sent.")
