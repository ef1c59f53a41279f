"""Orders at the paper exchange over its two interfaces: by our client, and by python-binance over REST."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from deploy.bench.harness import ROOT, Sample, Table, listening, measured, rounds, table_of
from deploy.local.ports import free_port

COLUMNS = (("orders/s", "per_s"), ("p50 us", "p50_us"), ("p99 us", "p99_us"), ("client's CPU us", "cpu_us"))
ORDERS = {1: 1_000, 50: 4_000}
"""How many are placed at once, and how many are measured a round."""
LIMIT = "1000000000"
REMARK = "Signed LIMIT IOC orders away from the market: checked, accepted, expired, told in full."


async def run(count: int) -> list[Table]:
    """Tables for one order after another and for 50 at once."""
    found: list[Table] = []
    async with exchange() as url:
        for concurrency, orders in ORDERS.items():

            def of(role: str, *way: str, orders: int = orders, at_once: int = concurrency) -> Callable[[], Awaitable[Sample]]:
                return lambda: measured(role, url, str(orders), str(at_once), *way)

            variants = {
                "python-binance, REST": of("place-python-binance"),
                "product's client, REST": of("place-product", "rest"),
                "product's client, WebSocket API": of("place-product", "ws_api"),
            }
            results = await rounds(count, variants)
            title = f"Orders at the paper exchange, {concurrency} at once"
            found.append(table_of(title, results, COLUMNS, against="python-binance, REST", by="per_s", remark=REMARK))
    return found


@asynccontextmanager
async def exchange() -> AsyncGenerator[str, None]:
    """A paper exchange without limits worth the name."""
    port = free_port("127.0.0.1")
    env = {
        **os.environ,
        "BINANCE_PAPER_PORT": str(port),
        "BINANCE_PAPER_WEIGHT_LIMIT": LIMIT,
        "BINANCE_PAPER_ORDER_LIMIT": LIMIT,
        "BINANCE_LOG_LEVEL": "warning",
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.paper_exchange", cwd=ROOT, env=env)
    try:
        await listening(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()
