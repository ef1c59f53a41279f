"""A life without a bus, and the parts of a life that a process from outside cannot show."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import httpx
import pytest
from starlette.responses import PlainTextResponse

from shared.runtime.nats_server import NatsServer
from shared.runtime.service import Life
from shared.runtime.settings import BusSettings, Settings
from tests.support.operations import Read


class Alone(Settings):
    """Of a service that knows no bus."""

    service: ClassVar[str] = "alone"


class Together(BusSettings):
    """Of one that does."""

    service: ClassVar[str] = "together"


async def test_a_service_without_a_bus_has_the_same_life() -> None:
    life, up, steps = Life(Alone()), asyncio.Event(), list[str]()

    @asynccontextmanager
    async def serve(life: Life[Alone]) -> AsyncGenerator[None, None]:
        steps.append("opened")
        life.app.add_api_route("/hello", lambda: "hello")
        yield
        steps.append("closed")

    async def before_drain() -> None:
        steps.append("asked to end")

    life.before_drain(before_drain)
    living = asyncio.create_task(life.live(serve, on_ready=up.set))
    await asyncio.wait_for(up.wait(), 5)
    async with httpx.AsyncClient(base_url=life.url) as http:
        assert (await http.get("/hello")).json() == "hello"
        assert (await http.get("/ready")).json()["checks"].keys() == {"running"}
    life.stopping.set()
    assert await asyncio.wait_for(living, 5) == 0
    assert steps == ["opened", "asked to end", "closed"]


async def test_without_a_bus_nothing_can_be_answered_over_it() -> None:
    life = Life(Alone())

    async def answer(_: object) -> bytes:
        return b""

    with pytest.raises(RuntimeError, match="no bus"):
        life.answer([Read.spec], answer)
    with pytest.raises(RuntimeError, match="no bus"):
        _ = life.bus


async def test_what_a_service_opened_is_closed_when_the_rest_cannot_start(nats_server: NatsServer) -> None:
    life, steps = Life(Together(nats_url=(nats_server.url,), host="192.0.2.1")), list[str]()

    @asynccontextmanager
    async def serve(_: Life[Together]) -> AsyncGenerator[None, None]:
        steps.append("opened")
        yield

    with pytest.raises(Exception, match="cannot be listened on"):
        await life.live(serve)
    assert steps == []
    assert not life.bus.data.is_connected


async def test_a_failing_hook_does_not_keep_the_process_from_ending() -> None:
    life, up = Life(Alone()), asyncio.Event()

    @asynccontextmanager
    async def serve(_: Life[Alone]) -> AsyncGenerator[None, None]:
        yield

    async def fail() -> None:
        raise RuntimeError

    life.before_drain(fail)
    living = asyncio.create_task(life.live(serve, on_ready=up.set))
    await asyncio.wait_for(up.wait(), 5)
    life.stopping.set()
    assert await asyncio.wait_for(living, 5) == 0


async def test_a_process_ends_with_what_it_lives_by(capsys: pytest.CaptureFixture[str]) -> None:
    life, beating = Life(Alone()), asyncio.Event()

    async def heart() -> None:
        await beating.wait()
        raise RuntimeError("stopped beating")

    @asynccontextmanager
    async def serve(life: Life[Alone]) -> AsyncGenerator[None, None]:
        life.lives_by(asyncio.create_task(heart()))
        yield

    living = asyncio.create_task(life.live(serve, on_ready=beating.set))
    assert await asyncio.wait_for(living, 5) == 1
    assert "stopped beating" in capsys.readouterr().err


async def test_another_application_may_stand_before_the_services_own() -> None:
    life, up = Life(Alone()), asyncio.Event()

    async def front(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/health":
            await life.app(scope, receive, send)
        else:
            await PlainTextResponse("not here")(scope, receive, send)

    @asynccontextmanager
    async def serve(life: Life[Alone]) -> AsyncGenerator[None, None]:
        life.serve_http(front, server_header=True)
        yield

    living = asyncio.create_task(life.live(serve, on_ready=up.set))
    await asyncio.wait_for(up.wait(), 5)
    async with httpx.AsyncClient(base_url=life.url) as http:
        assert (await http.get("/health")).json()["service"] == "alone"
        assert (await http.get("/ready")).text == "not here"
        assert (await http.get("/")).headers["server"] == "uvicorn"
    life.stopping.set()
    assert await asyncio.wait_for(living, 5) == 0
