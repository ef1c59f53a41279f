"""What one process learns the others know: at once, later, and after the server was away."""

import asyncio

import pytest

from shared.runtime.bus import Bus
from shared.runtime.gossip import Gossip
from shared.runtime.nats_server import NatsServer
from tests.conftest import ConnectBus
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("way")


async def test_news_are_heard_at_once_by_all_others_and_not_by_their_teller(connect_bus: ConnectBus, bus: Bus) -> None:
    other = await connect_bus(name="other", prefix=bus.prefix)
    own_ears: list[bytes] = []
    other_ears: list[bytes] = []
    teller = await Gossip.open(bus, "budget", own_ears.append)
    listener = await Gossip.open(other, "budget", other_ears.append)
    teller.tell(b"banned until 1000")
    await eventually(lambda: other_ears == [b"banned until 1000"])
    listener.tell(b"heard")
    await eventually(lambda: own_ears == [b"heard"])
    await teller.close()
    await listener.close()


async def test_news_are_heard_by_those_who_start_later_after_their_teller_has_gone(connect_bus: ConnectBus, bus: Bus) -> None:
    teller = await Gossip.open(bus, "budget", lambda _: None)
    for word in (b"first", b"second", b"last"):
        teller.tell(word)
    await teller.close()
    await bus.round_trip_s()
    heard: list[bytes] = []
    late = await Gossip.open(await connect_bus(prefix=bus.prefix), "budget", heard.append)
    assert heard == [b"last"]
    await late.close()


async def test_topics_do_not_hear_each_other(connect_bus: ConnectBus, bus: Bus) -> None:
    heard: list[bytes] = []
    budget = await Gossip.open(bus, "budget", lambda _: None)
    halts = await Gossip.open(await connect_bus(prefix=bus.prefix), "halts", heard.append)
    budget.tell(b"weight")
    halts.tell(b"own word")
    await budget.close()
    await halts.close()
    await halts.read()
    assert heard == []


async def test_a_listener_that_fails_hears_the_next_news(connect_bus: ConnectBus, bus: Bus) -> None:
    heard: list[bytes] = []

    def hear(news: bytes) -> None:
        if news == b"bad":
            raise ValueError
        heard.append(news)

    listener = await Gossip.open(await connect_bus(prefix=bus.prefix), "budget", hear)
    teller = await Gossip.open(bus, "budget", lambda _: None)
    await bus.publish(f"{bus.prefix}.health.budget.x", b"bad")
    teller.tell(b"good")
    await eventually(lambda: heard == [b"good"])
    await listener.close()
    await teller.close()


async def test_news_told_while_a_listener_was_cut_off_are_heard_when_the_server_is_back(
    own_nats_server: NatsServer, connect_bus: ConnectBus
) -> None:
    first = await connect_bus(name="first", url=own_nats_server.url)
    second = await connect_bus(name="second", url=own_nats_server.url)
    heard: list[bytes] = []
    teller = await Gossip.open(first, "budget", lambda _: None)
    listener = await Gossip.open(second, "budget", heard.append)
    own_nats_server.kill()
    teller.tell(b"told into the void")
    await eventually(lambda: not second.data.is_connected)
    await asyncio.to_thread(own_nats_server.start)
    await eventually(lambda: b"told into the void" in heard, within_s=10)
    heard.clear()

    async def kept() -> bool:
        await listener.read()
        return b"told into the void" in heard

    await eventually(kept)  # the stream was in the old server's memory: it has been made again
    await teller.close()
    await listener.close()
