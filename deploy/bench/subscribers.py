"""Programs that hear events from the bus: nats-py's ways, ours, and the least that Python can do on an event loop.

    python -m deploy.bench.subscribers feed <nats port>
    python -m deploy.bench.subscribers <way> <nats port> <messages> <messages a second, 0: as many as possible>

The feed sends a portion of trades when asked for one, so that nobody falls behind without end. What counts is the reader's
processor time for a message, and at a fixed rate the time from sending to hearing.
"""

import asyncio
import json
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import nats
import uvloop
from nats.aio.client import Client
from nats.aio.msg import Msg

from deploy.bench.harness import ROOT, Sample, Table, rounds, table_of
from shared.runtime.bus import Bus
from shared.runtime.link import Address
from shared.runtime.nats_server import NatsServer

SUBJECTS = "bench.md.>"
MORE = "bench.more"
PORTION = 20_000
"""Messages sent at once: a few megabytes, which the server holds for its reader."""
PORTIONS = 10
PACED, PACED_S = 5_000, 2
STAMP_AT, STAMP_DIGITS = -20, 19
STAMP_FROM = 10**18
"""Added to the monotonic clock's nanoseconds, so that a time always has as many digits."""
WITHIN_S = 120.0
COLUMNS = (("CPU ns a message", "cpu_ns"), ("messages/s", "per_s"))
PACED_COLUMNS = (("p50 us", "p50_us"), ("p99 us", "p99_us"), ("CPU ns a message", "cpu_ns"))
REMARK = (
    "Trades of 20 symbols as fast as they are taken, 20,000 at a time. `raw parser` is a socket on the event loop and a loop"
    "\nthat cuts; it knows no login, headers, reconnect or drain. Goal: Bus.listen at most 0.5 of nats-py's callback."
)
PACED_REMARK = "5,000 messages a second, each sent on its own: waking up costs more than all else."
On = Callable[[bytes], None]
Ask = Callable[[bytes], Awaitable[None]]
Way = Callable[[int, On], Awaitable[Ask]]


async def run(count: int) -> list[Table]:
    """Processor time at full speed, latency at a fixed rate."""
    with TemporaryDirectory() as folder, NatsServer(Path(folder)) as server:
        feed = await _start("feed", str(server.port))
        assert feed.stdout is not None
        try:
            await feed.stdout.readline()
            fast = await rounds(count, {name: _of(name, server.port, PORTION * PORTIONS, 0) for name in WAYS})
            paced = await rounds(min(count, 3), {name: _of(name, server.port, PACED * PACED_S, PACED) for name in WAYS})
        finally:
            feed.terminate()
            await feed.wait()
    return [
        table_of("Hearing events in Python, full speed", fast, COLUMNS, against="nats-py callback", by="cpu_ns", remark=REMARK),
        table_of(
            "Hearing events in Python, 5,000/s",
            paced,
            PACED_COLUMNS,
            against="nats-py callback",
            by="cpu_ns",
            remark=PACED_REMARK,
        ),
    ]


def _of(way: str, port: int, messages: int, rate: int) -> Callable[[], Awaitable[Sample]]:
    async def measure() -> Sample:
        process = await _start(way, str(port), str(messages), str(rate))
        async with asyncio.timeout(WITHIN_S):
            output, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"{way} failed with exit code {process.returncode}")
        figures: dict[str, float] = json.loads(output)
        return figures

    return measure


async def _start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.bench.subscribers", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )


async def raw_parser(port: int, on: On) -> Ask:
    """As little as possible."""
    _, reader = await asyncio.get_running_loop().create_connection(lambda: _Raw(on), "127.0.0.1", port)
    return reader.ask


class _Raw(asyncio.Protocol):
    def __init__(self, on: On) -> None:
        self._on = on
        self._rest = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB %b 1\r\n' % SUBJECTS.encode())

    async def ask(self, payload: bytes) -> None:
        self._transport.write(b"PUB %b %d\r\n%b\r\n" % (MORE.encode(), len(payload), payload))

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        at, size, on = 0, len(data), self._on
        while (line_end := data.find(b"\r\n", at)) >= 0:
            end = line_end + 2
            if data[at] == 77:  # M of MSG
                payload_end = end + int(data[data.rindex(b" ", at, line_end) + 1 : line_end])
                if payload_end + 2 > size:
                    break
                on(data[end:payload_end])
                end = payload_end + 2
            elif data.startswith(b"PING", at):
                self._transport.write(b"PONG\r\n")
            at = end
        self._rest = data[at:]


async def nats_py_callback(port: int, on: On) -> Ask:
    """nats-py's callback."""
    nc: Client = await nats.connect(f"nats://127.0.0.1:{port}")  # pyright: ignore[reportUnknownMemberType]

    async def hear(message: Msg) -> None:
        on(message.data)

    await nc.subscribe(SUBJECTS, cb=hear)  # pyright: ignore[reportUnknownMemberType]
    return lambda payload: nc.publish(MORE, payload)


