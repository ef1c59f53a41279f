"""A connection that looks alive is alive, one that is dead is noticed, and nothing of ours can kill it."""

import asyncio
from pathlib import Path

import pytest
from nats.aio.msg import Msg

from shared.contract.errors import Denied, Invalid
from shared.runtime.bus import Bus, BusUnavailable
from shared.runtime.clock import monotonic
from shared.runtime.link import Address
from shared.runtime.nats_server import NatsServer
from tests.conftest import ConnectBus
from tests.runtime.conftest import Serve, ask
from tests.support.operations import Place
from tests.support.proxy import TcpProxy
from tests.support.waiting import eventually

USERS = """
authorization { users: [
  { user: "gateway", password: "pw", permissions: {
      publish: { deny: ["binance.rpc.trade.>"] }, subscribe: { deny: ["binance.order.>"] } } }
] }
"""


async def test_a_dead_read_loop_is_noticed_although_the_client_calls_itself_connected(bus: Bus) -> None:
    vars(bus.data)["_reading_task"].cancel()
    await eventually(lambda: vars(bus.data)["_reading_task"].done())
    assert bus.data.is_connected
    assert await bus.round_trip_s(0.2) is None


async def test_a_ping_answered_too_late_does_not_kill_the_connection(
    own_nats_server: NatsServer, nats_proxy: TcpProxy, connect_bus: ConnectBus
) -> None:
    bus = await connect_bus(url=f"nats://127.0.0.1:{nats_proxy.port}")
    connections = nats_proxy.accepted
    nats_proxy.black_hole()
    for _ in range(3):
        assert await bus.round_trip_s(0.02) is None
    nats_proxy.heal()
    await eventually(lambda: bus.round_trip_s(0.5))
    assert await bus.round_trip_s(0.5) is not None
    assert nats_proxy.accepted == connections, "over the same connections, whose read loops live"


async def test_a_lost_connection_is_told_with_what_ended_it(
    nats_proxy: TcpProxy, connect_bus: ConnectBus, capsys: pytest.CaptureFixture[str]
) -> None:
    bus = await connect_bus(url=f"nats://127.0.0.1:{nats_proxy.port}")
    nats_proxy.cut()
    said: list[str] = []
    await eventually(lambda: said.append(capsys.readouterr().err) or "".join(said).count("bus lost") == 2)
    await eventually(lambda: bus.data.is_connected and bus.commands.is_connected)
    lost = [line for line in "".join(said).splitlines() if "bus lost" in line]
    assert all("UnexpectedEOF" in line or "ConnectionReset" in line for line in lost), lost


async def test_a_message_too_large_with_its_headers_is_refused_before_it_is_sent(bus: Bus) -> None:
    payload = bytes(bus.max_payload - 20)
    with pytest.raises(Invalid, match="the bus carries"):
        await bus.publish(f"{bus.prefix}.md.X.trade", payload, {"Long-Header": "x" * 40})
    with pytest.raises(Invalid, match="the bus carries"):
        await ask(bus, payload=payload)
    with pytest.raises(Invalid, match="the bus carries"):
        await bus.publish_durable(f"{bus.prefix}.order.main.1", bytes(bus.max_payload + 1))
    assert await bus.round_trip_s() is not None
    assert not bus.closed.done()


async def test_the_largest_message_that_fits_is_carried(bus: Bus) -> None:
    sizes: list[int] = []

    async def hear(message: Msg) -> None:
        sizes.append(len(message.data))

    await bus.subscribe(f"{bus.prefix}.md.>", hear)
    await bus.publish(f"{bus.prefix}.md.X.trade", bytes(bus.max_payload))
    await eventually(lambda: sizes == [bus.max_payload])


async def test_a_connection_that_the_server_closes_for_good_is_told_with_its_reason(bus: Bus) -> None:
    await bus.data.publish("x", bytes(bus.max_payload), headers={"One": "byte too many"})
    assert "maximum payload" in await asyncio.wait_for(bus.closed, 5)
    assert await bus.round_trip_s(0.2) is None


