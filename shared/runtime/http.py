"""What a process tells over HTTP: /health (it lives), /ready (it can do its work, proven now), /metrics.

A service that serves more (the gateway, the paper exchange) adds its routes to the same application.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Generator
from time import perf_counter
from typing import Any

import uvicorn
from fastapi import FastAPI, Response
from msgspec import Struct, json

from shared.runtime.ends import NotToBeHad
from shared.runtime.metrics import CONTENT_TYPE, Metrics
from shared.runtime.observe import logger

PROBE_TIMEOUT_S = 3.0
_log = logger("runtime.http")

Probe = Callable[[], Awaitable[str]]
"""Empty when all is well, otherwise one sentence that says what is wrong. An exception counts as wrong."""


class PortBusy(NotToBeHad):
    """The HTTP port cannot be listened on; one line."""


class Check(Struct, frozen=True, omit_defaults=True):
    """What one probe found."""

    ok: bool
    took_ms: float
    problem: str = ""


class Readiness(Struct, frozen=True):
    """The body of /ready."""

    service: str
    ready: bool
    checks: dict[str, Check]


class Probes:
    """The questions whose answers make a process ready."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._probes: dict[str, Probe] = {}

    def add(self, name: str, probe: Probe) -> None:
        """Ask this too."""
        self._probes[name] = probe

    async def ask(self) -> Readiness:
        """Ask all at once, each for at most `PROBE_TIMEOUT_S`."""
        found = await asyncio.gather(*(self._one(name, probe) for name, probe in self._probes.items()))
        checks = dict(zip(self._probes, found, strict=True))
        return Readiness(self._service, all(check.ok for check in found), checks)

    async def _one(self, name: str, probe: Probe) -> Check:
        started = perf_counter()
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                problem = await probe()
        except TimeoutError:
            problem = f"no answer within {PROBE_TIMEOUT_S:g} s"
        except Exception:
            _log.exception("a probe failed", probe=name)
            problem = "the check itself failed; the log has details"
        return Check(not problem, round((perf_counter() - started) * 1000, 3), problem)


def application(service: str, probes: Probes, metrics: Metrics) -> FastAPI:
    """The application that every process serves."""
    app = FastAPI(title=service, docs_url=None, redoc_url=None, openapi_url=None)

    async def health() -> Response:
        return _json({"service": service, "alive": True})

    async def ready() -> Response:
        found = await probes.ask()
        return _json(found, 200 if found.ready else 503)

    async def show_metrics() -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    app.add_api_route("/health", health)
    app.add_api_route("/ready", ready)
    app.add_api_route("/metrics", show_metrics)
    return app


def _json(body: object, status: int = 200) -> Response:
    return Response(json.encode(body), status, media_type="application/json", headers={"Cache-Control": "no-store"})


class HttpServer:
    """An application on its port, in this event loop; signals are left to the process.

    The port is taken at once, so that nobody opens anything before he knows that he has it.
    """

    def __init__(self, host: str, port: int, *, grace_s: float = 5.0) -> None:
        self._socket = _listen(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._grace_s = grace_s
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}"

    async def start(self, app: Any, **options: Any) -> None:
        """Return when the application (ASGI) takes requests; `options` are settings of uvicorn in place of ours.

        Raises:
            NotToBeHad: uvicorn ended instead; or whatever it failed with.
        """
        ours: dict[str, Any] = {
            "loop": "none",
            "http": "httptools",
            "lifespan": "off",
            "log_config": None,
            "access_log": False,
            "server_header": False,
            "timeout_keep_alive": 65,
            "timeout_graceful_shutdown": int(self._grace_s) or 1,
        }
        self._server = _Server(uvicorn.Config(app, **ours | options))
        self._task = asyncio.create_task(self._server.serve([self._socket]))
        started = asyncio.create_task(self._server.up.wait())
        await asyncio.wait({self._task, started}, return_when=asyncio.FIRST_COMPLETED)
        started.cancel()
        if self._task.done():
            self._task.result()

    async def stop(self) -> None:
        """Take no more requests, end those under way within the grace, close."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await asyncio.wait({self._task})
        self._socket.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:  # it would end the event loop
            raise NotToBeHad("The HTTP server cannot start; the log tells why.") from None
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
