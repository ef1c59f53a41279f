"""Sessions of the handshake versions: the id says who calls, to any replica, and nothing is kept."""

import re
from typing import Any

import pytest
from mcp import Client
from mcp_types import Implementation

from services.mcp_gateway import sessions
from tests.mcp_gateway.gateways import CLIENT, HANDSHAKES, MODERN, Gateway, Market, StartGateway, modern_call, sse

LIST: dict[str, Any] = {"name": "list_active_subscriptions", "arguments": {}}


async def _initialize(gateway: Gateway, version: str = HANDSHAKES[-1], name: str = "An Agent 7") -> str:
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": name, "version": "1"}}
    reply = await gateway.post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
    assert sse(reply)["result"]["protocolVersion"] == version
    return reply.headers["mcp-session-id"]


async def _call(gateway: Gateway, session: str, version: str = HANDSHAKES[-1]) -> None:
    headers = {"mcp-protocol-version": version, "mcp-session-id": session, "user-agent": "node"}
    sse(await gateway.post({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": LIST}, headers))


@pytest.mark.parametrize("version", HANDSHAKES)
async def test_any_replica_knows_the_caller_by_its_session(start_gateway: StartGateway, market: Market, version: str) -> None:
    one, other = await start_gateway(), await start_gateway()
    first, second = await _initialize(one, version), await _initialize(one, version)
    for gateway, session in ((one, first), (other, first), (one, second), (other, second)):
        await _call(gateway, session, version)
    callers = [asked.caller for asked in market.asked]
    assert callers == [callers[0]] * 2 + [callers[2]] * 2
    assert callers[0] != callers[2]
    assert all(re.fullmatch("mcp/An Agent 7/[0-9a-f]{8}", caller) for caller in callers)


async def test_the_official_client_keeps_its_session(gateway: Gateway, market: Market) -> None:
    for _ in range(2):
        async with Client(gateway.url, mode="legacy", client_info=Implementation(name="agent", version="1")) as client:
            for _ in range(2):
                assert not (await client.call_tool("list_active_subscriptions")).is_error
    callers = [asked.caller for asked in market.asked]
    assert callers[0] == callers[1] != callers[2] == callers[3]
    assert callers[0].startswith("mcp/agent/")


@pytest.mark.parametrize("session", ["made-up", "agent.0123", "agent/x." + "0" * 32, "a" * 300 + "." + "0" * 32, "%."])
async def test_a_session_that_was_not_given_here_says_nothing(gateway: Gateway, market: Market, session: str) -> None:
    await _call(gateway, session)
    assert [asked.caller for asked in market.asked] == ["mcp/node"]


async def test_only_an_initialize_of_a_handshake_version_opens_a_session(gateway: Gateway, market: Market) -> None:
    for plain in (True, False):
        assert "mcp-session-id" not in (await gateway.post(*modern_call("get_server_time", plain=plain))).headers
    headers = {"mcp-protocol-version": HANDSHAKES[-1]}
    listed = await gateway.post({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers)
    assert "mcp-session-id" not in listed.headers
    assert "mcp-session-id" not in (await gateway.post(b"not json")).headers
    discover = {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": modern_call("x")[0]["params"]}
    modern = {"mcp-protocol-version": MODERN, "mcp-method": "server/discover"}
    assert "mcp-session-id" not in (await gateway.post(discover, modern)).headers


@pytest.mark.parametrize("name", ["", "agent", "Größe/x\n", "%41.b", "x" * 500, CLIENT["name"]])
def test_a_session_id_is_visible_ascii_and_gives_the_name_back(name: str) -> None:
    session = sessions.opened(name)
    assert re.fullmatch(r"[\x21-\x7e]+", session)
    told, _, mark = sessions.caller(session).rpartition("/")
    assert told == sessions.plain(name)
    assert mark not in session
