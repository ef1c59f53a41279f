"""The market opens again around the orders that customers left in it."""

from pathlib import Path

from msgspec import structs

from services.paper_exchange.account_forms import MAIN
from services.paper_exchange.accounts import Accounts
from services.paper_exchange.engine.amounts import parse
from services.paper_exchange.engine.commands import PlaceOrder
from services.paper_exchange.engine.order_counts import DEFAULT_LIMITS
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.outcomes import Placed
from services.paper_exchange.engine.words import Side
from services.paper_exchange.keys import Keyring
from services.paper_exchange.persistence.memory import Memory
from services.paper_exchange.symbols import LISTINGS
from services.paper_exchange.venue import Venue

OPENING_US = 1_790_000_000_000_000 // 60_000_000 * 60_000_000
SYMBOL = "BTCUSDT"


class House:
    """An exchange with one symbol and a state file, whose market stands where the test wants it."""

    def __init__(self, folder: Path, opens_us: int, price: float) -> None:
        btc = next(each for each in LISTINGS if each.symbol == SYMBOL)
        listings = (structs.replace(btc, asset=structs.replace(btc.asset, price=price, width=0.01, daily=0.001)),)
        self.memory = Memory(str(folder / "state.db"), DEFAULT_LIMITS, listings)
        self.venue = Venue(
            "house", opens_us, listings=listings, engine=self.memory.engine, listeners=[self.memory.recorder.hear]
        )
        accounts = Accounts(self.venue, Keyring())
        self.memory.attend(accounts)
        if "main" not in accounts.names:
            accounts.open(MAIN)

    def place(self, side: Side, price: str) -> int:
        outcome = self.venue.execute(
            PlaceOrder(
                account="main",
                symbol=SYMBOL,
                side=side,
                type="LIMIT",
                price=parse(price),
                quantity=parse("0.01"),
                time_in_force="GTC",
            )
        )
        assert isinstance(outcome, Placed), outcome
        return outcome.order.order_id

    def order(self, order_id: int) -> Order:
        found = self.venue.engine.order("main", SYMBOL, order_id)
        assert isinstance(found, Order)
        return found


def test_an_order_that_the_market_has_passed_by_trades_at_the_opening_at_its_own_price(tmp_path: Path) -> None:
    house = House(tmp_path, OPENING_US, 90_000)
    passed, waiting = house.place("BUY", "85000"), house.place("BUY", "70000")
    house.memory.close()
    later_us = OPENING_US + 600_000_000

    house = House(tmp_path, later_us, 80_000)

    filled = house.order(passed)
    assert (filled.status, filled.executed_quote) == ("FILLED", parse("850"))
    (fill,) = house.venue.engine.trades("main", SYMBOL)
    assert (fill.price, fill.is_maker) == (parse("85000"), True)
    assert fill.time_us >= later_us // 1_000_000 * 1_000_000
    assert house.order(waiting).status == "NEW"
    house.memory.close()

    # What happened at the opening is remembered too.
    house = House(tmp_path, later_us + 1_000_000, 80_000)
    assert house.order(passed).status == "FILLED"
    assert house.venue.engine.balance("main", "USDT").locked == parse("700")
    house.memory.close()


def test_numbers_time_and_money_go_on_after_a_restart(tmp_path: Path) -> None:
    house = House(tmp_path, OPENING_US, 90_000)
    first = house.place("BUY", "80000")
    house.venue.advance(OPENING_US + 5_000_000)
    house.memory.recorder.tick()
    update_id, newest = house.venue.engine.book(SYMBOL).update_id, house.venue.charts[SYMBOL].tape.next_id
    house.memory.close()

    house = House(tmp_path, OPENING_US + 7_000_000, 90_000)
    second = house.place("BUY", "80000")
    house.venue.advance(OPENING_US + 9_000_000)

    assert second > first
    assert house.venue.engine.book(SYMBOL).update_id > update_id
    assert house.venue.charts[SYMBOL].tape.next_id > newest
    assert [order.order_id for order in house.venue.engine.open_orders("main", SYMBOL)] == [first, second]
    for asset, (held, deposited) in house.venue.engine.money().items():
        assert held == deposited, asset
    house.memory.close()
