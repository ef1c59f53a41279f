"""The local order book against the documented procedure, and against an independent reckoning with Decimals."""

import json
import random
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.stream_ingestion.order_book import OrderBook, Snapshot, cumulated
from services.stream_ingestion.price_levels import PriceLevels
from shared.contract.market.events import DepthEvent

RECORDING = Path(__file__).resolve().parents[3] / "shared" / "recordings" / "binance_us"


def event(
    first: int, last: int, bids: list[tuple[str, str]] | None = None, asks: list[tuple[str, str]] | None = None
) -> DepthEvent:
    return DepthEvent("depthUpdate", 1_770_000_000_000 + last, "BTCUSDT", first, last, bids or [], asks or [])


def snapshot(last: int) -> Snapshot:
    return Snapshot(last, [("100.00", "1.0"), ("99.00", "2.0")], [("101.00", "3.0"), ("102.00", "4.0")])


def test_a_book_asks_for_a_snapshot_only_after_the_first_event() -> None:
    book = OrderBook("BTCUSDT")
    before = book.needs_snapshot
    assert book.hear(event(11, 12), 1.0) == "queued"
    assert (before, book.needs_snapshot, book.synced) == (False, True, False)


def test_the_first_event_may_straddle_the_snapshot() -> None:
    book = OrderBook("BTCUSDT")
    book.hear(event(8, 9, bids=[("100.00", "9.0")]), 1.0)
    book.hear(event(10, 12, bids=[("100.00", "5.0")]), 1.0)
    assert book.load(snapshot(11), 2.0)
    assert (book.synced, book.last_update_id) == (True, 12)
    assert book.bids(1) == [("100.00", "5.0")]


def test_a_snapshot_older_than_the_first_event_is_refused() -> None:
    book = OrderBook("BTCUSDT")
    book.hear(event(20, 21), 1.0)
    assert not book.load(snapshot(18), 2.0)
    assert book.needs_snapshot
    assert book.load(snapshot(19), 3.0)


def test_a_hole_starts_the_book_over_with_the_event_behind_it() -> None:
    book = OrderBook("BTCUSDT")
    book.hear(event(10, 10), 1.0)
    book.load(snapshot(10), 1.0)
    assert book.hear(event(12, 13), 2.0) == "gap"
    assert (book.synced, book.needs_snapshot, book.resyncs) == (False, True, 1)
    assert book.load(snapshot(12), 3.0)
    assert book.last_update_id == 13


def test_a_hole_among_the_queued_events_keeps_what_follows_it() -> None:
    book = OrderBook("BTCUSDT")
    for first, last in ((10, 10), (15, 16), (17, 17)):
        book.hear(event(first, last), 1.0)
    assert not book.load(snapshot(9), 2.0)
    assert book.load(snapshot(15), 3.0)
    assert book.last_update_id == 17


def test_an_event_that_the_book_has_already_changes_nothing() -> None:
    book = OrderBook("BTCUSDT")
    book.hear(event(10, 10), 1.0)
    book.load(snapshot(12), 1.0)
    assert book.hear(event(11, 12, bids=[("100.00", "0.0")]), 2.0) == "skipped"
    assert book.bids(1) == [("100.00", "1.0")]


def test_cumulated_levels_add_up() -> None:
    assert cumulated([("100.0", "1.5"), ("99.0", "0.00000001")]) == [
        ["100.0", "1.5", "1.5"],
        ["99.0", "0.00000001", "1.50000001"],
    ]


@pytest.mark.parametrize(
    ("side", "quantity", "filled", "notional", "worst"),
    [("BUY", "5", "5", "507.00", "102.00"), ("SELL", "2", "2", "199.00", "99.00"), ("SELL", "50", "3.0", "298.00", "99.00")],
)
def test_the_cost_of_a_size_is_taken_level_by_level(side: str, quantity: str, filled: str, notional: str, worst: str) -> None:
    book = OrderBook("BTCUSDT")
    book.load(snapshot(1), 1.0)
    cost = book.cost("BUY" if side == "BUY" else "SELL", Decimal(quantity))
    assert (cost.filled, cost.notional, cost.worst_price) == (Decimal(filled), Decimal(notional), Decimal(worst))


def test_prices_of_another_shape_find_their_level() -> None:
    levels = PriceLevels([("100.00", "1"), ("99.50", "2"), ("1000.00", "3")])
    levels.apply([("99.5", "0.000"), ("100", "7"), ("100.001", "4")])
    assert levels.highest(9) == [("1000.00", "3"), ("100.001", "4"), ("100", "7")]
    assert levels.lowest(1) == [("100", "7")]


