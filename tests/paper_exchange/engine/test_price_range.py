"""The PRICE_RANGE execution rule, and the reference price it measures by."""

from services.paper_exchange.engine.amounts import parse, plain
from services.paper_exchange.engine.commands import SetReferencePrice
from services.paper_exchange.engine.instrument import PriceRange, ReferenceRule
from services.paper_exchange.engine.outcomes import Refused
from services.paper_exchange.engine.prices import AveragePrice, ReferencePrice
from tests.paper_exchange.engine.floor import Exchange, a_coin

SECOND_US = 1_000_000


def an_exchange() -> Exchange:
    rule = PriceRange(bid_up=parse("1.1"), ask_down=parse("0.9"))
    exchange = Exchange(a_coin(reference=ReferenceRule(), price_range=rule)).with_traders("alice", "bob")
    exchange.engine.execute(SetReferencePrice(symbol="COINUSDT", price=parse("100")), exchange.tick())
    return exchange


def test_a_taker_stops_at_the_border_of_the_range_and_expires() -> None:
    exchange = an_exchange()
    for price in ("105", "110", "110.01"):
        exchange.limit("alice", "SELL", "1", price)

    placed = exchange.limit("bob", "BUY", "3", "120")

    assert exchange.fills(placed) == ["1 @ 105", "1 @ 110"]
    assert exchange.state_of(placed) == "EXPIRED (EXECUTION_RULE_PRICE_RANGE_EXCEEDED)"
    assert exchange.book() == {"bids": [], "asks": ["1 @ 110.01"]}


def test_the_range_is_set_once_for_all_that_a_routed_order_takes() -> None:
    mean = ReferenceRule(bucket_count=10, bucket_width_ms=1000)
    ranged = a_coin(reference=mean, price_range=PriceRange(bid_up=parse("1.1")))
    other = a_coin("COINUSDC", base="COIN", quote="USDC")
    exchange = Exchange(ranged, other, sors=(("COINUSDT", "COINUSDC"),)).with_traders("alice", "bob")
    exchange.trade_at("100")
    for price in ("110", "111", "114"):
        exchange.limit("alice", "SELL", "1", price)
    exchange.limit("alice", "SELL", "1", "110.5", symbol="COINUSDC")

    # The trade at 110 moves the mean to 105, and would let a range reckoned anew reach 115.5.
    placed = exchange.limit("bob", "BUY", "4", "120", sor=True)

    assert exchange.fills(placed) == ["1 @ 110", "1 @ 110.5"]
    assert exchange.state_of(placed) == "EXPIRED (EXECUTION_RULE_PRICE_RANGE_EXCEEDED)"


def test_fill_or_kill_does_not_count_on_what_lies_outside() -> None:
    exchange = an_exchange()
    exchange.limit("alice", "SELL", "1", "105")
    exchange.limit("alice", "SELL", "1", "111")

    placed = exchange.limit("bob", "BUY", "2", "120", time_in_force="FOK")

    assert exchange.state_of(placed) == "EXPIRED (UNFILLED_FOK_ORDER_EXPIRED)"


def test_a_missing_multiplier_frees_that_side_and_direction() -> None:
    exchange = an_exchange()
    exchange.limit("alice", "SELL", "1", "10")

    assert exchange.limit("bob", "BUY", "1", "20").order.status == "FILLED"


def test_without_a_reference_price_the_range_is_not_enforced() -> None:
    exchange = an_exchange()
    exchange.engine.execute(SetReferencePrice(symbol="COINUSDT", price=None), exchange.tick())
    exchange.limit("alice", "SELL", "1", "500")

    assert exchange.limit("bob", "BUY", "1", "500").order.status == "FILLED"
    assert exchange.engine.reference_price("COINUSDT", exchange.now_us) is None


def test_a_symbol_that_never_had_a_reference_price_says_so(exchange: Exchange) -> None:
    refused = Refused(-2043, "This symbol doesn't have a reference price.")
    assert exchange.engine.reference_price("COINUSDT", exchange.now_us) == refused


def test_the_reference_price_is_the_mean_of_trades_with_the_oldest_interval_in_part() -> None:
    reference = ReferencePrice(ReferenceRule(bucket_count=2, bucket_width_ms=1000))
    assert reference.at(0) is None
    reference.add(10 * SECOND_US, 100 * 10**8)
    reference.add(11 * SECOND_US, 200 * 10**8)
    reference.add(11 * SECOND_US + 1, 300 * 10**8)

    assert plain(reference.at(11 * SECOND_US + 500_000) or 0) == "200"
    # Half of the first interval has left the window: (0.5 * 100 + 200 + 300) / 2.5 = 220
    assert plain(reference.at(12 * SECOND_US + 500_000) or 0) == "220"
    assert plain(reference.at(13 * SECOND_US) or 0) == "250"
    assert reference.at(14 * SECOND_US) is None


def test_a_window_of_no_minutes_is_the_last_price() -> None:
    average = AveragePrice(0)
    for price in (100, 90):
        average.add(SECOND_US, price, 1, price)

    assert average.at(SECOND_US) == average.forget(SECOND_US) == 90


def test_the_average_price_weighs_by_volume_and_falls_back_on_the_last_price() -> None:
    average = AveragePrice(1)
    assert average.at(0) == 0
    average.add(SECOND_US, 100, 3 * 10**8, 300)
    average.add(31 * SECOND_US, 200, 1 * 10**8, 200)

    assert average.at(59 * SECOND_US) == 125
    assert average.at(62 * SECOND_US) == 200
    assert average.at(500 * SECOND_US) == 200
