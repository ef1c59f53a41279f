"""One life for all services: settings, resources, subscriptions, ready, drain, end.

A service is its settings and one asynchronous context manager. What is before `yield` opens what the service needs and says
what it answers; what is after it closes that again:

    class Settings(ExchangeSettings):
        service: ClassVar[str] = "market_data"
        port: Port = own(8001, "Port of market_data's health, readiness and metrics.")

    @asynccontextmanager
    async def serve(life: Life[Settings]) -> AsyncGenerator[None, None]:
        async with BinanceClient(life.settings) as client:
            life.answer(owned_by(Owner.MARKET), Handlers(client).read)
            life.probe("exchange", client.reachable)
            yield

    if __name__ == "__main__":
        run(Settings, serve)

Between: requests are taken from the moment everything before `yield` is done. On SIGTERM or SIGINT the process stops being
ready, takes no more requests, ends those under way within `drain_s`, then runs what is after `yield` and leaves the bus. When
a connection to the bus is closed for good the process ends for its supervisor to start it anew; `ends` has the exit codes.
A process whose settings know no bus (the paper exchange) has the same life without one, and does not load NATS.
"""

import asyncio
import gc
import os
import signal
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeAlias, TypeVar

import uvloop
from fastapi import FastAPI

from shared.contract.operation import Spec
from shared.runtime import http, observe
from shared.runtime.endpoint import Handler
from shared.runtime.ends import BAD_SETTINGS, BUS_CLOSED, FAILED, STOPPED, CannotStart
from shared.runtime.metrics import Metrics
from shared.runtime.settings import BadSettings, BusSettings, Settings

if TYPE_CHECKING:
    from shared.runtime.bus import Bus
    from shared.runtime.responder import Responder

GC_THRESHOLD = (50_000, 25, 25)
"""Rare collections: the objects of a request die by reference count, those of the process live as long as it."""
CLOSE_S = 5.0
"""Beyond the drain, what is opened gets so long to close; then the process ends regardless."""
_log = observe.logger("runtime.service")

S = TypeVar("S", bound=Settings)


