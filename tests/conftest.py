"""What all tests share: one nats-server for the session, fresh buses, servers and proxies of their own for tests of failure."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from pathlib import Path

import pytest
import pytest_asyncio
import uvloop

from shared.runtime.bus import Bus
from shared.runtime.link import Address
from shared.runtime.nats_server import NatsServer
from tests.support.proxy import TcpProxy

for _name in [name for name in os.environ if name.startswith("BINANCE_")]:
    del os.environ[_name]
os.environ["BINANCE_ENV_FILE"] = ""
"""Whatever this machine is set up for, keys of a live account perhaps, is not for tests, nor for the processes they start."""

ConnectBus = Callable[..., Awaitable[Bus]]


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run on the loop that services run on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Generator[NatsServer, None, None]:
    """The nats-server of the session: do not stop it. Tests keep apart by the subject prefix of their bus."""
    with NatsServer(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture
def own_nats_server(tmp_path: Path) -> Generator[NatsServer, None, None]:
    """A nats-server of the test's own, to kill and start again (`kill()`, `start()`: same port, same data)."""
    with NatsServer(tmp_path / "nats") as server:
        yield server


@pytest_asyncio.fixture
async def connect_bus(nats_server: NatsServer) -> AsyncGenerator[ConnectBus, None]:
    """Connects buses that are closed when the test ends: `await connect_bus(name="x", url=..., prefix=...)`."""
    opened: list[Bus] = []

    async def connect(*, name: str = "test", url: str = "", prefix: str = "binance", wait_s: float = 5.0) -> Bus:
        bus = await Bus.connect(Address(urls=(url or nats_server.url,), name=name), wait_s=wait_s, prefix=prefix)
        opened.append(bus)
        return bus

    yield connect
    for bus in opened:
        await bus.close()


@pytest_asyncio.fixture
async def bus(connect_bus: ConnectBus, request: pytest.FixtureRequest) -> Bus:
    """A fresh bus, with a subject prefix of the test's own so that tests do not hear each other."""
    return await connect_bus(prefix=f"t{abs(hash(request.node.nodeid)):x}")


@pytest_asyncio.fixture
async def nats_proxy(own_nats_server: NatsServer) -> AsyncGenerator[TcpProxy, None]:
    """A proxy before `own_nats_server`."""
    async with TcpProxy("127.0.0.1", own_nats_server.port) as proxy:
        yield proxy
