"""The embedded server starts, restarts where it was, and says why it cannot."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

import pytest
from nats.js.api import StorageType

from shared.runtime.nats_server import NatsServer, NatsServerFailed
from tests.conftest import ConnectBus
from tests.support.process import ROOT
from tests.support.waiting import eventually


def test_a_server_starts_again_on_the_same_port(tmp_path: Path) -> None:
    with NatsServer(tmp_path) as server:
        first = (server.port, server.monitor_port, server.pid)
        server.kill()
        assert server.pid is None
        server.start()
        assert (server.port, server.monitor_port) == first[:2]
        assert server.pid != first[2]


async def test_what_was_stored_survives_a_power_failure(own_nats_server: NatsServer, connect_bus: ConnectBus) -> None:
    bus = await connect_bus(url=own_nats_server.url)
    await bus.jetstream.add_stream(name="kept", subjects=["kept.>"], storage=StorageType.FILE)  # pyright: ignore[reportUnknownMemberType]
    ack = await bus.publish_durable("kept.1", b"word")
    own_nats_server.kill()
    await asyncio.to_thread(own_nats_server.start)
    await eventually(lambda: bus.round_trip_s(0.5))
    assert (await bus.jetstream.get_msg("kept", ack.seq)).data == b"word"


def test_a_busy_port_is_told_with_the_servers_last_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = NatsServer(tmp_path, port=taken.getsockname()[1])
        with pytest.raises(NatsServerFailed, match="address already in use"):
            server.start()
        assert server.pid is None


async def test_as_a_program_it_becomes_the_server_and_ends_on_sigterm(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shared.runtime.nats_server", "--store", str(tmp_path), "--port", "-1", "--monitor-port", "-1"),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(15):
        async for line in process.stderr:
            if b"Server is ready" in line:
                break
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert process.returncode in (0, 1)
