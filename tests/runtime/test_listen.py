"""Those who listen directly hear what those who subscribe hear; the same where nats-py leaves us only the public way."""

import asyncio
import socket
import threading
from pathlib import Path

import pytest
from nats.aio.msg import Msg
from nats.errors import BadSubjectError

from shared.runtime.bus import Bus, BusUnavailable
from shared.runtime.direct_client import Message
from shared.runtime.direct_parser import Hear
from shared.runtime.link import Address
from shared.runtime.nats_server import NatsServer
from tests.conftest import ConnectBus
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("way")
Heard = list[tuple[str, bytes]]


def into(heard: Heard) -> Hear:
    """A listener that notes what it hears."""
    return lambda subject, payload: heard.append((subject, payload))


async def test_it_is_known_which_way_messages_are_heard(bus: Bus, way: str) -> None:
    assert await vars(bus)["_data"].nc.go_direct() == (way == "direct")


async def test_a_listener_hears_every_message_as_it_was_sent_and_in_order(bus: Bus) -> None:
    heard: Heard = []
    payloads = [b"", b"\r\n", b"MSG a 1 1\r\nx\r\n", bytes(256), bytes(bus.max_payload), *(b"%d" % n for n in range(2000))]
    await bus.listen(f"{bus.prefix}.md.>", into(heard))
    for number, payload in enumerate(payloads):
        await bus.publish(f"{bus.prefix}.md.{number % 7}", payload, {"Any": "header"} if number % 5 == 0 else None)
    await eventually(lambda: len(heard) == len(payloads))
    assert heard == [(f"{bus.prefix}.md.{number % 7}", payload) for number, payload in enumerate(payloads)]


async def test_who_takes_a_message_is_given_its_reply_subject_and_headers(bus: Bus) -> None:
    taken: list[Message] = []
    await bus.take(f"{bus.prefix}.ask.*", taken.append)
    await bus.data.publish(f"{bus.prefix}.ask.a", b"1", reply="here", headers={"One": "1", "Two": "ü: 2"})
    await bus.data.publish(f"{bus.prefix}.ask.b", b"2", reply="there")
    await bus.data.publish(f"{bus.prefix}.ask.c", b"3")
    await eventually(lambda: len(taken) == 3)
    assert taken == [
        Message(f"{bus.prefix}.ask.a", "here", b"1", {"One": "1", "Two": "ü: 2"}),
        Message(f"{bus.prefix}.ask.b", "there", b"2", {}),
        Message(f"{bus.prefix}.ask.c", "", b"3", {}),
    ]


async def test_a_listener_that_fails_hears_the_next_message_and_harms_no_other(bus: Bus) -> None:
    heard: Heard = []
    others: Heard = []

    def hear(subject: str, payload: bytes) -> None:
        if payload == b"raise":
            raise ValueError
        if payload == b"cancel":
            raise asyncio.CancelledError
        heard.append((subject, payload))

    subject = f"{bus.prefix}.md.x"
    await bus.listen(subject, hear)
    await bus.listen(subject, into(others))
    for word in (b"raise", b"cancel", b"raise", b"next"):
        await bus.publish(subject, word)
        await bus.publish(subject, word, {"With": "headers"})
    await eventually(lambda: len(heard) == 2 and len(others) == 8)
    assert await bus.round_trip_s() is not None, "the read loop lives"


async def test_a_listener_that_holds_up_its_connection_for_a_while_loses_nothing(bus: Bus, nats_server: NatsServer) -> None:
    heard: Heard = []
    sent = threading.Event()
    subject = f"{bus.prefix}.md.x"

    def hear(subject: str, payload: bytes) -> None:
        assert sent.wait(10)
        heard.append((subject, payload))

    def publish() -> None:
        with socket.create_connection(("127.0.0.1", nats_server.port)) as publisher:
            lines = b"".join(b"PUB %b 5\r\n%05d\r\n" % (subject.encode(), number) for number in range(50_000))
            publisher.sendall(b'CONNECT {"verbose":false}\r\n' + lines + b"PING\r\n")
            answers = b""
            while b"PONG" not in answers:
                answers += publisher.recv(4096)
        sent.set()

    await bus.listen(subject, hear)
    await bus.settle()
    await asyncio.to_thread(publish)
    await eventually(lambda: len(heard) == 50_000)
    assert [payload for _, payload in heard] == [b"%05d" % number for number in range(50_000)]
    assert await bus.round_trip_s() is not None


async def test_a_coroutine_function_is_no_listener(bus: Bus) -> None:
    async def hear(_subject: str, _payload: bytes) -> None: ...

    with pytest.raises(TypeError, match="Use subscribe"):
        await bus.listen("x", hear)  # pyright: ignore[reportArgumentType]


