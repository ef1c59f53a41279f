"""What tests of the gateway speak of: a market that answers as told, a running gateway, messages of both eras."""

import json
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec

from services.mcp_gateway.settings import Settings
from services.mcp_gateway.streams import to_ask
from services.mcp_gateway.tools import SPECS
from shared.contract.validate import parse
from shared.runtime.responder import RpcRequest
from shared.runtime.service import Life

MODERN = "2026-07-28"
HANDSHAKES = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""What spares httpx the loading of certificates, which takes longer than most tests."""
CLIENT = {"name": "test", "version": "1"}

StartGateway = Callable[..., Awaitable["Gateway"]]


def told(method: str, given: dict[str, Any]) -> dict[str, Any]:
    """What `Market` answers."""
    return {"method": method, "given": given}


def told_by(tool: str, given: dict[str, Any]) -> dict[str, Any]:
    """What a tool answers when `Market` does."""
    (spec,) = (spec for spec in SPECS if spec.tool and spec.tool.name == tool)
    asked = to_ask(parse(spec.type, given))
    return told(asked.spec.method, asked.given())


class Market:
    """Answers market data and streams. Unless `replies` says otherwise a reply tells what was asked."""

    def __init__(self) -> None:
        self.asked: list[RpcRequest] = []
        self.replies: dict[str, Callable[[RpcRequest], Awaitable[bytes]]] = {}

    def reply(self, method: str, body: bytes) -> None:
        """Always answer this method so."""

        async def answer(_: RpcRequest) -> bytes:
            return body

        self.replies[method] = answer

    async def answer(self, request: RpcRequest) -> bytes:
        self.asked.append(request)
        if special := self.replies.get(request.spec.method):
            return await special(request)
        return msgspec.json.encode(told(request.spec.method, request.operation.given()))


class Gateway:
    """A running gateway and ways to speak with it."""

    def __init__(self, life: Life[Settings], http: httpx.AsyncClient) -> None:
        self.life = life
        self.http = http

    @property
    def url(self) -> str:
        return f"{self.life.url}/mcp"

    async def post(self, message: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        """POST anything to the endpoint, as bytes or as JSON."""
        content = message if isinstance(message, bytes) else json.dumps(message).encode()
        base = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
        return await self.http.post(self.url, content=content, headers={**base, **(headers or {})})

    async def call(self, tool: str, arguments: Any = None, *, plain: bool = True, **meta: Any) -> dict[str, Any]:
        """A tool call of the modern protocol, by the fast path (`plain`) or round it; the JSON-RPC result."""
        response = await self.post(*modern_call(tool, arguments, plain=plain, **meta))
        assert response.status_code == 200, response.text
        return response.json()["result"]


def modern_call(tool: str, arguments: Any = None, *, plain: bool = True, **meta: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Body and headers of a modern tools/call; wanting progress is what the fast path leaves to the SDK."""
    envelope: dict[str, Any] = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": CLIENT,
        **({} if plain else {"progressToken": "p"}),
        **meta,
    }
    params = {"name": tool, "arguments": arguments or {}, "_meta": envelope}
    headers = {"mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": tool}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}, headers


def sse(response: httpx.Response) -> dict[str, Any]:
    """The one message of an event stream."""
    assert response.headers["content-type"].startswith("text/event-stream"), response.text
    (line,) = [line for line in response.text.splitlines() if line.startswith("data: {")]
    return json.loads(line.removeprefix("data: "))
