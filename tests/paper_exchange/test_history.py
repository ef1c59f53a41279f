"""History: bars of every width agree, and each is a bar that trades could have made."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.paper_exchange.bars import Bar, joined
from services.paper_exchange.candles import DAY_S
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.history import Habits, History
from services.paper_exchange.paths import SPAN_S, START_S, Asset, Path

MOMENTS = st.integers(START_S, START_S + SPAN_S - 40 * DAY_S)
WIDTHS = st.sampled_from((1, 2, 7, 60, 61, 300, 3600, 5400, DAY_S, 7 * DAY_S, 31 * DAY_S))
SEEDS = st.sampled_from(("a", "b", "c"))


def history(seed: str = "a", name: str = "COIN") -> History:
    path = Path(seed, Asset(name, 0.6, width=0.6, daily=0.06))
    return History(f"{name}USDT", path, tick=10_000, step=10_000_000, habits=Habits(5, 800))


HISTORIES = {seed: history(seed) for seed in ("a", "b", "c")}


def is_possible(bar: Bar) -> bool:
    """Do prices lie in order, and average prices inside them?"""
    sold, got = bar.volume - bar.taker_volume, bar.quote - bar.taker_quote
    return (
        bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        and bar.low * bar.volume <= bar.quote * SCALE <= bar.high * bar.volume
        and 0 < bar.taker_volume < bar.volume
        and abs(got * SCALE // sold - bar.quote * SCALE // bar.volume) <= bar.high - bar.low
        and bar.count >= 4
    )


@settings(max_examples=300, deadline=None)
@given(SEEDS, MOMENTS, WIDTHS)
def test_a_bar_is_one_that_trades_could_have_made(seed: str, moment: int, width: int) -> None:
    assert is_possible(HISTORIES[seed].bar(moment, moment + width))


@settings(max_examples=300, deadline=None)
@given(SEEDS, MOMENTS, WIDTHS, st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_the_parts_of_a_stretch_are_the_whole(seed: str, moment: int, width: int, cuts: list[float]) -> None:
    edges = sorted({moment, moment + width, *(moment + int(cut * width) for cut in cuts)})
    parts = [HISTORIES[seed].bar(start, end) for start, end in pairwise(edges)]

    assert joined(parts) == HISTORIES[seed].bar(moment, moment + width)


@settings(max_examples=50, deadline=None)
@given(MOMENTS)
def test_what_is_asked_for_first_changes_nothing(moment: int) -> None:
    fresh = history()

    assert fresh.bar(moment, moment + 1) == HISTORIES["a"].bar(moment, moment + 1)
    assert fresh.bar(moment - DAY_S, moment + DAY_S) == history().bar(moment - DAY_S, moment + DAY_S)


def test_another_seed_is_another_history() -> None:
    assert HISTORIES["a"].bar(0, DAY_S) != HISTORIES["b"].bar(0, DAY_S)


def test_prices_move_from_day_to_day_and_stay_in_reach() -> None:
    days = [HISTORIES["a"].bar(day * DAY_S, (day + 1) * DAY_S) for day in range(18_000, 19_000)]
    moves = sorted((day.high - day.low) / day.open for day in days)

    assert 0.002 < moves[500] < 0.2
    assert all(day.low > 0.2 * SCALE and day.high < SCALE for day in days)
    assert len({day.close for day in days}) > 200


def test_wild_days_come_together() -> None:
    days = [HISTORIES["b"].bar(day * DAY_S, (day + 1) * DAY_S) for day in range(17_000, 19_000)]
    moves = [(day.high - day.low) / day.open for day in days]
    middle = sorted(moves)[1000]
    wild = [move > middle for move in moves]
    same = sum(one == two for one, two in pairwise(wild))

    assert same > 1150
