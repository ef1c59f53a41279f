"""The fast path answers as the SDK does, and takes no call that it does not wholly understand."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.mcp_gateway.calls import Calls
from services.mcp_gateway.fast_path import FastPath
from shared.runtime.metrics import Metrics
from tests.mcp_gateway.gateways import MODERN, Gateway, Market, modern_call

CALLS: list[tuple[str, Any]] = [
    ("get_server_time", {}),
    ("get_price", {"symbol": "BTCUSDT"}),
    ("get_price", {"symbols": ["BTCUSDT", "币安人生USDT"]}),
    ("get_price", {"symbol": "btcusdt"}),
    ("get_price", {"symbol": "BTCUSDT", "symbols": ["ETHUSDT"]}),
    ("get_price", {"smybol": "BTCUSDT"}),
    ("get_price", {"symbol": 5}),
    ("get_price", {"symbol": None}),
    ("get_price", {"symbol": "'; DROP TABLE trades; --"}),
    ("get_price", {"cursor": "nonsense"}),
    ("get_order_book", {"symbol": "BTCUSDT", "limit": "5"}),
    ("get_order_book", {"symbol": "BTCUSDT", "limit": 5.0}),
    ("get_order_book", {"symbol": "BTCUSDT", "limit": 10**30}),
    ("get_order_book", {"symbol": "BTCUSDT", "limit": True}),
    ("get_order_book", {}),
    ("get_historical_prices", {"symbol": "BTCUSDT", "interval": "1M", "startTime": 2, "endTime": 1}),
    ("get_24hr_ticker", {"symbol": "BTCUSDT", "cursor": "x"}),
    ("get_server_time", {"cursor": "x"}),
]


@pytest.mark.parametrize(("tool", "arguments"), CALLS)
async def test_both_ways_give_the_same_result(gateway: Gateway, market: Market, tool: str, arguments: Any) -> None:
    fast = await gateway.call(tool, arguments)
    slow = await gateway.call(tool, arguments, plain=False)
    assert fast == slow
    assert len(market.asked) in (0, 2)
    assert fast["resultType"] == "complete"
    assert fast["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "binance"


async def test_both_ways_cut_a_long_reply_alike(gateway: Gateway, market: Market) -> None:
    market.reply("ticker.price", json.dumps([{"symbol": f"S{i:05d}", "price": "1.0"} for i in range(9000)]).encode())
    fast = await gateway.call("get_price")
    assert fast == await gateway.call("get_price", plain=False)
    page = json.loads(fast["content"][0]["text"])
    assert (page["before"], page["total"]) == (0, 9000)
    assert len(fast["content"][0]["text"]) <= 100_000
    following = await gateway.call("get_price", {"cursor": page["next_cursor"]})
    assert json.loads(following["content"][0]["text"])["page"][0]["symbol"] == f"S{page['shown']:05d}"


async def test_the_pages_of_a_tool_together_are_its_reply(gateway: Gateway, market: Market) -> None:
    rows = [{"symbol": f"S{i:05d}", "price": "1.00000000"} for i in range(9000)]
    market.reply("ticker.price", json.dumps(rows).encode())
    got: list[Any] = []
    arguments: dict[str, Any] = {}
    while True:
        page = json.loads((await gateway.call("get_price", arguments))["content"][0]["text"])
        got += page["page"]
        if "next_cursor" not in page:
            break
        arguments = {"cursor": page["next_cursor"]}
    assert got == rows


async def test_a_traceparent_reaches_the_service_either_way(gateway: Gateway, market: Market) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    for plain in (True, False):
        await gateway.call("get_server_time", plain=plain, traceparent=parent)
    assert [asked.headers["traceparent"] for asked in market.asked] == [parent, parent]


async def test_the_client_s_name_reaches_the_service_as_the_caller_either_way(gateway: Gateway, market: Market) -> None:
    for plain in (True, False):
        client = {"name": "Claude\r\nCaller: operator", "version": "1"}
        await gateway.call("get_server_time", plain=plain, **{"io.modelcontextprotocol/clientInfo": client})
    assert {asked.caller for asked in market.asked} == {"mcp/ClaudeCaller: operator"}


Change = dict[str, Any]
UNUSUAL: list[tuple[str, Change, Change]] = [
    ("no version header", {"mcp-protocol-version": None}, {}),
    ("an older version", {"mcp-protocol-version": "2025-11-25"}, {}),
    ("a version nobody knows", {"mcp-protocol-version": "2099-01-01"}, {}),
    ("another tool in the header", {"mcp-name": "get_price"}, {}),
    ("no tool in the header", {"mcp-name": None}, {}),
    ("another method in the header", {"mcp-method": "tools/list"}, {}),
    ("no JSON accepted", {"accept": "text/event-stream"}, {}),
    ("another content type", {"content-type": "text/plain"}, {}),
    ("a mirrored parameter", {"mcp-param-symbol": "X"}, {}),
    ("another JSON-RPC", {}, {"jsonrpc": "1.0"}),
    ("another method", {}, {"method": "tools/list"}),
    ("an id that is null", {}, {"id": None}),
    ("an id that is no number", {}, {"id": 1.5}),
    ("a method nobody knows", {"mcp-method": "tools/burn"}, {"method": "tools/burn"}),
    ("no parameters", {}, {"params": None}),
]


@pytest.mark.parametrize(("headers", "body"), [case[1:] for case in UNUSUAL], ids=[case[0] for case in UNUSUAL])
async def test_whatever_is_unusual_is_left_to_the_sdk(gateway: Gateway, market: Market, headers: Change, body: Change) -> None:
    message, base = modern_call("get_server_time")
    base |= {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    for name, value in headers.items():
        if value is None:
            base.pop(name, None)
        else:
            base[name] = value
    request = httpx.Request("POST", gateway.url, content=json.dumps({**message, **body}), headers=base)
    response = await gateway.http.send(request)
    if response.status_code == 200:
        assert response.headers["content-type"].startswith("text/event-stream") or "result" in response.json()
    else:
        assert response.status_code in (400, 404, 406)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"id":' + b"9" * 5000 + b"}"]
)
async def test_a_malformed_body_is_refused_and_not_a_crash(gateway: Gateway, body: bytes) -> None:
    _, headers = modern_call("get_server_time")
    response = await gateway.post(body, headers)
    assert response.status_code == 400
    assert response.json()["error"]["code"] in (-32700, -32600)
    assert "Traceback" not in response.text


async def test_a_body_in_pieces_is_put_together(gateway: Gateway, market: Market) -> None:
    message, headers = modern_call("get_price", {"symbols": ["BTCUSDT", "ETHUSDT"]})
    data = json.dumps(message).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 50):
            yield data[start : start + 50]

    base = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    for more in ({}, {"content-length": str(len(data))}):
        response = await gateway.http.post(gateway.url, content=pieces(), headers={**base, **headers, **more})
        assert response.json()["result"]["isError"] is False


text = st.text(max_size=30) | st.sampled_from(["2.0", "tools/call", "get_price", MODERN])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["symbol", "symbols", "symbolStatus", "cursor", "limit", "币"]), values, max_size=4))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_arguments_get_the_same_answer_either_way(
    gateway: Gateway, market: Market, arguments: dict[str, Any]
) -> None:
    assert await gateway.call("get_price", arguments) == await gateway.call("get_price", arguments, plain=False)


async def test_a_reply_that_is_no_text_is_unavailable(gateway: Gateway, market: Market) -> None:
    market.reply("avgPrice", b'{"price":"\xff"}')
    market.reply("ticker.price", b"[" + b'{"symbol":"A"},' * 20_000)
    for tool, arguments in (("get_average_price", {"symbol": "A"}), ("get_price", {})):
        result = await gateway.call(tool, arguments)
        assert json.loads(result["content"][0]["text"])["kind"] == "unavailable"


async def test_only_a_post_to_the_endpoint_concerns_the_fast_path() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    class Nobody:
        async def request(self, *_: Any, **__: Any) -> bytes:
            raise AssertionError("must not ask")

    calls = Calls({}, Nobody(), Metrics("test"), prefix="t", deadline_ms=1, max_result_tokens=1000, concurrency=1, local={})
    path = FastPath(app, calls, path="/mcp", max_body_bytes=10, meta={}, server_info={})
    for scope in ({"type": "lifespan"}, {"type": "websocket", "path": "/mcp"}, {"type": "http", "path": "/health"}):
        await path(scope, None, None)  # pyright: ignore[reportArgumentType]
    assert seen == ["lifespan", "websocket", "http"]
