"""A process that is asked to end loses nothing that it has accepted."""

import asyncio

import pytest

from shared.contract.errors import OutcomeUnknown, Unavailable
from shared.runtime.bus import Bus
from shared.runtime.responder import RpcRequest
from tests.conftest import ConnectBus
from tests.runtime.conftest import Serve, ask
from tests.support.operations import Place, Read
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("way")


async def test_requests_in_flight_are_answered_before_the_drain_ends(bus: Bus, connect_bus: ConnectBus, serve: Serve) -> None:
    service = await connect_bus(name="service", prefix=bus.prefix)
    let_go = asyncio.Event()

    async def hold(_: RpcRequest) -> bytes:
        await let_go.wait()
        return b"{}"

    responder = await serve(service, hold)
    held = [asyncio.create_task(ask(bus)) for _ in range(20)]
    await eventually(lambda: responder.in_flight == 20)
    draining = asyncio.create_task(responder.drain(5))
    await eventually(lambda: _nobody_answers(bus))
    assert not draining.done()
    let_go.set()
    await draining
    await service.close()
    assert await asyncio.gather(*held) == [b"{}"] * 20


async def _nobody_answers(bus: Bus) -> bool:
    try:
        await ask(bus, within_ms=20)
    except Unavailable as error:
        return "Nobody answers" in error.message
    return False


async def test_one_of_two_replicas_drains_under_load_and_no_request_fails(
    bus: Bus, connect_bus: ConnectBus, serve: Serve
) -> None:
    answered = 0

    async def answer(_: RpcRequest) -> bytes:
        nonlocal answered
        answered += 1
        return b"{}"

    async def load() -> None:
        for _ in range(200):
            assert await ask(bus) == b"{}"

    leaving = await connect_bus(name="leaving", prefix=bus.prefix)
    responder = await serve(leaving, answer)
    await serve(await connect_bus(name="staying", prefix=bus.prefix), answer)
    callers = [asyncio.create_task(load()) for _ in range(10)]
    await eventually(lambda: answered > 200)
    await responder.drain(5)
    await leaving.close()
    await asyncio.gather(*callers)
    assert answered == 2000


async def test_whoever_is_not_done_within_the_bound_is_cancelled_and_told_so(
    bus: Bus, connect_bus: ConnectBus, serve: Serve
) -> None:
    service = await connect_bus(name="service", prefix=bus.prefix)

    async def never(_: RpcRequest) -> bytes:
        return await asyncio.get_running_loop().create_future()

    responder = await serve(service, never)
    read = asyncio.create_task(ask(bus, Read.spec))
    command = asyncio.create_task(ask(bus, Place.spec))
    await eventually(lambda: responder.in_flight == 2)
    await responder.drain(0.05)
    await service.close()
    with pytest.raises(Unavailable, match="shutting down"):
        await read
    with pytest.raises(OutcomeUnknown, match="shutting down"):
        await command
