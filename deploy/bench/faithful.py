"""Is what arrives what was sent? Every event compared with the one that it has to be, while connections come and go."""

import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.bench.bridging import LOST_AFTER_S, SERVICE, course
from deploy.bench.harness import Table
from deploy.bench.stream_events import Market, mixed, subject, trades
from deploy.bench.stream_feed import Plan

SECONDS, RATE = 4, 5_000
ROTATE_S = "1.0"
ROTATING = ("--rotate-after-s", ROTATE_S)
MIXED = Plan(mixed(), rate=RATE)
CUT = Plan(trades(20), rate=RATE, cut_at=RATE * SECONDS // 2)
_LEFT = re.compile(r"^connection |connection to the exchange's streams was", re.MULTILINE)
_LACKS = re.compile(r"lacks (\d+) to (\d+)$", re.MULTILINE)
REMARK = (
    f"{RATE * SECONDS:,} events at {RATE:,} a second. Rotating: six kinds of streams of 4 symbols, connections are replaced\n"
    "all the time. Cut: trades of 20 symbols, one connection breaks; nobody fills holes here, so the missing ones have to be\n"
    "told. Goal: nothing changed, out of order, twice, or missing without a word."
)
COLUMNS = ("", "connections left", "arrived", "changed", "out of order", "twice", "missing", "told as missing", "goal")


def run() -> Table:
    """One table."""
    rows = [
        _row("ours, rotating", "ours", MIXED, *ROTATING),
        _row("ours on picows, rotating", "ours on picows", MIXED, *ROTATING),
        _row(f"{SERVICE}, rotating", SERVICE, MIXED),
        _row("ours, cut", "ours", CUT),
        _row("ours on picows, cut", "ours on picows", CUT),
    ]
    return Table("What arrives is what was sent", COLUMNS, rows, REMARK)


def _row(title: str, name: str, plan: Plan, *options: str) -> tuple[str, ...]:
    with TemporaryDirectory() as folder:
        told = Path(folder) / "told"
        with course(name, plan, *options, told=told, BINANCE_LOG_LEVEL="info", BINANCE_STREAM_ROTATE_S=ROTATE_S) as there:
            there.reader.kept = []
            leg = there.send(RATE * SECONDS, LOST_AFTER_S)
            heard: dict[str, list[bytes]] = {}
            for _, topic, payload in there.reader.messages():
                heard.setdefault(topic, []).append(payload)
        words = told.read_text()
    found = compare(_sent(Market(plan.streams), leg.messages), heard)
    missing = sum(int(last) - int(first) + 1 for first, last in _LACKS.findall(words))
    good = found["changed"] == found["disorder"] == found["twice"] == 0 and found["missing"] == missing
    figures = (
        len(_LEFT.findall(words)),
        leg.arrived,
        *(found[key] for key in ("changed", "disorder", "twice", "missing")),
        missing,
    )
    return (title, *(f"{figure:,}" for figure in figures), "met" if good else "MISSED")


def _sent(market: Market, count: int) -> dict[str, list[bytes]]:
    sent: dict[str, list[bytes]] = {subject(name): [] for name in market.names}
    for number in range(count):
        sent[subject(market.stream(number))].append(market.payload(number))
    return sent


def compare(sent: Mapping[str, list[bytes]], heard: Mapping[str, list[bytes]]) -> dict[str, int]:
    """How many events came changed (or where they do not belong), after a later one, more than once, and not at all."""
    counts = {"changed": 0, "disorder": 0, "twice": 0, "missing": 0}
    for topic in sent.keys() | heard.keys():
        place = {payload: at for at, payload in enumerate(sent.get(topic, ()))}
        seen: set[int] = set()
        highest = -1
        for payload in heard.get(topic, ()):
            at = place.get(payload)
            if at is None:
                counts["changed"] += 1
            elif at in seen:
                counts["twice"] += 1
            else:
                counts["disorder"] += at < highest
                seen.add(at)
                highest = max(highest, at)
        counts["missing"] += len(place) - len(seen)
    return counts
