"""Icebergs show a slice at a time."""

from services.paper_exchange.engine.outcomes import Refused
from tests.paper_exchange.engine.floor import Exchange, a_coin


def test_an_iceberg_shows_its_slice_and_refills_it_behind_the_others(exchange: Exchange) -> None:
    exchange.account("carol", COIN="10")
    iceberg = exchange.limit("alice", "SELL", "10", "100", iceberg_quantity="3")
    other = exchange.limit("carol", "SELL", "1", "100")
    assert exchange.book()["asks"] == ["4 @ 100"]

    bought = exchange.placed("bob", "BUY", "MARKET", quantity="3.5")

    assert exchange.fills(bought) == ["3 @ 100", "0.5 @ 100"]
    assert exchange.now(other).status == "PARTIALLY_FILLED"
    assert exchange.book()["asks"] == ["3.5 @ 100"]
    assert exchange.now(iceberg).remaining == 7 * 10**8


def test_a_large_order_takes_the_hidden_part_too(exchange: Exchange) -> None:
    exchange.limit("alice", "SELL", "10", "100", iceberg_quantity="3")

    bought = exchange.limit("bob", "BUY", "12", "100")

    assert exchange.fills(bought) == ["3 @ 100", "3 @ 100", "3 @ 100", "1 @ 100"]
    assert exchange.book() == {"bids": ["2 @ 100"], "asks": []}


def test_fill_or_kill_counts_the_hidden_part(exchange: Exchange) -> None:
    exchange.limit("alice", "SELL", "10", "100", iceberg_quantity="3")

    assert exchange.limit("bob", "BUY", "10", "100", time_in_force="FOK").order.status == "FILLED"


def test_what_an_iceberg_must_not_be(exchange: Exchange) -> None:
    def refusal(**parameters: str) -> object:
        return exchange.order("alice", "SELL", "LIMIT", **{"quantity": "10", "price": "100", **parameters})

    assert refusal(iceberg_quantity="11") == Refused(-2010, "IcebergQty exceeds QTY.")
    assert refusal(iceberg_quantity="0.05") == Refused(-1013, "Filter failure: ICEBERG_PARTS")
    assert refusal(iceberg_quantity="1.0001") == Refused(-1013, "Filter failure: LOT_SIZE")
    assert refusal(iceberg_quantity="1", time_in_force="IOC") == Refused(-2010, "Unsupported order combination")


def test_a_symbol_without_icebergs_says_so() -> None:
    exchange = Exchange(a_coin(iceberg_allowed=False)).with_traders("alice")

    outcome = exchange.order("alice", "SELL", "LIMIT", quantity="10", price="100", iceberg_quantity="1")

    assert outcome == Refused(-2010, "Iceberg orders are not supported for this symbol.")
