"""Callers and answerers for the tests of the runtime."""

from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.protocol.parser import Parser

from shared.contract import subjects
from shared.contract.operation import Spec
from shared.runtime.bus import Bus
from shared.runtime.clock import now_ms
from shared.runtime.responder import Handler, Responder
from shared.runtime.wire import is_command
from tests.support.operations import Place, Read


@pytest.fixture(params=["direct", "public"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How messages are heard: as nats-py is, and as if it kept its parser where we do not look for it."""

    def read(client: Client) -> Parser:
        return vars(client)["its_parser"]

    def write(client: Client, parser: Parser) -> None:
        vars(client).setdefault("its_parser", parser)

    if request.param == "public":
        monkeypatch.setattr(Client, "_ps", property(read, write), raising=False)
    return request.param


Serve = Callable[..., Awaitable[Responder]]


@pytest_asyncio.fixture
async def serve() -> AsyncGenerator[Serve, None]:
    """Answers `Read` and `Place` on a bus: `await serve(bus, handler, concurrency=...)`; drained when the test ends."""
    started: list[Responder] = []

    async def start(bus: Bus, handler: Handler, *, concurrency: int = 64) -> Responder:
        responder = Responder(bus, "tested", concurrency=concurrency, deadline_ms=2000)
        responder.add(Read.spec, handler)
        responder.add(Place.spec, handler, account="main")
        await responder.start()
        started.append(responder)
        return responder

    yield start
    for responder in started:
        await responder.drain(0.5)


async def ask(bus: Bus, spec: Spec = Read.spec, payload: bytes = b"{}", *, within_ms: int = 3000) -> bytes:
    """One request, as the gateway makes it."""
    subject = subjects.rpc(spec, prefix=bus.prefix)
    return await bus.request(subject, payload, deadline_ms=now_ms() + within_ms, command=is_command(spec))
