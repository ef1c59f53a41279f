"""Connections over real sockets: addresses, envelopes, limits, pings, slow readers, the end."""

import asyncio
import contextlib
import json
import socket
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.paper_exchange.conftest import PaperProcess
from tests.paper_exchange.running import Running
from tests.paper_exchange.streams.conftest import StartExchange, ws
from tests.support.waiting import eventually

WITHIN_S = 10


async def hear(connection: ClientConnection) -> Any:
    async with asyncio.timeout(WITHIN_S):
        return json.loads(await connection.recv())


async def closing(connection: ClientConnection) -> tuple[int, str]:
    """Code and reason of the end, after whatever comes before it; 1006 for an end without a close frame."""
    async with asyncio.timeout(WITHIN_S):
        try:
            while True:
                await connection.recv()
        except ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd is not None else (1006, "")


async def test_a_raw_address_gives_bare_messages(exchange: PaperProcess) -> None:
    async with connect(f"{exchange.ws_url}/ws/btcusdt@bookTicker") as connection:
        assert list(await hear(connection)) == ["u", "s", "b", "B", "a", "A"]


async def test_a_raw_address_may_name_several_streams(exchange: PaperProcess) -> None:
    async with connect(f"{exchange.ws_url}/ws/btcusdt@depth5@100ms/btcusdt@avgPrice") as connection:
        await connection.send('{"method":"LIST_SUBSCRIPTIONS","id":1}')
        reply = await hear(connection)
        while "result" not in reply:
            reply = await hear(connection)

    assert reply == {"result": ["btcusdt@depth5@100ms", "btcusdt@avgPrice"], "id": 1}


async def test_a_combined_address_names_the_stream_of_each_message(exchange: PaperProcess) -> None:
    wanted = {"btcusdt@depth5@100ms", "ethusdt@avgPrice", "btcusdt@kline_1s@+08:00"}
    heard: set[str] = set()
    async with connect(f"{exchange.ws_url}/stream?streams={'/'.join(wanted)}") as connection:
        while heard != wanted:
            message = await hear(connection)
            assert list(message) == ["stream", "data"]
            heard.add(message["stream"])


@pytest.mark.parametrize("path", ["/ws/{}", "/stream?streams={}"])
async def test_names_may_be_percent_encoded(exchange: PaperProcess, path: str) -> None:
    address = exchange.ws_url + path.format(quote("币安人生usdt@depth5@100ms", safe=""))
    async with connect(address) as connection:
        message = await hear(connection)

    assert "lastUpdateId" in message.get("data", message)


async def test_times_are_in_the_unit_of_the_address(exchange: PaperProcess) -> None:
    async with connect(f"{exchange.ws_url}/stream?streams=btcusdt@avgPrice&timeUnit=MICROSECOND") as connection:
        assert (await hear(connection))["data"]["E"] > 10**15
    async with connect(f"{exchange.ws_url}/ws/btcusdt@avgPrice?timeUnit=microsecond") as connection:
        assert (await hear(connection))["E"] > 10**15


async def test_a_wrong_unit_refuses_the_connection(exchange: PaperProcess) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"{exchange.ws_url}/ws/btcusdt@trade?timeUnit=HOUR")
    assert json.loads(caught.value.response.body)["code"] == -1194


async def test_an_empty_connection_subscribes_later_and_changes_its_envelope(exchange: PaperProcess) -> None:
    async with connect(f"{exchange.ws_url}/ws") as connection:
        await connection.send('{"method":"SUBSCRIBE","params":["btcusdt@depth5@100ms"],"id":1}')
        assert await hear(connection) == {"result": None, "id": 1}
        assert "lastUpdateId" in await hear(connection)

        await connection.send('{"method":"SET_PROPERTY","params":["combined",true],"id":2}')
        message = await hear(connection)
        while "lastUpdateId" in message:
            message = await hear(connection)
        assert message == {"result": None, "id": 2}
        assert (await hear(connection))["stream"] == "btcusdt@depth5@100ms"


