"""A request over the bus beside a bare nats-py request to a bare nats-py responder, both answered from memory."""

from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.bench.harness import Sample, Table, measured, program, rounds, table_of
from shared.runtime.nats_server import NatsServer

SIZES = (200, 3_600, 250_000)
COLUMNS = (("requests/s", "per_s"), ("p50 us", "p50_us"), ("p99 us", "p99_us"), ("requester CPU us", "cpu_us"))


async def run(count: int) -> list[Table]:
    """Tables for one request after another and for 50 at once. Goal: at most 1.5 times the bare request's time."""
    found: list[Table] = []
    with TemporaryDirectory() as folder, NatsServer(Path(folder)) as server:
        for size in SIZES:
            async with program("bare-responder", server.url, str(size)), program("product-responder", server.url, str(size)):
                for concurrency in (1, 50):

                    async def bare(size: int = size, concurrency: int = concurrency) -> Sample:
                        return await measured("bare-requester", server.url, str(size), str(concurrency))

                    async def product(size: int = size, concurrency: int = concurrency) -> Sample:
                        return await measured("product-requester", server.url, str(size), str(concurrency))

                    results = await rounds(count, {"nats-py": bare, "product": product})
                    title = f"Request over the bus, reply of {size:,} bytes, {concurrency} at once"
                    found.append(table_of(title, results, COLUMNS, against="nats-py", by="p50_us"))
    return found