class Market:
    """A book with every price from one to 400, whose middle goes up and down; it writes differences and shallow snapshots."""

    def __init__(self, seed: int) -> None:
        self.luck = random.Random(seed)
        self.last = 0
        self.middle, self._way = 200, self.luck.choice((-1, 1))
        self.sides: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.step()

    def step(self) -> DepthEvent:
        """Go on, change some levels, and tell what changed."""
        self._way = {50: 1, 350: -1}.get(self.middle, self._way)
        self.middle = min(350, max(50, self.middle + self._way * self.luck.randint(-1, 3)))
        told: list[list[tuple[str, str]]] = []
        for side, there in zip(self.sides, (range(1, self.middle), range(self.middle + 1, 401)), strict=True):
            wanted = {price: side.get(price) or self.luck.randint(1, 9) for price in there}
            for price in self.luck.sample(list(wanted), 5):
                wanted[price] = self.luck.randint(1, 9)
            changed = {price: wanted.get(price, 0) for price in side.keys() | wanted if side.get(price) != wanted.get(price)}
            side.clear()
            side.update(wanted)
            told.append([(f"{price}.00", f"{quantity}.0") for price, quantity in changed.items()])
        self.last += 1
        return event(self.last, self.last, *told)

    def levels(self, count: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """The best of both sides."""
        bids, asks = ([(f"{price}.00", f"{quantity}.0") for price, quantity in sorted(side.items())] for side in self.sides)
        return bids[::-1][:count], asks[:count]


@given(st.integers(0, 10**6), st.integers(20, 60), st.integers(0, 6))
@settings(max_examples=15, deadline=None)
def test_a_market_that_leaves_what_the_snapshot_held_is_followed_and_nothing_unknown_shown(
    seed: int, levels: int, late: int
) -> None:
    market, book = Market(seed), OrderBook("BTCUSDT")
    book.hear(market.step(), 0.0)
    book.load(Snapshot(market.last, *market.levels(levels)), 0.0, levels)
    coming: list[tuple[int, Snapshot]] = []
    snapshots = 0
    for number in range(150):
        book.hear(market.step(), float(number))
        if book.needs_snapshot and not coming:
            coming.append((number + late, Snapshot(market.last, *market.levels(levels))))
        if coming and coming[0][0] <= number:
            assert book.load(coming.pop()[1], float(number), levels)
            snapshots += 1
        if book.is_good:
            bids, asks = book.bids(400), book.asks(400)
            assert (bids, asks) == tuple(
                side[: len(shown)] for side, shown in zip(market.levels(400), (bids, asks), strict=True)
            )
            assert bids
            assert asks
            assert book.cost("BUY", Decimal(10**6)).filled == sum(Decimal(quantity) for _, quantity in asks)
    assert book.resyncs == 0
    assert snapshots > 0
    assert book.last_update_id == market.last


def test_a_snapshot_from_before_a_deeper_one_was_wanted_is_refused() -> None:
    book = OrderBook("BTCUSDT")
    book.load(snapshot(10), 1.0, 2)
    book.hear(event(11, 12, bids=[("98.00", "5.0")]), 1.0)
    book.deepen()
    assert book.ends == ("99.00", "102.00")
    assert (book.bids(9), book.has(2), book.has(3)) == ([("100.00", "1.0"), ("99.00", "2.0")], True, False)
    assert not book.load(snapshot(11), 2.0, 3)
    assert (book.synced, book.needs_snapshot, book.last_update_id) == (True, True, 12)
    assert book.load(snapshot(12), 2.0, 3)
    assert (book.has(3), book.ends) == (True, ("", ""))


prices = st.integers(1, 300).map(lambda ticks: f"{ticks / 100:.8f}")
quantities = st.integers(0, 3).map(lambda lots: f"{lots / 10:.8f}")


@given(st.lists(st.lists(st.tuples(prices, quantities), max_size=20), max_size=20))
def test_levels_equal_a_dictionary_of_decimals(changes: list[list[tuple[str, str]]]) -> None:
    levels, reference = PriceLevels(), dict[Decimal, Decimal]()
    for some in changes:
        levels.apply(some)
        for price, quantity in some:
            reference[Decimal(price)] = Decimal(quantity)
            if not Decimal(quantity):
                del reference[Decimal(price)]
    expected = sorted(reference.items())
    assert [(Decimal(p), Decimal(q)) for p, q in levels.lowest(1000)] == expected
    assert [(Decimal(p), Decimal(q)) for p, q in levels.highest(1000)] == expected[::-1]
    assert len(levels) == len(expected)


def recorded_symbols() -> list[str]:
    """Symbols of the recording beside the checkout; one that is not there stands for none."""
    return sorted(path.stem.removeprefix("depth_") for path in RECORDING.glob("depth_*.json")) or [""]


@pytest.mark.parametrize("symbol", recorded_symbols())
def test_a_recorded_market_gives_the_book_of_an_independent_reckoning(symbol: str) -> None:
    if not symbol:
        return
    body = json.loads((RECORDING / f"depth_{symbol}.json").read_text())["body"]
    frames = [json.loads(line)["frame"] for line in (RECORDING / "frames.jsonl").read_text().splitlines()]
    diffs = [frame["data"] for frame in frames if frame["stream"].startswith(f"{symbol.lower()}@depth")]

    book, pending = (
        OrderBook(symbol),
        Snapshot(body["lastUpdateId"], *([tuple(x) for x in body[side]] for side in ("bids", "asks"))),
    )
    for number, diff in enumerate(diffs):
        levels = [[(price, quantity) for price, quantity in diff[side]] for side in "ba"]
        book.hear(DepthEvent("depthUpdate", diff["E"], symbol, diff["U"], diff["u"], *levels), float(number))
        if book.needs_snapshot:
            book.load(pending, float(number))

    reference = [{Decimal(p): Decimal(q) for p, q in body[side]} for side in ("bids", "asks")]
    for diff in diffs:
        if diff["u"] > body["lastUpdateId"]:
            for levels, side in zip(reference, "ba", strict=True):
                levels.update({Decimal(p): Decimal(q) for p, q in diff[side]})
    bids, asks = (sorted((p, q) for p, q in levels.items() if q) for levels in reference)
    assert book.synced
    assert book.resyncs == 0
    assert [(Decimal(p), Decimal(q)) for p, q in book.bids(10_000)] == bids[::-1]
    assert [(Decimal(p), Decimal(q)) for p, q in book.asks(10_000)] == asks