async def test_a_wrong_message_is_answered_and_the_connection_goes_on(exchange: PaperProcess) -> None:
    async with connect(f"{exchange.ws_url}/stream") as connection:
        await connection.send("[")
        assert (await hear(connection))["code"] == 3
        await connection.send('{"method":"LIST_SUBSCRIPTIONS","id":"a"}')
        assert await hear(connection) == {"result": [], "id": "a"}


async def test_a_binary_message_ends_the_connection(exchange: PaperProcess) -> None:
    async with connect(f"{exchange.ws_url}/ws") as connection:
        await connection.send(b"{}")
        assert (await closing(connection))[0] == 1003


async def test_five_messages_in_a_second_are_answered(exchange: PaperProcess) -> None:
    async with connect(f"{exchange.ws_url}/ws") as connection:
        for number in range(5):
            await connection.send(f'{{"method":"LIST_SUBSCRIPTIONS","id":{number}}}')
        assert [(await hear(connection))["id"] for _ in range(5)] == list(range(5))


async def test_a_sixth_message_in_a_second_ends_the_connection(exchange: PaperProcess) -> None:
    async with connect(f"{exchange.ws_url}/ws") as connection:
        with contextlib.suppress(ConnectionClosed):
            for number in range(6):
                await connection.send(f'{{"method":"LIST_SUBSCRIPTIONS","id":{number}}}')
        assert await closing(connection) == (1008, "Too many requests")


async def test_pings_and_pongs_count_as_messages(exchange: PaperProcess) -> None:
    async with connect(f"{exchange.ws_url}/ws") as connection:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(3):
                await connection.ping()
                await connection.pong()
        assert (await closing(connection))[0] == 1008


async def test_a_ping_is_answered_with_its_payload(exchange: PaperProcess) -> None:
    async with connect(f"{exchange.ws_url}/ws") as connection, asyncio.timeout(WITHIN_S):
        await (await connection.ping("are you there"))


async def test_an_address_names_1024_streams_and_no_more(exchange: PaperProcess) -> None:
    names = [f"s{number}usdt@kline_1m" for number in range(1024)]
    async with connect(f"{exchange.ws_url}/stream?streams={'/'.join(names)}") as connection:
        await connection.send('{"method":"LIST_SUBSCRIPTIONS","id":1}')
        assert (await hear(connection))["result"] == names

    with pytest.raises(InvalidStatus) as caught:
        await connect(f"{exchange.ws_url}/stream?streams={'/'.join(names)}/one@more")
    assert caught.value.response.status_code == 400


async def test_an_address_without_end_is_refused(exchange: PaperProcess) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"{exchange.ws_url}/ws/{'x' * 70_000}")
    assert caught.value.response.status_code == 414


async def test_an_address_opens_300_connections_in_five_minutes(start_exchange: StartExchange) -> None:
    exchange = await start_exchange(paper_connection_limit=3)
    for _ in range(3):
        await (await connect(f"{ws(exchange)}/ws")).close()
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"{ws(exchange)}/ws")
    assert caught.value.response.status_code == 429
    assert int(caught.value.response.headers["Retry-After"]) <= 300


async def test_a_connection_ends_with_its_life_and_says_so_before(start_exchange: StartExchange) -> None:
    exchange = await start_exchange(paper_life_s=1.0)
    async with connect(f"{ws(exchange)}/ws") as raw, connect(f"{ws(exchange)}/stream") as combined:
        notice = await hear(raw)
        assert next(iter(notice.items())) == ("e", "serverShutdown")
        assert list(notice) == ["e", "E"]
        enveloped = await hear(combined)
        assert enveloped["stream"] == "!serverShutdown"
        assert enveloped["data"]["e"] == "serverShutdown"
        assert (await closing(raw))[0] == 1001
        assert (await closing(combined))[0] == 1001


async def test_everyone_is_told_before_the_exchange_goes() -> None:
    process = PaperProcess()
    process.ready()
    async with connect(f"{process.ws_url}/stream") as connection:
        process.process.terminate()
        assert (await hear(connection))["data"]["e"] == "serverShutdown"
        assert (await closing(connection))[0] in (1001, 1012)
    assert process.stop() == 0


