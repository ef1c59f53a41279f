"""The synthetic market: the same from the same seed, alive, orderly, and of one mind across its pairs."""

from itertools import pairwise

import pytest

from services.paper_exchange.call import Call
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.public import PUBLIC
from services.paper_exchange.symbols import LISTINGS
from services.paper_exchange.venue import Venue
from services.paper_exchange.weights import Limits
from tests.paper_exchange.conftest import OPENING_US

OPEN = [listing.symbol for listing in LISTINGS if listing.is_open]
SOME = tuple(listing for listing in LISTINGS if listing.symbol in ("BTCUSDT", "ETHUSDT", "ETHBTC", "XRPUSDT", "BNBUSDT"))
LATER_US = OPENING_US + 20_250_000


def told(venue: Venue) -> list[bytes]:
    """Everything that a client could read of a market."""
    handlers = Handlers(venue, Limits())
    bodies = [PUBLIC["exchangeInfo"](handlers, Call({})), PUBLIC["ticker.24hr"](handlers, Call({}))]
    reads: list[tuple[str, dict[str, str]]] = [
        (method, {}) for method in ("depth", "trades.recent", "trades.aggregate", "avgPrice", "blockTrades.historical")
    ]
    reads += [("klines", {"interval": interval}) for interval in ("1s", "1m", "1d", "1M")]
    for symbol in venue.instruments:
        bodies += [PUBLIC[method](handlers, Call({"symbol": symbol, **given})) for method, given in reads]
    return bodies


def test_the_same_seed_and_start_make_the_same_market_however_time_is_cut() -> None:
    at_once, in_steps = Venue("same", OPENING_US, listings=SOME), Venue("same", OPENING_US, listings=SOME)

    at_once.advance(LATER_US)
    for moment in range(OPENING_US, LATER_US, 37_000):
        in_steps.advance(moment)
    in_steps.advance(LATER_US)

    assert told(at_once) == told(in_steps)


def test_another_seed_makes_another_market() -> None:
    one, other = (Venue(seed, OPENING_US, listings=SOME) for seed in ("one", "other"))

    assert all(
        mine != theirs for mine, theirs in zip(told(one)[2:], told(other)[2:], strict=True) if b"[]" not in (mine, theirs)
    )


def test_there_are_enough_symbols_of_enough_kinds(market: Venue) -> None:
    instruments = market.instruments.values()

    assert len(instruments) >= 12
    assert len({each.quote for each in instruments}) >= 4
    assert any(not each.symbol.isascii() for each in instruments)
    assert any(each.status != "TRADING" for each in instruments)


@pytest.mark.parametrize("symbol", OPEN)
def test_books_are_deep_orderly_and_on_the_grid(market: Venue, symbol: str) -> None:
    book, instrument = market.engine.book(symbol), market.instruments[symbol]
    bids, asks = book.levels("BUY"), book.levels("SELL")

    assert min(len(bids), len(asks)) >= 150
    assert bids[0][0] < asks[0][0]
    assert all(better[0] > worse[0] for better, worse in pairwise(bids))
    assert all(better[0] < worse[0] for better, worse in pairwise(asks))
    assert all(price % instrument.tick == 0 and quantity % instrument.step == 0 for price, quantity in bids + asks)
    assert all(quantity > 0 for _, quantity in bids + asks)


def test_books_are_never_crossed_while_the_market_lives() -> None:
    venue = Venue("crossed", OPENING_US, listings=SOME)
    for moment in range(OPENING_US, OPENING_US + 15_000_000, 20_000):
        venue.advance(moment)
        for listing in SOME:
            book = venue.engine.book(listing.symbol)
            bid, ask = book.best("BUY"), book.best("SELL")
            assert bid is not None
            assert ask is not None
            assert bid[0] < ask[0]


@pytest.mark.parametrize("symbol", OPEN)
def test_every_open_symbol_trades(market: Venue, symbol: str) -> None:
    tape = market.charts[symbol].tape
    lived = tape.bar(market.start_us, market.now_us)

    assert lived is not None
    assert lived.count > 100
    assert 0.1 < lived.taker_volume / lived.volume < 0.9
    assert len(tape.aggregate_trades(1000)) < len(tape)
    times = tape.times
    assert all(later >= earlier for earlier, later in pairwise(times))


@pytest.mark.parametrize(
    ("cross", "base", "quote"),
    [("ETHBTC", "ETHUSDT", "BTCUSDT"), ("BNBBTC", "BNBUSDT", "BTCUSDT"), ("BTCEUR", "BTCUSDT", "EURUSDT")],
)
def test_cross_rates_hold_together(market: Venue, cross: str, base: str, quote: str) -> None:
    rate, top, bottom = (market.engine.last_price(symbol) for symbol in (cross, base, quote))

    assert abs(rate * bottom / top / 1e8 - 1) < 0.002


def test_the_present_joins_the_past(market: Venue) -> None:
    for symbol in OPEN:
        chart = market.charts[symbol]
        assert chart.history is not None
        before = chart.history.bar(chart.tape.start_s - 60, chart.tape.start_s)
        after = chart.tape.bar(chart.tape.start_s * 10**6, (chart.tape.start_s + 60) * 10**6)

        assert after is not None
        assert before.first_id + before.count == after.first_id
        assert abs(after.open / before.close - 1) < 0.002


def test_a_long_sleep_is_cut_short() -> None:
    venue = Venue("sleep", OPENING_US, listings=SOME[:1])
    venue.advance(OPENING_US + 30 * 86400 * 10**6)

    assert len(venue.charts[SOME[0].symbol].tape) < 20_000
