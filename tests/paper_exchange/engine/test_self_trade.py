"""Self-trade prevention: the scenarios of the exchange's own FAQ, as tables."""

import pytest

from services.paper_exchange.engine.amounts import plain
from services.paper_exchange.engine.events import LevelChanged, OrderUpdated
from services.paper_exchange.engine.outcomes import Placed, Refused
from tests.paper_exchange.engine.floor import Exchange, a_coin

MAKERS = [("1.2", "1.2"), ("1.3", "1.1"), ("8.1", "1")]
"""(quantity, price) of the account's own bids."""

SCENARIOS: dict[str, tuple[list[str], str, list[tuple[str | None, str | None]]]] = {
    # the mode of SELL 3 @ 1: the bids' ends, the taker's end, (taker, maker) prevented per match
    "NONE": (["FILLED", "FILLED", "PARTIALLY_FILLED"], "FILLED", []),
    "EXPIRE_MAKER": (["EXPIRED_IN_MATCH"] * 3, "NEW", [(None, "1.2"), (None, "1.3"), (None, "8.1")]),
    "EXPIRE_TAKER": (["NEW"] * 3, "EXPIRED_IN_MATCH", [("3", None)]),
    "EXPIRE_BOTH": (["EXPIRED_IN_MATCH", "NEW", "NEW"], "EXPIRED_IN_MATCH", [("3", "1.2")]),
    "DECREMENT": (
        ["EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH", "NEW"],
        "EXPIRED_IN_MATCH",
        [("1.2", "1.2"), ("1.3", "1.3"), ("0.5", "0.5")],
    ),
    "TRANSFER": (
        ["EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH", "NEW"],
        "EXPIRED_IN_MATCH",
        [("1.2", "1.2"), ("1.3", "1.3"), ("0.5", "0.5")],
    ),
}


def shown(amount: int | None) -> str | None:
    return None if amount is None else plain(amount)


@pytest.mark.parametrize("mode", SCENARIOS)
def test_an_order_meets_its_owners_orders(exchange: Exchange, mode: str) -> None:
    ends, taker_end, matches = SCENARIOS[mode]
    makers = [exchange.limit("alice", "BUY", quantity, price, self_trade_prevention="NONE") for quantity, price in MAKERS]

    taker = exchange.limit("alice", "SELL", "3", "1", self_trade_prevention=mode)

    assert [exchange.now(maker).status for maker in makers] == ends
    assert exchange.now(taker).status == taker_end
    assert [(shown(m.taker_prevented_quantity), shown(m.maker_prevented_quantity)) for m in taker.prevented] == matches
    assert exchange.engine.prevented_matches("alice", "COINUSDT") == list(taker.prevented)


def test_a_level_that_is_as_it_was_is_not_told_of(exchange: Exchange) -> None:
    exchange.limit("alice", "BUY", "1", "100")
    iceberg = exchange.limit("alice", "SELL", "10", "101", iceberg_quantity="1")
    exchange.drain()

    exchange.limit("alice", "SELL", "1", "100", self_trade_prevention="EXPIRE_TAKER")
    exchange.amend("alice", iceberg.order.order_id, "9")

    assert not [event for event in exchange.drain() if isinstance(event, LevelChanged)]


def test_expire_taker_keeps_the_fills_made_before(exchange: Exchange) -> None:
    exchange.limit("bob", "BUY", "1", "1.3")
    exchange.limit("alice", "BUY", "1", "1.2")

    taker = exchange.limit("alice", "SELL", "3", "1", self_trade_prevention="EXPIRE_TAKER")

    assert exchange.fills(taker) == ["1 @ 1.3"]
    assert (taker.order.status, plain(taker.order.prevented)) == ("EXPIRED_IN_MATCH", "2")


def test_a_market_order_that_meets_only_own_makers_expires_for_want_of_liquidity(exchange: Exchange) -> None:
    maker = exchange.limit("alice", "BUY", "1", "1")

    taker = exchange.placed("alice", "SELL", "MARKET", quantity="1", self_trade_prevention="EXPIRE_MAKER")

    assert exchange.now(maker).status == "EXPIRED_IN_MATCH"
    assert exchange.state_of(taker) == "EXPIRED (INSUFFICIENT_LIQUIDITY)"


