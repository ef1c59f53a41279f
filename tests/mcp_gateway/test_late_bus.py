"""The platform as our child: started when there is no bus, waited for, and gone when we go."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from services.mcp_gateway.late_bus import LateBus
from services.mcp_gateway.local_platform import LocalPlatform
from shared.contract.errors import Unavailable
from shared.runtime.clock import now_ms
from shared.runtime.link import Address
from shared.runtime.metrics import Metrics
from shared.runtime.nats_server import NatsServer
from tests.support.waiting import eventually

NOBODY = Address(urls=("nats://127.0.0.1:1",), name="test")
ANSWERING = """
import asyncio, os, sys
from shared.runtime.bus import Bus
from shared.runtime.link import Address

async def main():
    bus = await Bus.connect(Address(urls=(sys.argv[1],), name="platform"))
    async def answer(message):
        await bus.publish(message.reply, b'{"it":"answers"}')
    await bus.subscribe("binance.rpc.market.ping", answer)
    await bus.settle()
    print("starting", flush=True)
    print("ready", sys.argv[1], flush=True)
    print("noise" * 50000, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    open(sys.argv[2], "w").write("stopped in order")
    await bus.close()

asyncio.run(main())
"""


@pytest_asyncio.fixture
async def platform(own_nats_server: NatsServer, tmp_path: Path) -> AsyncGenerator[LocalPlatform, None]:
    """A platform that is one small process; it writes a file when it ends in order."""
    found = LocalPlatform((sys.executable, "-c", ANSWERING, own_nats_server.url, str(tmp_path / "end")))
    yield found
    await found.stop()


async def running(bus: LateBus) -> asyncio.Task[None]:
    return asyncio.create_task(bus.run())


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


async def ask(bus: LateBus) -> bytes:
    return await bus.request("binance.rpc.market.ping", b"{}", deadline_ms=now_ms() + 1000)


async def test_calls_wait_for_the_platform_that_is_started_and_it_ends_with_us(platform: LocalPlatform, tmp_path: Path) -> None:
    bus = LateBus(NOBODY, Metrics("test"), "binance", wait_s=20, platform=platform)
    life = await running(bus)
    assert await asyncio.gather(ask(bus), ask(bus)) == [b'{"it":"answers"}'] * 2
    assert platform.is_running
    await stop(life)
    await platform.stop()
    assert not platform.is_running
    assert (tmp_path / "end").read_text() == "stopped in order"


async def test_a_platform_that_takes_too_long_is_unavailable_in_time() -> None:
    platform = LocalPlatform((sys.executable, "-c", "import sys; sys.stdin.read()"))
    bus = LateBus(NOBODY, Metrics("test"), "binance", wait_s=0.2, platform=platform)
    life = await running(bus)
    with pytest.raises(Unavailable, match="still starting") as caught:
        await ask(bus)
    assert caught.value.retry_after_ms
    await stop(life)
    await platform.stop()
    assert not platform.is_running


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ((sys.executable, "-c", "raise SystemExit(7)"), "ended while starting, with code 7"),
        (("/no/such/program",), "cannot be started"),
    ],
)
async def test_a_platform_that_cannot_start_is_unavailable_at_once(command: tuple[str, ...], told: str) -> None:
    platform = LocalPlatform(command)
    bus = LateBus(NOBODY, Metrics("test"), "binance", wait_s=30, platform=platform)
    life = await running(bus)
    async with asyncio.timeout(10):
        with pytest.raises(Unavailable, match=told):
            await ask(bus)
    await stop(life)


async def test_a_platform_that_dies_is_started_again(platform: LocalPlatform) -> None:
    bus = LateBus(NOBODY, Metrics("test"), "binance", wait_s=20, platform=platform)
    life = await running(bus)
    await ask(bus)
    first = platform.pid
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: platform.is_running and platform.pid != first, within_s=20)
    assert await ask(bus) == b'{"it":"answers"}'
    await stop(life)


async def test_a_bus_that_is_there_is_used_and_nothing_started(own_nats_server: NatsServer, platform: LocalPlatform) -> None:
    address = Address(urls=(own_nats_server.url,), name="test")
    bus = LateBus(address, Metrics("test"), "binance", wait_s=20, platform=platform)
    life = await running(bus)
    with pytest.raises(Unavailable, match="Nobody answers"):
        await ask(bus)
    assert not platform.is_running
    await stop(life)
