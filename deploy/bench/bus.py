"""A request over the bus beside a bare nats-py request to a bare nats-py responder, both answered from memory."""

from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.bench.harness import Sample, Table, measured, program, rounds, table_of
from shared.runtime.nats_server import NatsServer

SIZES = {200: 5_000, 3_600: 5_000, 250_000: 500}
"""Bytes of the reply, and how many requests are measured a round."""
REMARK = "Goal: at most 1.50."
COLUMNS = (("requests/s", "per_s"), ("p50 us", "p50_us"), ("p99 us", "p99_us"), ("requester CPU us", "cpu_us"))


async def run(count: int) -> list[Table]:
    """Tables for one request after another and for 50 at once. Goal: at most 1.5 times the bare request's time."""
    found: list[Table] = []
    with TemporaryDirectory() as folder, NatsServer(Path(folder)) as server:
        for size, requests in SIZES.items():
            async with program("bare-responder", server.url, str(size)), program("product-responder", server.url, str(size)):
                for concurrency in (1, 50):

                    async def of(role: str, requests: int = requests, concurrency: int = concurrency) -> Sample:
                        return await measured(role, server.url, str(requests), str(concurrency))

                    variants = {"nats-py": lambda: of("bare-requester"), "product": lambda: of("product-requester")}
                    results = await rounds(count, variants)
                    title = f"Request over the bus, reply of {size:,} bytes, {concurrency} at once"
                    found.append(table_of(title, results, COLUMNS, against="nats-py", by="p50_us", remark=REMARK))
    return found
