"""Accounts, client order ids, order counts, and what may be asked."""

from typing import Any

import pytest

from services.paper_exchange.engine.amounts import TooPrecise, parse, plain, text
from services.paper_exchange.engine.commands import (
    CancelOpenOrders,
    CancelOrder,
    Deposit,
    LockExternally,
    SetSymbolStatus,
    Withdraw,
)
from services.paper_exchange.engine.events import BalancesChanged, BalanceUpdated, OrderUpdated
from services.paper_exchange.engine.order_counts import OrderLimit
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.outcomes import Canceled, ListCanceled, Placed, Refused
from services.paper_exchange.engine.words import SymbolStatus
from tests.paper_exchange.engine.floor import Exchange, a_coin, leg

DAY_MS = 86_400_000


def test_a_client_order_id_is_free_again_when_its_order_has_ended(exchange: Exchange) -> None:
    first = exchange.limit("alice", "BUY", "1", "10", client_order_id="mine")
    refused = exchange.order("alice", "BUY", "LIMIT", quantity="1", price="10", client_order_id="mine")
    assert refused == Refused(-2010, "Duplicate order sent.")
    assert isinstance(exchange.order("bob", "BUY", "LIMIT", quantity="1", price="10", client_order_id="mine"), Placed)

    exchange.cancel("alice", first.order.order_id)

    assert isinstance(exchange.order("alice", "BUY", "LIMIT", quantity="1", price="10", client_order_id="mine"), Placed)


def test_a_cancel_that_takes_an_open_orders_client_id_does_not_take_the_order_with_it(exchange: Exchange) -> None:
    standing = exchange.limit("alice", "BUY", "1", "10", client_order_id="mine")
    other = exchange.limit("alice", "BUY", "1", "11")

    exchange.cancel("alice", other.order.order_id, new_client_order_id="mine")

    again = exchange.order("alice", "BUY", "LIMIT", quantity="1", price="10", client_order_id="mine")
    assert again == Refused(-2010, "Duplicate order sent.")
    assert exchange.engine.order("alice", "COINUSDT", client_order_id="mine") == exchange.now(standing)
    by_name = CancelOrder(account="alice", symbol="COINUSDT", client_order_id="mine")
    assert isinstance(exchange.engine.cancel(by_name, exchange.tick()), Canceled)


def test_orders_without_a_client_id_get_one_each(exchange: Exchange) -> None:
    ids = {exchange.limit("alice", "BUY", "1", "10").order.client_order_id for _ in range(20)}
    assert len(ids) == 20
    assert {len(each) for each in ids} == {22}


def test_an_order_is_found_by_its_id_and_the_client_id_must_fit(exchange: Exchange) -> None:
    placed = exchange.limit("alice", "BUY", "1", "10", client_order_id="mine")
    order_id, engine = placed.order.order_id, exchange.engine

    assert engine.order("alice", "COINUSDT", order_id, "mine") == placed.order
    assert engine.order("alice", "COINUSDT", client_order_id="mine") == placed.order
    assert engine.order("alice", "COINUSDT", order_id, "other") == Refused(
        -2039, "Client order ID is not correct for this order ID."
    )
    assert engine.order("alice", "COINUSDT", 99) == Refused(-2013, "Order does not exist.")
    assert engine.order("bob", "COINUSDT", order_id) == Refused(-2013, "Order does not exist.")
    assert engine.order("alice", "COINUSDT") == Refused(
        -1102, "Param 'orderId' or 'origClientOrderId' must be sent, but both were empty/null!"
    )


def test_a_cancel_by_two_ids_wants_both_to_fit(exchange: Exchange) -> None:
    placed = exchange.limit("alice", "BUY", "1", "10", client_order_id="mine")

    assert exchange.cancel("alice", placed.order.order_id, client_order_id="other") == Refused(-2011, "Unknown order sent.")
    assert isinstance(exchange.cancel("alice", placed.order.order_id, client_order_id="mine"), Canceled)
    without = exchange.engine.cancel(CancelOrder(account="alice", symbol="COINUSDT"), exchange.tick())
    assert without == Refused(-2011, "Cancel order is invalid. Check origClOrdId and orderId.")


def test_cancel_restrictions(exchange: Exchange) -> None:
    placed = exchange.limit("alice", "BUY", "2", "10")
    restricted = Refused(-2011, "Order was not canceled due to cancel restrictions.")

    assert exchange.cancel("alice", placed.order.order_id, restrictions="ONLY_PARTIALLY_FILLED") == restricted
    exchange.placed("bob", "SELL", "MARKET", quantity="1")
    assert exchange.cancel("alice", placed.order.order_id, restrictions="ONLY_NEW") == restricted
    canceled = exchange.cancel("alice", placed.order.order_id, restrictions="ONLY_PARTIALLY_FILLED")
    assert isinstance(canceled, Canceled)


