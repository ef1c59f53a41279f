"""A core subscriber that does not read: the server cuts it off, and the others' events come as fast as before."""

import asyncio
import json
import socket
import time

import httpx

from shared.runtime.bus import Bus
from shared.runtime.nats_server import NatsServer
from tests.conftest import ConnectBus
from tests.support.waiting import eventually

A_SECOND = 1500
EVENT = b"x" * 8192
"""12 MB a second: what nobody reads fills every buffer on its way within a moment."""
SECONDS = 4
P99_MS = 250
"""nats-server with its own defaults lets everybody wait a second for the one that does not read."""


class Deaf:
    """Subscribes to everything and never reads; the socket with its buffer full stays open."""

    def __init__(self, nats: NatsServer, subject: str) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect((nats.host, nats.port))
        self._socket.sendall(f"CONNECT {json.dumps({'verbose': False})}\r\nSUB {subject} 1\r\nPING\r\n".encode())
        heard = b""
        while b"PONG" not in heard:
            heard += self._socket.recv(4096)

    def close(self) -> None:
        self._socket.close()


async def latencies(bus: Bus, publisher: Bus, seconds: float) -> list[float]:
    """Milliseconds from publishing to hearing, in order of size."""
    took: list[float] = []
    await bus.listen("binance.md.>", lambda _subject, payload: took.append(time.perf_counter() - float(payload[:20])))
    await bus.settle()
    loop = asyncio.get_running_loop()
    began, sent = loop.time(), 0
    while (gone := loop.time() - began) < seconds:
        while sent < gone * A_SECOND:
            sent += 1
            await publisher.publish("binance.md.BTCUSDT.trade", b"%20.9f" % time.perf_counter() + EVENT)
        await asyncio.sleep(0.002)
    await eventually(lambda: len(took) == sent, within_s=10)
    return sorted(each * 1000 for each in took)


async def test_a_subscriber_that_does_not_read_is_cut_off_and_slows_nobody(
    own_nats_server: NatsServer, connect_bus: ConnectBus
) -> None:
    hears, publishes = await connect_bus(url=own_nats_server.url), await connect_bus(url=own_nats_server.url)
    deaf = Deaf(own_nats_server, "binance.md.>")
    took = await latencies(hears, publishes, SECONDS)
    async with httpx.AsyncClient(base_url=own_nats_server.monitor_url) as monitor:
        server = (await monitor.get("/varz")).json()
    deaf.close()
    print(f"p50 {took[len(took) // 2]:.1f} ms, p99 {took[len(took) * 99 // 100]:.1f} ms, most {took[-1]:.1f} ms")
    assert took[len(took) * 99 // 100] < P99_MS
    assert server["slow_consumers"] == 1
