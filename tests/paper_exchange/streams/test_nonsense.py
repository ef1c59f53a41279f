"""Nonsense on the wire ends its own connection, with the code that the protocol has for it, and nothing else."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from random import Random

import httpx
import pytest

from tests.paper_exchange.conftest import PaperProcess

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: paper\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9


def frame(opcode: int, payload: bytes, *, first: int = 0x80, masked: bool = True) -> bytes:
    """A frame as a client sends it, with a mask of zeros."""
    length = len(payload)
    mask = 0x80 if masked else 0
    size = bytes((mask | length,)) if length < 126 else bytes((mask | 126,)) + length.to_bytes(2, "big")
    return bytes((first | opcode,)) + size + (bytes(4) if masked else b"") + payload


@contextlib.asynccontextmanager
async def opened(
    exchange: PaperProcess, path: str = "/ws"
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection whose handshake is done."""
    host, _, port = exchange.url.removeprefix("http://").partition(":")
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(HANDSHAKE.format(path=path).encode())
        await reader.readuntil(b"\r\n\r\n")
        yield reader, writer
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def said(exchange: PaperProcess, sent: bytes) -> bytes:
    """What the exchange says to these bytes."""
    async with opened(exchange) as (reader, writer):
        writer.write(sent)
        return await reader.read(4096)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, b"{}", masked=False), 1002),
        (frame(TEXT, b"{}", first=0xC0), 1002),
        (frame(0, b"goes on"), 1002),
        (frame(3, b""), 1002),
        (frame(PING, b"x" * 126), 1002),
        (frame(CLOSE, b"\x00"), 1002),
        (frame(TEXT, b"\xff\xfe"), 1007),
        (frame(BINARY, b"{}"), 1003),
        (frame(TEXT, b"{}") * 6, 1008),
        (bytes((0x81, 0xFF)) + (2**62).to_bytes(8, "big") + bytes(4), 1009),
    ],
)
async def test_a_frame_against_the_rules_is_answered_with_its_code(exchange: PaperProcess, sent: bytes, code: int) -> None:
    heard = await said(exchange, sent)

    assert heard[0] == 0x88
    assert int.from_bytes(heard[2:4], "big") == code


async def test_a_message_in_pieces_is_one_message(exchange: PaperProcess) -> None:
    pieces = frame(TEXT, b'{"method":"LIST_SUB', first=0) + frame(PING, b"!") + frame(0, b'SCRIPTIONS","id":1}')

    heard = await said(exchange, pieces + frame(CLOSE, b"\x03\xe8"))

    assert b"\x8a\x01!" in heard


@pytest.mark.parametrize("path", ["/ws", "/stream", "/ws-api/v3"])
async def test_noise_stops_nobody(exchange: PaperProcess, path: str) -> None:
    luck = Random(7)
    for _ in range(30):
        async with opened(exchange, path) as (_, writer):
            writer.write(luck.randbytes(luck.randrange(1, 400)))

    async with httpx.AsyncClient(base_url=exchange.url) as client:
        assert (await client.get("/ready")).status_code == 200
