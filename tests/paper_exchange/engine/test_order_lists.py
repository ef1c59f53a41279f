"""The lives of order lists, told by their reports: `id x X`, `list l L`."""

from typing import Any

import pytest

from services.paper_exchange.engine.amounts import plain
from services.paper_exchange.engine.commands import CancelOrderList, Commission, Leg, Rates
from services.paper_exchange.engine.filters import MaxNumOrders
from services.paper_exchange.engine.outcomes import Amended, ListCanceled, ListPlaced, Refused
from tests.paper_exchange.engine.floor import Exchange, a_coin, leg

BAD_PRICES = Refused(-2010, "The relationship of the prices for the orders is not correct.", "OCO_BAD_PRICES")


def a_sell_pair(quantity: str = "2") -> dict[str, Leg]:
    """Take profit at 120, stop the loss at 80."""
    return {
        "above": leg("SELL", "LIMIT_MAKER", quantity=quantity, price="120"),
        "below": leg("SELL", "STOP_LOSS_LIMIT", quantity=quantity, price="79", stop_price="80"),
    }


def test_a_pair_is_placed_with_the_stop_first_and_funds_for_one(exchange: Exchange) -> None:
    exchange.trade_at("100")
    exchange.drain()

    placed = exchange.placed_list("bob", "OCO", **a_sell_pair())

    stop, limit = placed.orders
    assert [each.order.type for each in placed.orders] == ["STOP_LOSS_LIMIT", "LIMIT_MAKER"]
    assert stop.order.order_id + 1 == limit.order.order_id
    assert (stop.order.is_working, limit.order.is_working) == (False, True)
    assert (placed.order_list.contingency_type, placed.order_list.list_order_status) == ("OCO", "EXECUTING")
    assert exchange.money("bob") == {"COIN": "98 + 2", "USDT": "10000"}
    assert exchange.book()["asks"] == ["2 @ 120"]
    assert exchange.reports() == [
        "list EXEC_STARTED EXECUTING",
        f"{stop.order.order_id} NEW NEW",
        f"{limit.order.order_id} NEW NEW",
    ]


def test_a_fill_of_the_limit_leg_ends_the_stop_leg(exchange: Exchange) -> None:
    exchange.trade_at("100")
    stop, limit = exchange.placed_list("bob", "OCO", **a_sell_pair()).orders
    exchange.reports()

    exchange.placed("alice", "BUY", "MARKET", quantity="0.5")

    assert exchange.state_of(stop) == "EXPIRED (OCO_TRIGGER)"
    assert exchange.state_of(limit) == "PARTIALLY_FILLED"
    assert exchange.money("bob") == {"COIN": "98 + 1.5", "USDT": "10060"}
    exchange.placed("alice", "BUY", "MARKET", quantity="1.5")
    bobs = {stop.order.order_id, limit.order.order_id}
    assert [report for report in exchange.reports() if report[:4] == "list" or int(report.split()[0]) in bobs] == [
        f"{limit.order.order_id} TRADE PARTIALLY_FILLED",
        f"{stop.order.order_id} EXPIRED EXPIRED",
        f"{limit.order.order_id} TRADE FILLED",
        "list ALL_DONE ALL_DONE",
    ]


def test_the_stop_leg_ends_the_limit_leg_before_it_trades(exchange: Exchange) -> None:
    exchange.limit("alice", "BUY", "2", "79.5")
    exchange.trade_at("100")
    stop, limit = exchange.placed_list("bob", "OCO", **a_sell_pair()).orders
    exchange.reports()

    exchange.trade_at("80")

    assert exchange.state_of(limit) == "EXPIRED (OCO_TRIGGER)"
    assert exchange.state_of(stop) == "FILLED"
    assert exchange.money("bob") == {"COIN": "98", "USDT": "10159"}
    reports = [report for report in exchange.reports() if "TRADE" not in report or report.startswith(str(stop.order.order_id))]
    assert reports == [
        f"{limit.order.order_id} EXPIRED EXPIRED",
        f"{stop.order.order_id} NEW NEW",
        f"{stop.order.order_id} TRADE FILLED",
        "list ALL_DONE ALL_DONE",
    ]


