"""MARKET orders by quote quantity."""

import pytest

from services.paper_exchange.engine.amounts import parse, plain
from services.paper_exchange.engine.filters import LotSize, MarketLotSize
from services.paper_exchange.engine.outcomes import Refused
from tests.paper_exchange.engine.floor import Exchange, a_coin

CASES = {
    # side, quote quantity: fills, executed, quote, state
    "buys as much as the sum pays": ("BUY", "150", ["1 @ 100", "0.454 @ 110"], "149.94", "FILLED"),
    "buys what fits the lot and no more": ("BUY", "0.35", ["0.003 @ 100"], "0.3", "FILLED"),
    "sells as much as brings the sum": ("SELL", "100", ["1 @ 90", "0.125 @ 80"], "100", "FILLED"),
    "expires when the book has too little": ("BUY", "1000", ["1 @ 100", "2 @ 110"], "320", "EXPIRED (INSUFFICIENT_LIQUIDITY)"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_market_order_by_quote_quantity(exchange: Exchange, name: str) -> None:
    side, wish, fills, quote, state = CASES[name]
    for order_side, quantity, price in (("SELL", "1", "100"), ("SELL", "2", "110"), ("BUY", "1", "90"), ("BUY", "2", "80")):
        exchange.limit("alice", order_side, quantity, price)

    placed = exchange.placed("bob", side, "MARKET", quote_quantity=wish)

    assert exchange.fills(placed) == fills
    assert plain(placed.order.executed_quote) == quote
    assert exchange.state_of(placed) == state
    assert plain(placed.order.quote_quantity) == wish


def test_a_book_too_thin_for_one_lot_is_refused_in_its_own_words() -> None:
    exchange = Exchange(
        a_coin(
            lot_size=LotSize(min_qty=parse("0.1"), max_qty=parse("9000"), step_size=parse("0.001")),
            market_lot_size=MarketLotSize(min_qty=parse("0.2"), max_qty=parse("9000"), step_size=parse("0.001")),
        )
    ).with_traders("bob")
    exchange.account("house", {"unlimited": True})

    def refusal() -> str:
        outcome = exchange.order("bob", "BUY", "MARKET", quote_quantity="100")
        assert isinstance(outcome, Refused)
        assert outcome.code == -2010
        return outcome.message

    assert refusal() == "Order book liquidity is less than symbol minimum quantity."
    exchange.limit("house", "SELL", "0.05", "10")
    assert refusal() == "Order book liquidity is less than LOT_SIZE filter minimum quantity."
    exchange.limit("house", "SELL", "0.1", "10")
    assert refusal() == "Order book liquidity is less than MARKET_LOT_SIZE filter minimum quantity."


def test_a_market_order_beyond_the_balance_is_refused_and_not_filled_in_part(exchange: Exchange) -> None:
    exchange.limit("alice", "SELL", "100", "200")

    outcome = exchange.order("bob", "BUY", "MARKET", quantity="51")

    assert outcome == Refused(-2010, "Account has insufficient balance for requested action.", "INSUFFICIENT_BALANCES")
    assert exchange.book()["asks"] == ["100 @ 200"]


def test_an_order_test_by_quote_quantity_needs_no_book(exchange: Exchange) -> None:
    request = exchange.request("bob", "BUY", "MARKET", quote_quantity="100")

    assert not isinstance(exchange.engine.test(request, exchange.tick()), Refused)
