"""Paths: halves are the whole, and what comes of it looks like a market, whatever the asset and the width of the candles.

The bounds are generous: what is measured lies well inside of them, for these seeds and for others.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from services.paper_exchange.paths import DAY_S, SPAN_S, START_S, Asset, Path, Span, first_part

SEEDS = ("1", "2", "3", "4")
ASSETS = (
    Asset("BTC", 92_000.0, width=0.5, daily=0.045),
    Asset("EUR", 1.11, width=0.08, daily=0.006),
    Asset("COIN", 0.135, width=0.7, daily=0.09),
)
NOW_S = START_S + DAY_S * 31_566
LEVELS_S = {"second": (1, 1500), "minute": (60, 200), "hour": (3600, 250), "day": (DAY_S, 600), "month": (DAY_S << 5, 200)}
"""A length, and how many such spans are looked at."""

each_asset = pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.name)


def spans(path: Path, length_s: int, count: int, end_s: int = NOW_S) -> list[Span]:
    """The last spans of a length before a moment."""
    start_s = end_s - count * length_s

    def inside(opened_s: int, width_s: int, span: Span) -> Iterator[Span]:
        if opened_s >= end_s or opened_s + width_s <= start_s:
            return
        if width_s == length_s:
            yield span
            return
        first_s, parts = first_part(width_s), path.split(opened_s, width_s, span)
        yield from inside(opened_s, first_s, parts.first)
        yield from inside(opened_s + first_s, width_s - first_s, parts.second)

    return list(inside(START_S, SPAN_S, path.whole))


def days(asset: Asset) -> list[list[Span]]:
    return [spans(Path(seed, asset), DAY_S, 2000) for seed in SEEDS]


def correlation(values: list[float]) -> float:
    """Of each value with the next."""
    middle = sum(values) / len(values)
    away = [value - middle for value in values]
    return sum(one * two for one, two in pairwise(away)) / sum(each * each for each in away)


def average(markets: list[list[Span]], of: Callable[[Span], float]) -> float:
    return sum(correlation([of(span) for span in market]) for market in markets) / len(markets)


def gain(span: Span) -> float:
    return span.close / span.open - 1


@each_asset
def test_the_parts_of_every_span_are_the_whole(asset: Asset) -> None:
    path = Path("1", asset)
    for moment_s in range(NOW_S, NOW_S + 100 * DAY_S, DAY_S + 54_321):
        start_s, length_s, span = START_S, SPAN_S, path.whole
        while length_s > 1:
            first_s = first_part(length_s)
            first, second, active = path.split(start_s, length_s, span)
            assert (first.open, first.close, second.close) == (span.open, second.open, span.close)
            assert (max(first.high, second.high), min(first.low, second.low)) == (span.high, span.low)
            assert active * first.mean + (1 - active) * second.mean == pytest.approx(span.mean, rel=1e-12)
            for part in (first, second):
                assert part.low <= min(part.open, part.close, part.mean)
                assert part.high >= max(part.open, part.close, part.mean)
                assert 0.09 < (part.mean - part.low) / (part.high - part.low) < 0.91
            if moment_s < start_s + first_s:
                length_s, span = first_s, first
            else:
                start_s, length_s, span = start_s + first_s, length_s - first_s, second


@each_asset
@pytest.mark.parametrize("level", LEVELS_S)
def test_spans_of_every_length_range_about_as_is_usual_for_it(asset: Asset, level: str) -> None:
    length_s, count = LEVELS_S[level]
    paths = [Path(seed, asset) for seed in SEEDS]
    ranges = sorted((span.high - span.low) / path.usual(length_s) for path in paths for span in spans(path, length_s, count))

    assert 0.4 < ranges[len(ranges) // 2] < 1.3
    assert ranges[len(ranges) // 20] > 0.15
    assert ranges[len(ranges) * 19 // 20] < 3.5
    assert ranges[-1] < 30


def test_a_bitcoin_moves_some_percent_a_day_and_more_in_a_month() -> None:
    for length_s, least, most in ((DAY_S, 0.015, 0.06), (DAY_S << 5, 0.08, 0.3), (DAY_S << 12, 0.3, 1.0)):
        ranges = sorted(
            (span.high - span.low) / ASSETS[0].price for seed in SEEDS for span in spans(Path(seed, ASSETS[0]), length_s, 7)
        )
        assert least < ranges[len(ranges) // 2] < most


@each_asset
def test_neighbouring_days_hardly_ever_share_their_high_or_their_low(asset: Asset) -> None:
    pairs = [pair for market in days(asset) for pair in pairwise(market)]
    shared = sum((one.high == two.high) + (one.low == two.low) for one, two in pairs)

    assert shared < 0.02 * 2 * len(pairs)


@each_asset
def test_no_price_stays_the_low_of_the_year(asset: Asset) -> None:
    for market in days(asset):
        for first in range(0, 1800, 360):
            year = market[first : first + 360]
            assert len({span.low for span in year}) > 0.95 * len(year)
            assert len({span.high for span in year}) > 0.95 * len(year)


@each_asset
def test_the_gain_of_a_day_tells_little_about_the_next(asset: Asset) -> None:
    assert abs(average(days(asset), gain)) < 0.18


@each_asset
def test_wild_days_come_together(asset: Asset) -> None:
    markets = days(asset)

    assert average(markets, lambda span: abs(gain(span))) > 0.05
    assert average(markets, lambda span: span.high - span.low) > 0.2