async def nats_py_iterator(port: int, on: On) -> Ask:
    """nats-py's `async for`."""
    nc: Client = await nats.connect(f"nats://127.0.0.1:{port}")  # pyright: ignore[reportUnknownMemberType]
    subscription = await nc.subscribe(SUBJECTS)  # pyright: ignore[reportUnknownMemberType]

    async def read() -> None:
        async for message in subscription.messages:
            on(message.data)

    _kept.append(asyncio.create_task(read()))
    return lambda payload: nc.publish(MORE, payload)


async def bus_subscribe(port: int, on: On) -> Ask:
    """A callback of ours that may await."""
    bus = await _bus(port)

    async def hear(message: Msg) -> None:
        on(message.data)

    await bus.subscribe(SUBJECTS, hear)
    return lambda payload: bus.publish(MORE, payload)


async def bus_listen(port: int, on: On) -> Ask:
    """A listener of ours."""
    bus = await _bus(port)
    await bus.listen(SUBJECTS, lambda _subject, payload: on(payload))
    return lambda payload: bus.publish(MORE, payload)


async def _bus(port: int) -> Bus:
    return await Bus.connect(Address(urls=(f"nats://127.0.0.1:{port}",), name="bench"))


WAYS: dict[str, Way] = {
    "raw parser": raw_parser,
    "Bus.listen": bus_listen,
    "Bus.subscribe": bus_subscribe,
    "nats-py callback": nats_py_callback,
    "nats-py iterator": nats_py_iterator,
}
_kept: list[asyncio.Task[None]] = []
"""Tasks that live as long as the process."""


async def hear(way: Way, port: int, messages: int, rate: int) -> Sample:
    """Hear so many messages after one portion to warm up."""
    portion = messages if rate else PORTION
    heard, late_ns = 0, list[int]()
    complete = asyncio.Event()

    def count(payload: bytes) -> None:
        nonlocal heard
        heard += 1
        if heard == portion:
            complete.set()

    def time_it(payload: bytes) -> None:
        late_ns.append(time.monotonic_ns() + STAMP_FROM - int(payload[STAMP_AT:-1]))
        count(payload)

    async def hear_portion() -> None:
        nonlocal heard
        heard = 0
        complete.clear()
        await ask(b"%d %d" % (portion, rate))
        await complete.wait()

    ask = await way(port, time_it if rate else count)
    if not rate:
        await hear_portion()
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(messages // portion):
        await hear_portion()
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    figures = {"cpu_ns": cpu / messages * 1e9, "per_s": messages / took}
    if late_ns:
        late_ns.sort()
        figures |= {"p50_us": median(late_ns) / 1000, "p99_us": late_ns[int(len(late_ns) * 0.99)] / 1000}
    return figures


def feed(port: int) -> None:
    """Send portions as they are asked for."""
    bus = socket.create_connection(("127.0.0.1", port))
    bus.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB %b 1\r\nPING\r\n' % MORE.encode())
    lines = bus.makefile("rb")
    trades = [_trade(number) for number in range(PORTION)]
    joined = b"".join(trades)
    for line in lines:
        if line.startswith(b"PING"):
            bus.sendall(b"PONG\r\n")
        elif line.startswith(b"PONG"):
            print("ready", flush=True)
        elif line.startswith(b"MSG"):
            count, rate = map(int, lines.readline().split())
            if rate:
                _send_paced(bus, trades[:count], rate)
            else:
                bus.sendall(joined)


def _send_paced(bus: socket.socket, trades: list[bytes], rate: int) -> None:
    due = time.monotonic()
    for trade in trades:
        due += 1 / rate
        while (wait_s := due - time.monotonic()) > 0:
            time.sleep(wait_s)
        bus.sendall(b"%b%d}\r\n" % (trade[: STAMP_AT - 2], time.monotonic_ns() + STAMP_FROM))


def _trade(number: int) -> bytes:
    symbol = f"COIN{number % 20}USDT"
    payload = (
        f'{{"e":"trade","E":1770000000000,"s":"{symbol}","t":{3_100_000_000 + number},"p":"97123.45000000","q":"0.01234000",'
        f'"T":1770000000000,"m":true,"M":true,"at":{STAMP_FROM}}}'
    ).encode()
    return b"PUB bench.md.%b.trade %d\r\n%b\r\n" % (symbol.encode(), len(payload), payload)


def main() -> None:
    """Run the role named on the command line."""
    role, port, *numbers = sys.argv[1:]
    if role == "feed":
        feed(int(port))
    else:
        messages, rate = map(int, numbers)
        print(json.dumps(uvloop.run(hear(WAYS[role], int(port), messages, rate))), flush=True)


if __name__ == "__main__":
    main()