def test_a_buy_pair_locks_what_its_dearer_leg_needs(exchange: Exchange) -> None:
    exchange.trade_at("100")

    exchange.placed_list(
        "bob",
        "OCO",
        above=leg("BUY", "STOP_LOSS_LIMIT", quantity="1", price="111", stop_price="110"),
        below=leg("BUY", "LIMIT_MAKER", quantity="1", price="90"),
    )

    assert exchange.money("bob")["USDT"] == "9889 + 111"


@pytest.mark.parametrize(
    ("side", "above", "below"),
    [
        ("SELL", {"type": "LIMIT_MAKER", "price": "100"}, {"type": "STOP_LOSS", "stop_price": "90"}),
        ("SELL", {"type": "LIMIT_MAKER", "price": "110"}, {"type": "STOP_LOSS", "stop_price": "100"}),
        ("SELL", {"type": "TAKE_PROFIT", "stop_price": "99"}, {"type": "STOP_LOSS", "stop_price": "90"}),
        ("BUY", {"type": "STOP_LOSS", "stop_price": "100"}, {"type": "LIMIT_MAKER", "price": "90"}),
        ("BUY", {"type": "STOP_LOSS", "stop_price": "110"}, {"type": "LIMIT_MAKER", "price": "100"}),
    ],
)
def test_a_pair_must_straddle_the_last_price(
    exchange: Exchange, side: str, above: dict[str, str], below: dict[str, str]
) -> None:
    exchange.trade_at("100")

    outcome = exchange.order_list("bob", "OCO", above=leg(side, quantity="1", **above), below=leg(side, quantity="1", **below))

    assert outcome == BAD_PRICES
    assert exchange.money("bob") == {"COIN": "100", "USDT": "10000"}


