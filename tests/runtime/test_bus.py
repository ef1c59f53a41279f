"""Requests over the bus end in time and say what happened."""

import asyncio

import pytest

from shared.contract import subjects
from shared.contract.catalog import BY_METHOD
from shared.contract.errors import Invalid, Unavailable
from shared.runtime.bus import Bus
from shared.runtime.clock import now_ms
from shared.runtime.responder import Responder, RpcRequest

DEPTH = BY_METHOD["depth"]


BOOK = b'{"lastUpdateId":1,"bids":[],"asks":[]}'


async def depth(_request: RpcRequest) -> bytes:
    return BOOK


async def test_a_request_that_nobody_answers_fails_at_once_and_names_the_service(bus: Bus) -> None:
    started = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable, match="Nobody answers") as caught:
        await bus.request(subjects.rpc(DEPTH, prefix=bus.prefix), b"{}", deadline_ms=now_ms() + 5000)
    assert "market_data" in caught.value.hint
    assert asyncio.get_running_loop().time() - started < 1


async def test_a_request_reaches_its_handler_and_brings_back_the_reply(bus: Bus) -> None:
    responder = Responder(bus, "market_data")
    responder.add(DEPTH, depth)
    await responder.start()
    body = b'{"symbol":"BTCUSDT"}'
    assert await bus.request(subjects.rpc(DEPTH, prefix=bus.prefix), body, deadline_ms=now_ms() + 2000) == BOOK
    with pytest.raises(Invalid, match="symbol"):
        await bus.request(subjects.rpc(DEPTH, prefix=bus.prefix), b"{}", deadline_ms=now_ms() + 2000)
    await responder.drain(1)
