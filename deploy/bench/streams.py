"""Market streams onto the bus: ours, checked and all, beside the plain bridge, the peers and what the machine can do at all.

What counts is the bridge's processor time for a message (from the kernel's own clock of the process), at a fixed rate the time
from the feed's send to the reader, and that every event arrives once, in order and as it was.
"""

import asyncio
from collections.abc import Awaitable, Callable
from statistics import median

from deploy.bench import faithful
from deploy.bench.books import run as books
from deploy.bench.bridging import C_BRIDGE, LIBRARIES, SERVICE, WARM, c_bridge, course, full_speed, paced
from deploy.bench.goals import Goal, judged
from deploy.bench.harness import Sample, Table, rounds
from deploy.bench.stream_events import trades
from deploy.bench.stream_feed import Plan

FAST = {
    C_BRIDGE: 300_000,
    "limit": 300_000,
    **dict.fromkeys((*LIBRARIES, SERVICE), 300_000),
    "plain": 60_000,
    "first-try": 40_000,
    "unicorn": 40_000,
    "python-binance": 20_000,
    "binance-sdk-spot": 20_000,
}
"""Messages of a round; the slow ones need fewer for the same precision."""
FAST_GOALS = (Goal("cpu_ns", 0.4, "plain", stretch=0.25), Goal("cpu_ns", 0.15, "python-binance", stretch=0.1))
FAST_REMARK = (
    "Trades of 20 symbols as fast as they are taken; ours finds duplicates and holes meanwhile. The whole service also keeps\n"
    "leases and conditions, and NATS keeps its events. `C bridge` is one thread of C, `limit` one of CPython without\n"
    "event loop or library; both check nothing."
)
PACED = (C_BRIDGE, "limit", *LIBRARIES, SERVICE, "plain", "python-binance")
PACED_S = 2
PACED_ROUNDS = 3
PACED_GOALS = {5_000: 1.6, 20_000: 2.0}
"""Messages a second, and how many times the C bridge's median delay ours may be."""
PACED_COLUMNS = (("p50 us", "p50_us"), ("p99 us", "p99_us"), ("CPU ns a message", "cpu_ns"), ("twice", "twice"))
NO_COMPILER = "\nThere is no compiler here (cc): the C bridge was not measured."
SIZES = (1, 10, 100, 400, 1_000)
SIZE_ROUNDS = 3
MANY = 200_000
LINEAR_REMARK = (
    "Trades as fast as they are taken, 400 streams on a connection as the settings have it. Constant is what we want."
)
LEG, LEGS, LONG = 100_000, 5, 3_000_000
FLAT_REMARK = (
    f"{LONG:,} trades of 20 symbols without a pause; before and after them {LEGS} times {LEG:,}, of which the median counts."
)


async def run(count: int) -> list[Table]:
    """All of it: some six minutes with five rounds."""
    compiled = [C_BRIDGE] if c_bridge() else []
    remark = "" if compiled else NO_COMPILER
    fast = {name: many for name, many in FAST.items() if name != C_BRIDGE or compiled}
    results = await rounds(count, {name: _fast(name, many) for name, many in fast.items()})
    columns = (("CPU ns a message", "cpu_ns"), ("messages/s", "per_s"))
    found = [judged("Market streams to the bus, full speed", results, columns, FAST_GOALS, remark=FAST_REMARK + remark)]
    for rate, most in PACED_GOALS.items():
        variants = {name: _paced(name, rate) for name in PACED if name != C_BRIDGE or compiled}
        results = await rounds(min(count, PACED_ROUNDS), variants, worst=("lost", "twice"))
        goals = (Goal("p50_us", most, C_BRIDGE), Goal("lost", 0))
        title = f"Market streams to the bus, {rate:,} a second, from the feed's send to the reader"
        found.append(judged(title, results, PACED_COLUMNS, goals, remark=remark.strip()))
    found.append(await asyncio.to_thread(faithful.run))
    found.append(await _linear(min(count, SIZE_ROUNDS)))
    found.append(await _flat())
    return found + await books(count)


async def _linear(count: int) -> Table:
    """What a message costs when it is one of few streams, and of many."""
    variants = {f"{size:,} streams": _fast("ours", MANY, size) for size in SIZES}
    results = await rounds(count, variants)
    goals = (Goal("cpu_ns", 1.5, f"{SIZES[1]} streams"),)
    title = "Cost with the number of streams"
    return judged(title, results, (("CPU ns a message", "cpu_ns"),), goals, ours=lambda _: True, remark=LINEAR_REMARK)


async def _flat() -> Table:
    """What a message costs at first, and after millions."""
    results = {name: await asyncio.to_thread(_long, name) for name in ("ours", SERVICE)}
    columns = (
        ("CPU ns at first", "first_ns"),
        ("after millions", "last_ns"),
        ("memory MB at first", "first_mb"),
        ("at the end", "last_mb"),
    )
    goals = (Goal("change", 1.25), Goal("growth_mb", 16))
    return judged("Cost over time", results, columns, goals, remark=FLAT_REMARK)


def _long(name: str) -> Sample:
    with course(name, Plan(trades(20))) as there:
        there.send(WARM)
        early = [there.send(LEG) for _ in range(LEGS)]
        there.send(LONG)
        late = [there.send(LEG) for _ in range(LEGS)]
        first, last = (median(leg.cpu_ns for leg in legs) / LEG for legs in (early, late))
        start, end = early[-1].rss / 1e6, late[-1].rss / 1e6
        return {
            "first_ns": first,
            "last_ns": last,
            "change": last / first,
            "first_mb": start,
            "last_mb": end,
            "growth_mb": end - start,
        }


def _fast(name: str, count: int, streams: int = 20) -> Callable[[], Awaitable[Sample]]:
    return lambda: asyncio.to_thread(full_speed, name, Plan(trades(streams)), count)


def _paced(name: str, rate: int) -> Callable[[], Awaitable[Sample]]:
    return lambda: asyncio.to_thread(paced, name, Plan(trades(20), rate=rate, stamped=True), PACED_S)
