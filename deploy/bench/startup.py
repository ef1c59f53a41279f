"""What the catalogue costs at start, beside an empty Python and the peers' imports: whole processes."""

import asyncio
import sys
import time

from deploy.bench.harness import ROOT, Sample, Table, rounds, table_of

PROGRAMS = {
    "python, nothing": "pass",
    "the catalogue": "import shared.contract.catalog",
    "msgspec alone": "import msgspec",
    "python-binance": "import binance",
    "binance-sdk-spot": "import binance_sdk_spot.spot",
}


async def run(count: int) -> list[Table]:
    """One table of whole-process times."""

    async def start(code: str) -> Sample:
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT)
        await process.wait()
        return {"ms": (time.perf_counter() - began) * 1000}

    results = await rounds(count, {name: lambda code=code: start(code) for name, code in PROGRAMS.items()})
    return [table_of("Start-up, whole process", results, (("ms", "ms"),), against="python, nothing", by="ms")]
