"""Orders that wait for a price, and follow it."""

import pytest

from services.paper_exchange.engine.outcomes import Refused
from tests.paper_exchange.engine.floor import Exchange

WOULD_TRIGGER = Refused(-2010, "Order would trigger immediately.", "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY")

STOPS = {
    # name: side, type, stop price, a trade that does not fire it, one that does
    "STOP_LOSS BUY rises to it": ("BUY", "STOP_LOSS", "110", "109.99", "110"),
    "TAKE_PROFIT SELL rises to it": ("SELL", "TAKE_PROFIT", "110", "109.99", "111"),
    "STOP_LOSS SELL falls to it": ("SELL", "STOP_LOSS", "90", "90.01", "90"),
    "TAKE_PROFIT BUY falls to it": ("BUY", "TAKE_PROFIT", "90", "90.01", "80"),
}


@pytest.mark.parametrize("name", STOPS)
def test_a_stop_fires_when_the_last_price_reaches_it_and_then_trades_at_the_market(exchange: Exchange, name: str) -> None:
    side, type, stop_price, before, at = STOPS[name]
    exchange.trade_at("100")
    order = exchange.placed("bob", side, type, quantity="1", stop_price=stop_price)
    assert (order.order.status, order.order.working_us, order.order.is_working) == ("NEW", -1, False)

    exchange.trade_at(before)
    assert exchange.now(order).status == "NEW"
    exchange.limit("alice", "SELL" if side == "BUY" else "BUY", "1", "120" if side == "BUY" else "70")
    exchange.trade_at(at)

    assert exchange.state_of(order) == "FILLED"
    assert exchange.now(order).working_us > order.order.time_us


@pytest.mark.parametrize("name", STOPS)
def test_a_stop_on_the_wrong_side_of_the_market_is_refused(exchange: Exchange, name: str) -> None:
    side, type, stop_price, _, _ = STOPS[name]
    exchange.trade_at(stop_price)

    assert exchange.order("bob", side, type, quantity="1", stop_price=stop_price) == WOULD_TRIGGER


def test_a_stop_limit_rests_at_its_price_after_the_trigger(exchange: Exchange) -> None:
    exchange.trade_at("100")
    order = exchange.placed("bob", "SELL", "STOP_LOSS_LIMIT", quantity="2", price="89", stop_price="90")
    assert exchange.money("bob") == {"COIN": "98 + 2", "USDT": "10000"}
    exchange.reports()

    exchange.trade_at("90")

    assert exchange.book()["asks"] == ["2 @ 89"]
    assert exchange.state_of(order) == "NEW"
    assert exchange.reports() == [f"{order.order.order_id} NEW NEW"]


def test_a_market_stop_without_the_funds_for_it_ends_as_rejected(exchange: Exchange) -> None:
    exchange.trade_at("100")
    order = exchange.placed("bob", "BUY", "STOP_LOSS", quantity="90", stop_price="110")
    assert exchange.money("bob") == {"COIN": "100", "USDT": "100 + 9900"}
    exchange.limit("alice", "SELL", "90", "120")

    exchange.trade_at("110")

    assert exchange.state_of(order) == "EXPIRED (REJECTED)"
    assert exchange.money("bob") == {"COIN": "100", "USDT": "10000"}


def test_one_trade_sets_off_a_chain_of_stops(exchange: Exchange) -> None:
    exchange.account("carol", COIN="100")
    for price in ("95", "90", "80"):
        exchange.limit("alice", "BUY", "1", price)
    exchange.trade_at("100")
    first = exchange.placed("bob", "SELL", "STOP_LOSS", quantity="1", stop_price="99")
    second = exchange.placed("bob", "SELL", "STOP_LOSS", quantity="1", stop_price="95")
    third = exchange.placed("bob", "SELL", "STOP_LOSS", quantity="1", stop_price="90")

    exchange.trade_at("99")

    assert [exchange.now(order).executed_quote // 10**8 for order in (first, second, third)] == [95, 90, 80]


TRAILS = {
    # name: side, type, stop price, delta, price at placement, prices that do not fire, the price that does
    "buy stop follows the lowest": ("BUY", "STOP_LOSS", None, 500, "42500", ["42000", "44099.99"], "44100"),
    "sell stop follows the highest": ("SELL", "STOP_LOSS", None, 1000, "40000", ["41000", "36900.01"], "36900"),
    "buy profit begins at its stop price": ("BUY", "TAKE_PROFIT", "38000", 850, "40000", ["37000", "40144.99"], "40145"),
    "sell profit begins at its stop price": ("SELL", "TAKE_PROFIT", "46000", 750, "45000", ["46500", "43012.51"], "43012.50"),
    "sell profit without stop price": ("SELL", "TAKE_PROFIT", None, 700, "45000", ["45500", "42315.01"], "42315"),
    "movement before the stop price counts for nothing": (
        "SELL",
        "TAKE_PROFIT",
        "46000",
        1000,
        "45000",
        ["45900", "30000", "46000", "41400.01"],
        "41400",
    ),
}


@pytest.mark.parametrize("name", TRAILS)
def test_a_trailing_stop_fires_when_the_price_turns_by_its_delta(name: str) -> None:
    side, type, stop_price, delta, start, quiet, fires = TRAILS[name]
    exchange = Exchange()
    exchange.account("bob", COIN="10", USDT="1000000")
    exchange.trade_at(start)
    parameters = {"stop_price": stop_price} if stop_price else {}
    order = exchange.placed("bob", side, type, quantity="1", trailing_delta=delta, **parameters)
    assert (order.order.trailing_us >= 0) == (stop_price is None)

    for price in quiet:
        exchange.trade_at(price)
        assert exchange.now(order).status == "NEW", price
    assert exchange.now(order).trailing_us >= 0
    exchange.trade_at(fires)

    assert exchange.state_of(order) == "EXPIRED (INSUFFICIENT_LIQUIDITY)"


def test_a_canceled_stop_never_fires(exchange: Exchange) -> None:
    exchange.trade_at("100")
    stop = exchange.placed("bob", "SELL", "STOP_LOSS", quantity="1", stop_price="90")
    trailing = exchange.placed("bob", "SELL", "STOP_LOSS", quantity="1", trailing_delta=100)
    for order in (stop, trailing):
        exchange.cancel("bob", order.order.order_id)

    exchange.trade_at("80")

    assert [exchange.now(order).status for order in (stop, trailing)] == ["CANCELED", "CANCELED"]
