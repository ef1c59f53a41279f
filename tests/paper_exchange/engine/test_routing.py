"""The smart order router: the worked example of the exchange's FAQ."""

import pytest

from services.paper_exchange.engine.amounts import plain
from services.paper_exchange.engine.events import OrderUpdated, Traded
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.outcomes import Refused
from tests.paper_exchange.engine.floor import Exchange, a_coin

ASKS = {
    "BTCUSDT": [("3", "30500"), ("3", "30800")],
    "BTCUSDC": [("1", "28000"), ("1", "30000")],
    "BTCUSDP": [("1", "29000"), ("1", "35000")],
}


def a_symbol(quote: str) -> Instrument:
    coin = a_coin("BTCUSDT")
    return Instrument(
        symbol=f"BTC{quote}",
        base="BTC",
        quote=quote,
        price_filter=coin.price_filter,
        lot_size=coin.lot_size,
        notional=None,
        percent_price_by_side=None,
    )


@pytest.fixture
def floor() -> Exchange:
    exchange = Exchange(a_symbol("USDT"), a_symbol("USDC"), a_symbol("USDP"), sors=(tuple(ASKS),))
    exchange.account("makers", BTC="100")
    exchange.account("bob", USDT="1000000")
    for symbol, asks in ASKS.items():
        for quantity, price in asks:
            exchange.limit("makers", "SELL", quantity, price, symbol=symbol)
    exchange.drain()
    return exchange


def test_a_limit_order_takes_the_best_prices_of_all_books(floor: Exchange) -> None:
    placed = floor.limit("bob", "BUY", "5", "31000", sor=True)

    assert floor.fills(placed) == ["1 @ 28000", "1 @ 29000", "1 @ 30000", "2 @ 30500"]
    assert (placed.order.status, plain(placed.order.executed_quote)) == ("FILLED", "148000")
    assert [(fill.trade_id, fill.allocation_id) for fill in placed.fills] == [(-1, 0), (-1, 1), (-1, 2), (1, -1)]
    assert floor.money("bob") == {"USDT": "852000", "BTC": "5"}
    assert floor.money("makers") == {"BTC": "90 + 5", "USDC": "58000", "USDP": "29000", "USDT": "61000"}
    for held, deposited in floor.engine.money().values():
        assert held == deposited


def test_a_market_order_takes_all_books_and_the_rest_expires(floor: Exchange) -> None:
    placed = floor.placed("bob", "BUY", "MARKET", quantity="11", sor=True)

    assert plain(placed.order.executed) == "10"
    assert plain(placed.order.executed_quote) == "305900"
    assert floor.state_of(placed) == "EXPIRED (INSUFFICIENT_LIQUIDITY)"


def test_what_remains_of_a_limit_order_rests_in_its_own_book(floor: Exchange) -> None:
    placed = floor.limit("bob", "BUY", "3", "29500", sor=True)

    assert floor.fills(placed) == ["1 @ 28000", "1 @ 29000"]
    assert floor.book("BTCUSDT")["bids"] == ["1 @ 29500"]
    assert placed.order.working_floor == "EXCHANGE"


def test_other_books_see_a_trade_and_the_owner_an_allocation(floor: Exchange) -> None:
    floor.limit("bob", "BUY", "0.5", "31000", sor=True)

    events = floor.drain()
    trades = [(event.symbol, plain(event.price)) for event in events if isinstance(event, Traded)]
    reports = [
        (event.allocation_id, event.trade_id, event.order.working_floor)
        for event in events
        if isinstance(event, OrderUpdated) and event.order.account == "bob" and event.execution_type == "TRADE"
    ]
    assert trades == [("BTCUSDC", "28000")]
    assert reports == [(0, -1, "SOR")]
    (allocation,) = floor.engine.allocations("bob", "BTCUSDT")
    assert (plain(allocation.price), plain(allocation.quantity)) == ("28000", "0.5")
    assert floor.engine.trades("bob", "BTCUSDT") == []


def test_fill_or_kill_counts_all_books(floor: Exchange) -> None:
    killed = floor.limit("bob", "BUY", "4", "30000", sor=True, time_in_force="FOK")
    filled = floor.limit("bob", "BUY", "3", "30000", sor=True, time_in_force="FOK")

    assert (killed.order.status, filled.order.status) == ("EXPIRED", "FILLED")


def test_an_account_may_be_kept_from_the_router(floor: Exchange) -> None:
    floor.account("plain", {"prevent_sor": True}, USDT="100000")

    outcome = floor.order("plain", "BUY", "LIMIT", quantity="1", price="31000", sor=True)

    assert outcome == Refused(-2010, "This action is disabled on this account.")
