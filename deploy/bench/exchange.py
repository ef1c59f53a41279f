"""Reads of the exchange: over the bus through market_data, beside clients that ask the paper exchange directly."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.bench.harness import ROOT, Sample, Table, listening, measured, rounds, table_of
from deploy.local.ports import free_port
from shared.runtime.nats_server import NatsServer

COLUMNS = (("requests/s", "per_s"), ("p50 us", "p50_us"), ("p99 us", "p99_us"), ("asker's CPU us", "cpu_us"))
REQUESTS = {1: 1_000, 50: 4_000}
"""How many are asked at once, and how many are measured a round."""
REMARK = (
    "Depth of 20 to 99 levels, no two requests alike at once. The asker of the product talks to the bus only; market_data asks"
    " the exchange.\nGoal at 50: more requests a second through the bus than python-binance reaches directly."
)


async def run(count: int) -> list[Table]:
    """Tables for one request after another and for 50 at once."""
    found: list[Table] = []
    with TemporaryDirectory() as folder, NatsServer(Path(folder)) as server:
        async with platform(server.url, "rest") as direct, platform(server.url, "ws_api", direct=direct):
            for concurrency, requests in REQUESTS.items():

                async def of(
                    role: str, url: str, prefix: str = "", requests: int = requests, at_once: int = concurrency
                ) -> Sample:
                    return await measured(role, url, str(requests), str(at_once), *([prefix] if prefix else []))

                variants = {
                    "httpx, direct": lambda: of("read-httpx", direct),
                    "python-binance, direct": lambda: of("read-python-binance", direct),
                    "product over the bus, REST": lambda: of("read-over-bus", server.url, "rest"),
                    "product over the bus, WebSocket API": lambda: of("read-over-bus", server.url, "ws_api"),
                }
                results = await rounds(count, variants)
                title = f"Reads of the exchange, {concurrency} at once"
                found.append(table_of(title, results, COLUMNS, against="python-binance, direct", by="per_s", remark=REMARK))
    return found


@asynccontextmanager
async def platform(nats_url: str, transport: str, *, direct: str = "") -> AsyncGenerator[str, None]:
    """market_data with this transport under the prefix of the same name, and the paper exchange unless there is one."""
    exchange_port, port = free_port("127.0.0.1"), free_port("127.0.0.1")
    url = direct or f"http://127.0.0.1:{exchange_port}"
    env = {
        **os.environ,
        "BINANCE_NATS_URL": nats_url,
        "BINANCE_SUBJECT_PREFIX": transport,
        "BINANCE_MARKET_TRANSPORT": transport,
        "BINANCE_MARKET_DATA_PORT": str(port),
        "BINANCE_PAPER_PORT": str(exchange_port),
        "BINANCE_PAPER_WEIGHT_LIMIT": "100000000",
        "BINANCE_REST_URL": url,
        "BINANCE_WS_API_URL": f"{url.replace('http', 'ws')}/ws-api/v3",
        "BINANCE_STREAM_URL": url.replace("http", "ws"),
        "BINANCE_LOG_LEVEL": "warning",
    }
    wanted = ["services.market_data"] if direct else ["services.paper_exchange", "services.market_data"]
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-m", module, cwd=ROOT, env=env) for module in wanted]
    try:
        if not direct:
            await listening(exchange_port)
        await listening(port)
        yield url
    finally:
        for process in processes:
            process.terminate()
        await asyncio.gather(*(process.wait() for process in processes))
