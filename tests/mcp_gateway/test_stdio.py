"""MCP over stdio: a process of its own, with a bus, without one, and with one that comes late."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from shared.runtime.bus import Bus
from shared.runtime.nats_server import NatsServer
from tests.mcp_gateway.gateways import CLIENT, HANDSHAKES, MODERN, Market, modern_call, told_by
from tests.mcp_gateway.stdio import ARGUMENTS, WITHIN_S, Stdio
from tests.support.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
NOBODY = "nats://127.0.0.1:1"


Start = Callable[..., Awaitable[Stdio]]


@pytest_asyncio.fixture
async def start() -> AsyncGenerator[Start, None]:
    started: list[Stdio] = []

    async def start(url: str, **more: str) -> Stdio:
        started.append(await Stdio.start({**os.environ, "BINANCE_NATS_URL": url, **more}))
        return started[-1]

    yield start
    for stdio in started:
        await stdio.kill()


@pytest.mark.parametrize("mode", ["legacy", MODERN])
async def test_the_official_client_lists_the_tools_and_calls_each(
    nats_server: NatsServer, bus: Bus, market: Market, arguments_of: Callable[[Any], dict[str, Any]], mode: str
) -> None:
    env = {"BINANCE_NATS_URL": nats_server.url, "BINANCE_SUBJECT_PREFIX": bus.prefix}
    server = StdioServerParameters(command=sys.executable, args=ARGUMENTS, env=env, cwd=ROOT)
    async with asyncio.timeout(60), Client(server, mode=mode) as client:
        tools = (await client.list_tools()).tools
        assert len(tools) >= 20
        for tool in tools:
            given = arguments_of(tool.input_schema)
            result = await client.call_tool(tool.name, given)
            assert not result.is_error, (tool.name, result)
            (content,) = result.content
            assert content.type == "text"
            if tool.name != "get_system_status":
                assert json.loads(content.text) == told_by(tool.name, given)


@pytest.mark.parametrize("version", HANDSHAKES)
async def test_without_a_bus_tools_are_listed_and_calls_say_what_to_do(start: Start, version: str) -> None:
    stdio = await start(NOBODY)
    assert (await stdio.initialize(version))["protocolVersion"] == version
    assert len((await stdio.ask("tools/list"))["tools"]) >= 20
    error = await stdio.call("get_price", {"symbol": "BTCUSDT"})
    assert error["kind"] == "unavailable"
    assert "make run" in error["hint"]
    assert "--with-platform" in error["hint"]
    assert (await stdio.call("get_price", {"symbol": "?"}))["kind"] == "invalid"
    status = await stdio.call("get_system_status")
    assert (status["ok"], status["bus"]["reachable"]) == (False, False)
    assert await stdio.end() == (0, b"")


async def test_a_client_that_was_told_of_the_newest_protocol_may_begin_the_handshake_all_the_same(start: Start) -> None:
    stdio = await start(NOBODY)
    modern = {"_meta": modern_call("get_price")[0]["params"]["_meta"]}
    assert MODERN in (await stdio.ask("server/discover", modern))["supportedVersions"]
    assert (await stdio.initialize(HANDSHAKES[-1]))["protocolVersion"] == HANDSHAKES[-1]
    assert len((await stdio.ask("tools/list"))["tools"]) >= 20
    assert (await stdio.call("get_price"))["kind"] == "unavailable"
    assert (await stdio.ask("tools/list", modern))["error"]["message"].startswith("this connection serves the handshake")
    assert await stdio.end() == (0, b"")


async def test_two_clients_of_one_name_are_told_apart(start: Start, nats_server: NatsServer, bus: Bus, market: Market) -> None:
    for _ in range(2):
        stdio = await start(nats_server.url, BINANCE_SUBJECT_PREFIX=bus.prefix)
        await stdio.initialize(HANDSHAKES[-1])
        for _ in range(2):
            await stdio.call("list_active_subscriptions")
    callers = [asked.caller for asked in market.asked]
    assert callers[0] == callers[1] != callers[2] == callers[3]
    assert all(caller.startswith(f"mcp/{CLIENT['name']}/") for caller in callers)


async def test_a_bus_that_comes_later_is_found(start: Start, own_nats_server: NatsServer) -> None:
    own_nats_server.kill()
    stdio = await start(own_nats_server.url)
    await stdio.initialize(HANDSHAKES[-1])
    assert (await stdio.call("get_price"))["message"].startswith("The platform does not run")
    own_nats_server.start()
    await eventually(lambda: _reachable(stdio), within_s=WITHIN_S)


async def _reachable(stdio: Stdio) -> bool:
    return (await stdio.call("get_system_status"))["bus"]["reachable"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_though_stdin_stays_open(start: Start, number: signal.Signals) -> None:
    stdio = await start(NOBODY)
    await stdio.initialize(HANDSHAKES[-1])
    stdio.process.send_signal(number)
    async with asyncio.timeout(WITHIN_S):
        assert await stdio.process.wait() == 0


async def test_with_platform_goes_with_stdio_only(start: Start) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.mcp_gateway", "--with-platform", cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, err = await process.communicate()
    assert process.returncode == 2
    assert b"--stdio" in err
