"""Faults on real connections: gaps, late frames, broken, mute and rotating sockets, ordered by setting and by the operator."""

import asyncio
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.paper_exchange.conftest import PaperProcess
from tests.paper_exchange.running import Running
from tests.paper_exchange.streams.conftest import StartExchange, ws
from tests.paper_exchange.streams.test_connection import closing, hear
from tests.support.waiting import eventually


async def order(exchange: Running, faults: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=exchange.url) as operator:
        return await operator.post("/paper/v1/faults", json=faults)


async def numbers(exchange: Running, connection: ClientConnection, count: int, until: int) -> list[int]:
    """Send so many numbered messages; what of them arrives, up to one that does."""
    channel = exchange.streams.hub.channels["drill"]
    for number in range(count):
        channel.send_bytes(str(number).encode())
    heard: list[int] = []
    while not heard or heard[-1] < until:
        heard.append(await hear(connection))
    return heard


async def listener(exchange: Running) -> ClientConnection:
    connection = await connect(f"{ws(exchange)}/ws/drill", ping_interval=None, close_timeout=0.2)
    await eventually(lambda: "drill" in exchange.streams.hub.channels)
    return connection


async def test_a_gap_is_the_same_in_every_drill_of_a_seed(start_exchange: StartExchange) -> None:
    exchange = await start_exchange()
    drills: list[list[int]] = []
    for _ in range(2):
        answered = await order(exchange, {"streams": {"seed": "7", "gap_every": 5}})
        assert answered.json()["streams"]["gap_every"] == 5
        connection = await listener(exchange)
        drills.append(await numbers(exchange, connection, 100, until=90))
        await connection.close()
        await eventually(lambda: not exchange.streams.hub.channels)

    shorter = min(map(len, drills))
    assert drills[0][:shorter] == drills[1][:shorter]
    assert 60 < shorter < 90
    assert drills[0] == sorted(drills[0])


async def test_a_broken_connection_ends_without_a_close_frame(start_exchange: StartExchange) -> None:
    exchange = await start_exchange(paper_faults='{"streams":{"drop_every":10}}')
    connection = await listener(exchange)
    channel = exchange.streams.hub.channels["drill"]
    for number in range(20):
        channel.send_bytes(str(number).encode())

    assert (await closing(connection))[0] == 1006


async def test_a_mute_connection_stays_open_and_answers_no_ping(start_exchange: StartExchange) -> None:
    exchange = await start_exchange(paper_faults='{"streams":{"silence_every":1}}', paper_ping_s=0.1)
    connection = await listener(exchange)
    lost = asyncio.ensure_future(await connection.ping())
    async with asyncio.timeout(5):
        await lost
    exchange.streams.hub.channels["drill"].send_bytes(b"1")

    unanswered = await connection.ping()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await unanswered
    assert connection.close_code is None
    assert len(exchange.streams.connections) == 1
    await connection.close()


async def test_frames_come_late_and_in_order(start_exchange: StartExchange) -> None:
    exchange = await start_exchange(paper_faults='{"streams":{"latency_ms":150,"jitter_ms":50}}')
    connection = await listener(exchange)
    started = asyncio.get_running_loop().time()

    heard = await numbers(exchange, connection, 20, until=19)

    assert heard == list(range(20))
    assert 0.15 <= asyncio.get_running_loop().time() - started < 2
    await connection.close()


async def test_rotating_connections_tell_before_they_end(start_exchange: StartExchange) -> None:
    exchange = await start_exchange()
    await order(exchange, {"streams": {"rotate_s": 0.5}})
    connection = await listener(exchange)

    assert (await hear(connection))["e"] == "serverShutdown"
    assert (await closing(connection))[0] == 1001


async def test_faults_end_when_the_operator_says_so(start_exchange: StartExchange) -> None:
    exchange = await start_exchange(paper_faults='{"streams":{"gap_every":1}}')
    connection = await listener(exchange)
    async with httpx.AsyncClient(base_url=exchange.url) as operator:
        shown = (await operator.get("/paper/v1/faults")).json()
        await operator.delete("/paper/v1/faults")

    assert shown["streams"]["gap_every"] == 1
    assert await numbers(exchange, connection, 3, until=2) == [0, 1, 2]
    await connection.close()


@pytest.mark.parametrize("faults", [{"streams": {"gap_every": -1}}, {"weather": {}}, {"streams": {"colour": 1}}, [], "x"])
async def test_an_order_that_makes_no_sense_changes_nothing(exchange: PaperProcess, faults: Any) -> None:
    async with httpx.AsyncClient(base_url=exchange.url) as operator:
        refused = await operator.post("/paper/v1/faults", json=faults)
        shown = await operator.get("/paper/v1/faults")

    assert refused.status_code == 400
    assert "error" in refused.json()
    assert shown.json()["streams"]["gap_every"] == 0
