"""What we mended in nats-py does what it should, and reads headers as nats-py itself does."""

import asyncio

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import FlushTimeoutError

from shared.runtime.bus import Bus
from shared.runtime.mended_client import MendedClient
from shared.runtime.nats_server import NatsServer
from tests.conftest import ConnectBus
from tests.support.proxy import TcpProxy
from tests.support.waiting import eventually

_TEXT = st.text(
    st.sampled_from("aZ-_: \t\x1f9üé币%") | st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=12
)


@given(st.lists(st.tuples(_TEXT, _TEXT)))
@example([("Deadline-Ms", "1795450050556"), ("Caller", "agent"), ("Accept-Encoding", "gzip")])
@example([("Name", "a: b"), ("bad name", "x"), ("", ""), ("  Padded ", "  v  "), ("\x1f", "\x1f")])
def test_headers_are_read_as_nats_py_reads_them(headers: list[tuple[str, str]]) -> None:
    raw = "".join(f"{name}: {value}\r\n" for name, value in headers).encode()
    assert vars(MendedClient)["_parse_header_lines"](raw) == vars(Client)["_parse_header_lines"](raw)


def test_bytes_that_are_no_utf_8_do_not_raise() -> None:
    assert vars(MendedClient)["_parse_header_lines"](b"Name: \xff\r\n") == {"Name": "\ufffd"}


async def test_an_answer_to_a_flush_that_was_given_up_does_not_end_the_read_loop(
    own_nats_server: NatsServer, nats_proxy: TcpProxy, connect_bus: ConnectBus
) -> None:
    bus = await connect_bus(url=f"nats://127.0.0.1:{nats_proxy.port}")
    connections = nats_proxy.accepted
    nats_proxy.black_hole()
    for _ in range(3):
        with pytest.raises((FlushTimeoutError, TimeoutError)):
            await asyncio.wait_for(bus.data.flush(), 0.02)
    nats_proxy.heal()
    assert await bus.round_trip_s(2) is not None
    assert nats_proxy.accepted == connections


async def test_requests_that_arrive_while_a_subscription_drains_are_all_handled(bus: Bus, connect_bus: ConnectBus) -> None:
    """Two queue subscribers; one drains and comes back again and again: each message is handled by one of them."""
    handled = 0

    async def handle(_: Msg) -> None:
        nonlocal handled
        handled += 1

    first = await connect_bus(name="first", prefix=bus.prefix)
    second = await connect_bus(name="second", prefix=bus.prefix)
    await first.subscribe(f"{bus.prefix}.work", handle, queue="workers")
    await first.settle()
    sent = 0
    for _ in range(20):
        leaving = await second.subscribe(f"{bus.prefix}.work", handle, queue="workers")
        await second.settle()
        draining = asyncio.create_task(leaving.drain())
        while not draining.done():
            await bus.publish(f"{bus.prefix}.work", b"x")
            sent += 1
            await asyncio.sleep(0)
        await draining
    await bus.data.flush()
    await eventually(lambda: handled == sent)
