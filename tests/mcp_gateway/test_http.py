"""MCP over Streamable HTTP, in both eras, with the official client and with plain JSON."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from shared.runtime.bus import Bus
from tests.mcp_gateway.gateways import (
    CLIENT,
    HANDSHAKES,
    MODERN,
    NO_TLS,
    Gateway,
    Market,
    StartGateway,
    modern_call,
    sse,
    told_by,
)
from tests.support.waiting import eventually


@pytest.mark.parametrize("mode", [MODERN, "legacy", "auto"])
async def test_the_official_client_lists_the_tools_and_calls_each(
    gateway: Gateway, market: Market, arguments_of: Callable[[Any], dict[str, Any]], mode: str
) -> None:
    async with Client(gateway.url, mode=mode) as client:
        assert client.protocol_version == (HANDSHAKES[-1] if mode == "legacy" else MODERN)
        assert mode == MODERN or "decimal strings" in (client.instructions or "")
        tools = (await client.list_tools()).tools
        assert len(tools) >= 20
        for tool in tools:
            given = arguments_of(tool.input_schema)
            result = await client.call_tool(tool.name, given)
            assert not result.is_error, (tool.name, result)
            assert result.structured_content is None
            assert (result.meta or {})["binance/environment"] == "paper"
            (content,) = result.content
            assert content.type == "text"
            if tool.name != "get_system_status":
                assert json.loads(content.text) == told_by(tool.name, given)


@pytest.mark.parametrize("version", HANDSHAKES)
async def test_plain_json_of_every_handshake_version_works(gateway: Gateway, market: Market, version: str) -> None:
    initialize = {"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT}
    answer = sse(await gateway.post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": initialize}))
    assert answer["result"]["protocolVersion"] == version
    assert answer["result"]["capabilities"]["tools"] is not None
    headers = {"mcp-protocol-version": version}
    noted = await gateway.post({"jsonrpc": "2.0", "method": "notifications/initialized"}, headers)
    assert noted.status_code == 202
    listed = sse(await gateway.post({"jsonrpc": "2.0", "id": "a", "method": "tools/list"}, headers))
    assert {"get_price", "get_system_status"} <= {tool["name"] for tool in listed["result"]["tools"]}
    call = {"name": "get_average_price", "arguments": {"symbol": "ETHUSDT"}}
    called = sse(await gateway.post({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}, headers))
    assert json.loads(called["result"]["content"][0]["text"]) == {"method": "avgPrice", "given": {"symbol": "ETHUSDT"}}
    assert called["result"]["_meta"]["binance/environment"] == "paper"


async def test_an_exchange_reply_arrives_as_the_bytes_it_was(gateway: Gateway, market: Market) -> None:
    body = '{ "price":"0.00000001", "币": "\\u00e9\\n", "new_field": [1.10, 2e3] }'
    market.reply("avgPrice", body.encode())
    for plain in (True, False):
        result = await gateway.call("get_average_price", {"symbol": "币安人生USDT"}, plain=plain)
        assert result["content"] == [{"type": "text", "text": body}]


async def test_an_unknown_tool_is_a_protocol_error_that_names_the_nearest(gateway: Gateway) -> None:
    async with Client(gateway.url, mode=MODERN) as client:
        with pytest.raises(MCPError, match=r"Unknown tool: get_prices\. Did you mean get_price\?"):
            await client.call_tool("get_prices", {})


async def test_get_and_delete_are_refused_with_405(gateway: Gateway) -> None:
    for method in ("GET", "DELETE", "PUT", "OPTIONS"):
        response = await gateway.http.request(method, gateway.url, headers={"accept": "text/event-stream"})
        assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_a_body_beyond_the_limit_is_refused_with_413(gateway: Gateway, market: Market) -> None:
    body, headers = modern_call("get_price", {"symbol": "A" * 300_000})
    assert (await gateway.post(body, headers)).status_code == 413
    assert not market.asked


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421),
        ({"host": "127.0.0.1.evil.example:8000"}, 421),
        ({"host": "localhost.:8000"}, 421),
        ({"host": "localhost:8000"}, 200),
        ({"host": "[::1]:8000"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://localhost.evil.example:3000"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "file://localhost"}, 403),
        ({"origin": "http://localhost:3000"}, 200),
        ({"origin": "https://127.0.0.1"}, 200),
    ],
)
@pytest.mark.parametrize("plain", [True, False])
async def test_host_and_origin_decide_who_may_call(
    gateway: Gateway, market: Market, headers: dict[str, str], status: int, plain: bool
) -> None:
    body, base = modern_call("get_server_time", plain=plain)
    assert (await gateway.post(body, {**base, **headers})).status_code == status
    assert len(market.asked) == (status == 200)


@pytest.mark.parametrize("plain", [True, False])
async def test_blanks_around_a_header_are_no_part_of_it(gateway: Gateway, market: Market, plain: bool) -> None:
    message, headers = modern_call("get_server_time", plain=plain)
    body = json.dumps(message)
    headers |= {"host": "localhost", "accept": "application/json, text/event-stream", "content-type": "application/json"}
    padded = "".join(f"{name}:  {value} \t\r\n" for name, value in headers.items())
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(gateway.url).port)
    writer.write(f"POST /mcp HTTP/1.1\r\n{padded}connection: close\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert market.asked


async def test_a_token_keeps_out_who_does_not_know_it(start_gateway: StartGateway, market: Market) -> None:
    gateway = await start_gateway(mcp_token="open sesame")
    body, headers = modern_call("get_server_time")
    for given in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic open sesame"}):
        refused = await gateway.post(body, {**headers, **given})
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert "sesame" not in refused.text
    assert (await gateway.post(body, {**headers, "authorization": "Bearer open sesame"})).status_code == 200
    assert (await gateway.http.get(f"{gateway.life.url}/health")).status_code == 200


async def test_health_readiness_and_metrics_are_told_beside_the_endpoint(gateway: Gateway, market: Market) -> None:
    await gateway.call("get_server_time")
    await gateway.call("get_price", {"symbol": "?"})
    assert (await gateway.http.get(f"{gateway.life.url}/health")).json()["alive"] is True
    ready = await gateway.http.get(f"{gateway.life.url}/ready")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    metrics = (await gateway.http.get(f"{gateway.life.url}/metrics")).text
    assert 'binance_answers_total{method="get_server_time",outcome="ok"} 1.0' in metrics
    assert 'binance_answers_total{method="get_price",outcome="invalid"} 1.0' in metrics


@pytest.mark.parametrize("plain", [True, False])
async def test_without_a_service_calls_are_unavailable_at_once(gateway: Gateway, plain: bool) -> None:
    async with asyncio.timeout(2):
        result = await gateway.call("get_price", plain=plain)
    error = json.loads(result["content"][0]["text"])
    assert result["isError"] is True
    assert (error["kind"], error["retry_after_ms"]) == ("unavailable", 1000)
    assert "market_data" in error["hint"]


async def test_a_service_that_does_not_answer_is_unavailable_at_the_deadline(
    start_gateway: StartGateway, market: Market, bus: Bus
) -> None:
    async def never(_: object) -> bytes:
        await asyncio.Event().wait()
        return b""

    market.replies["ping"] = never
    gateway = await start_gateway(deadline_ms=200)
    async with asyncio.timeout(2):
        result = await gateway.call("ping_binance")
    assert json.loads(result["content"][0]["text"])["kind"] == "unavailable"


@pytest.mark.parametrize("plain", [True, False])
async def test_a_caller_that_hangs_up_ends_its_call(
    start_gateway: StartGateway, market: Market, bus: Bus, plain: bool, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = await start_gateway()
    asked = asyncio.Event()

    async def never(_: object) -> bytes:
        asked.set()
        await asyncio.Event().wait()
        return b""

    market.replies["ping"] = never
    body, headers = modern_call("ping_binance", plain=plain)
    hanging = asyncio.create_task(gateway.post(body, headers))
    await asked.wait()
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    after = await gateway.call("get_server_time", plain=plain)
    assert after["isError"] is False
    assert not gateway.life.metrics.answers["ping_binance"].total
    assert "Exception in ASGI" not in caplog.text


async def test_one_call_too_many_is_told_to_come_back(start_gateway: StartGateway, market: Market) -> None:
    gateway = await start_gateway(concurrency=1)
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(_: object) -> bytes:
        asked.set()
        await answer.wait()
        return b"{}"

    market.replies["ping"] = slow
    first = asyncio.create_task(gateway.call("ping_binance"))
    await asked.wait()
    busy = json.loads((await gateway.call("get_server_time"))["content"][0]["text"])
    assert (busy["kind"], busy["retry_after_ms"]) == ("unavailable", 250)
    answer.set()
    assert (await first)["isError"] is False
    assert (await gateway.call("get_server_time"))["isError"] is False


@pytest.mark.parametrize("plain", [True, False])
async def test_a_call_under_way_is_answered_while_the_gateway_ends(
    start_gateway: StartGateway, market: Market, plain: bool
) -> None:
    gateway = await start_gateway()
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(_: object) -> bytes:
        asked.set()
        await answer.wait()
        return b"{}"

    market.replies["ping"] = slow
    call = asyncio.create_task(gateway.call("ping_binance", plain=plain))
    await asked.wait()
    gateway.life.stopping.set()
    await eventually(lambda: _refuses(gateway))
    answer.set()
    assert (await call)["isError"] is False


async def _refuses(gateway: Gateway) -> bool:
    async with httpx.AsyncClient(verify=NO_TLS) as other:
        try:
            await other.get(f"{gateway.life.url}/health")
        except httpx.TransportError:
            return True
    return False


async def test_a_read_only_gateway_of_one_toolset_shows_only_that(start_gateway: StartGateway) -> None:
    gateway = await start_gateway(mcp_toolsets=("system",), mcp_read_only=True)
    async with Client(gateway.url, mode=MODERN) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == [
            "ping_binance",
            "get_server_time",
            "get_system_status",
        ]
        with pytest.raises(MCPError, match="Unknown tool"):
            await client.call_tool("get_price", {})


async def test_the_list_of_tools_may_be_cached_by_anyone(gateway: Gateway) -> None:
    async with Client(gateway.url, mode=MODERN) as client:
        first, second = await client.list_tools(), await client.list_tools()
    assert (first.ttl_ms, first.cache_scope) == (300_000, "public")
    assert [tool.name for tool in first.tools] == [tool.name for tool in second.tools]


async def test_the_bus_going_down_and_coming_back_is_told_and_healed(own_nats_server: Any, start_gateway: StartGateway) -> None:
    gateway = await start_gateway(nats_url=(own_nats_server.url,))
    own_nats_server.kill()
    async with asyncio.timeout(5):
        result = await gateway.call("get_price")
    assert json.loads(result["content"][0]["text"])["kind"] == "unavailable"
    assert (await gateway.http.get(f"{gateway.life.url}/ready")).status_code == 503
    status = json.loads((await gateway.call("get_system_status"))["content"][0]["text"])
    assert (status["ok"], status["bus"]) == (False, {"reachable": False})
    own_nats_server.start()
    await eventually(lambda: _is_ready(gateway))


async def _is_ready(gateway: Gateway) -> bool:
    return (await gateway.http.get(f"{gateway.life.url}/ready")).status_code == 200


async def test_ending_does_not_wait_for_idle_connections(start_gateway: StartGateway, market: Market) -> None:
    gateway = await start_gateway(drain_s=30)
    assert (await gateway.http.get(f"{gateway.life.url}/health")).status_code == 200
    gateway.life.stopping.set()
    await eventually(lambda: _refuses(gateway), within_s=5)
