"""Programs under test as processes, rounds, medians, tables."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

from msgspec import Struct

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 30.0
MEASURE_WITHIN_S = 120.0
Sample = Mapping[str, float]


class Table(Struct, frozen=True):
    """One table of the report."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    remark: str = ""

    def __str__(self) -> str:
        widths = [max(len(row[i]) for row in [self.columns, *self.rows]) for i in range(len(self.columns))]
        lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in self.rows]
        head = " | ".join(name.ljust(width) for name, width in zip(self.columns, widths, strict=True))
        rule = "-|-".join("-" * width for width in widths)
        return "\n".join([f"\n## {self.title}\n", head, rule, *lines, *(["", self.remark] if self.remark else [])])


@asynccontextmanager
async def program(role: str, *arguments: str, env: Mapping[str, str] | None = None) -> AsyncGenerator[dict[str, Any], None]:
    """A serving program of `deploy.bench.programs`; yields the JSON line that it prints when it is ready."""
    process = await _start("deploy.bench.programs", role, *arguments, env=env)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            line = await process.stdout.readline()
        if not line:
            raise RuntimeError(f"{role} ended before it was ready")
        yield json.loads(line)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def measured(role: str, *arguments: str) -> dict[str, float]:
    """What a measuring program prints as its one JSON line, with its whole processor time added by itself."""
    process = await _start("deploy.bench.programs", role, *arguments)
    async with asyncio.timeout(MEASURE_WITHIN_S):
        output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{role} failed with exit code {process.returncode}")
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found


async def _start(module: str, *arguments: str, env: Mapping[str, str] | None = None) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE, env=dict(env) if env else None
    )


async def listening(port: int) -> None:
    """Wait until someone listens on the port of this machine."""
    async with asyncio.timeout(READY_WITHIN_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                return writer.close()


async def rounds(
    count: int, variants: Mapping[str, Callable[[], Awaitable[Sample]]], *, worst: Collection[str] = ()
) -> dict[str, dict[str, float]]:
    """Each variant once a round, in turn; the median of every figure by variant, of `worst` the highest."""
    found: dict[str, list[Sample]] = {name: [] for name in variants}
    for number in range(count):
        for name, measure in variants.items():
            found[name].append(await measure())
            print(f"  round {number + 1}/{count}: {name}", file=sys.stderr, flush=True)
    return {
        name: {key: (max if key in worst else median)(sample[key] for sample in samples) for key in samples[0]}
        for name, samples in found.items()
    }


async def load(call: Callable[[int], Awaitable[object]], *, count: int, concurrency: int) -> dict[str, float]:
    """`count` calls by so many workers at once: rate, latency and this process's own processor time a call."""
    for number in range(min(100, count)):
        await call(number)
    latencies: list[float] = []
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            began = time.perf_counter()
            await call(number)
            latencies.append(time.perf_counter() - began)

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    latencies.sort()
    return {
        "per_s": count / took,
        "p50_us": latencies[len(latencies) // 2] * 1e6,
        "p99_us": latencies[int(len(latencies) * 0.99)] * 1e6,
        "cpu_us": cpu / count * 1e6,
    }


def table_of(
    title: str, results: Mapping[str, Sample], columns: Sequence[tuple[str, str]], *, against: str, by: str, remark: str = ""
) -> Table:
    """A table of (heading, figure) columns with a last one: the ratio of `by` to the variant `against`."""
    rows: list[tuple[str, ...]] = []
    for name, figures in results.items():
        ratio = figures[by] / results[against][by]
        rows.append((name, *(f"{figures[figure]:,.0f}" for _, figure in columns), f"{ratio:.2f}"))
    return Table(title, ("", *(heading for heading, _ in columns), f"{by} / {against}"), rows, remark)


def pick(names: Iterable[str], known: Mapping[str, Any]) -> list[str]:
    """The names that were asked for, or all; ends the program with a line when one is not known."""
    chosen = list(names) or list(known)
    if unknown := [name for name in chosen if name not in known]:
        sys.exit(f"There is no bench {unknown[0]!r}; there are: {', '.join(known)}.")
    return chosen
