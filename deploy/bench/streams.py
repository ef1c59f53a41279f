"""Market streams onto the bus: ours, checked and all, beside the plain bridge, the peers and what CPython can do at all.

Feed, nats-server, the bridge under test and the reader of what arrives are processes of their own. What counts is the
bridge's processor time for a message (from the kernel's own clock of the process), and at a fixed rate the time from the
feed's send to the reader.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

from deploy.bench.books import run as books
from deploy.bench.bridges import BRIDGES
from deploy.bench.harness import ROOT, Sample, Table, rounds, table_of
from deploy.bench.stream_feed import STAMP, STAMP_FROM, STREAMS
from shared.runtime.nats_server import NatsServer

WARM = 2_000
COUNTS = {"ours": 300_000, "ours on picows": 300_000, "limit": 300_000, "binance-sdk-spot": 20_000, "python-binance": 20_000}
"""Messages of a round; the slow ones need fewer for the same precision."""
COUNT = 60_000
PACED = {"ours": 5_000, "plain": 5_000, "limit": 5_000, "python-binance": 5_000}
PACED_S = 2
SILENT_S = 30.0
OURS = {"ours": "auto", "ours on picows": "picows"}
NUMBER = b'"t":'
"""Every bridge leaves it in a trade; the SDK's model drops the time of sending."""
COLUMNS = (("CPU ns a message", "cpu_ns"), ("messages/s", "per_s"))
REMARK = (
    "Trades of 20 symbols as fast as they are taken; ours finds duplicates and holes meanwhile. `limit` is one thread without"
    "\nevent loop or library, and checks nothing. Goals: at most 0.4 of plain and 0.15 of python-binance."
)
PACED_REMARK = "From the feed's send to the reader, 5,000 messages a second, all of them. Goal: below plain."


async def run(count: int) -> list[Table]:
    """Processor time at full speed, latency at a fixed rate, local order books."""
    names = ("limit", *OURS, "plain", "first-try", "python-binance", "binance-sdk-spot")
    fast = await rounds(count, {name: _of(name, COUNTS.get(name, COUNT), 0) for name in names})
    paced = await rounds(min(count, 3), {name: _of(name, rate * PACED_S, rate) for name, rate in PACED.items()})
    columns = (("p50 us", "p50_us"), ("p99 us", "p99_us"), ("CPU ns a message", "cpu_ns"))
    return [
        table_of("Market streams to the bus, full speed", fast, COLUMNS, against="plain", by="cpu_ns", remark=REMARK),
        table_of("Market streams to the bus, 5,000/s", paced, columns, against="plain", by="p50_us", remark=PACED_REMARK),
        await books(count),
    ]


def _of(name: str, count: int, rate: int) -> Callable[[], Awaitable[Sample]]:
    async def measure() -> Sample:
        return await asyncio.to_thread(_measure, name, count, rate)

    return measure


def _measure(name: str, count: int, rate: int) -> Sample:
    with (
        tempfile.TemporaryDirectory() as folder,
        NatsServer(Path(folder)) as nats,
        _Program("stream_feed", str(count), str(rate)) as feed,
    ):
        ws, bus = f"ws://127.0.0.1:{feed.ready['port']}", f"127.0.0.1:{nats.port}"
        with _Reader(nats.port) as reader:
            module, *arguments = _command(name, ws, bus)
            with _Program(module, *arguments, tells=False) as bridge:
                return reader.read(bridge.pid, count, delays=rate > 0)


def _command(name: str, ws: str, bus: str) -> list[str]:
    if name in BRIDGES:
        return ["bridges", name, ws, bus]
    return [
        "services.stream_ingestion.bridge",
        *("--ws", ws, "--nats", bus, "--library", OURS[name], "--streams", ",".join(STREAMS)),
    ]


class _Reader:
    """Counts what arrives on the bus, at the least cost."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.settimeout(SILENT_S)
        self._socket.sendall(b'CONNECT {"verbose":false}\r\nSUB binance.md.> 1\r\nPING\r\n')
        seen = b""
        while b"PONG" not in seen:
            seen += self._socket.recv(65536)

    def __enter__(self) -> "_Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def read(self, pid: int, count: int, *, delays: bool) -> Sample:
        """Read until all messages have arrived; figures from the first `WARM` on."""
        arrived, first, began, cpu, rest = 0, 0, 0.0, 0, b""
        late_ns: list[int] = []
        while arrived < count:
            data = self._socket.recv(1 << 20)
            now = time.monotonic_ns() + STAMP_FROM
            if not data:
                raise RuntimeError("the bus closed the connection")
            if b"PING\r\n" in data:
                self._socket.sendall(b"PONG\r\n")
            if delays:
                *lines, rest = (rest + data).split(b"\r\n")
                stamps = [line[line.rfind(STAMP) + len(STAMP) : -1] for line in lines if STAMP in line]
                late_ns += [now - int(stamp) for stamp in stamps]
                arrived += len(stamps)
            else:
                arrived += (rest + data).count(NUMBER)
                rest = data[1 - len(NUMBER) :]
            if not first and arrived >= WARM:
                first, began, cpu = arrived, time.perf_counter(), _cpu_ns(pid)
        took, cpu, late_ns = time.perf_counter() - began, _cpu_ns(pid) - cpu, sorted(late_ns[WARM:])
        figures = {"cpu_ns": cpu / (arrived - first), "per_s": (arrived - first) / took}
        if late_ns:
            figures |= {"p50_us": median(late_ns) / 1000, "p99_us": late_ns[int(len(late_ns) * 0.99)] / 1000}
        return figures


def _cpu_ns(pid: int) -> int:
    """Processor time of a process and its threads, from the kernel."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


class _Program:
    """A program under test; ended by its pid."""

    def __init__(self, module: str, *arguments: str, tells: bool = True) -> None:
        name = module if "." in module else f"deploy.bench.{module}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", name, *arguments],
            cwd=ROOT,
            env={key: value for key, value in os.environ.items() if not key.startswith("BINANCE_")},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._tells = tells
        self.pid = self._process.pid
        self.ready: dict[str, int] = {}

    def __enter__(self) -> "_Program":
        assert self._process.stdout is not None
        if self._tells:
            self.ready = json.loads(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdout is not None
        self._process.terminate()
        self._process.wait(20)
        self._process.stdout.close()
