"""The house's book among customers' orders."""

from typing import Any

import pytest

from services.paper_exchange.crowd import MAKERS, TAKERS
from services.paper_exchange.engine.amounts import parse
from services.paper_exchange.engine.commands import Deposit, OpenAccount, PlaceOrder
from services.paper_exchange.sources.house import HouseBook
from services.paper_exchange.symbols import LISTINGS
from services.paper_exchange.venue import Venue
from tests.paper_exchange.conftest import OPENING_US


def levels(*pairs: tuple[str, str]) -> list[tuple[int, int]]:
    return [(parse(price), parse(quantity)) for price, quantity in pairs]


@pytest.fixture
def venue() -> Venue:
    """BTCUSDT without a market, and a customer with money."""
    venue = Venue("tests", OPENING_US, listings=(), instruments=(LISTINGS[0].instrument,))
    venue.execute(OpenAccount(account="customer"))
    for asset, amount in (("USDT", "1000000"), ("BTC", "100")):
        venue.execute(Deposit(account="customer", asset=asset, amount=parse(amount)))
    return venue


@pytest.fixture
def house(venue: Venue) -> HouseBook:
    house = HouseBook(venue, "BTCUSDT")
    house.reset(levels(("100", "1"), ("99", "2")), levels(("101", "1"), ("102", "2")))
    return house


def place(venue: Venue, side: Any, price: str, quantity: str) -> Any:
    order = PlaceOrder(
        account="customer",
        symbol="BTCUSDT",
        side=side,
        type="LIMIT",
        price=parse(price),
        quantity=parse(quantity),
        time_in_force="GTC",
    )
    return venue.execute(order).order


def shown(venue: Venue) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    book = venue.engine.book("BTCUSDT")
    return book.levels("BUY"), book.levels("SELL")


def executed(venue: Venue, order: Any) -> int:
    """How much of a customer's order is filled."""
    (found,) = (each for each in venue.engine.orders("customer", "BTCUSDT") if each.order_id == order.order_id)
    return found.executed


def test_the_book_is_the_other_one(venue: Venue, house: HouseBook) -> None:
    assert shown(venue) == (levels(("100", "1"), ("99", "2")), levels(("101", "1"), ("102", "2")))

    house.change(levels(("100", "0"), ("99.5", "3")), levels(("101", "0.5"), ("103", "7")))

    assert shown(venue) == (levels(("99.5", "3"), ("99", "2")), levels(("101", "0.5"), ("102", "2"), ("103", "7")))


def test_a_new_snapshot_takes_the_place_of_the_book(venue: Venue, house: HouseBook) -> None:
    house.reset(levels(("101.5", "1")), levels(("102", "1")))

    assert shown(venue) == (levels(("101.5", "1")), levels(("102", "1")))
    assert not len(venue.charts["BTCUSDT"].tape)


def test_a_customer_takes_what_the_house_shows(venue: Venue, house: HouseBook) -> None:
    order = place(venue, "BUY", "101", "0.4")

    assert executed(venue, order) == parse("0.4")
    assert shown(venue)[1] == levels(("101", "0.6"), ("102", "2"))

    house.change([], levels(("101", "2")))
    assert shown(venue)[1][0] == (parse("101"), parse("2"))


def test_a_customer_s_order_is_filled_when_the_market_moves_through_it(venue: Venue, house: HouseBook) -> None:
    order = place(venue, "BUY", "100.5", "3")

    house.change([], levels(("100.2", "1")))

    assert executed(venue, order) == parse("1")
    assert shown(venue)[0][0] == (parse("100.5"), parse("2"))


def test_a_customer_queues_behind_what_was_there(venue: Venue, house: HouseBook) -> None:
    order = place(venue, "BUY", "100", "1")

    house.trade(parse("100"), parse("0.8"), buyer_is_maker=True)
    assert executed(venue, order) == 0

    house.trade(parse("100"), parse("3"), buyer_is_maker=True)
    assert executed(venue, order) > 0


def test_a_better_customer_trades_first(venue: Venue, house: HouseBook) -> None:
    order = place(venue, "SELL", "100.7", "0.5")

    house.trade(parse("101"), parse("2"), buyer_is_maker=False)

    assert executed(venue, order) == parse("0.5")


def test_a_trade_elsewhere_is_on_the_tape_and_leaves_the_house_s_book_as_it_was(venue: Venue, house: HouseBook) -> None:
    before = shown(venue)

    house.trade(parse("101"), parse("2.5"), buyer_is_maker=False)
    house.trade(parse("100"), parse("0.5"), buyer_is_maker=True)

    tape = venue.charts["BTCUSDT"].tape
    traded: dict[tuple[int, bool], int] = {}
    for trade in tape.trades(10):
        key = (trade.price, trade.buyer_is_maker)
        traded[key] = traded.get(key, 0) + trade.quantity
    assert traded == {(parse("101"), False): parse("2.5"), (parse("100"), True): parse("0.5")}
    assert shown(venue) == before
    assert venue.engine.last_price("BTCUSDT") == parse("100")


def test_money_is_conserved_while_customers_trade_with_the_house(venue: Venue, house: HouseBook) -> None:
    for price in ("101", "102", "103"):
        place(venue, "BUY", price, "1.5")
        house.change(levels((price, "0.3")), levels((price, "0"), ("104", "9")))
        house.trade(parse(price), parse("0.2"), buyer_is_maker=True)

    state = venue.engine.state
    for asset, deposited in state.deposits.items():
        held = sum(
            balance.free + balance.locked
            for account in state.accounts.values()
            for name, balance in account.balances.items()
            if name == asset
        )
        assert held + state.fees.get(asset, 0) == deposited
    assert {MAKERS, TAKERS} <= state.accounts.keys()
