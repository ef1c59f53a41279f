"""One bridge at work: feed, nats-server, bridge and a reader of what arrives, each a process of its own.

The feed sends what it is told and then waits, so that a figure covers all the work on its messages and nothing else: whoever
decodes first and publishes later is charged for both.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from statistics import median

import msgspec
from msgspec import Struct

from deploy.bench.bridges import BRIDGES
from deploy.bench.bus_reader import BusReader, subscribe_over_the_bus
from deploy.bench.harness import ROOT, Sample
from deploy.bench.stream_events import STAMP, STAMP_FROM
from deploy.bench.stream_feed import Plan
from services.stream_ingestion.settings import Settings
from shared.runtime.nats_server import NatsServer

SILENT_S = 30.0
LOST_AFTER_S = 2.0
WARM = 2_000
SERVICE = "ours, whole service"
LIBRARIES = {"ours": "auto", "ours on picows": "picows"}
C_BRIDGE = "C bridge"


class Leg(Struct, frozen=True):
    """What some messages cost."""

    messages: int
    arrived: int
    cpu_ns: int
    took_s: float
    rss: int
    """Bytes of memory of the bridge afterwards."""


class Course:
    """A bridge between feed and bus, ready to be sent messages."""

    def __init__(self, plan: Plan, feed: subprocess.Popen[bytes], bridge: subprocess.Popen[bytes], reader: BusReader) -> None:
        self.reader = reader
        self._plan = plan
        self._feed = feed
        self._pid = bridge.pid

    def send(self, messages: int, silent_s: float = SILENT_S) -> Leg:
        """Send so many (whole rows of all streams) and wait until all have arrived, or nothing comes any more."""
        rows = -(-messages // len(self._plan.streams))
        messages = rows * len(self._plan.streams)
        before, cpu, began = self.reader.arrived, _cpu_ns(self._pid), time.perf_counter()
        assert self._feed.stdin is not None
        self._feed.stdin.write(b"%d\n" % rows)
        self._feed.stdin.flush()
        self.reader.until(before + messages, silent_s)
        took, cpu = time.perf_counter() - began, _cpu_ns(self._pid) - cpu
        return Leg(messages, self.reader.arrived - before, cpu, took, _rss(self._pid))


@contextmanager
def course(name: str, plan: Plan, *options: str, told: Path | None = None, **settings: str) -> Generator[Course]:
    """Start everything for a bridge; it has been sent nothing yet.

    Args:
        name: Of `BRIDGES`, `LIBRARIES`, `SERVICE` or `C_BRIDGE`.
        plan: What is fed.
        options: For ours: further ones of `services.stream_ingestion.bridge`.
        told: File for what the bridge says on stderr.
        settings: For the whole service: its environment.
    """
    with ExitStack() as stack:
        nats = stack.enter_context(NatsServer(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
        plan_text = msgspec.json.encode(plan).decode()
        feed = stack.enter_context(_program([sys.executable, "-m", "deploy.bench.stream_feed", plan_text]))
        assert feed.stdout is not None
        ws = f"ws://127.0.0.1:{json.loads(feed.stdout.readline())['port']}"
        reader = BusReader(nats.port)
        stack.callback(reader.close)
        command = _command(name, plan, ws, f"127.0.0.1:{nats.port}", *options)
        bridge = stack.enter_context(_program(command, env=_environment(ws, nats.url) | settings, told=told))
        if name == SERVICE:
            subscribe_over_the_bus(nats.port, plan.streams)
        yield Course(plan, feed, bridge, reader)


def full_speed(name: str, plan: Plan, messages: int) -> Sample:
    """Processor time for a message, and how many a second, when they come as fast as they are taken."""
    with course(name, plan) as run:
        run.send(WARM)
        leg = run.send(messages)
        if leg.arrived != leg.messages:
            raise RuntimeError(f"{name} brought {leg.arrived} of {leg.messages} messages")
        return {"cpu_ns": leg.cpu_ns / leg.messages, "per_s": leg.messages / leg.took_s, "rss": leg.rss}


def paced(name: str, plan: Plan, seconds: float) -> Sample:
    """From the feed's send to the reader, at a fixed rate; and how many never came, or came twice."""
    with course(name, plan) as run:
        run.send(plan.rate // 2)
        run.reader.kept = []
        leg = run.send(int(plan.rate * seconds), LOST_AFTER_S)
        late: list[int] = []
        seen: set[bytes] = set()
        for at, _, payload in run.reader.messages():
            late.append(at + STAMP_FROM - int(payload[payload.rfind(STAMP) + len(STAMP) : -1]))
            seen.add(payload[payload.find(b'"s":') : payload.find(b'"p":')])
        late.sort()
        return {
            "p50_us": median(late) / 1000,
            "p99_us": late[int(len(late) * 0.99)] / 1000,
            "cpu_ns": leg.cpu_ns / leg.messages,
            "lost": leg.messages - len(seen),
            "twice": len(late) - len(seen),
        }


@cache
def c_bridge() -> str | None:
    """Path of the compiled bridge, None where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    made = Path(_folder().name) / "bridge"
    subprocess.run([compiler, "-O2", "-o", str(made), str(Path(__file__).with_name("bridge.c"))], check=True)
    return str(made)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="bench-")


def _command(name: str, plan: Plan, ws: str, bus: str, *options: str) -> list[str]:
    if name == C_BRIDGE:
        made = c_bridge()
        assert made is not None
        host, port = ws.removeprefix("ws://").split(":")
        return [made, host, port, "/stream?streams=" + "/".join(plan.streams), *bus.split(":")]
    python = [sys.executable, "-m"]
    if name in BRIDGES:
        return [*python, "deploy.bench.bridges", name, ws, bus]
    if name == SERVICE:
        return [*python, "services.stream_ingestion"]
    each = str(Settings.model_fields["streams_per_connection"].default)
    ours = ("--ws", ws, "--nats", bus, "--library", LIBRARIES[name], "--streams-each", each)
    return [*python, "services.stream_ingestion.bridge", *ours, "--streams", ",".join(plan.streams), *options]


def _environment(ws: str, nats_url: str) -> dict[str, str]:
    """Nothing of what is set here for the platform, but what the whole service needs."""
    return {key: value for key, value in os.environ.items() if not key.startswith("BINANCE_")} | {
        "BINANCE_NATS_URL": nats_url,
        "BINANCE_STREAM_URL": ws,
        "BINANCE_STREAM_INGESTION_PORT": "0",
        "BINANCE_LOG_LEVEL": "error",
    }


@contextmanager
def _program(
    command: list[str],
    *,
    env: Mapping[str, str] | None = None,
    told: Path | None = None,
) -> Generator[subprocess.Popen[bytes]]:
    """A program; ended by its pid."""
    with open(told or os.devnull, "wb") as words:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words)
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=20)


def _cpu_ns(pid: int) -> int:
    """Processor time of a process and its threads, from the kernel."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


def _rss(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