SHAPES = {
    "limit leg of a buy must be below": ("BUY", "LIMIT_MAKER", "STOP_LOSS", -1165),
    "limit leg of a sell must be above": ("SELL", "STOP_LOSS", "LIMIT_MAKER", -1166),
    "both legs limit": ("SELL", "LIMIT_MAKER", "LIMIT_MAKER", -1168),
    "a type that no pair has": ("SELL", "LIMIT", "STOP_LOSS", -1158),
    "stop loss of a buy must be above": ("BUY", "TAKE_PROFIT", "STOP_LOSS", -1198),
    "stop loss of a buy below, beside another": ("BUY", "STOP_LOSS", "STOP_LOSS", -1196),
    "stop loss of a sell must be below": ("SELL", "STOP_LOSS", "STOP_LOSS", -1197),
    "take profit of a sell must be above": ("SELL", "TAKE_PROFIT", "TAKE_PROFIT", -1199),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_shape_of_a_pair(exchange: Exchange, name: str) -> None:
    side, above, below, code = SHAPES[name]

    def a_leg(type: str) -> Leg:
        name = "price" if type in ("LIMIT", "LIMIT_MAKER") else "stop_price"
        return leg(side, type, quantity="1", **{name: "100"})

    outcome = exchange.order_list("bob", "OCO", above=a_leg(above), below=a_leg(below))

    assert isinstance(outcome, Refused)
    assert outcome.code == code


def test_an_iceberg_leg_needs_gtc(exchange: Exchange) -> None:
    below = leg("SELL", "STOP_LOSS_LIMIT", quantity="2", price="79", stop_price="80", iceberg_quantity="1", time_in_force="IOC")

    outcome = exchange.order_list("bob", "OCO", above=a_sell_pair()["above"], below=below)

    assert isinstance(outcome, Refused)
    assert outcome == Refused(
        -1160, "Parameter 'belowIcebergQty' is not supported if aboveTimeInForce/belowTimeInForce is not GTC."
    )


def test_a_missing_parameter_is_named_as_the_request_names_it(exchange: Exchange) -> None:
    pair = {"above": leg("SELL", "LIMIT_MAKER", quantity="1", price="120"), "below": leg("SELL", "STOP_LOSS", quantity="1")}

    outcome = exchange.order_list("bob", "OTOCO", working=leg("BUY", "LIMIT", quantity="1", price="90"), **pair)

    assert outcome == Refused(
        -1102, "Param 'pendingBelowStopPrice' or 'pendingBelowTrailingDelta' must be sent, but both were empty/null!"
    )


def test_canceling_a_leg_cancels_the_list(exchange: Exchange) -> None:
    exchange.trade_at("100")
    placed = exchange.placed_list("bob", "OCO", **a_sell_pair())
    stop, limit = placed.orders
    exchange.reports()

    canceled = exchange.cancel("bob", stop.order.order_id, new_client_order_id="end")

    assert isinstance(canceled, ListCanceled)
    assert canceled.order_list.list_order_status == "ALL_DONE"
    assert canceled.order_list.orders == placed.order_list.orders
    assert [(each.order.status, each.order.client_order_id) for each in canceled.orders] == [("CANCELED", "end")] * 2
    assert exchange.money("bob") == {"COIN": "100", "USDT": "10000"}
    assert exchange.reports() == [
        f"{stop.order.order_id} CANCELED CANCELED",
        f"{limit.order.order_id} CANCELED CANCELED",
        "list ALL_DONE ALL_DONE",
    ]


def test_the_pending_order_enters_when_the_working_order_is_filled(exchange: Exchange) -> None:
    placed = exchange.placed_list(
        "bob",
        "OTO",
        working=leg("BUY", "LIMIT", quantity="2", price="90"),
        pending=leg("SELL", "LIMIT", quantity="1", price="95"),
    )
    working, pending = placed.orders
    assert (working.order.status, pending.order.status, pending.order.working_us) == ("NEW", "PENDING_NEW", -1)
    assert placed.order_list.contingency_type == "OTO"

    exchange.placed("alice", "SELL", "MARKET", quantity="1")
    assert exchange.state_of(pending) == "PENDING_NEW"
    exchange.placed("alice", "SELL", "MARKET", quantity="1")

    assert (exchange.state_of(working), exchange.state_of(pending)) == ("FILLED", "NEW")
    assert exchange.book()["asks"] == ["1 @ 95"]
    assert exchange.money("bob") == {"COIN": "101 + 1", "USDT": "9820"}


def test_a_working_order_that_fills_at_once_is_answered_with_the_pending_one_still_pending(exchange: Exchange) -> None:
    exchange.limit("alice", "SELL", "1", "90")

    placed = exchange.placed_list(
        "bob",
        "OTO",
        working=leg("BUY", "LIMIT", quantity="1", price="90"),
        pending=leg("SELL", "LIMIT", quantity="1", price="95"),
    )

    assert [each.order.status for each in placed.orders] == ["FILLED", "PENDING_NEW"]
    assert exchange.fills(placed.orders[0]) == ["1 @ 90"]
    assert exchange.state_of(placed.orders[1]) == "NEW"


def test_a_working_order_that_expires_takes_the_pending_one_with_it(exchange: Exchange) -> None:
    placed = exchange.placed_list(
        "bob",
        "OTO",
        working=leg("BUY", "LIMIT", quantity="1", price="90", time_in_force="IOC"),
        pending=leg("SELL", "MARKET", quantity="1"),
    )

    assert exchange.state_of(placed.orders[0]) == "EXPIRED (UNFILLED_IOC_QUANTITY_EXPIRED)"
    assert exchange.state_of(placed.orders[1]) == "EXPIRED (OTO_PHASE_ONE_EXPIRED)"
    assert exchange.reports()[-1] == "list ALL_DONE ALL_DONE"


def test_a_pending_order_without_funds_ends_as_rejected(exchange: Exchange) -> None:
    placed = exchange.placed_list(
        "bob",
        "OTO",
        working=leg("BUY", "LIMIT", quantity="1", price="90"),
        pending=leg("SELL", "LIMIT", quantity="150", price="95"),
    )

    exchange.placed("alice", "SELL", "MARKET", quantity="1")

    assert exchange.state_of(placed.orders[1]) == "EXPIRED (REJECTED)"
    assert exchange.reports()[-1] == "list ALL_DONE ALL_DONE"


def test_a_pending_pair_enters_together_and_lives_as_a_pair(exchange: Exchange) -> None:
    exchange.trade_at("100")
    placed = exchange.placed_list("bob", "OTOCO", working=leg("BUY", "LIMIT", quantity="2", price="100"), **a_sell_pair())
    _, stop, limit = placed.orders

    exchange.placed("alice", "SELL", "MARKET", quantity="2")
    assert (exchange.state_of(stop), exchange.state_of(limit)) == ("NEW", "NEW")
    assert exchange.money("bob") == {"COIN": "100 + 2", "USDT": "9800"}
    exchange.trade_at("80")

    assert (exchange.state_of(stop), exchange.state_of(limit)) == ("NEW", "EXPIRED (OCO_TRIGGER)")
    assert exchange.book()["asks"] == ["2 @ 79"]


def test_an_opo_sells_what_it_bought_rounded_to_the_lot_after_commission() -> None:
    exchange = Exchange()
    exchange.account("alice", COIN="10")
    exchange.account("bob", {"commission": Commission(standard=Rates(maker=100_000))}, USDT="1000")
    placed = exchange.placed_list(
        "bob",
        "OPO",
        working=leg("BUY", "LIMIT", quantity="2", price="90"),
        pending=leg("SELL", "LIMIT", price="95"),
    )
    assert placed.orders[1].order.quantity == 0

    exchange.placed("alice", "SELL", "MARKET", quantity="1.5")
    assert exchange.money("bob") == {"COIN": "0 + 1.4985", "USDT": "820 + 45"}
    exchange.placed("alice", "SELL", "MARKET", quantity="0.5")

    pending = exchange.now(placed.orders[1])
    assert (pending.status, plain(pending.quantity)) == ("NEW", "1.998")
    assert exchange.money("bob") == {"COIN": "0 + 1.998", "USDT": "820"}


def test_an_opo_pays_its_commission_from_what_is_free_where_that_suffices() -> None:
    exchange = Exchange()
    exchange.account("alice", COIN="10")
    exchange.account("bob", {"commission": Commission(standard=Rates(maker=100_000))}, USDT="1000", COIN="1")
    placed = exchange.placed_list(
        "bob",
        "OPO",
        working=leg("BUY", "LIMIT", quantity="2", price="90"),
        pending=leg("SELL", "LIMIT", price="95"),
    )

    exchange.placed("alice", "SELL", "MARKET", quantity="2")

    assert plain(exchange.now(placed.orders[1]).quantity) == "2"
    assert exchange.money("bob") == {"COIN": "0.998 + 2", "USDT": "820"}


def test_an_opo_canceled_halfway_frees_what_was_bought(exchange: Exchange) -> None:
    pair = {
        "above": leg("SELL", "LIMIT_MAKER", price="120"),
        "below": leg("SELL", "STOP_LOSS", stop_price="80"),
    }
    placed = exchange.placed_list("bob", "OPOCO", working=leg("BUY", "LIMIT", quantity="2", price="90"), **pair)
    exchange.placed("alice", "SELL", "MARKET", quantity="1")
    assert exchange.money("bob") == {"COIN": "100 + 1", "USDT": "9820 + 90"}

    request = CancelOrderList(account="bob", symbol="COINUSDT", order_list_id=placed.order_list.order_list_id)
    canceled = exchange.engine.cancel_order_list(request, exchange.tick())

    assert isinstance(canceled, ListCanceled)
    assert [each.order.status for each in canceled.orders] == ["CANCELED"] * 3
    assert exchange.money("bob") == {"COIN": "101", "USDT": "9910"}


OPO_SHAPES = {
    "working must buy": ("SELL", "SELL", None, Refused(-1222, "Working order in an OPO list must be a bid.")),
    "pending must sell": ("BUY", "BUY", None, Refused(-1223, "Pending orders in an OPO list must be asks.")),
    "pending has no quantity": (
        "BUY",
        "SELL",
        "1",
        Refused(-1225, "Pending orders should not include the 'pendingQuantity' tag."),
    ),
}


@pytest.mark.parametrize("name", OPO_SHAPES)
def test_the_shape_of_an_opo(exchange: Exchange, name: str) -> None:
    working_side, pending_side, quantity, refused = OPO_SHAPES[name]
    pending = leg(pending_side, "LIMIT", price="95", **({"quantity": quantity} if quantity else {}))

    outcome = exchange.order_list("bob", "OPO", working=leg(working_side, "LIMIT", quantity="1", price="90"), pending=pending)

    assert outcome == refused


def test_amending_one_leg_of_a_pair_changes_both(exchange: Exchange) -> None:
    exchange.trade_at("100")
    stop, limit = exchange.placed_list("bob", "OCO", **a_sell_pair()).orders
    exchange.reports()

    amended = exchange.amend("bob", limit.order.order_id, "1")

    assert isinstance(amended, Amended)
    assert [plain(exchange.now(each).quantity) for each in (stop, limit)] == ["1", "1"]
    assert exchange.money("bob") == {"COIN": "99 + 1", "USDT": "10000"}
    assert exchange.reports()[-1] == "list UPDATED EXECUTING"


def an_oto(exchange: Exchange, **parameters: Any) -> ListPlaced | Refused:
    working, pending = leg("BUY", "LIMIT", quantity="1", price="10"), leg("SELL", "LIMIT", quantity="1", price="200")
    return exchange.order_list("alice", "OTO", working=working, pending=pending, **parameters)


def test_working_and_pending_order_of_a_list_are_amended_one_by_one(exchange: Exchange) -> None:
    placed = an_oto(exchange)
    assert isinstance(placed, ListPlaced)
    working, pending = placed.orders

    exchange.amend("alice", working.order.order_id, "0.5")
    exchange.amend("alice", pending.order.order_id, "0.4")

    assert [plain(exchange.now(each).quantity) for each in placed.orders] == ["0.5", "0.4"]
    assert exchange.money("alice") == {"COIN": "100", "USDT": "9995 + 5"}


def test_a_lists_client_id_is_unique_among_its_open_lists_whatever_its_orders_are_called(exchange: Exchange) -> None:
    exchange.limit("alice", "BUY", "1", "10", client_order_id="mine")
    first = an_oto(exchange, list_client_order_id="mine")
    assert isinstance(first, ListPlaced)

    assert an_oto(exchange, list_client_order_id="mine") == Refused(-2010, "Duplicate order sent.")
    exchange.cancel("alice", first.orders[0].order.order_id)
    assert isinstance(an_oto(exchange, list_client_order_id="mine"), ListPlaced)


def test_a_pending_opo_order_cannot_be_amended(exchange: Exchange) -> None:
    placed = exchange.placed_list(
        "bob", "OPO", working=leg("BUY", "LIMIT", quantity="1", price="90"), pending=leg("SELL", "LIMIT", price="95")
    )

    outcome = exchange.amend("bob", placed.orders[1].order.order_id, "0.5")

    assert outcome == Refused(-2038, "Order amend (pending OPO order) is not supported.")


def test_a_list_over_a_count_filter_is_refused_as_a_whole() -> None:
    exchange = Exchange(a_coin(max_num_orders=MaxNumOrders(max_num_orders=2))).with_traders("bob")
    exchange.limit("bob", "BUY", "1", "1")

    outcome = exchange.order_list("bob", "OCO", **a_sell_pair())

    assert outcome == Refused(-1013, "Filter failure: MAX_NUM_ORDERS")
    assert len(exchange.engine.open_orders("bob")) == 1


@pytest.mark.parametrize(
    ("flag", "kind", "text"),
    [
        ("oco_allowed", "OCO", "OCO orders are not supported for this symbol"),
        ("opo_allowed", "OPOCO", "OPO orders are not supported for this symbol."),
    ],
)
def test_a_symbol_without_a_kind_of_list_says_so(flag: str, kind: str, text: str) -> None:
    flags: dict[str, Any] = {flag: False}
    exchange = Exchange(a_coin(**flags)).with_traders("bob")

    outcome = exchange.order_list("bob", kind, working=leg("BUY", "LIMIT", quantity="1", price="90"), **a_sell_pair())

    assert outcome == Refused(-2010, text)
