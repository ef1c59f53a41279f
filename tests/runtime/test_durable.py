"""A durable publish returns when it is stored, says so when it is not, and many of them are bounded."""

import asyncio

import pytest
from nats.js.errors import APIError

from shared.contract.errors import OutcomeUnknown, Unavailable
from shared.runtime.bus import Bus
from shared.runtime.nats_server import NatsServer
from tests.conftest import ConnectBus
from tests.support.proxy import TcpProxy
from tests.support.waiting import eventually


async def _stream(bus: Bus) -> str:
    await bus.jetstream.add_stream(name=f"{bus.prefix}_orders", subjects=[f"{bus.prefix}.order.>"])  # pyright: ignore[reportUnknownMemberType]
    return f"{bus.prefix}.order.main.1"


async def test_what_is_published_durably_is_stored_in_order(bus: Bus) -> None:
    subject = await _stream(bus)
    acks = await asyncio.gather(*(bus.publish_durable(subject, b"x") for _ in range(300)))
    assert sorted(ack.seq for ack in acks) == list(range(1, 301))


async def test_the_same_message_id_is_stored_once(bus: Bus) -> None:
    subject = await _stream(bus)
    first = await bus.publish_durable(subject, b"x", headers={"Nats-Msg-Id": "1"})
    again = await bus.publish_durable(subject, b"x", headers={"Nats-Msg-Id": "1"})
    assert (first.duplicate, again.duplicate, again.seq) == (None, True, first.seq)


async def test_a_refusal_of_the_stream_is_told_as_such(bus: Bus) -> None:
    subject = await _stream(bus)
    await bus.publish_durable(subject, b"x")
    with pytest.raises(APIError):
        await bus.publish_durable(subject, b"x", headers={"Nats-Expected-Last-Subject-Sequence": "0"})


async def test_without_a_stream_nothing_is_stored_and_that_is_said(bus: Bus) -> None:
    with pytest.raises(Unavailable, match="No stream takes"):
        await bus.publish_durable(f"{bus.prefix}.nowhere", b"x")


async def test_a_lost_acknowledgement_leaves_the_outcome_unknown(
    own_nats_server: NatsServer, nats_proxy: TcpProxy, connect_bus: ConnectBus
) -> None:
    bus = await connect_bus(url=f"nats://127.0.0.1:{nats_proxy.port}")
    subject = await _stream(bus)
    nats_proxy.black_hole()
    with pytest.raises(OutcomeUnknown, match="may be stored or not"):
        await bus.publish_durable(subject, b"x", timeout_s=0.05)
    nats_proxy.heal()


async def test_while_the_link_is_down_a_durable_publish_fails_at_once(
    own_nats_server: NatsServer, nats_proxy: TcpProxy, connect_bus: ConnectBus
) -> None:
    bus = await connect_bus(url=f"nats://127.0.0.1:{nats_proxy.port}")
    subject = await _stream(bus)
    await nats_proxy.refuse()
    nats_proxy.cut()
    await eventually(lambda: not bus.commands.is_connected)
    with pytest.raises(Unavailable, match="link to NATS is down"):
        await asyncio.wait_for(bus.publish_durable(subject, b"x"), 0.5)
