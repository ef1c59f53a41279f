"""The paper exchange's matching engine beside the pure-Python matching engines on PyPI, on the same flow of orders."""

from collections.abc import Awaitable, Callable

from deploy.bench.harness import Sample, Table, measured, rounds, table_of

COLUMNS = (("orders/s", "per_s"), ("CPU us an order", "us"))
SIZES = {1_000: 20_000, 100_000: 5_000}
"""Resting orders, and how many acts are measured a round."""
DEEP = (1_000, 10_000, 100_000, 1_000_000)
SLOW = "order-matching"
"""Takes minutes where the others take seconds: measured with few acts, on the small book only."""
REMARK = (
    "70 % limit orders, 20 % cancels, 10 % market orders. Ours keeps accounts, commissions, filters and events meanwhile."
    "\nGoal: fewer us an order than each of the others."
)


async def run(count: int) -> list[Table]:
    """A table for each size of book, and one of ours alone from a thousand to a million resting orders."""
    found: list[Table] = []
    for resting, acts in SIZES.items():
        names = ("ours", "fastlob", "lightmatchingengine", *((SLOW,) if resting == min(SIZES) else ()))
        variants = {name: _of(name, acts if name != SLOW else 1_000, resting) for name in names}
        title = f"Matching engine, {resting:,} resting orders"
        found.append(table_of(title, await rounds(count, variants), COLUMNS, against="ours", by="us", remark=REMARK))
    deep = {f"{resting:,} resting": _of("ours", 10_000, resting) for resting in DEEP}
    remark = "Goal: flat."
    results = await rounds(min(count, 3), deep)
    found.append(table_of("Ours by resting orders", results, COLUMNS, against="1,000 resting", by="us", remark=remark))
    return found


def _of(name: str, acts: int, resting: int) -> Callable[[], Awaitable[Sample]]:
    async def measure() -> Sample:
        return await measured("match", name, str(acts), str(resting))

    return measure
