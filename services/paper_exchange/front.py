"""One port for everything: REST, WebSocket API, market streams and the operator's routes, told apart by path."""

from collections.abc import Awaitable, Callable
from typing import Any

from services.paper_exchange import ws_api
from services.paper_exchange.errors import Refused
from services.paper_exchange.http_socket import HttpSocket
from services.paper_exchange.rest import Receive, Rest, Scope, Send
from services.paper_exchange.streams.address import is_stream_path
from services.paper_exchange.streams.connections import Connections
from services.paper_exchange.streams.socket import Socket
from services.paper_exchange.ws_api import WsApi

MAX_FRAME = 65_536
GRACE_S = 3
"""Requests under way get so long to end when the process is stopped."""
_OPERATOR_PATHS = ("/paper/", "/health", "/ready", "/metrics")
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Front:
    """The ASGI application of the port."""

    def __init__(self, rest_api: Rest, websocket_api: WsApi, streams: Connections, operator: Application) -> None:
        """`operator` is the application that answers every path that is not the exchange's."""
        self._rest = rest_api
        self._websockets = {ws_api.PATH: websocket_api}
        self._streams = streams
        self._operator = operator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Whatever comes in."""
        path: str = scope["path"]
        if scope["type"] == "http":
            if path.startswith(_OPERATOR_PATHS):
                await self._operator(scope, receive, send)
            else:
                await self._rest(scope, receive, send)
            return
        handler = self._streams if is_stream_path(path) else self._websockets.get(path.rstrip("/"))
        if handler is not None:
            await handler(scope, receive, send)
            return
        await receive()
        await ws_api.deny(send, Refused(-1099, "Not found, authenticated, or authorized", status=404))


def options(*, ping_every_s: float, pong_within_s: float) -> dict[str, Any]:
    """The settings of uvicorn that make connections the exchange's."""
    return {
        "http": HttpSocket,
        "ws": Socket,
        "ws_max_size": MAX_FRAME,
        "ws_ping_interval": ping_every_s,
        "ws_ping_timeout": pong_within_s,
        "ws_per_message_deflate": False,
        "timeout_keep_alive": 75,
        "timeout_graceful_shutdown": GRACE_S,
        "backlog": 2048,
    }
