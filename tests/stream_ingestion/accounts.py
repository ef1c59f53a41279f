"""The accounts of the drill: every number that a stream gave, what was told of the others, and whether that adds up.

Nothing of the product's own reading of numbers is used here.
"""

import json
from collections.abc import Callable, Iterable
from itertools import pairwise

Span = tuple[int, int]
"""Numbers from the first to the last, both included."""


def _trade(event: dict[str, int]) -> Span:
    return event["t"], event["t"]


def _aggregate(event: dict[str, int]) -> Span:
    return event["a"], event["a"]


def _differences(event: dict[str, int]) -> Span:
    return event["U"], event["u"]


KINDS: dict[str, Callable[[dict[str, int]], Span]] = {"trade": _trade, "aggTrade": _aggregate, "depth.100ms": _differences}
CANDLES = "kline.1s"
CANDLE_MS = 1000


def span_of(kind: str, payload: bytes) -> Span | None:
    """The numbers of an event; of candles the second, when it closes."""
    event = json.loads(payload)
    if kind != CANDLES:
        return KINDS[kind](event)
    candle = event["k"]
    return (candle["t"] // CANDLE_MS,) * 2 if candle["x"] else None


class Account:
    """One stream: what came, in its order, life of NATS by life of NATS, and which numbers were told of."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.missing: list[Span] = []
        """Told: these do not come."""
        self.filled: list[Span] = []
        """Told: these were fetched."""
        self.again: list[Span] = []
        """Told: these may have come twice, for a replica had lost its session without knowing."""
        self.heard = 0
        self._live: dict[int, list[Span]] = {}
        self._kept: dict[int, list[Span]] = {}

    def hear(self, life: int, span: Span) -> None:
        """An event came live."""
        self._live.setdefault(life, []).append(span)
        self.heard += 1

    def keep(self, life: int, spans: list[Span]) -> None:
        """What a new life of NATS had kept when the listener was back."""
        self._kept[life] = spans

    @property
    def marked(self) -> int:
        """Numbers that were told to be missing and never came."""
        return sum(last - first + 1 for first, last in self._holes())

    @property
    def filled_count(self) -> int:
        """Numbers that were told to be fetched."""
        return sum(last - first + 1 for first, last in set(self.filled))

    @property
    def doubled(self) -> int:
        """How often a number came that had come before."""
        spans = [span for life in self._lives() for span in life]
        return len(spans) - len(set(spans))

    def faults(self) -> list[str]:
        """What does not add up."""
        lost = [f"{piece} never came and were not told of" for hole in self._holes() for piece in _left(hole, self.missing)]
        before, doubled = -1, list[str]()
        for life in self._lives():
            highest = -1
            for first, last in life:
                if first <= highest and _left((first, min(last, highest)), self.again):
                    doubled.append(f"{(first, last)} came after {highest} in one life of NATS")
                elif first <= before and _left((first, min(last, before)), self.missing + self.filled + self.again):
                    doubled.append(f"{(first, last)} came in two lives of NATS without a word")
                highest = max(highest, last)
            before = max(before, highest)
        return [f"{self.name}: {fault}" for fault in (*lost, *doubled)]

    def _lives(self) -> list[list[Span]]:
        return [_joined(self._kept.get(life, []), self._live.get(life, [])) for life in sorted({*self._live, *self._kept})]

    def _holes(self) -> list[Span]:
        spans = sorted(span for life in self._lives() for span in life)
        holes, reached = list[Span](), spans[0][1] if spans else 0
        for (_, last), (first, _) in pairwise(spans):
            reached = max(reached, last)
            if first > reached + 1:
                holes.append((reached + 1, first - 1))
        return holes


def _joined(kept: list[Span], live: list[Span]) -> list[Span]:
    """What was kept before the listener was back, and what it heard from then on; both may have some in common."""
    for common in range(min(len(kept), len(live)), 0, -1):
        if kept[-common:] == live[:common]:
            return kept + live[common:]
    return kept + live


def _left(span: Span, told: Iterable[Span]) -> list[Span]:
    """The parts of a span that no other one covers."""
    left = [span]
    for first, last in told:
        left = [
            part
            for start, end in left
            for part in ((start, min(end, first - 1)), (max(start, last + 1), end))
            if part[0] <= part[1]
        ]
    return left
