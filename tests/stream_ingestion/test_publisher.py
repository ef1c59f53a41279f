"""The way to the bus: joined and one by one alike, shut when the right to publish has run out, throttling what is upstream."""

import asyncio
import math

import pytest
from nats.aio.msg import Msg

from services.stream_ingestion.publisher import PENDING_HIGH, Publisher, can_join, pub_head, pub_line
from shared.runtime.bus import Bus
from shared.runtime.nats_server import NatsServer
from tests.conftest import ConnectBus
from tests.support.waiting import eventually


class Upstream:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.pauses = 0
        self.resumes = 0

    def pause(self) -> None:
        self.pauses += 1

    def resume(self) -> None:
        self.resumes += 1


async def listening(bus: Bus) -> list[bytes]:
    heard: list[bytes] = []

    async def hear(message: Msg) -> None:
        heard.append(message.data)

    await bus.subscribe(f"{bus.prefix}.md.>", hear)
    await bus.settle()
    return heard


def opened(bus: Bus, *, joins: bool, upstream: Upstream | None = None) -> Publisher:
    publisher = Publisher(bus.data, upstream or Upstream(), joins=joins)
    publisher.valid_until = math.inf
    publisher.reopen()
    return publisher


async def test_the_library_still_lets_us_join(bus: Bus) -> None:
    assert await can_join(bus.data)


async def test_a_library_that_changed_is_noticed(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus.data, "_pending", ())
    assert not await can_join(bus.data)


@pytest.mark.parametrize("joins", [True, False])
async def test_events_arrive_in_order_byte_for_byte(bus: Bus, joins: bool) -> None:
    heard, publisher = await listening(bus), opened(bus, joins=joins)
    payloads = [b"%d\r\n" % number * (number % 50) for number in range(2000)]
    for number, payload in enumerate(payloads):
        publisher.lines.append(pub_line(pub_head(f"{bus.prefix}.md.X{number % 7}.trade"), payload))
        if number % 13 == 0:
            publisher.flush()
    publisher.flush()
    await eventually(lambda: len(heard) == len(payloads))
    assert heard == payloads


async def test_nothing_goes_out_once_the_right_to_publish_has_run_out(bus: Bus) -> None:
    heard, publisher = await listening(bus), opened(bus, joins=True)
    withheld: list[int] = []
    publisher.on_withheld = withheld.append
    line = pub_line(pub_head(f"{bus.prefix}.md.X.trade"), b"1")
    publisher.valid_until = asyncio.get_running_loop().time() - 1
    publisher.lines.append(line)
    publisher.flush()
    publisher.valid_until = math.inf
    publisher.lines += [line, line]
    publisher.flush()
    assert (withheld, publisher.is_shut) == ([1, 2], True)
    publisher.reopen()
    publisher.lines.append(line)
    publisher.flush()
    await eventually(lambda: heard)
    assert heard == [b"1"]


@pytest.mark.parametrize("joins", [True, False])
async def test_a_slow_bus_slows_what_is_upstream_until_it_has_caught_up(bus: Bus, joins: bool) -> None:
    upstream = Upstream()
    publisher = opened(bus, joins=joins, upstream=upstream)
    line = pub_line(pub_head(f"{bus.prefix}.md.X.trade"), b"9" * 100_000)
    publisher.lines += [line] * (PENDING_HIGH // 100_000 + 2)
    publisher.flush()
    assert upstream.pauses == 1
    await eventually(lambda: upstream.resumes == 1)


async def test_a_reader_that_does_not_read_harms_nobody(bus: Bus) -> None:
    """It is the server that lets go of it; we only show that ours is set up so."""
    host, port = bus.data.connected_url.hostname, bus.data.connected_url.port  # pyright: ignore[reportOptionalMemberAccess]
    _, stuck = await asyncio.open_connection(host, port, limit=1024)
    stuck.write(b'CONNECT {"verbose":false}\r\nSUB %b.md.> 1\r\nPING\r\n' % bus.prefix.encode())
    await stuck.drain()
    heard, publisher = await listening(bus), opened(bus, joins=True)
    line = pub_line(pub_head(f"{bus.prefix}.md.X.trade"), b"9" * 2000)
    loop = asyncio.get_running_loop()
    slowest = 0.0
    for number in range(200):
        publisher.lines += [line] * 100
        began = loop.time()
        publisher.flush()
        await eventually(lambda number=number: len(heard) == (number + 1) * 100)
        slowest = max(slowest, loop.time() - began)
    stuck.close()
    assert slowest < 0.9  # a server that stalls its publishers does so for a second


async def test_what_waits_when_the_bus_is_lost_never_goes_to_the_next_server(
    own_nats_server: NatsServer, connect_bus: ConnectBus
) -> None:
    bus, listener = await connect_bus(url=own_nats_server.url), await connect_bus(url=own_nats_server.url)
    heard, publisher = await listening(listener), opened(bus, joins=True)
    bus.on_data_lost(publisher.shut)
    await bus.publish("binance.md.other", b"before")
    await bus.settle()
    own_nats_server.kill()
    publisher.lines.append(pub_line(pub_head("binance.md.X.trade"), b"stale"))
    publisher.flush()  # nats-py has not noticed yet
    await bus.publish("binance.md.other", b"answer")
    own_nats_server.start()
    await eventually(lambda: publisher.is_shut and bus.data.is_connected and listener.data.is_connected, within_s=10)
    await listener.settle()
    publisher.reopen()
    publisher.lines.append(pub_line(pub_head("binance.md.X.trade"), b"fresh"))
    publisher.flush()
    await eventually(lambda: heard[-1:] == [b"fresh"])
    assert b"stale" not in heard