async def test_a_reader_that_is_too_slow_loses_the_newest_and_is_counted(bus: Bus) -> None:
    heard: list[bytes] = []
    go_on = asyncio.Event()

    async def slow(message: Msg) -> None:
        heard.append(message.data)
        await go_on.wait()

    await bus.subscribe(f"{bus.prefix}.md.>", slow, pending_msgs=10)
    await bus.publish(f"{bus.prefix}.md.X.trade", b"0")
    await eventually(lambda: heard == [b"0"])
    for number in range(1, 100):
        await bus.publish(f"{bus.prefix}.md.X.trade", str(number).encode())
    await eventually(lambda: _sample(bus, "binance_bus_slow_consumer_drops_total") == 89)
    go_on.set()
    await eventually(lambda: len(heard) == 11)
    assert heard == [str(number).encode() for number in range(11)]
    assert await bus.round_trip_s() is not None, "the read loop lives"


async def test_a_subscriber_that_fails_or_awaits_something_cancelled_hears_the_next_message(bus: Bus) -> None:
    heard: list[bytes] = []

    async def hear(message: Msg) -> None:
        if message.data == b"raise":
            raise ValueError
        if message.data == b"cancel":
            lost = asyncio.get_running_loop().create_future()
            lost.cancel()
            await lost
        heard.append(message.data)

    await bus.subscribe(f"{bus.prefix}.md.>", hear)
    for word in (b"raise", b"cancel", b"next"):
        await bus.publish(f"{bus.prefix}.md.X.trade", word)
    await eventually(lambda: heard == [b"next"])


async def test_hooks_that_raise_in_an_error_callback_do_not_end_the_read_loop(tmp_path: Path) -> None:
    with NatsServer(tmp_path, more=USERS) as server:
        bus = await _join(server)

        def fail(_subject: str) -> None:
            raise RuntimeError

        vars(bus)["_commands"].on_forbidden = fail
        await bus.commands.publish("binance.rpc.trade.main.test.order.place", b"")
        assert await bus.round_trip_s() is not None
        await bus.close()


async def test_a_forbidden_request_is_denied_at_once_rather_than_timing_out(tmp_path: Path) -> None:
    with NatsServer(tmp_path, more=USERS) as server:
        bus = await _join(server)
        started = monotonic()
        with pytest.raises(Denied, match="may not ask"):
            await ask(bus, Place.spec, within_ms=5000)
        assert monotonic() - started < 2
        await bus.close()


async def test_a_forbidden_subscription_is_told_when_the_service_starts(tmp_path: Path) -> None:
    async def hear(_: Msg) -> None:
        """Nothing comes."""

    with NatsServer(tmp_path, more=USERS) as server:
        bus = await _join(server)
        await bus.subscribe("binance.order.>", hear)
        with pytest.raises(BusUnavailable, match=r"may not subscribe to binance\.order\.>"):
            await bus.settle()
        await bus.close()


async def test_a_refused_login_ends_the_start_at_once_with_one_line(tmp_path: Path) -> None:
    with NatsServer(tmp_path, more=USERS) as server:
        started = monotonic()
        with pytest.raises(BusUnavailable, match="cannot be used") as caught:
            await Bus.connect(Address(urls=(server.url,), name="x", user="gateway", password="wrong-secret"), wait_s=20)
        assert monotonic() - started < 5
        assert "wrong-secret" not in str(caught.value)


async def test_a_bus_that_is_not_there_is_told_in_one_line_within_the_bound() -> None:
    with pytest.raises(BusUnavailable, match="No NATS server") as caught:
        await Bus.connect(Address(urls=("nats://user:secret@127.0.0.1:1",)), wait_s=0.5)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_service_answers_again_after_the_server_was_killed(
    own_nats_server: NatsServer, connect_bus: ConnectBus, serve: Serve
) -> None:
    service = await connect_bus(name="service", url=own_nats_server.url)
    caller = await connect_bus(name="caller", url=own_nats_server.url)

    async def answer(_: object) -> bytes:
        return b"{}"

    await serve(service, answer)
    own_nats_server.kill()
    await eventually(lambda: not caller.data.is_connected and not service.data.is_connected)
    assert await caller.round_trip_s(0.2) is None
    await asyncio.to_thread(own_nats_server.start)
    await eventually(lambda: _both(caller, service), within_s=15)
    assert await ask(caller) == b"{}"


async def _both(first: Bus, second: Bus) -> bool:
    return None not in await asyncio.gather(first.round_trip_s(0.5), second.round_trip_s(0.5))


async def _join(server: NatsServer) -> Bus:
    return await Bus.connect(Address(urls=(server.url,), name="gateway", user="gateway", password="pw"), wait_s=5)


def _sample(bus: Bus, name: str) -> float | None:
    return bus.metrics.registry.get_sample_value(name)
