"""Requests are answered side by side, within their deadline, and with nothing that a caller must not see."""

import asyncio
import json
import os
from typing import Any

import pytest

from shared.contract import subjects
from shared.contract.errors import Invalid, OutcomeUnknown, Rejected, ServiceError, Unavailable
from shared.runtime import wire
from shared.runtime.bus import Bus
from shared.runtime.clock import now_ms
from shared.runtime.responder import RpcRequest
from tests.conftest import ConnectBus
from tests.runtime.conftest import Serve, ask
from tests.support.operations import Place, Read
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("way")

SECRET = "hunter2-secret"


async def echo(request: RpcRequest) -> bytes:
    return json.dumps(request.operation.given(), ensure_ascii=False).encode()


async def test_a_reply_is_the_handlers_own_bytes(bus: Bus, serve: Serve) -> None:
    await serve(bus, echo)
    body = '{"text": "Grüße 币安"}'.encode()
    assert await ask(bus, payload=body) == body


async def test_a_handler_sees_who_asks_for_which_account_and_until_when(bus: Bus, serve: Serve) -> None:
    seen: list[RpcRequest] = []

    async def look(request: RpcRequest) -> bytes:
        seen.append(request)
        return b"{}"

    await serve(bus, look)
    deadline_ms = now_ms() + 2000
    headers = {wire.CALLER: "agent-7", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    subject = subjects.rpc(Place.spec, prefix=bus.prefix)
    await bus.request(subject, b"{}", deadline_ms=deadline_ms, headers=headers, command=True)
    assert (seen[0].caller, seen[0].account, seen[0].deadline_ms) == ("agent-7", "main", deadline_ms)
    assert seen[0].headers["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")


async def test_requests_are_worked_on_side_by_side(bus: Bus, serve: Serve) -> None:
    everybody_is_here = asyncio.Barrier(5)

    async def wait_for_the_others(_: RpcRequest) -> bytes:
        await everybody_is_here.wait()
        return b"{}"

    await serve(bus, wait_for_the_others)
    assert await asyncio.gather(*(ask(bus) for _ in range(5))) == [b"{}"] * 5


async def test_a_full_service_says_so_at_once_and_when_to_come_back(bus: Bus, serve: Serve) -> None:
    let_go = asyncio.Event()

    async def hold(_: RpcRequest) -> bytes:
        await let_go.wait()
        return b"{}"

    responder = await serve(bus, hold, concurrency=3)
    held = [asyncio.create_task(ask(bus)) for _ in range(3)]
    await eventually(lambda: responder.in_flight == 3)
    with pytest.raises(Unavailable, match="busy") as refused:
        await asyncio.wait_for(ask(bus), 1)
    assert refused.value.retry_after_ms == 250
    let_go.set()
    assert await asyncio.gather(*held) == [b"{}"] * 3
    assert await ask(bus) == b"{}", "a slot is free again"


async def test_requests_that_only_wait_take_no_slot(bus: Bus, serve: Serve) -> None:
    waiting, let_go = list[RpcRequest](), asyncio.Event()

    async def wait(request: RpcRequest) -> bytes:
        if not let_go.is_set():
            with request.idle():
                waiting.append(request)
                await let_go.wait()
        return b"{}"

    responder = await serve(bus, wait, concurrency=1)
    held: list[asyncio.Task[bytes]] = []
    for count in range(1, 6):
        held.append(asyncio.create_task(ask(bus)))
        await eventually(lambda count=count: len(waiting) == count)
    assert responder.in_flight == 0
    let_go.set()
    assert await asyncio.gather(*held) == [b"{}"] * 5
    assert await ask(bus) == b"{}"
    await eventually(lambda: responder.in_flight == 0)


async def test_a_command_that_arrives_after_its_deadline_is_not_executed(bus: Bus, serve: Serve) -> None:
    executed: list[RpcRequest] = []

    async def execute(request: RpcRequest) -> bytes:
        executed.append(request)
        return b"{}"

    await serve(bus, execute)
    late = await _raw(bus, Place.spec, {wire.DEADLINE: str(now_ms() - 1)})
    assert late["kind"] == "unavailable"
    assert "after its deadline" in late["message"]
    assert executed == []


async def test_a_command_without_a_deadline_is_refused_with_an_example(bus: Bus, serve: Serve) -> None:
    await serve(bus, echo)
    refused = await _raw(bus, Place.spec, {})
    assert refused["kind"] == "invalid"
    assert "Deadline-Ms" in refused["hint"]


@pytest.mark.parametrize("deadline", ["soon", "-5", "1.5", "9" * 40, "²"])
async def test_a_deadline_that_is_no_time_is_refused(bus: Bus, serve: Serve, deadline: str) -> None:
    await serve(bus, echo)
    assert (await _raw(bus, Read.spec, {wire.DEADLINE: deadline}))["kind"] == "invalid"


async def test_a_read_needs_no_deadline(bus: Bus, serve: Serve) -> None:
    await serve(bus, echo)
    assert await _raw(bus, Read.spec, {}) == {}


@pytest.mark.parametrize(("spec", "error"), [(Read.spec, Unavailable), (Place.spec, OutcomeUnknown)])
async def test_a_handler_is_cancelled_at_its_deadline_and_only_a_command_is_unknown_then(
    bus: Bus, serve: Serve, spec: Any, error: type[ServiceError]
) -> None:
    cancelled = asyncio.Event()

    async def never(_: RpcRequest) -> bytes:
        try:
            return await asyncio.get_running_loop().create_future()
        finally:
            cancelled.set()

    await serve(bus, never)
    with pytest.raises(error, match="by its deadline"):
        await ask(bus, spec, within_ms=60)
    assert cancelled.is_set()


async def test_an_error_of_the_tree_arrives_whole(bus: Bus, serve: Serve) -> None:
    async def refuse(_: RpcRequest) -> bytes:
        raise Rejected("Account has insufficient balance.", code=-2010, hint="Deposit first.")

    await serve(bus, refuse)
    with pytest.raises(Rejected, match="insufficient") as caught:
        await ask(bus, Place.spec)
    assert (caught.value.code, caught.value.hint) == (-2010, "Deposit first.")


@pytest.mark.parametrize("failure", [RuntimeError(SECRET), KeyError(SECRET), TimeoutError(SECRET), OSError(2, SECRET)])
async def test_what_an_unexpected_exception_says_never_reaches_the_caller(
    bus: Bus, serve: Serve, failure: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(_: RpcRequest) -> bytes:
        raise failure

    await serve(bus, fail)
    answer = await bus.commands.request(subjects.rpc(Read.spec, prefix=bus.prefix), b"{}", timeout=2)
    assert SECRET not in f"{answer.data!r}{answer.headers}"
    assert type(failure).__name__ not in f"{answer.data!r}{answer.headers}"
    assert json.loads(answer.data)["kind"] == "unavailable"
    assert capsys.readouterr().err.count(f"{type(failure).__name__}:") == 1, "logged once, with its traceback"


async def test_a_command_that_failed_unexpectedly_is_unknown_not_failed(bus: Bus, serve: Serve) -> None:
    async def fail(_: RpcRequest) -> bytes:
        raise RuntimeError

    await serve(bus, fail)
    with pytest.raises(OutcomeUnknown):
        await ask(bus, Place.spec)


async def test_an_unknown_method_is_told_with_the_known_ones(bus: Bus, serve: Serve) -> None:
    await serve(bus, echo)
    with pytest.raises(Invalid, match="no operation") as caught:
        await bus.request(f"{bus.prefix}.rpc.market.test.raed", b"{}", deadline_ms=now_ms() + 2000)
    assert "test.read" in caught.value.hint


async def test_bad_parameters_never_reach_the_handler(bus: Bus, serve: Serve) -> None:
    seen: list[RpcRequest] = []

    async def look(request: RpcRequest) -> bytes:
        seen.append(request)
        return b"{}"

    await serve(bus, look)
    for payload in (b'{"text":5}', b'{"txet":"a"}', b"[]", b"{", b"\xff"):
        with pytest.raises(Invalid):
            await ask(bus, payload=payload)
    assert seen == []


async def test_a_message_that_wants_no_answer_executes_nothing(bus: Bus, serve: Serve) -> None:
    seen: list[RpcRequest] = []

    async def look(request: RpcRequest) -> bytes:
        seen.append(request)
        return b"{}"

    await serve(bus, look)
    headers = {wire.DEADLINE: str(now_ms() + 2000)}
    await bus.publish(subjects.rpc(Place.spec, prefix=bus.prefix), b"{}", headers)
    await ask(bus)  # arrives behind it
    assert [request.spec.method for request in seen] == ["test.read"]


async def test_a_large_reply_travels_packed_to_those_who_can_unpack_it(bus: Bus, serve: Serve) -> None:
    body = json.dumps({"text": "BTCUSDT" * 200_000}).encode()

    async def large(_: RpcRequest) -> bytes:
        return body

    await serve(bus, large)
    assert await ask(bus) == body
    plain = await bus.commands.request(subjects.rpc(Read.spec, prefix=bus.prefix), b"{}", timeout=2)
    assert plain.data == body
    packed = await bus.commands.request(
        subjects.rpc(Read.spec, prefix=bus.prefix), b"{}", timeout=2, headers={wire.ACCEPT_ENCODING: "gzip"}
    )
    assert len(packed.data) < len(body) / 20


async def test_a_reply_beyond_what_the_bus_carries_is_told_as_such(bus: Bus, serve: Serve) -> None:
    async def endless(_: RpcRequest) -> bytes:
        return os.urandom(bus.max_payload + 1)

    await serve(bus, endless)
    with pytest.raises(Invalid, match="bus carries") as caught:
        await ask(bus)
    assert "smaller limit" in caught.value.hint
    assert await bus.round_trip_s() is not None, "the connection was not closed over it"


async def test_two_replicas_share_the_requests_and_answer_each_once(bus: Bus, connect_bus: ConnectBus, serve: Serve) -> None:
    answered = {"first": 0, "second": 0}

    def counting(name: str) -> Any:
        async def handle(_: RpcRequest) -> bytes:
            answered[name] += 1
            return b"{}"

        return handle

    await serve(bus, counting("first"), concurrency=200)
    await serve(await connect_bus(name="second", prefix=bus.prefix), counting("second"), concurrency=200)
    await asyncio.gather(*(ask(bus) for _ in range(200)))
    assert sum(answered.values()) == 200
    assert min(answered.values()) > 20


async def test_the_service_is_listed_with_its_operations_and_what_really_happened(bus: Bus, serve: Serve) -> None:
    async def refuse(_: RpcRequest) -> bytes:
        raise Rejected("no")

    await serve(bus, refuse)
    with pytest.raises(Rejected):
        await ask(bus)

    async def told(verb: str) -> dict[str, Any]:
        return json.loads((await bus.commands.request(f"$SRV.{verb}.tested", timeout=2)).data)

    assert (await told("PING"))["name"] == "tested"
    info = await told("INFO")
    assert {endpoint["metadata"]["method"] for endpoint in info["endpoints"]} == {"test.read", "test.order.place"}
    read = next(endpoint for endpoint in (await told("STATS"))["endpoints"] if endpoint["name"] == "test-read")
    assert (read["num_requests"], read["num_errors"], read["data"]["outcomes"]["rejected"]) == (1, 1, 1)
    assert read["processing_time"] > 0


async def _raw(bus: Bus, spec: Any, headers: dict[str, str]) -> dict[str, Any]:
    """A request by a program that uses no more than a NATS client."""
    answer = await bus.commands.request(subjects.rpc(spec, prefix=bus.prefix), b"{}", timeout=2, headers=headers or None)
    return json.loads(answer.data)