class Life(Generic[S]):
    """What a service has while it lives."""

    def __init__(self, settings: S) -> None:
        self.settings = settings
        self.name = settings.service
        self.instance = f"{self.name}/{uuid.uuid4().hex[:8]}"
        """Name of this process on the bus."""
        self.metrics = Metrics(self.name)
        self.probes = http.Probes(self.name)
        self.app: FastAPI = http.application(self.name, self.probes, self.metrics)
        """The HTTP application; add routes before `yield`."""
        self._front: tuple[Any, dict[str, Any]] = (self.app, {})
        self.stopping = asyncio.Event()
        """Set when the process has been asked to end."""
        self.url = ""
        """Where HTTP listens, once it does."""
        self._bus: Bus | None = None
        self._responder: Responder | None = None
        self._before_drain: list[Callable[[], Awaitable[None]]] = []
        self._essential: list[asyncio.Task[Any]] = []
        self._standby: http.Probe | None = None
        self._standing: asyncio.Task[None] | None = None
        self._began = perf_counter()
        self.probes.add("running", self._is_running)

    @property
    def bus(self) -> "Bus":
        """The bus.

        Raises:
            RuntimeError: this service's settings know none.
        """
        if self._bus is None:
            raise RuntimeError(f"{self.name} has no bus: let its settings extend BusSettings")
        return self._bus

    def answer(self, specs: Iterable[Spec], handler: Handler, *, accounts: Iterable[str] = ("main",)) -> None:
        """Answer these operations over the bus with this handler, each for all of the accounts where it belongs to one."""
        if self._responder is None:
            raise RuntimeError(f"{self.name} has no bus: let its settings extend BusSettings")
        every = tuple(accounts)
        for spec in specs:
            for account in every:
                self._responder.add(spec, handler, account=account)

    def probe(self, name: str, probe: http.Probe) -> None:
        """Be ready only while this probe finds no problem."""
        self.probes.add(name, probe)

    def serve_http(self, front: Any, **options: Any) -> None:
        """Let this ASGI application take what comes to the port, with these settings of uvicorn; `app` is for it to call."""
        self._front = front, options

    def lives_by(self, task: asyncio.Task[Any]) -> None:
        """When this task ends by itself, so does the process, with code 1."""
        self._essential.append(task)

    def steps_aside_while(self, problem: http.Probe) -> None:
        """While this finds a problem, leave the requests to replicas that have none, if there are any (`standby`)."""
        self._standby = problem

    def before_drain(self, hook: Callable[[], Awaitable[None]]) -> None:
        """Call this as soon as the process is asked to end: to tell those who wait for long that they will not be served."""
        self._before_drain.append(hook)

    async def live(self, serve: "Serve[S]", *, on_ready: Callable[[], None] | None = None) -> int:
        """From connecting to the last goodbye; the exit code. `on_ready` is called when all is up.

        Raises:
            CannotStart: with what is wrong (`NotToBeHad`: the bus, the port).
        """
        async with AsyncExitStack() as resources:
            await self._join_bus(resources)
            server = http.HttpServer(self.settings.host, self.settings.port, grace_s=self.settings.drain_s)
            resources.push_async_callback(server.stop)
            await resources.enter_async_context(serve(self))
            await self._take_requests(resources)
            app, options = self._front
            await server.start(app, **options)
            self.url = server.url
            gc.collect()
            gc.freeze()
            gc.set_threshold(*GC_THRESHOLD)
            took_ms = round((perf_counter() - self._began) * 1000)
            _log.info("ready", url=self.url, instance=self.instance, took_ms=took_ms)
            if on_ready is not None:
                on_ready()
            code = await self._until_end()
            last_resort = asyncio.get_running_loop().call_later(2 * self.settings.drain_s + CLOSE_S, _give_up)
            _log.info("draining")
            await self._drain(server)
        last_resort.cancel()
        _log.info("stopped")
        return code

    async def _take_requests(self, resources: AsyncExitStack) -> None:
        if self._responder is None:
            return
        await self._responder.start()
        if self._standby is not None:
            from shared.runtime.standby import Standby

            self._standing = asyncio.create_task(Standby(self.bus, self._responder, self._standby).run())
            resources.callback(self._standing.cancel)

    async def _drain(self, server: http.HttpServer) -> None:
        for hook in self._before_drain:
            try:
                await hook()
            except Exception:
                _log.exception("a hook before draining failed")
        if self._standing is not None:
            self._standing.cancel()
            await asyncio.wait({self._standing})
        if self._responder is not None:
            await self._responder.drain(self.settings.drain_s)
        await server.stop()

    async def _join_bus(self, resources: AsyncExitStack) -> None:
        settings: Settings = self.settings
        if not isinstance(settings, BusSettings):
            return
        from shared.runtime.bus import Bus
        from shared.runtime.link import Address
        from shared.runtime.responder import Responder

        bus = await Bus.connect(
            Address.of(settings, self.instance),
            wait_s=settings.nats_wait_s,
            metrics=self.metrics,
            prefix=settings.subject_prefix,
        )
        resources.push_async_callback(bus.close)
        self._bus = bus
        self._responder = Responder(bus, self.name, concurrency=settings.concurrency, deadline_ms=settings.deadline_ms)

        async def answers() -> str:
            return "" if await bus.round_trip_s() is not None else "NATS does not answer"

        self.probes.add("bus", answers)

    async def _until_end(self) -> int:
        """Wait until asked to stop, or until that ends without which there is no going on; the exit code."""
        asked = asyncio.ensure_future(self.stopping.wait())
        closed = [] if self._bus is None else [self._bus.closed]
        await asyncio.wait({asked, *closed, *self._essential}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        self.stopping.set()
        if closed and closed[0].done():
            reason = closed[0].result()
            _log.error("the bus closed the connection for good; this process ends to be started anew", reason=reason)
            return BUS_CLOSED
        if failed := [task for task in self._essential if task.done()]:
            _log.error("what the process lives by has ended", exc_info=None if failed[0].cancelled() else failed[0].exception())
            return FAILED
        return STOPPED

    async def _is_running(self) -> str:
        return "draining" if self.stopping.is_set() else ""


Serve: TypeAlias = Callable[[Life[S]], AbstractAsyncContextManager[object]]
"""What a service is: see the top of this module."""


def run(settings: type[S], serve: Serve[S]) -> NoReturn:
    """Live the life of a service in this process, and end it with the exit code."""
    try:
        given = settings.load()
    except BadSettings as error:
        _say(settings.service, str(error))
        sys.exit(BAD_SETTINGS)
    observe.configure(given.service, given.log_level, given.log_format)
    for stranger in settings.strangers():
        _log.warning("ignored", setting=str(stranger))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(_main(given, serve)))


async def _main(settings: S, serve: Serve[S]) -> int:
    life = Life(settings)
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, life.stopping.set)
    try:
        return await life.live(serve)
    except CannotStart as error:
        _say(settings.service, str(error))
        return error.code
    except Exception:
        _log.exception("the service failed")
        return FAILED


def _give_up() -> NoReturn:
    _log.error("what was opened did not close in time; ending without it")
    os._exit(FAILED)


def _say(service: str, line: str) -> None:
    sys.stderr.write(f"{service}: {observe.without_secrets(line)}\n")