async def test_listeners_and_subscribers_on_one_connection_hear_their_own(bus: Bus) -> None:
    heard: Heard = []
    received: list[bytes] = []
    inbox = bus.data.new_inbox()

    async def receive(message: Msg) -> None:
        received.append(message.data)

    await bus.listen(f"{bus.prefix}.a", into(heard))
    await bus.subscribe(f"{bus.prefix}.b", receive)
    await bus.listen(inbox, into(heard))
    for number in range(500):
        await bus.publish(f"{bus.prefix}.{'ab'[number % 2]}", b"%d" % number)
        if number % 100 == 0:
            await bus.data.flush()
    await bus.publish(inbox, b"last")
    await eventually(lambda: heard[-1:] == [(inbox, b"last")] and len(received) == 250)
    assert [payload for _, payload in heard[:-1]] == [b"%d" % number for number in range(0, 500, 2)]
    assert received == [b"%d" % number for number in range(1, 500, 2)]


async def test_a_listener_whose_subject_is_refused_hears_nobody_elses_messages(bus: Bus) -> None:
    wrong: Heard = []
    right: Heard = []
    with pytest.raises(BadSubjectError):
        await bus.listen("no subject", into(wrong))
    await bus.listen(f"{bus.prefix}.a", into(right))
    await bus.publish(f"{bus.prefix}.a", b"x")
    await eventually(lambda: right)
    assert not wrong


async def test_after_unsubscribing_nothing_more_is_heard(bus: Bus) -> None:
    heard: Heard = []
    others: Heard = []
    subject = f"{bus.prefix}.md.x"
    listening = await bus.listen(subject, into(heard))
    await bus.listen(subject, into(others))
    await bus.publish(subject, b"1")
    await eventually(lambda: len(heard) == len(others) == 1)
    await bus.publish(subject, b"2")
    await listening.unsubscribe()
    await bus.publish(subject, b"3")
    await eventually(lambda: len(others) == 3)
    assert heard == [(subject, b"1")]


async def test_draining_listeners_of_a_queue_group_lose_nothing(bus: Bus, connect_bus: ConnectBus) -> None:
    """Two members; one drains and comes back again and again: each message is heard by one of them."""
    heard: Heard = []
    subject = f"{bus.prefix}.work"
    first = await connect_bus(name="first", prefix=bus.prefix)
    second = await connect_bus(name="second", prefix=bus.prefix)
    await first.listen(subject, into(heard), queue="workers")
    await first.settle()
    sent = 0
    for _ in range(20):
        leaving = await second.listen(subject, into(heard), queue="workers")
        await second.settle()
        draining = asyncio.create_task(leaving.drain())
        while not draining.done():
            await bus.publish(subject, b"x")
            sent += 1
            await asyncio.sleep(0)
        await draining
    await bus.data.flush()
    await eventually(lambda: len(heard) == sent)


async def test_a_bus_that_closes_hears_what_was_sent_until_then(bus: Bus, connect_bus: ConnectBus) -> None:
    heard: Heard = []
    leaving = await connect_bus(name="leaving", prefix=bus.prefix)
    await leaving.listen(f"{bus.prefix}.md.x", into(heard))
    await leaving.settle()
    for number in range(5000):
        await bus.publish(f"{bus.prefix}.md.x", b"%d" % number)
    await bus.data.flush()
    await leaving.close()
    assert [payload for _, payload in heard] == [b"%d" % number for number in range(5000)]


async def test_listeners_hear_again_after_the_server_was_killed(own_nats_server: NatsServer, connect_bus: ConnectBus) -> None:
    heard: Heard = []
    gone: Heard = []
    bus = await connect_bus(url=own_nats_server.url)
    await bus.listen("md.>", into(heard))
    await (await bus.listen("md.>", into(gone))).unsubscribe()
    own_nats_server.kill()
    await eventually(lambda: not bus.data.is_connected)
    await bus.listen("late.>", into(heard))
    await asyncio.to_thread(own_nats_server.start)
    await eventually(lambda: bus.round_trip_s(0.5), within_s=15)
    for subject in ("md.x", "late.x"):
        await bus.publish(subject, b"again")
    await eventually(lambda: len(heard) == 2)
    assert heard == [("md.x", b"again"), ("late.x", b"again")]
    assert not gone


async def test_a_forbidden_listener_is_told_when_the_service_starts(tmp_path: Path) -> None:
    users = (
        'authorization { users: [{ user: "u", password: "pw", permissions: { subscribe: { deny: ["binance.order.>"] } } }] }'
    )
    with NatsServer(tmp_path, more=users) as server:
        bus = await Bus.connect(Address(urls=(server.url,), name="u", user="u", password="pw"), wait_s=5)
        await bus.listen("binance.order.>", into([]))
        with pytest.raises(BusUnavailable, match=r"may not subscribe to binance\.order\.>"):
            await bus.settle()
        await bus.close()
