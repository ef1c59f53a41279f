"""A replica that cannot do its work leaves requests to those that can, and answers them itself where there is nobody else."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from shared.runtime import standby
from shared.runtime.bus import Bus
from shared.runtime.responder import Responder, RpcRequest
from shared.runtime.standby import Standby
from tests.conftest import ConnectBus
from tests.runtime.conftest import Serve, ask
from tests.support.waiting import eventually


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setattr(standby, "LOOK_EVERY_S", 0.01)


class Replica:
    """One of a service's processes, with a trouble of its own."""

    def __init__(self, bus: Bus, serve: Serve, name: bytes) -> None:
        self.trouble = ""
        self.fails = False
        """Does it fail to tell?"""
        self._bus = bus
        self._serve = serve
        self._name = name
        self.responder: Responder | None = None

    @asynccontextmanager
    async def alive(self) -> AsyncGenerator["Replica", None]:
        self.responder = await self._serve(self._bus, self._answer)
        looking = asyncio.create_task(Standby(self._bus, self.responder, self._problem).run())
        try:
            yield self
        finally:
            looking.cancel()
            await asyncio.wait({looking})
            await self.responder.drain(1)

    @property
    def is_in_group(self) -> bool:
        return self.responder is not None and self.responder.is_in_group

    async def _answer(self, _: RpcRequest) -> bytes:
        return self._name

    async def _problem(self) -> str:
        if self.fails:
            raise ValueError
        return self.trouble


async def replicas(bus: Bus, connect_bus: ConnectBus, serve: Serve) -> tuple[Replica, Replica]:
    buses = [await connect_bus(name=name, prefix=bus.prefix) for name in ("first", "second")]
    return Replica(buses[0], serve, b"1"), Replica(buses[1], serve, b"2")


async def test_the_able_one_takes_all_until_the_other_is_able_again(bus: Bus, connect_bus: ConnectBus, serve: Serve) -> None:
    first, second = await replicas(bus, connect_bus, serve)
    async with first.alive(), second.alive():
        first.trouble = "no exchange"
        await eventually(lambda: not first.is_in_group)
        assert {await ask(bus) for _ in range(50)} == {b"2"}
        first.trouble = ""
        await eventually(lambda: first.is_in_group)
        await eventually(lambda: ask(bus), within_s=1)
        assert {await ask(bus) for _ in range(50)} == {b"1", b"2"}


async def test_alone_it_goes_on_answering(bus: Bus, connect_bus: ConnectBus, serve: Serve) -> None:
    first, second = await replicas(bus, connect_bus, serve)
    first.trouble = "no exchange"
    async with first.alive():
        async with second.alive():
            await eventually(lambda: not first.is_in_group)
        await eventually(lambda: first.is_in_group)
        assert await ask(bus) == b"1"


async def test_where_both_are_troubled_both_answer(bus: Bus, connect_bus: ConnectBus, serve: Serve) -> None:
    first, second = await replicas(bus, connect_bus, serve)
    first.trouble = second.trouble = "no exchange"
    async with first.alive(), second.alive():
        await eventually(lambda: first.is_in_group and second.is_in_group)
        assert {await ask(bus) for _ in range(50)} == {b"1", b"2"}


async def test_one_that_answers_below_another_prefix_is_nobody_to_leave_requests_to(
    bus: Bus, connect_bus: ConnectBus, serve: Serve
) -> None:
    first = Replica(bus, serve, b"1")
    stranger = Replica(await connect_bus(name="stranger", prefix=f"{bus.prefix}x"), serve, b"2")
    first.trouble = "no exchange"
    async with stranger.alive(), first.alive():
        looks = 0

        async def counted() -> str:
            nonlocal looks
            looks += 1
            return "no exchange"

        assert first.responder is not None
        looking = asyncio.create_task(Standby(bus, first.responder, counted).run())
        await eventually(lambda: looks > 1)
        assert first.is_in_group
        looking.cancel()


async def test_a_look_that_fails_is_not_the_last(
    bus: Bus, connect_bus: ConnectBus, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = await replicas(bus, connect_bus, serve)
    async with first.alive(), second.alive():
        first.trouble = "no exchange"
        await eventually(lambda: not first.is_in_group)
        first.fails = True
        await eventually(lambda: "could not look" in capsys.readouterr().err)
        first.fails, first.trouble = False, ""
        await eventually(lambda: first.is_in_group)


async def test_no_request_is_lost_while_replicas_come_and_go(bus: Bus, connect_bus: ConnectBus, serve: Serve) -> None:
    first, second = await replicas(bus, connect_bus, serve)
    async with first.alive(), second.alive():

        async def load() -> None:
            for _ in range(300):
                assert await ask(bus) in (b"1", b"2")

        callers = [asyncio.create_task(load()) for _ in range(10)]
        while not all(caller.done() for caller in callers):
            first.trouble = "" if first.trouble else "no exchange"
            await eventually(lambda: first.is_in_group is not bool(first.trouble))
        await asyncio.gather(*callers)


async def test_it_ends_when_it_is_cancelled_though_the_bus_is_closed(
    bus: Bus, connect_bus: ConnectBus, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standby, "ANSWER_WITHIN_S", 60)
    own = await connect_bus(name="own", prefix=bus.prefix)
    asked = asyncio.Event()

    async def answer(_: RpcRequest) -> bytes:
        return b""

    async def not_able() -> str:
        asked.set()
        return "no exchange"

    looking = asyncio.create_task(Standby(own, await serve(bus, answer), not_able).run())
    await asked.wait()
    await own.settle()
    await own.close()
    looking.cancel()
    done, _ = await asyncio.wait({looking}, timeout=5)
    assert done
