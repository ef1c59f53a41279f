"""HTTP/1.1 to the letter, from a server that sends just the bytes of the test."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import httpx
import pytest
import pytest_asyncio

from shared.binance.http1 import MAX_HEADERS, Http1Transport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
END = b""
"""Ends the connection."""
Ask = Callable[..., Awaitable[httpx.Response]]


class Wire:
    """Answers each request on each connection with the next pieces of bytes."""

    def __init__(self) -> None:
        self.answers: list[list[bytes]] = []
        self.heads: list[bytes] = []
        self.connections = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                for piece in self.answers.pop(0):
                    if piece is END:
                        writer.close()
                        continue
                    writer.write(piece)
                    await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


@pytest_asyncio.fixture
async def wire() -> AsyncGenerator[tuple[Wire, Ask], None]:
    wire = Wire()
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    url = httpx.URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/a?b=1")
    http = Http1Transport()

    async def ask(read_s: float = 5.0) -> httpx.Response:
        response = await http.handle_async_request(httpx.Request("GET", url, extensions={"timeout": {"read": read_s}}))
        await response.aread()
        return response

    yield wire, ask
    await http.aclose()
    wire.close()
    server.close()


@pytest.mark.parametrize(
    "pieces",
    [
        [OK],
        [bytes([byte]) for byte in OK],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"1\r\n}\r\n0\r\n\r\n"],
        [b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK],
        [b"HTTP/1.1 100 Continue\r\n\r\n", OK],
    ],
    ids=["whole", "byte by byte", "chunked", "early hints in one piece", "continue"],
)
async def test_an_answer_in_whatever_pieces_is_one_answer(wire: tuple[Wire, Ask], pieces: list[bytes]):
    server, ask = wire
    server.answers = [pieces, [OK], [OK]]

    for _ in range(2):
        response = await ask()
        assert (response.status_code, response.content) == (200, b"{}")
    assert server.connections == 1
    assert server.heads[0].startswith(b"GET /a?b=1 HTTP/1.1\r\n")


async def test_a_body_without_a_length_ends_with_the_connection(wire: tuple[Wire, Ask]):
    server, ask = wire
    server.answers = [[b"HTTP/1.1 200 OK\r\n\r\n", b'{"a":', b"1}", END]]

    assert (await ask()).content == b'{"a":1}'


async def test_an_answer_to_nothing_is_never_taken_for_the_next_ones(wire: tuple[Wire, Ask]):
    server, ask = wire
    stray = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"
    server.answers = [[OK + stray], [OK]]

    assert (await ask()).content == b"{}"
    assert (await ask()).content == b"{}"
    assert server.connections == 2


async def test_an_answer_after_the_timeout_is_never_taken_for_the_next_ones(wire: tuple[Wire, Ask]):
    server, ask = wire
    server.answers = [[], [OK], [OK]]
    with pytest.raises(httpx.ReadTimeout):
        await ask(read_s=0.05)

    assert (await ask()).content == b"{}"
    assert server.connections == 2


async def test_too_many_headers_are_refused(wire: tuple[Wire, Ask]):
    server, ask = wire
    server.answers = [[b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * (MAX_HEADERS + 1) + b"Content-Length: 2\r\n\r\n{}"]]

    with pytest.raises(httpx.RemoteProtocolError):
        await ask()
