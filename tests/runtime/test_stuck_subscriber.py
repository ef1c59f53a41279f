"""One subscriber that does not read must not slow everybody else down."""

import asyncio
import socket
from pathlib import Path

from nats.aio.msg import Msg

from shared.runtime.bus import Bus
from shared.runtime.clock import monotonic
from shared.runtime.link import Address
from shared.runtime.nats_server import NatsServer
from tests.support.waiting import eventually

FLOOD = bytes(2000)
PROBES = 200
MESSAGES_A_PROBE = 250
"""100 MB in all: more than the server holds for one subscriber."""


class StuckSubscriber:
    """Subscribes and never reads again."""

    def __init__(self, port: int, subject: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.sendall(b'CONNECT {"verbose":false}\r\nSUB %s 1\r\nPING\r\n' % subject.encode())
        while b"PONG" not in self._socket.recv(4096):
            pass

    def close(self) -> None:
        self._socket.close()


async def test_a_stuck_subscriber_does_not_move_the_99th_percentile_of_the_others(tmp_path: Path) -> None:
    delays = await _delays_beside_a_stuck_subscriber(tmp_path)
    p99 = sorted(delays)[int(len(delays) * 0.99)]
    assert p99 < 0.5, f"{p99:.3f} s; a server that stalls fast producers adds a second"


async def _delays_beside_a_stuck_subscriber(folder: Path, more: str = "") -> list[float]:
    delays: list[float] = []

    async def hear(message: Msg) -> None:
        delays.append(monotonic() - float(message.data))

    with NatsServer(folder, more=more) as server:
        publisher = await Bus.connect(Address(urls=(server.url,), name="publisher"), wait_s=5)
        reader = await Bus.connect(Address(urls=(server.url,), name="reader"), wait_s=5)
        await reader.subscribe("probe", hear)
        await reader.settle()
        stuck = StuckSubscriber(server.port, "flood")
        for _ in range(PROBES):
            for _ in range(MESSAGES_A_PROBE):
                await publisher.publish("flood", FLOOD)
            await publisher.publish("probe", repr(monotonic()).encode())
            await asyncio.sleep(0)
        await eventually(lambda: len(delays) == PROBES, within_s=20)
        stuck.close()
        await publisher.close()
        await reader.close()
    return delays