def test_transfer_moves_what_would_have_traded_between_accounts_of_a_group() -> None:
    exchange = Exchange(a_coin("BTCUSDT"))
    for name in ("maker", "taker"):
        exchange.account(name, {"trade_group_id": 1}, BTC="20000", USDT="20000")
    maker = exchange.limit("maker", "BUY", "0.6", "0.2", self_trade_prevention="TRANSFER")

    taker = exchange.limit("taker", "SELL", "0.2", "0.2", self_trade_prevention="TRANSFER")

    assert exchange.money("maker") == {"BTC": "20000.2", "USDT": "19999.88 + 0.08"}
    assert exchange.money("taker") == {"BTC": "19999.8", "USDT": "20000.04"}
    assert (taker.order.status, plain(taker.order.prevented)) == ("EXPIRED_IN_MATCH", "0.2")
    assert (exchange.now(maker).status, plain(exchange.now(maker).prevented)) == ("NEW", "0.2")
    (match,) = taker.prevented
    assert (match.trade_group_id, match.maker_order_id) == (1, maker.order.order_id)


def test_transfer_with_a_maker_of_another_mode_is_decrement() -> None:
    exchange = Exchange(a_coin("BTCUSDT"))
    for name in ("maker", "taker"):
        exchange.account(name, {"trade_group_id": 1}, BTC="10", USDT="10")
    exchange.limit("maker", "BUY", "0.6", "1", self_trade_prevention="DECREMENT")

    exchange.limit("taker", "SELL", "0.2", "1", self_trade_prevention="TRANSFER")

    assert exchange.money("maker") == {"BTC": "10", "USDT": "9.6 + 0.4"}
    assert exchange.money("taker") == {"BTC": "10", "USDT": "10"}


def test_accounts_of_different_groups_trade_with_each_other() -> None:
    exchange = Exchange()
    exchange.account("one", {"trade_group_id": 1}, COIN="10")
    exchange.account("two", {"trade_group_id": 2}, USDT="100")
    exchange.limit("one", "SELL", "1", "10")

    assert exchange.fills(exchange.limit("two", "BUY", "1", "10", self_trade_prevention="EXPIRE_BOTH")) == ["1 @ 10"]


def test_the_reports_tell_what_each_order_lost_and_to_whom(exchange: Exchange) -> None:
    maker = exchange.limit("alice", "BUY", "6", "2", self_trade_prevention="DECREMENT")
    exchange.drain()

    taker = exchange.limit("alice", "SELL", "2", "2", self_trade_prevention="DECREMENT")

    reports = [event for event in exchange.drain() if isinstance(event, OrderUpdated) and event.prevented]
    told = [
        (
            report.order.order_id,
            report.order.status,
            plain(report.prevented.quantity),
            report.prevented.counter_order_id,
            plain(report.prevented.execution_price),
            plain(report.prevented.execution_quote_quantity),
            report.last_quantity,
        )
        for report in reports
        if report.prevented
    ]
    maker_id, taker_id = maker.order.order_id, taker.order.order_id
    assert told == [
        (maker_id, "NEW", "2", taker_id, "2", "4", 0),
        (taker_id, "EXPIRED_IN_MATCH", "2", maker_id, "2", "4", 0),
    ]


def test_fill_or_kill_does_not_count_on_own_orders(exchange: Exchange) -> None:
    exchange.limit("alice", "BUY", "5", "2")
    exchange.limit("bob", "BUY", "1", "2")

    killed = exchange.limit("alice", "SELL", "2", "2", time_in_force="FOK", self_trade_prevention="EXPIRE_MAKER")

    assert exchange.state_of(killed) == "EXPIRED (UNFILLED_FOK_ORDER_EXPIRED)"
    assert exchange.book()["bids"] == ["6 @ 2"]


def test_a_mode_that_the_symbol_does_not_allow_is_refused() -> None:
    exchange = Exchange(a_coin(allowed_self_trade_prevention=("NONE", "EXPIRE_TAKER"))).with_traders("alice")

    outcome = exchange.order("alice", "BUY", "LIMIT", quantity="1", price="1", self_trade_prevention="EXPIRE_BOTH")

    assert outcome == Refused(-1013, "This symbol does not allow the specified self-trade prevention mode.")


def test_the_symbols_mode_holds_where_none_is_sent() -> None:
    exchange = Exchange(a_coin(default_self_trade_prevention="EXPIRE_BOTH")).with_traders("alice")
    exchange.limit("alice", "BUY", "1", "1")

    taker = exchange.order("alice", "SELL", "LIMIT", quantity="1", price="1")

    assert isinstance(taker, Placed)
    assert (taker.order.status, taker.order.self_trade_prevention) == ("EXPIRED_IN_MATCH", "EXPIRE_BOTH")