def test_cancel_all_takes_orders_and_lists_under_one_client_id(exchange: Exchange) -> None:
    exchange.limit("alice", "BUY", "1", "10")
    exchange.placed_list(
        "alice",
        "OCO",
        above=leg("SELL", "LIMIT_MAKER", quantity="1", price="120"),
        below=leg("SELL", "STOP_LOSS", quantity="1", stop_price="80"),
    )

    canceled = exchange.engine.cancel_open_orders(CancelOpenOrders(account="alice", symbol="COINUSDT"), exchange.tick())

    assert not isinstance(canceled, Refused)
    assert [type(each) for each in canceled] == [Canceled, ListCanceled]
    assert exchange.money("alice") == {"COIN": "100", "USDT": "10000"}
    again = exchange.engine.cancel_open_orders(CancelOpenOrders(account="alice", symbol="COINUSDT"), exchange.tick())
    assert again == Refused(-2011, "Unknown order sent.")


def test_an_unfilled_order_that_ended_ninety_days_ago_is_archived(exchange: Exchange) -> None:
    placed = exchange.limit("alice", "BUY", "1", "10")
    exchange.cancel("alice", placed.order.order_id)

    exchange.engine.advance(exchange.tick(90 * DAY_MS))
    assert isinstance(exchange.engine.order("alice", "COINUSDT", placed.order.order_id), Order)
    exchange.engine.advance(exchange.tick())

    assert exchange.engine.order("alice", "COINUSDT", placed.order.order_id) == Refused(
        -2026, "Order was canceled or expired with no executed qty over 90 days ago and has been archived."
    )


@pytest.mark.parametrize("status", ["HALT", "BREAK", "CANCEL_ONLY"])
def test_a_symbol_that_does_not_trade_takes_cancels_and_nothing_else(exchange: Exchange, status: SymbolStatus) -> None:
    placed = exchange.limit("alice", "BUY", "1", "10")
    exchange.engine.execute(SetSymbolStatus(symbol="COINUSDT", status=status), exchange.tick())

    refused = exchange.order("alice", "BUY", "LIMIT", quantity="1", price="10")

    assert refused == Refused(-2010, "Market is closed.")
    assert isinstance(exchange.cancel("alice", placed.order.order_id), Canceled)


def test_an_account_without_the_symbols_permission_may_cancel_but_not_place() -> None:
    exchange = Exchange(a_coin(permission_sets=(("SPOT", "MARGIN"), ("TRD_GRP_004",))))
    exchange.account("alice", USDT="100")
    exchange.account("bob", {"permissions": ("MARGIN", "TRD_GRP_004")}, USDT="100")

    refused = exchange.order("alice", "BUY", "LIMIT", quantity="1", price="10")

    assert refused == Refused(-2010, "This symbol is not permitted for this account.")
    assert isinstance(exchange.order("bob", "BUY", "LIMIT", quantity="1", price="10"), Placed)


def test_deposits_withdrawals_and_external_locks_move_what_is_free(exchange: Exchange) -> None:
    execute, tick = exchange.engine.execute, exchange.tick
    insufficient = "Account has insufficient balance for requested action."

    execute(Deposit(account="alice", asset="COIN", amount=parse("1")), tick())
    assert execute(Withdraw(account="alice", asset="COIN", amount=parse("102")), tick()).message == insufficient
    execute(LockExternally(account="alice", asset="COIN", amount=parse("50")), tick())
    assert exchange.money("alice")["COIN"] == "51 + 50"
    assert execute(LockExternally(account="alice", asset="COIN", amount=-parse("51")), tick()).message == insufficient
    events = exchange.drain()
    assert isinstance(events[0], BalanceUpdated)
    assert isinstance(events[1], BalancesChanged)


