"""Bridges from market streams to the bus, each as its users would write it; and the least that CPython can do.

    python -m deploy.bench.bridges <name> <ws url> <nats host:port>

All publish a trade's payload on `binance.md.<SYMBOL>.trade` and run until they are terminated.
"""

import asyncio
import json
import socket
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import nats
import uvloop
from websockets.asyncio.client import connect

from deploy.bench.stream_events import subject, trades

Bridge = Callable[[str, str], Awaitable[None]]
STREAMS = trades(20)
PATH = "/stream?streams=" + "/".join(STREAMS)
_AFTER_NAME = b'","data":'


async def first_try(ws: str, bus: str) -> None:
    """What one writes first: decode, encode, publish."""
    nc: Any = await _nats(bus)
    async with connect(ws + PATH, max_size=None) as stream:
        async for text in stream:
            event = json.loads(text)
            await nc.publish(subject(event["stream"]), json.dumps(event["data"]).encode())


async def plain(ws: str, bus: str) -> None:
    """The natural good design with public interfaces: bytes in, cut the payload out, publish."""
    nc: Any = await _nats(bus)
    subjects = {stream.encode(): subject(stream) for stream in STREAMS}
    async with connect(ws + PATH, max_size=None, compression=None) as stream:
        while True:
            frame: Any = await stream.recv(decode=False)
            cut = frame.find(_AFTER_NAME, 11)
            await nc.publish(subjects[frame[11:cut]], frame[cut + 9 : -1])


async def python_binance(ws: str, bus: str) -> None:
    """python-binance's socket manager; its events are dictionaries."""
    from binance.async_client import AsyncClient
    from binance.ws.streams import BinanceSocketManager

    nc: Any = await _nats(bus)
    client = AsyncClient()
    manager: Any = BinanceSocketManager(client, max_queue_size=10**7)
    manager.STREAM_URL = ws + "/"
    async with manager.multiplex_socket(list(STREAMS)) as stream:
        while True:
            event = await stream.recv()
            await nc.publish(subject(event["stream"]), json.dumps(event["data"]).encode())


async def binance_sdk_spot(ws: str, bus: str) -> None:
    """The exchange's own SDK; its events are models."""
    from binance_common.configuration import ConfigurationWebSocketStreams
    from binance_sdk_spot.spot import Spot

    nc: Any = await _nats(bus)
    sdk: Any = Spot(config_ws_streams=ConfigurationWebSocketStreams(stream_url=ws))
    streams = await sdk.websocket_streams.create_connection()
    queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    def hear(name: str) -> Callable[[Any], None]:
        return lambda event: queue.put_nowait((name, event))

    handles = await asyncio.gather(*(streams.trade(symbol=name.partition("@")[0]) for name in STREAMS))
    for name, handle in zip(STREAMS, handles, strict=True):
        handle.on("message", hear(name))
    while True:
        name, event = await queue.get()
        await nc.publish(subject(name), event.model_dump_json(by_alias=True).encode())


async def unicorn(ws: str, bus: str) -> None:
    """unicorn-binance-websocket-api; its events are dictionaries, its streams live in a thread of their own."""
    library: Any = import_module("unicorn_binance_websocket_api")  # only make bench installs it

    async def publish(stream_id: str) -> None:
        nc: Any = await _nats(bus)
        while True:
            event = await manager.get_stream_data_from_asyncio_queue(stream_id)
            if "data" in event:
                await nc.publish(subject(event["stream"]), json.dumps(event["data"]).encode())

    manager = library.BinanceWebSocketApiManager(
        exchange="binance.com",
        websocket_base_uri=f"{ws}/",
        process_asyncio_queue=publish,
        output_default="dict",
        warn_on_update=False,
        disable_colorama=True,
    )
    symbols = [stream.partition("@")[0] for stream in STREAMS]
    manager.create_stream(channels=["trade"], markets=symbols)
    await asyncio.Event().wait()


async def limit(ws: str, bus: str) -> None:
    """No event loop, no library, nothing checked: what one thread of CPython can do at all."""
    host, port = ws.removeprefix("ws://").split(":")
    source = socket.create_connection((host, int(port)))
    key = (
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13"
    )
    source.sendall(f"GET {PATH} HTTP/1.1\r\nHost: {host}\r\n{key}\r\n\r\n".encode())
    data = b""
    while b"\r\n\r\n" not in data:
        data += source.recv(65536)
    rest = data.partition(b"\r\n\r\n")[2]
    target = socket.create_connection((bus.split(":")[0], int(bus.split(":")[1])))
    target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    target.sendall(b'CONNECT {"verbose":false}\r\n')
    heads = {stream.encode(): f"PUB {subject(stream)} ".encode() for stream in STREAMS}
    while data := source.recv(262144):
        data = rest + data
        lines: list[bytes] = []
        at, size = 0, len(data)
        while size - at >= 4:
            length, body = data[at + 1], at + 2
            if length == 126:
                length, body = data[at + 2] << 8 | data[at + 3], at + 4
            end = body + length
            if end > size:
                break
            cut = data.find(_AFTER_NAME, body)
            payload = data[cut + 9 : end - 1]
            lines.append(b"%b%d\r\n%b\r\n" % (heads[data[body + 11 : cut]], len(payload), payload))
            at = end
        rest = data[at:]
        target.sendall(b"".join(lines))


async def _nats(bus: str) -> Any:
    return await nats.connect(f"nats://{bus}")  # pyright: ignore[reportUnknownMemberType]


BRIDGES: dict[str, Bridge] = {
    "first-try": first_try,
    "plain": plain,
    "python-binance": python_binance,
    "binance-sdk-spot": binance_sdk_spot,
    "unicorn": unicorn,
    "limit": limit,
}

if __name__ == "__main__":
    uvloop.run(BRIDGES[sys.argv[1]](sys.argv[2], sys.argv[3]))  # pyright: ignore[reportArgumentType]