async def test_a_reader_that_does_not_read_is_cut_off_and_harms_nobody(start_exchange: StartExchange) -> None:
    exchange = await start_exchange()
    host, port = "127.0.0.1", exchange.port
    loop = asyncio.get_running_loop()
    with socket.socket() as lazy:
        lazy.setblocking(False)
        await loop.sock_connect(lazy, (host, port))
        await loop.sock_sendall(
            lazy,
            f"GET /ws/flood HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode(),
        )
        async with connect(f"{ws(exchange)}/ws/flood", max_size=None) as keen:
            await eventually(lambda: len(exchange.streams.connections) == 2)
            flood = exchange.streams.hub.channels["flood"]
            heard = 0
            while len(exchange.streams.connections) == 2:
                flood.send_bytes(b'"%s"' % (b"x" * 500_000))
                assert len(await hear(keen)) == 500_000
                heard += 1
                assert heard < 200, "nobody was cut off"
            flood.send_bytes(b'"still there"')
            assert await hear(keen) == "still there"
            assert exchange.streams.connections.cut_off == 1


async def test_a_client_that_does_not_answer_pings_is_cut_off(start_exchange: StartExchange) -> None:
    exchange = await start_exchange(paper_ping_s=0.3, paper_pong_s=0.3)
    host, port = "127.0.0.1", exchange.port
    async with connect(f"{ws(exchange)}/ws", ping_interval=None) as lively, asyncio.timeout(WITHIN_S):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(
            f"GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        said = await reader.read()
        writer.close()
        assert b"\x89\x04" in said, "no ping came"
        assert b"keepalive ping timeout" in said
        await lively.send('{"method":"LIST_SUBSCRIPTIONS","id":1}')
        assert await hear(lively) == {"result": [], "id": 1}


async def test_a_connection_that_is_gone_leaves_nothing_behind(start_exchange: StartExchange) -> None:
    exchange: Running = await start_exchange()
    async with connect(f"{ws(exchange)}/ws/btcusdt@trade"):
        await eventually(lambda: "btcusdt@trade" in exchange.streams.hub.channels)
    await eventually(lambda: not exchange.streams.hub.channels)
    assert len(exchange.streams.connections) == 0


@pytest.mark.parametrize("path", ["/wsx", "/streams", "/ws-api", "/stream/x"])
async def test_another_address_is_refused(exchange: PaperProcess, path: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await connect(exchange.ws_url + path)
    assert caught.value.response.status_code == 404


async def test_a_block_trade_of_the_operator_is_told_and_kept(exchange: PaperProcess) -> None:
    order = {"price": "91000.5", "quantity": "25", "isBuyerMaker": True}
    async with httpx.AsyncClient(base_url=exchange.url) as client, connect(f"{exchange.ws_url}/ws/btcusdt@blockTrade") as ear:
        await ear.send('{"method":"LIST_SUBSCRIPTIONS","id":1}')
        await hear(ear)
        made = (await client.post("/paper/v1/symbols/BTCUSDT/blockTrades", json=order)).json()
        told = await hear(ear)
        listed = await client.get("/api/v3/historicalBlockTrades", params={"symbol": "BTCUSDT", "fromId": made["id"]})
        refused = await client.post("/paper/v1/symbols/NOPE/blockTrades", json=order)

    assert (told["e"], told["t"], told["p"], told["q"], told["m"]) == (
        "blockTrade",
        made["id"],
        "91000.50000000",
        "25.00000000",
        True,
    )
    assert [each["id"] for each in listed.json()] == [made["id"]]
    assert refused.status_code == 400


async def test_connections_are_counted(start_exchange: StartExchange) -> None:
    exchange = await start_exchange()
    async with connect(f"{ws(exchange)}/ws/btcusdt@trade/btcusdt@depth"), httpx.AsyncClient() as client:
        await eventually(lambda: len(exchange.streams.hub.channels) == 2)
        metrics = (await client.get(f"{exchange.url}/metrics")).text
    assert "binance_paper_stream_connections 1.0" in metrics
    assert "binance_paper_stream_channels 2.0" in metrics
