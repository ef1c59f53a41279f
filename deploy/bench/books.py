"""Local order books: apply a difference of 40 levels, read the best 20 of both sides; ours beside others."""

import random
from bisect import bisect_left, insort
from collections.abc import Awaitable, Callable
from time import process_time_ns
from typing import Any

from binance.ws.depthcache import DepthCache  # pyright: ignore[reportMissingTypeStubs]

from deploy.bench.goals import Goal, judged
from deploy.bench.harness import Sample, Table, rounds
from services.stream_ingestion.order_book import OrderBook, Snapshot
from shared.contract.market.events import DepthEvent
from shared.contract.market.models import Level

LEVELS = (1_000, 5_000)
"""A side of the book."""
CHANGES = 20
DIFFS = {"python-binance": 200, "dict, sorted when read": 200}
DIFFS_MOST = 2_000
TOP = 20
MIDDLE = 9_712_345
COLUMNS = (("ns a difference with read", "ns"),)
GOALS = (Goal("ns", 1.5, "sorted list of text", stretch=1.1), Goal("ns", 0.05, "python-binance", stretch=0.03))
Side = list[Level]


class SortedText:
    """The reference: a sorted list of justified prices, without any rule of the exchange."""

    def __init__(self, bids: Side, asks: Side) -> None:
        self._sides = [{price.rjust(20): quantity for price, quantity in side} for side in (bids, asks)]
        self._keys = [sorted(side) for side in self._sides]

    def apply(self, bids: Side, asks: Side) -> None:
        for levels, keys, changes in zip(self._sides, self._keys, (bids, asks), strict=True):
            for price, quantity in changes:
                key = price.rjust(20)
                if quantity == "0.00000000":
                    if levels.pop(key, None) is not None:
                        del keys[bisect_left(keys, key)]
                else:
                    if key not in levels:
                        insort(keys, key)
                    levels[key] = quantity

    def top(self) -> Any:
        (bids, asks), (low, high) = self._sides, self._keys
        return [(k.lstrip(), bids[k]) for k in low[: -TOP - 1 : -1]], [(k.lstrip(), asks[k]) for k in high[:TOP]]


class SortedWhenRead:
    """What one writes first."""

    def __init__(self, bids: Side, asks: Side) -> None:
        self._sides = [dict(bids), dict(asks)]

    def apply(self, bids: Side, asks: Side) -> None:
        for levels, changes in zip(self._sides, (bids, asks), strict=True):
            for price, quantity in changes:
                if float(quantity):
                    levels[price] = quantity
                else:
                    levels.pop(price, None)

    def top(self) -> Any:
        bids, asks = self._sides
        return sorted(bids.items(), key=lambda x: -float(x[0]))[:TOP], sorted(asks.items(), key=lambda x: float(x[0]))[:TOP]


class PythonBinance:
    """python-binance's depth cache."""

    def __init__(self, bids: Side, asks: Side) -> None:
        self._cache: Any = DepthCache("BTCUSDT")
        self.apply(bids, asks)

    def apply(self, bids: Side, asks: Side) -> None:
        for level in bids:
            self._cache.add_bid(level)
        for level in asks:
            self._cache.add_ask(level)

    def top(self) -> Any:
        return self._cache.get_bids()[:TOP], self._cache.get_asks()[:TOP]


class Ours:
    """The book of stream_ingestion, its checks included."""

    def __init__(self, bids: Side, asks: Side) -> None:
        self._book = OrderBook("BTCUSDT")
        self._book.load(Snapshot(0, bids, asks), 0.0, len(bids))
        self._last = 0

    def apply(self, bids: Side, asks: Side) -> None:
        self._last += 1
        self._book.hear(DepthEvent("depthUpdate", 0, "BTCUSDT", self._last, self._last, bids, asks), 0.0)

    def top(self) -> Any:
        return self._book.bids(TOP), self._book.asks(TOP)


KINDS: dict[str, Callable[[Side, Side], Any]] = {
    "ours": Ours,
    "sorted list of text": SortedText,
    "dict, sorted when read": SortedWhenRead,
    "python-binance": PythonBinance,
}


async def run(count: int) -> list[Table]:
    """One table for each size."""
    found: list[Table] = []
    for levels in LEVELS:
        results = await rounds(count, {name: _of(name, levels) for name in KINDS})
        found.append(judged(f"Local order book, {levels:,} levels a side", results, COLUMNS, GOALS))
    return found


def _of(name: str, levels: int) -> Callable[[], Awaitable[Sample]]:
    async def measure() -> Sample:
        luck, many = random.Random(7), DIFFS.get(name, DIFFS_MOST)
        bids, asks = ([_level(luck, sign * tick, 1.0) for tick in range(1, levels + 1)] for sign in (-1, 1))
        diffs = [([_near(luck, -1) for _ in range(CHANGES)], [_near(luck, 1) for _ in range(CHANGES)]) for _ in range(many)]
        book = KINDS[name](bids, asks)
        began = process_time_ns()
        for some_bids, some_asks in diffs:
            book.apply(some_bids, some_asks)
            book.top()
        return {"ns": (process_time_ns() - began) / many}

    return measure


def _near(luck: random.Random, sign: int) -> Level:
    """A change not far from the middle, as most are; a third of them remove a level."""
    return _level(luck, sign * (1 + int(luck.expovariate(1 / 60))), luck.random() + 0.67)


def _level(luck: random.Random, ticks: int, keep: float) -> Level:
    quantity = "0.00000000" if keep < 1 else f"{luck.randint(1, 5_000_000) / 1e5:.8f}"
    return f"{(MIDDLE + ticks) / 100:.8f}", quantity
