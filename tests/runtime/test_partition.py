"""What happens to requests when the network fails between asking and answering."""

import asyncio

import pytest
from nats.aio.msg import Msg

from shared.contract.errors import OutcomeUnknown, Unavailable
from shared.runtime.bus import Bus
from shared.runtime.nats_server import NatsServer
from shared.runtime.responder import RpcRequest
from tests.conftest import ConnectBus
from tests.runtime.conftest import Serve, ask
from tests.support.operations import Place, Read
from tests.support.proxy import TcpProxy
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("way")


class Orders:
    """Counts what is executed; answers when it is let."""

    def __init__(self) -> None:
        self.executed = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def place(self, request: RpcRequest) -> bytes:
        self.executed += request.spec is Place.spec
        await self.may_answer.wait()
        return b"{}"


async def _apart(connect_bus: ConnectBus, server: NatsServer, proxy: TcpProxy) -> tuple[Bus, Bus]:
    """A caller behind the proxy and a service that is not."""
    caller = await connect_bus(name="caller", url=f"nats://127.0.0.1:{proxy.port}")
    return caller, await connect_bus(name="service", url=server.url)


async def test_a_command_made_while_the_link_is_down_fails_at_once_and_never_runs_later(
    own_nats_server: NatsServer, nats_proxy: TcpProxy, connect_bus: ConnectBus, serve: Serve
) -> None:
    caller, service = await _apart(connect_bus, own_nats_server, nats_proxy)
    orders = Orders()
    await serve(service, orders.place)
    await nats_proxy.refuse()
    nats_proxy.cut()
    await eventually(lambda: not caller.commands.is_connected)
    with pytest.raises(Unavailable, match="link to NATS is down"):
        await asyncio.wait_for(ask(caller, Place.spec), 0.5)
    await nats_proxy.listen()
    await eventually(lambda: caller.round_trip_s(0.5))
    assert await ask(caller, Read.spec) == b"{}", "what was buffered would have arrived before this"
    assert orders.executed == 0


async def test_a_command_stuck_in_a_silent_link_is_not_executed_after_its_deadline(
    own_nats_server: NatsServer, nats_proxy: TcpProxy, connect_bus: ConnectBus, serve: Serve
) -> None:
    caller, service = await _apart(connect_bus, own_nats_server, nats_proxy)
    orders = Orders()
    await serve(service, orders.place)
    nats_proxy.black_hole()
    with pytest.raises(OutcomeUnknown):
        await ask(caller, Place.spec, within_ms=50)
    nats_proxy.heal()
    assert await ask(caller, Read.spec) == b"{}", "arrives behind the command"
    assert orders.executed == 0


async def test_a_lost_reply_leaves_a_command_unknown_and_a_read_unavailable(
    own_nats_server: NatsServer, nats_proxy: TcpProxy, connect_bus: ConnectBus, serve: Serve
) -> None:
    caller, service = await _apart(connect_bus, own_nats_server, nats_proxy)
    orders = Orders()
    orders.may_answer.clear()
    await serve(service, orders.place)
    command = asyncio.create_task(ask(caller, Place.spec, within_ms=400))
    read = asyncio.create_task(ask(caller, Read.spec, within_ms=400))
    await eventually(lambda: orders.executed == 1)
    nats_proxy.black_hole()
    orders.may_answer.set()
    with pytest.raises(OutcomeUnknown, match="may have been executed or not"):
        await command
    with pytest.raises(Unavailable, match="in time"):
        await read


async def test_a_reply_that_comes_after_a_reconnect_still_finds_its_caller(
    own_nats_server: NatsServer, nats_proxy: TcpProxy, connect_bus: ConnectBus, serve: Serve
) -> None:
    caller, service = await _apart(connect_bus, own_nats_server, nats_proxy)
    orders = Orders()
    orders.may_answer.clear()
    await serve(service, orders.place)
    command = asyncio.create_task(ask(caller, Place.spec, within_ms=5000))
    await eventually(lambda: orders.executed == 1)
    nats_proxy.cut()
    await eventually(lambda: not caller.commands.is_connected)
    await eventually(lambda: caller.round_trip_s(0.5))
    orders.may_answer.set()
    assert await command == b"{}"


async def test_requests_whose_sending_failed_leave_nothing_behind(
    own_nats_server: NatsServer, nats_proxy: TcpProxy, connect_bus: ConnectBus
) -> None:
    caller = await connect_bus(url=f"nats://127.0.0.1:{nats_proxy.port}")
    with pytest.raises(Unavailable, match="Nobody answers"):
        await ask(caller)
    with pytest.raises(Unavailable, match="did not take"):
        await caller.request("a subject with blanks", b"", deadline_ms=2**42)
    await nats_proxy.refuse()
    nats_proxy.cut()
    await eventually(lambda: not caller.commands.is_connected)
    for _ in range(100):
        with pytest.raises(Unavailable):
            await ask(caller)
    assert caller.awaited == 0


async def test_events_published_while_the_link_is_down_arrive_when_it_is_back(
    own_nats_server: NatsServer, nats_proxy: TcpProxy, connect_bus: ConnectBus
) -> None:
    publisher, listener = await _apart(connect_bus, own_nats_server, nats_proxy)
    heard: list[bytes] = []

    async def hear(message: Msg) -> None:
        heard.append(message.data)

    await listener.subscribe("binance.md.>", hear)
    await listener.settle()
    await nats_proxy.refuse()
    nats_proxy.cut()
    await eventually(lambda: not publisher.data.is_connected)
    await publisher.publish("binance.md.BTCUSDT.trade", b"1")
    await nats_proxy.listen()
    await eventually(lambda: heard == [b"1"])
