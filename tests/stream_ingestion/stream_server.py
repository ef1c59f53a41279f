"""A small exchange that only streams: the test says what it sends, when it falls silent, and when it goes."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed


class Client:
    """A connection to the server."""

    def __init__(self, connection: ServerConnection, names: Iterable[str], is_combined: bool) -> None:
        self.connection = connection
        self.names = set(names)
        self.is_combined = is_combined
        self.heard: list[dict[str, Any]] = []
        self.heard_at: list[float] = []
        self.pongs = 0
        self.mute = False
        """Answer nothing and send nothing, but stay connected."""

    async def send(self, text: str) -> None:
        try:
            await self.connection.send(text)
        except ConnectionClosed:
            return


class StreamServer:
    """Use as an asynchronous context manager."""

    def __init__(self) -> None:
        self.clients: list[Client] = []
        """Those that are connected, in the order in which they came."""
        self.accepted = 0
        self.deaf_to: set[str] = set()
        """Streams whose subscription is acknowledged and forgotten."""
        self.refuses: dict[str, str] = {}
        """Streams for the sake of which a whole SUBSCRIBE is refused, and with which words."""
        self.unreachable = False
        self._server: Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await serve(self._serve, "127.0.0.1", 0, compression=None, ping_interval=None)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close(close_connections=False)
        for client in self.clients:
            client.connection.transport.abort()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def subscribed(self) -> set[str]:
        """Streams that flow on any connection."""
        return {name for client in self.clients for name in client.names}

    async def emit(self, name: str, data: Any) -> None:
        """Send an event to all that subscribed; text goes as it is."""
        text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
        for client in list(self.clients):
            if name in client.names and not client.mute:
                await client.send(f'{{"stream":"{name}","data":{text}}}' if client.is_combined else text)

    async def shut_down(self, client: Client) -> None:
        """Announce the end of a connection."""
        await client.send('{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770000000000}}')

    def cut(self) -> None:
        """End all connections as a broken network does."""
        for client in self.clients:
            client.connection.transport.abort()

    async def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        if self.unreachable:
            connection.transport.abort()
            return
        url = urlsplit(connection.request.path)
        names = parse_qs(url.query).get("streams", [""])[0] or (url.path[4:] if url.path.startswith("/ws/") else "")
        client = Client(connection, filter(None, names.split("/")), url.path == "/stream")
        self.accepted += 1
        self.clients.append(client)
        try:
            async for text in connection:
                client.heard.append(json.loads(text))
                client.heard_at.append(asyncio.get_running_loop().time())
                if not client.mute:
                    await self._answer(client, client.heard[-1])
        except ConnectionClosed:
            pass
        finally:
            self.clients.remove(client)

    async def _answer(self, client: Client, asked: dict[str, Any]) -> None:
        result: Any = None
        match asked["method"]:
            case "SUBSCRIBE" if refused := self.refuses.keys() & set(asked["params"]):
                error = {"code": 2, "msg": self.refuses[min(refused)]}
                await client.send(json.dumps({"error": error, "id": asked["id"]}))
                return
            case "SUBSCRIBE":
                client.names.update(set(asked["params"]) - self.deaf_to)
            case "UNSUBSCRIBE":
                client.names.difference_update(asked["params"])
            case _:
                result = sorted(client.names)
        await client.send(json.dumps({"result": result, "id": asked["id"]}))


def trade(number: int, symbol: str = "BTCUSDT", at_ms: int = 1_770_000_000_000) -> dict[str, Any]:
    """A trade event."""
    return {
        "e": "trade",
        "E": at_ms + number,
        "s": symbol,
        "t": number,
        "p": "60000.00000000",
        "q": "0.00100000",
        "T": at_ms + number - 1,
        "m": True,
        "M": True,
    }


def depth(first: int, last: int, *, bids: Any = (), asks: Any = (), symbol: str = "BTCUSDT") -> dict[str, Any]:
    """A diff depth event."""
    return {"e": "depthUpdate", "E": 1_770_000_000_000 + last, "s": symbol, "U": first, "u": last, "b": bids, "a": asks}


def kline(open_ms: int, at_ms: int, *, closed: bool = False, interval_ms: int = 60_000) -> dict[str, Any]:
    """A candle event."""
    candle = {"t": open_ms, "T": open_ms + interval_ms - 1, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 2, "o": "1", "c": "1"}
    more = {"h": "1", "l": "1", "v": "1", "n": 2, "x": closed, "q": "1", "V": "1", "Q": "1", "B": "0"}
    return {"e": "kline", "E": at_ms, "s": "BTCUSDT", "k": {**candle, **more}}


def text(event: Any) -> bytes:
    """An event as the exchange writes it."""
    return json.dumps(event, separators=(",", ":")).encode()
