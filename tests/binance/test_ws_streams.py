"""A connection to the market streams, with every library behind the seam, against a small server over real sockets."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
from websockets.frames import Frame, Opcode

from shared.binance.sockets import Library, connector
from shared.binance.stream_limits import Backoff, Window
from shared.binance.ws_streams import NAMES_PER_MESSAGE, StreamConnection
from shared.contract.errors import Rejected, Unavailable
from tests.stream_ingestion.stream_server import StreamServer, trade
from tests.support.waiting import eventually

LIBRARIES: tuple[Library, ...] = ("websockets", "websockets_fast", "picows")


class Heard:
    """What a connection told us."""

    def __init__(self) -> None:
        self.reads = 0
        self.lost: list[str] = []
        self.left = 0
        self.payloads: list[bytes] = []

    def connection(self, **options: Any) -> StreamConnection:
        return StreamConnection(on_read=self._read, on_lost=self._lost, on_leaving=self._leaving, **options)

    def _read(self) -> None:
        self.reads += 1

    def _lost(self, _connection: StreamConnection, reason: str) -> None:
        self.lost.append(reason)

    def _leaving(self) -> None:
        self.left += 1


@pytest_asyncio.fixture
async def server() -> AsyncGenerator[StreamServer, None]:
    async with StreamServer() as running:
        yield running


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest_asyncio.fixture(params=LIBRARIES)
async def connection(
    request: pytest.FixtureRequest, server: StreamServer, heard: Heard
) -> AsyncGenerator[StreamConnection, None]:
    opened = heard.connection(max_frame=1_000_000)
    opened.routes[b"btcusdt@trade"] = heard.payloads.append
    await opened.open(connector(request.param), server.url)
    yield opened
    await opened.close()


async def test_payloads_arrive_in_order_byte_for_byte(connection: StreamConnection, server: StreamServer, heard: Heard) -> None:
    await connection.subscribe(["btcusdt@trade"])
    texts = [f'{{"e":"trade","t":{n},"p":"{"9" * size}","ü":"中"}}' for n, size in enumerate((1, 90, 200, 70_000, 200_000, 3))]
    for text in texts:
        await server.emit("btcusdt@trade", text)
    await eventually(lambda: len(heard.payloads) == len(texts))
    assert heard.payloads == [text.encode() for text in texts]
    assert heard.reads > 0


async def test_many_small_messages_in_one_read_are_all_given(
    connection: StreamConnection, server: StreamServer, heard: Heard
) -> None:
    await connection.subscribe(["btcusdt@trade"])
    await asyncio.gather(*(server.emit("btcusdt@trade", trade(number)) for number in range(500)))
    await eventually(lambda: len(heard.payloads) == 500)
    assert sorted(heard.payloads) == sorted(set(heard.payloads))


async def test_a_message_in_fragments_is_put_together(connection: StreamConnection, server: StreamServer, heard: Heard) -> None:
    await connection.subscribe(["btcusdt@trade"])
    client = server.clients[0].connection

    async def fragments() -> AsyncGenerator[str, None]:
        yield '{"stream":"btcusdt@trade",'
        yield '"data":'
        yield '{"t":1}}'

    await client.send(fragments())
    await server.emit("btcusdt@trade", '{"t":2}')
    await eventually(lambda: len(heard.payloads) == 2)
    assert heard.payloads == [b'{"t":1}', b'{"t":2}']


@pytest.mark.parametrize(
    "text",
    [
        '{ "stream": "btcusdt@trade", "data": {"t":1} }',
        '{"data":{"t":1},"stream":"btcusdt@trade"}',
        '{"stream":"btcusdt\\u0040trade","data":{"t":1}}',
    ],
)
async def test_an_envelope_written_otherwise_is_decoded(
    connection: StreamConnection, server: StreamServer, heard: Heard, text: str
) -> None:
    await server.clients[0].send(text)
    await eventually(lambda: heard.payloads)
    assert heard.payloads == [b'{"t":1}']


async def test_a_ping_is_answered_without_our_doing(connection: StreamConnection, server: StreamServer) -> None:
    pong = await server.clients[0].connection.ping(b"1770000000000")
    async with asyncio.timeout(5):
        await pong
    assert connection.lost == ""


async def test_the_end_is_told_once_with_its_reason(connection: StreamConnection, server: StreamServer, heard: Heard) -> None:
    await server.clients[0].connection.close(1008, "Disconnected")
    await eventually(lambda: heard.lost)
    assert heard.lost == ["closed with 1008 (Disconnected)"]
    with pytest.raises(Unavailable, match="1008"):
        await connection.subscribe(["btcusdt@trade"])


async def test_a_broken_connection_is_told(connection: StreamConnection, server: StreamServer, heard: Heard) -> None:
    server.cut()
    await eventually(lambda: heard.lost)
    assert connection.lost != ""


async def test_a_masked_frame_of_the_server_ends_the_connection(
    connection: StreamConnection, server: StreamServer, heard: Heard
) -> None:
    masked = Frame(Opcode.TEXT, b'{"stream":"btcusdt@trade","data":{"t":1}}').serialize(mask=True)
    server.clients[0].connection.transport.write(masked)
    await eventually(lambda: heard.lost or heard.payloads)
    assert heard.payloads in ([], [b'{"t":1}'])


async def test_an_announced_shutdown_is_told(connection: StreamConnection, server: StreamServer, heard: Heard) -> None:
    await server.shut_down(server.clients[0])
    await eventually(lambda: connection.leaving)
    assert heard.left == 1


async def test_what_flows_can_be_asked_and_ended(connection: StreamConnection, server: StreamServer) -> None:
    await connection.subscribe(["btcusdt@trade", "btcusdt@depth"])
    assert await connection.subscriptions() == ["btcusdt@depth", "btcusdt@trade"]
    await connection.unsubscribe(["btcusdt@depth"])
    assert connection.names == server.subscribed == {"btcusdt@trade"}


async def test_a_refusal_of_the_exchange_is_told_in_its_words(connection: StreamConnection, server: StreamServer) -> None:
    server.refuses = {"btcusdt@trade": "Invalid request: too many parameters"}
    with pytest.raises(Rejected, match="too many parameters") as told:
        await connection.subscribe(["btcusdt@trade"])
    assert told.value.code == 2


async def test_no_more_than_five_messages_are_sent_in_any_second(connection: StreamConnection, server: StreamServer) -> None:
    names = [f"s{number}usdt@trade" for number in range(NAMES_PER_MESSAGE * 7)]
    await connection.subscribe(names)
    sent_at = server.clients[0].heard_at
    assert server.subscribed == set(names)
    assert len(sent_at) == 7
    assert all(late - early >= 1.0 for early, late in zip(sent_at, sent_at[5:], strict=False))


async def test_reading_pauses_and_goes_on(connection: StreamConnection, server: StreamServer, heard: Heard) -> None:
    await connection.subscribe(["btcusdt@trade"])
    connection.pause()
    sending = asyncio.gather(*(server.emit("btcusdt@trade", "9" * 60_000) for _ in range(100)))
    await server.clients[0].connection.ping()
    connection.resume()
    await sending
    await eventually(lambda: len(heard.payloads) == 100)


async def test_a_frame_larger_than_the_bus_carries_is_dropped_and_counted(
    connection: StreamConnection, server: StreamServer, heard: Heard
) -> None:
    await connection.subscribe(["btcusdt@trade"])
    await server.emit("btcusdt@trade", "9" * 1_000_001)
    await server.emit("btcusdt@trade", "1")
    await eventually(lambda: heard.payloads)
    assert (connection.oversized, heard.payloads) == (1, [b"1"])


@pytest.mark.parametrize("library", LIBRARIES)
async def test_an_address_without_streams_is_told_as_unreachable(library: Library, heard: Heard) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as http:
        port = http.sockets[0].getsockname()[1]
        with pytest.raises((OSError, TimeoutError)):
            await heard.connection().open(connector(library), f"ws://127.0.0.1:{port}")
    with pytest.raises((OSError, TimeoutError)):
        await heard.connection().open(connector(library), f"ws://127.0.0.1:{port}")


def test_a_window_lets_so_many_through_in_any_stretch() -> None:
    window = Window(2, 1.0)
    for now in (0.0, 0.4):
        assert window.wait_s(now) == 0
        window.take(now)
    assert window.wait_s(0.5) == pytest.approx(0.5)
    assert window.wait_s(1.0) == 0


def test_pauses_between_attempts_grow_and_are_bounded() -> None:
    backoff = Backoff(0.1, 1.0)
    pauses = [backoff.failed() for _ in range(10)]
    backoff.worked()
    assert all(0.5 * most <= pause <= most for pause, most in zip(pauses, (0.1, 0.2, 0.4, 0.8, *[1.0] * 6), strict=True))
    assert backoff.failed() <= 0.1
