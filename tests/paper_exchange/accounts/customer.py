"""A customer of the exchange in a dozen lines: signs by hand, by the book, and asks over REST or the WebSocket API."""

import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx
from websockets.sync.client import ClientConnection

Sign = Callable[[bytes], str]


def hmac_signer(secret: str) -> Sign:
    return lambda payload: hmac.new(secret.encode(), payload, "sha256").hexdigest()


class Customer:
    """Whoever holds a key."""

    def __init__(self, url: str, api_key: str = "paper-main", sign: Sign | None = None) -> None:
        self.api_key = api_key
        self.sign = sign or hmac_signer(f"{api_key}-secret")
        self.http = httpx.Client(base_url=url, timeout=10)

    def send(self, method: str, path: str, query: str = "", body: str = "", **headers: str) -> httpx.Response:
        """A request exactly as written."""
        given = {"X-MBX-APIKEY": self.api_key, "Content-Type": "application/x-www-form-urlencoded"} | headers
        return self.http.request(method, f"{path}?{query}" if query else path, content=body or None, headers=given)

    def ask(self, method: str, path: str, **params: Any) -> httpx.Response:
        """A signed request with everything in the query."""
        return self.send(method, path, self.signed(params))

    def signed(self, params: dict[str, Any]) -> str:
        """The query of a signed request."""
        query = urlencode({"timestamp": now_ms()} | params)
        return f"{query}&{urlencode({'signature': self.sign(query.encode())})}"

    def frame(self, method: str, request_id: Any = 1, **params: Any) -> str:
        """A signed request of the WebSocket API."""
        said = {"apiKey": self.api_key, "timestamp": now_ms()} | params
        payload = "&".join(f"{name}={said[name]}" for name in sorted(said))
        return json.dumps({"id": request_id, "method": method, "params": said | {"signature": self.sign(payload.encode())}})

    def say(self, socket: ClientConnection, method: str, **params: Any) -> Any:
        """A signed request over a socket, and the reply to it; events that come first are passed over."""
        socket.send(self.frame(method, **params))
        return reply(socket)

    def close(self) -> None:
        self.http.close()


def reply(socket: ClientConnection) -> Any:
    """The next reply."""
    return next(message for message in messages(socket) if "status" in message)


def events(socket: ClientConnection, last: str) -> list[Any]:
    """Events up to and with the first of a kind."""
    found: list[Any] = []
    for message in messages(socket):
        if "event" in message:
            found.append(message)
            if message["event"]["e"] == last:
                return found
    raise AssertionError("the stream ended")


def messages(socket: ClientConnection) -> Any:
    """What comes in."""
    while True:
        yield json.loads(socket.recv(timeout=5))


def now_ms() -> int:
    return time.time_ns() // 1_000_000
