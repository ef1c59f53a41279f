"""Tool calls over HTTP: the gateway, with its bus and a responder behind it, beside a bare MCP server."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.bench.harness import ROOT, Sample, Table, listening, measured, program, rounds, table_of
from deploy.local.ports import free_port
from shared.runtime.nats_server import NatsServer

COLUMNS = (("calls/s", "per_s"), ("p50 us", "p50_us"), ("p99 us", "p99_us"))
SIZES = {3_600: 2_000, 250_000: 300}
"""Bytes of the reply, and how many calls are measured a round."""
CONNECTIONS = 32
REMARK = "Goal: at least 0.70. The bare server is the SDK's low-level server returning the same text from memory."


async def run(count: int) -> list[Table]:
    """One table for each size of reply."""
    found: list[Table] = []
    with TemporaryDirectory() as folder, NatsServer(Path(folder)) as server:
        async with gateway(server.url) as port:
            for size, calls in SIZES.items():
                async with program("product-responder", server.url, str(size)), program("bare-mcp", str(size)) as bare:

                    async def of(port: int, calls: int = calls) -> Sample:
                        return await measured("mcp-load", str(port), str(calls), str(CONNECTIONS))

                    variants = {
                        "bare MCP server": lambda port=int(bare["port"]): of(port),
                        "gateway over the bus": lambda port=port: of(port),
                    }
                    results = await rounds(count, variants)
                    title = f"Tool calls over HTTP, {CONNECTIONS} connections, reply of {size:,} bytes"
                    found.append(table_of(title, results, COLUMNS, against="bare MCP server", by="per_s", remark=REMARK))
    return found


@asynccontextmanager
async def gateway(nats_url: str) -> AsyncGenerator[int, None]:
    """The gateway on a free port, with bounds wide enough that a reply of 250 kB is one page."""
    port = free_port("127.0.0.1")
    env = {
        **os.environ,
        "BINANCE_NATS_URL": nats_url,
        "BINANCE_MCP_GATEWAY_PORT": str(port),
        "BINANCE_MCP_MAX_RESULT_TOKENS": "2000000",
        "BINANCE_LOG_LEVEL": "warning",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.mcp_gateway", cwd=ROOT, env=env, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await listening(port)
        yield port
    finally:
        process.terminate()
        await process.wait()
