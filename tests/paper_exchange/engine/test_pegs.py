"""Pegged orders take their price from the book, once."""

import pytest

from services.paper_exchange.engine.amounts import parse, plain
from services.paper_exchange.engine.filters import MaxPosition
from services.paper_exchange.engine.outcomes import Placed, Refused
from tests.paper_exchange.engine.floor import Exchange, a_coin

PEGS = {
    # parameters of a LIMIT BUY: the price it gets, or the refusal
    "the best of the own side": ({"peg_price_type": "PRIMARY_PEG"}, "99"),
    "two levels deeper": ({"peg_price_type": "PRIMARY_PEG", "peg_offset_type": "PRICE_LEVEL", "peg_offset_value": 2}, "95"),
    "the best of the other side": ({"peg_price_type": "MARKET_PEG"}, "101"),
    "a level that is not there": (
        {"peg_price_type": "PRIMARY_PEG", "peg_offset_type": "PRICE_LEVEL", "peg_offset_value": 3},
        "Order book liquidity is too low for this pegged order.",
    ),
    "an offset without its type": (
        {"peg_price_type": "PRIMARY_PEG", "peg_offset_value": 1},
        "Fields [pegOffsetType, pegOffsetValue] must be sent together or omitted entirely.",
    ),
    "the own side for an order that does not rest": (
        {"peg_price_type": "PRIMARY_PEG", "time_in_force": "IOC"},
        "This price peg cannot be used with this order type.",
    ),
}


def a_book(exchange: Exchange) -> None:
    for side, quantity, price in (("BUY", "1", "99"), ("BUY", "1", "97"), ("BUY", "1", "95"), ("SELL", "1", "101")):
        exchange.limit("alice", side, quantity, price)


@pytest.mark.parametrize("name", PEGS)
def test_a_pegged_limit_order(exchange: Exchange, name: str) -> None:
    parameters, expected = PEGS[name]
    a_book(exchange)

    outcome = exchange.order("bob", "BUY", "LIMIT", quantity="0.5", **parameters)

    if isinstance(outcome, Placed):
        assert (plain(outcome.order.pegged_price), outcome.order.price) == (expected, 0)
    else:
        assert outcome.message == expected


def test_a_pegged_price_does_not_float(exchange: Exchange) -> None:
    a_book(exchange)
    pegged = exchange.placed("bob", "BUY", "LIMIT", quantity="1", peg_price_type="PRIMARY_PEG")

    exchange.limit("alice", "BUY", "1", "100")

    assert exchange.book()["bids"][:2] == ["1 @ 100", "2 @ 99"]
    assert plain(exchange.now(pegged).pegged_price) == "99"
    assert exchange.money("bob")["USDT"] == "9901 + 99"


def test_a_pegged_stop_takes_its_price_when_it_fires(exchange: Exchange) -> None:
    exchange.trade_at("100")
    a_book(exchange)
    stop = exchange.placed("bob", "SELL", "STOP_LOSS_LIMIT", quantity="1", stop_price="98", peg_price_type="PRIMARY_PEG")
    assert (stop.order.pegged_price, stop.order.limit) == (0, 0)
    exchange.limit("alice", "SELL", "1", "99.5")

    exchange.placed("alice", "SELL", "MARKET", quantity="1.5")

    assert plain(exchange.now(stop).pegged_price) == "99.5"
    assert exchange.book()["asks"] == ["2 @ 99.5", "1 @ 101"]


def test_a_pegged_stop_that_fires_is_counted_once_towards_the_largest_position() -> None:
    exchange = Exchange(a_coin(max_position=MaxPosition(max_position=parse("104")))).with_traders("alice", "bob")
    exchange.trade_at("100")
    a_book(exchange)
    stop = exchange.placed("bob", "BUY", "STOP_LOSS_LIMIT", quantity="3", stop_price="101", peg_price_type="PRIMARY_PEG")

    exchange.placed("alice", "BUY", "MARKET", quantity="0.5")

    assert exchange.state_of(stop) == "NEW"
    assert plain(exchange.now(stop).pegged_price) == "99"


def test_what_may_not_be_pegged(exchange: Exchange) -> None:
    a_book(exchange)
    market = exchange.order("bob", "BUY", "MARKET", quantity="1", peg_price_type="PRIMARY_PEG")
    maker = exchange.order("bob", "BUY", "LIMIT_MAKER", quantity="1", peg_price_type="MARKET_PEG")

    assert market == Refused(-2010, "This order type may not use pegged price.")
    assert maker == Refused(-2010, "This price peg cannot be used with this order type.")
    unpegged = Exchange(a_coin(peg_instructions_allowed=False)).with_traders("bob")
    refused = unpegged.order("bob", "BUY", "LIMIT", quantity="1", peg_price_type="PRIMARY_PEG")
    assert refused == Refused(-2010, "Pegged orders are not supported for this symbol.")