def test_the_unfilled_order_count_grows_with_orders_and_shrinks_with_first_fills() -> None:
    limits = (OrderLimit("SECOND", 10, 5), OrderLimit("DAY", 1, 7))
    exchange = Exchange(order_limits=limits).with_traders("alice", "bob")
    exchange.tick(10_000 - exchange.now_us // 1000 % 10_000)

    def counts() -> list[int]:
        return [count for _, count in exchange.engine.order_counts("alice", exchange.now_us)]

    orders = [exchange.limit("alice", "SELL", "1", "100") for _ in range(5)]
    assert counts() == [5, 5]
    over = exchange.order("alice", "SELL", "LIMIT", quantity="1", price="100")
    assert over == Refused(-1015, "Too many new orders; current limit is 5 orders per 10 SECOND.")
    exchange.cancel("alice", orders[4].order.order_id)
    assert counts() == [5, 5]
    exchange.placed("bob", "BUY", "MARKET", quantity="0.5")
    assert counts() == [0, 0]
    exchange.placed("bob", "BUY", "MARKET", quantity="0.5")
    assert counts() == [0, 0]
    exchange.limit("alice", "SELL", "1", "100")
    exchange.tick(10_000)
    assert counts() == [0, 1]


PARAMETERS: dict[str, tuple[str, dict[str, Any], int]] = {
    "no time in force": ("LIMIT", {"quantity": "1", "price": "1", "time_in_force": None}, -1102),
    "no price": ("LIMIT", {"quantity": "1"}, -1102),
    "no quantity": ("LIMIT", {"price": "1"}, -1102),
    "neither quantity": ("MARKET", {}, -1102),
    "both quantities": ("MARKET", {"quantity": "1", "quote_quantity": "1"}, -1128),
    "a price for a market order": ("MARKET", {"quantity": "1", "price": "1"}, -1106),
    "a time in force for a market order": ("MARKET", {"quantity": "1", "time_in_force": "GTC"}, -1114),
    "no stop price": ("STOP_LOSS", {"quantity": "1"}, -1102),
    "a stop price for a limit order": ("LIMIT", {"quantity": "1", "price": "1", "stop_price": "1"}, -1106),
    "a small strategy type": ("MARKET", {"quantity": "1", "strategy_type": 999_999}, -1134),
    "more than 64 bits": ("LIMIT", {"quantity": "92233720368.54775808", "price": "1"}, -1108),
    "a strategy id of more than 64 bits": ("MARKET", {"quantity": "1", "strategy_id": 2**63}, -1108),
    "a worth of nothing": ("LIMIT", {"quantity": "0.00000001", "price": "0.01"}, -2010),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_that_do_not_go_together(exchange: Exchange, name: str) -> None:
    type, parameters, code = PARAMETERS[name]

    outcome = exchange.order("alice", "BUY", type, **parameters)

    assert isinstance(outcome, Refused)
    assert outcome.code == code


def test_an_account_that_trades_with_itself_has_both_sides_among_its_trades(exchange: Exchange) -> None:
    exchange.limit("alice", "SELL", "1", "100")
    exchange.limit("alice", "BUY", "1", "100")

    trades = exchange.engine.trades("alice", "COINUSDT")

    assert [(fill.is_buyer, fill.is_maker) for fill in trades] == [(False, True), (True, False)]


def test_an_order_test_checks_and_changes_nothing(exchange: Exchange) -> None:
    request = exchange.request("alice", "BUY", "LIMIT", quantity="1", price="10")
    bad = exchange.request("alice", "BUY", "LIMIT", quantity="1", price="10.001")

    assert not isinstance(exchange.engine.test(request, exchange.tick()), Refused)
    assert exchange.engine.test(bad, exchange.tick()) == Refused(-1013, "Filter failure: PRICE_FILTER")
    assert exchange.engine.open_orders("alice") == []
    assert exchange.drain() == []


def test_amounts_are_exact_to_eight_decimals() -> None:
    assert parse("0.00000001") == 1
    assert text(parse("92233720368.54775807")) == "92233720368.54775807"
    assert plain(-parse("1.50")) == "-1.5"
    assert parse("1.000000000000") == 10**8
    with pytest.raises(TooPrecise):
        parse("0.000000001")
    for bad in ("", "-1", "1e8", ".5", "1,0", "nan"):
        with pytest.raises(ValueError, match="not a decimal"):
            parse(bad)


def test_a_house_trades_without_limits_reports_and_records() -> None:
    exchange = Exchange().with_traders("bob")
    exchange.account("house", {"unlimited": True})
    exchange.drain()
    resting = exchange.limit("house", "SELL", "5", "10")
    exchange.placed("bob", "BUY", "MARKET", quantity="2")

    assert exchange.money("house") == {"COIN": "-5 + 3", "USDT": "20"}
    assert exchange.engine.orders("house", "COINUSDT") == []
    assert isinstance(exchange.cancel("house", resting.order.order_id), Canceled)
    assert exchange.money("house") == {"COIN": "-2", "USDT": "20"}
    assert all(event.order.account == "bob" for event in exchange.drain() if isinstance(event, OrderUpdated))


def test_a_house_has_no_other_orders_than_plain_ones(exchange: Exchange) -> None:
    exchange.account("house", {"unlimited": True})
    disabled = Refused(-2010, "This action is disabled on this account.")
    resting = exchange.limit("house", "SELL", "5", "10")
    pair = {
        "above": leg("SELL", "LIMIT_MAKER", quantity="1", price="120"),
        "below": leg("SELL", "STOP_LOSS", quantity="1", stop_price="80"),
    }

    assert exchange.order("house", "SELL", "STOP_LOSS", quantity="1", stop_price="5") == disabled
    assert exchange.amend("house", resting.order.order_id, "1") == disabled
    assert exchange.order_list("house", "OCO", **pair) == disabled
    place = exchange.request("house", "SELL", "LIMIT", quantity="1", price="11")
    assert exchange.replace("house", resting.order.order_id, place, "ALLOW_FAILURE") == disabled
