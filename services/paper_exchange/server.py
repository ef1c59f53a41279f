"""One port for everything: REST, WebSocket API, market streams and the operator's routes, told apart by path."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Generator

import uvicorn

from services.paper_exchange import ws_api
from services.paper_exchange.errors import Refused
from services.paper_exchange.http_socket import HttpSocket
from services.paper_exchange.rest import Receive, Rest, Scope, Send
from services.paper_exchange.streams.address import is_stream_path
from services.paper_exchange.streams.connections import Connections
from services.paper_exchange.streams.socket import Socket
from services.paper_exchange.ws_api import WsApi
from shared.runtime.http import PortBusy

MAX_FRAME = 65_536
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
GRACE_S = 3
"""Requests under way get so long to end when the process is stopped."""


class App:
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


_OPERATOR_PATHS = ("/paper/", "/health", "/ready", "/metrics")


class Server:
    """The application on its port, in this event loop; signals are left to the process."""

    def __init__(self, app: App, host: str, port: int, *, ping_every_s: float, pong_within_s: float) -> None:
        self._socket = _listen(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._server = _Uvicorn(
            uvicorn.Config(
                app,
                loop="none",
                http=HttpSocket,
                ws=Socket,
                ws_max_size=MAX_FRAME,
                ws_ping_interval=ping_every_s,
                ws_ping_timeout=pong_within_s,
                ws_per_message_deflate=False,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=GRACE_S,
                backlog=2048,
            )
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Return when requests are taken."""
        self._task = asyncio.create_task(self._server.serve([self._socket]))
        await self._server.up.wait()

    async def stop(self) -> None:
        """Take no more requests, end those under way, close."""
        if self._task is not None:
            self._server.should_exit = True
            await self._task
        self._socket.close()


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PortBusy(f"Port {port} on {host} cannot be listened on: {reason}. Is another instance running?") from None
