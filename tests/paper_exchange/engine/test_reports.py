"""Execution reports as the exchange documents them."""

from services.paper_exchange.engine.amounts import parse, plain
from services.paper_exchange.engine.commands import Commission, Rates
from services.paper_exchange.engine.events import BalancesChanged, OrderUpdated
from services.paper_exchange.engine.instrument import Instrument
from tests.paper_exchange.engine.floor import Exchange, a_coin


def test_a_market_order_that_runs_dry_is_told_as_in_the_documents_sample() -> None:
    coin = a_coin("LTCUSDT")
    instrument = Instrument(
        symbol="LTCBNB",
        base="LTC",
        quote="BNB",
        price_filter=coin.price_filter,
        lot_size=coin.lot_size,
        notional=None,
        percent_price_by_side=None,
    )
    exchange = Exchange(instrument)
    exchange.account("makers", LTC="10")
    bnb = Commission(standard=Rates(taker=parse("0.0005")), discount_enabled=True, discount=parse("1"))
    exchange.account("bob", {"commission": bnb}, BNB="1000")
    exchange.trade_at("1")
    for _ in range(2):
        exchange.limit("makers", "SELL", "2", "1")
    exchange.drain()

    placed = exchange.placed("bob", "BUY", "MARKET", quantity="6")

    events = exchange.drain()
    reports = [event for event in events if isinstance(event, OrderUpdated) and event.order.account == "bob"]
    told = [
        (
            report.execution_type,
            report.order.status,
            plain(report.last_quantity),
            plain(report.order.executed),
            plain(report.last_price),
            plain(report.commission),
            report.commission_asset,
            report.trade_id > 0,
            report.on_book,
            report.is_maker,
            plain(report.order.executed_quote),
            plain(report.last_quote_quantity),
        )
        for report in reports
    ]
    # x, X, l, z, L, n, N, t, w, m, Z, Y
    assert told == [
        ("NEW", "NEW", "0", "0", "0", "0", None, False, True, False, "0", "0"),
        ("TRADE", "PARTIALLY_FILLED", "2", "2", "1", "0.001", "BNB", True, False, False, "2", "2"),
        ("TRADE", "PARTIALLY_FILLED", "2", "4", "1", "0.001", "BNB", True, False, False, "4", "2"),
        ("EXPIRED", "EXPIRED", "0", "4", "0", "0", None, False, False, False, "4", "0"),
    ]
    assert len({(report.time_us, report.order.working_us, report.order.time_us) for report in reports}) == 1
    assert [report.execution_id for report in reports] == sorted({report.execution_id for report in reports})
    (position,) = [event for event in events if isinstance(event, BalancesChanged) and event.account == "bob"]
    assert [asset for asset, _, _ in position.balances] == ["LTC", "BNB"]
    assert placed.order.expiry_reason == "INSUFFICIENT_LIQUIDITY"


def test_a_resting_order_is_told_once_and_its_fills_to_both_sides(exchange: Exchange) -> None:
    maker = exchange.limit("alice", "SELL", "2", "10")
    taker = exchange.limit("bob", "BUY", "1", "10")

    assert exchange.reports() == [
        f"{maker.order.order_id} NEW NEW",
        f"{taker.order.order_id} NEW NEW",
        f"{maker.order.order_id} TRADE PARTIALLY_FILLED",
        f"{taker.order.order_id} TRADE FILLED",
    ]


def test_a_cancel_names_its_own_id_and_the_one_it_ended(exchange: Exchange) -> None:
    placed = exchange.limit("alice", "SELL", "2", "10", client_order_id="mine")
    exchange.drain()

    exchange.cancel("alice", placed.order.order_id, new_client_order_id="end")

    (report,) = [event for event in exchange.drain() if isinstance(event, OrderUpdated)]
    assert (report.order.client_order_id, report.original_client_order_id) == ("end", "mine")
