"""The tools of streams as the gateway treats them: what it asks, for whom, how long it waits, how much it passes on."""

import asyncio
import json
from typing import Any

import msgspec
import pytest

from shared.contract.platform.streams import Read, Subscribe
from shared.runtime.clock import now_ms
from shared.runtime.responder import RpcRequest
from tests.mcp_gateway.gateways import CLIENT, MODERN, Gateway, Market, StartGateway, modern_call, sse
from tests.support.waiting import eventually

STREAM = "btcusdt@trade"
SUBSCRIPTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("subscribe_to_trade_stream", {"symbol": "BTCUSDT"}, "btcusdt@trade"),
    ("subscribe_to_aggregate_trade_stream", {"symbol": "BTCUSDT"}, "btcusdt@aggTrade"),
    ("subscribe_to_kline_stream", {"symbol": "BTCUSDT", "interval": "1M"}, "btcusdt@kline_1M"),
    ("subscribe_to_kline_stream", {"symbol": "BTCUSDT", "interval": "1d", "timeZone": "+08:00"}, "btcusdt@kline_1d@+08:00"),
    ("subscribe_to_rolling_window_ticker_stream", {"symbol": "BTCUSDT", "window": "4h"}, "btcusdt@ticker_4h"),
    ("subscribe_to_depth_stream", {"symbol": "BTCUSDT", "levels": "20"}, "btcusdt@depth20"),
    ("subscribe_to_depth_stream", {"symbol": "BTCUSDT", "levels": "5", "speed": "100ms"}, "btcusdt@depth5@100ms"),
    ("subscribe_to_diff_depth_stream", {"symbol": "币安人生USDT", "speed": "100ms"}, "币安人生usdt@depth@100ms"),
    ("subscribe_to_all_mini_tickers_stream", {}, "!miniTicker@arr"),
    ("subscribe_to_all_rolling_window_tickers_stream", {"window": "1d"}, "!ticker_1d@arr"),
]


@pytest.mark.parametrize(("tool", "arguments", "stream"), SUBSCRIPTIONS)
async def test_a_subscription_asks_for_the_stream_by_its_name(
    gateway: Gateway, market: Market, tool: str, arguments: dict[str, Any], stream: str
) -> None:
    for plain in (True, False):
        assert not (await gateway.call(tool, {**arguments, "leaseSeconds": 60}, plain=plain))["isError"]
    assert [asked.operation for asked in market.asked] == [Subscribe(streams=[stream], lease_seconds=60)] * 2


@pytest.mark.parametrize(
    ("tool", "arguments", "named"),
    [
        ("subscribe_to_kline_stream", {"symbol": "BTCUSDT", "interval": "7m"}, "15m"),
        ("subscribe_to_depth_stream", {"symbol": "BTCUSDT", "levels": "5", "speed": "50ms"}, "100ms"),
        ("subscribe_to_depth_stream", {"symbol": "BTCUSDT", "levels": "7"}, "20"),
        ("subscribe_to_depth_stream", {"symbol": "BTCUSDT", "levels": 10}, 'Send text, not a number: {"levels":"10"}'),
        ("subscribe_to_depth_stream", {"symbol": "BTCUSDT", "levels": 7}, '{"levels":"5"}'),
        ("subscribe_to_trade_stream", {"symbol": "btcusdt"}, "BTCUSDT"),
        ("subscribe_to_trade_stream", {"symbol": "BTC.>"}, "symbol"),
        ("subscribe_to_trade_stream", {"symbol": "BTCUSDT", "leaseSeconds": 1}, "10"),
        ("get_latest_stream_data", {"streams": ["btcusdt.>"]}, "btcusdt@trade"),
        ("read_stream", {"streams": []}, "streams"),
        ("read_stream", {"streams": [STREAM], "waitMs": 60_000}, "30000"),
        ("get_local_order_book", {"symbol": "BTCUSDT", "quantity": "1"}, "side"),
    ],
)
async def test_what_no_stream_can_be_is_refused_with_what_is_allowed(
    gateway: Gateway, market: Market, tool: str, arguments: dict[str, Any], named: str
) -> None:
    fast, slow = await gateway.call(tool, arguments), await gateway.call(tool, arguments, plain=False)
    assert fast == slow
    error = json.loads(fast["content"][0]["text"])
    assert error["kind"] == "invalid"
    assert named in error["message"] + error["hint"]
    assert not market.asked


async def test_the_holder_is_the_client_by_its_name_or_all_that_have_none(gateway: Gateway, market: Market) -> None:
    await gateway.call("list_active_subscriptions")
    call: dict[str, Any] = {"name": "list_active_subscriptions", "arguments": {}}
    for agent in ("claude-code/2.1 (cli)", ""):  # of a handshake's later requests no more than this is known
        headers = {"mcp-protocol-version": "2025-11-25", "user-agent": agent}
        sse(await gateway.post({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}, headers))
    assert [asked.caller for asked in market.asked] == [f"mcp/{CLIENT['name']}", "mcp/claude-code", "mcp"]


@pytest.mark.parametrize(
    ("tool", "arguments", "waits_ms"),
    [
        ("read_stream", {"streams": [STREAM], "waitMs": 30_000}, 30_000),
        ("read_stream", {"streams": [STREAM]}, 0),
        ("subscribe_to_trade_stream", {"symbol": "BTCUSDT"}, 2_000),
        ("get_latest_stream_data", {"streams": [STREAM]}, 0),
    ],
)
async def test_what_waits_has_its_whole_deadline_beside_the_wait(
    start_gateway: StartGateway, market: Market, tool: str, arguments: dict[str, Any], waits_ms: int
) -> None:
    gateway = await start_gateway(deadline_ms=700)
    before = now_ms()
    await gateway.call(tool, arguments)
    (asked,) = market.asked
    assert waits_ms + 700 <= asked.deadline_ms - before < waits_ms + 700 + 2_000


async def test_a_call_may_wait_longer_than_the_deadline_of_others(start_gateway: StartGateway, market: Market) -> None:
    async def answer(_: RpcRequest) -> bytes:
        await asyncio.sleep(0.5)
        return b'{"events":[],"cursor":"","more":false,"conditions":{}}'

    market.replies["read"] = answer
    gateway = await start_gateway(deadline_ms=200)
    for plain in (True, False):
        assert not (await gateway.call("read_stream", {"streams": [STREAM], "waitMs": 5000}, plain=plain))["isError"]
    late = await gateway.call("read_stream", {"streams": [STREAM]})
    assert json.loads(late["content"][0]["text"])["kind"] == "unavailable"


async def test_those_who_wait_leave_room_for_those_who_do_not(start_gateway: StartGateway, market: Market) -> None:
    over = asyncio.Event()

    async def answer(_: RpcRequest) -> bytes:
        await over.wait()
        return b"{}"

    market.replies["read"] = answer
    gateway = await start_gateway(concurrency=4)
    reading = {"streams": [STREAM], "waitMs": 30_000}
    waiting = [asyncio.create_task(gateway.call("read_stream", reading)) for _ in range(2)]
    await eventually(lambda: len(market.asked) == 2)
    refused = json.loads((await gateway.call("read_stream", reading))["content"][0]["text"])
    assert refused["kind"] == "unavailable"
    assert "waitMs 0" in refused["hint"]
    assert not (await gateway.call("get_price"))["isError"]
    over.set()
    assert [reply["isError"] for reply in await asyncio.gather(*waiting)] == [False, False]


class Kept:
    """Events as stream_ingestion keeps them, of several streams by turns: a page is what follows the cursor."""

    def __init__(self, count: int, event: Any, streams: int = 1) -> None:
        self.events = [
            {"stream": f"{STREAM}{number % streams}", "receivedTime": number, "event": event} for number in range(count)
        ]

    async def answer(self, request: RpcRequest) -> bytes:
        asked = request.operation
        assert isinstance(asked, Read)
        first, limit = int(asked.cursor or "0"), asked.limit or 100
        every = list(enumerate(self.events))[first:]
        if asked.conflate is True:
            every = sorted({event["stream"]: (place, event) for place, event in every}.values(), key=lambda found: found[0])
        shown = every[:limit]
        behind = shown[-1][0] + 1 if shown else first
        page: dict[str, Any] = {
            "events": [event for _, event in shown],
            "cursor": str(behind),
            "more": len(shown) < len(every),
            "conditions": {STREAM: {"state": "synced", "ageMs": 7}},
        }
        return msgspec.json.encode(page | ({"conflated": behind - first - len(shown)} if asked.conflate is True else {}))


async def test_a_page_of_events_that_is_too_long_ends_earlier_and_loses_none(
    start_gateway: StartGateway, market: Market
) -> None:
    kept = Kept(300, {"x": "x" * 50})
    market.replies["read"] = kept.answer
    gateway = await start_gateway(mcp_max_result_tokens=1000)
    got: list[Any] = []
    arguments: dict[str, Any] = {"streams": [STREAM], "limit": 200, "cursor": "0"}
    more = True
    while more:
        fast, slow = await gateway.call("read_stream", arguments), await gateway.call("read_stream", arguments, plain=False)
        assert fast == slow
        text = fast["content"][0]["text"]
        assert 2500 < len(text) <= 4000 or not json.loads(text)["more"]
        page = json.loads(text)
        got += page["events"]
        arguments["cursor"], more = page["cursor"], page["more"]
    assert got == kept.events


async def test_an_event_longer_than_a_reply_is_shortened_and_says_so(start_gateway: StartGateway, market: Market) -> None:
    every = [{"s": f"S{number}", "c": "1.00000000"} for number in range(2000)]
    event = {"stream": "!miniTicker@arr", "receivedTime": 1, "event": every}
    held = {"handle": "!miniTicker@arr~1", "stream": "!miniTicker@arr", "cursor": "abc", "latest": event}
    rest: dict[str, Any] = {"cursor": "abc", "more": False, "conditions": {}}
    market.reply("subscribe", msgspec.json.encode({"subscriptions": [held]}))
    market.reply("read", msgspec.json.encode({"events": [event, event], **rest}))
    market.reply("latest", msgspec.json.encode({"events": [{"stream": "!miniTicker@arr", "latest": event}] * 2}))
    gateway = await start_gateway(mcp_max_result_tokens=1000)

    async def page(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        text = (await gateway.call(tool, arguments))["content"][0]["text"]
        assert len(text) <= 4000
        reply = json.loads(text)
        assert "without their ends" in reply["hint"]
        return reply

    subscribed = await page("subscribe_to_all_mini_tickers_stream", {})
    assert (subscribed["shown"], subscribed["total"]) == (len(_rows(subscribed, "subscriptions")), 2000)
    assert subscribed["page"]["subscriptions"][0]["cursor"] == "abc"
    latest = await page("get_latest_stream_data", {"streams": ["!miniTicker@arr"]})
    assert (latest["shown"], latest["total"]) == (1, 2)
    assert _rows(latest, "events") == every[: len(_rows(latest, "events"))]


def _rows(page: dict[str, Any], field: str) -> list[Any]:
    return page["page"][field][0]["latest"]["event"]


async def test_a_conflated_page_that_is_too_long_shows_fewer_streams_and_goes_on_with_the_others(
    start_gateway: StartGateway, market: Market
) -> None:
    kept = Kept(1000, [["x" * 100]] * 12, streams=7)
    market.replies["read"] = kept.answer
    gateway = await start_gateway(mcp_max_result_tokens=500)
    arguments: dict[str, Any] = {"streams": [STREAM], "cursor": "0", "limit": 1000, "conflate": True}
    got: list[Any] = []
    more = True
    while more:
        text = (await gateway.call("read_stream", arguments))["content"][0]["text"]
        assert len(text) <= 2000
        page = json.loads(text)
        got += page["events"]
        arguments["cursor"], more = page["cursor"], page["more"]
    assert got == kept.events[-7:]


async def test_the_last_event_of_one_stream_is_shown_however_long_it_is(start_gateway: StartGateway, market: Market) -> None:
    kept = Kept(100, [["x" * 100]] * 40)
    market.replies["read"] = kept.answer
    gateway = await start_gateway(mcp_max_result_tokens=500)
    arguments: dict[str, Any] = {"streams": [STREAM], "cursor": "0", "conflate": True}
    cut = json.loads((await gateway.call("read_stream", arguments))["content"][0]["text"])
    (event,) = cut["page"]["events"]
    assert (event["receivedTime"], cut["page"]["cursor"], cut["total"]) == (99, "100", 40)
    assert len(market.asked) == 1


async def test_a_local_order_book_comes_in_pages_of_levels(start_gateway: StartGateway, market: Market) -> None:
    bids = [[f"{1000 - level}.00", "1.0", f"{level + 1}.0"] for level in range(500)]
    asks = [[f"{1001 + level}.00", "1.0", f"{level + 1}.0"] for level in range(400)]
    market.reply(
        "book", msgspec.json.encode({"symbol": "BTCUSDT", "condition": {"state": "synced"}, "bids": bids, "asks": asks})
    )
    gateway = await start_gateway(mcp_max_result_tokens=1000)
    arguments: dict[str, Any] = {"symbol": "BTCUSDT", "limit": 500, "cumulative": True}
    got: dict[str, list[Any]] = {"bids": [], "asks": []}
    while True:
        page = json.loads((await gateway.call("get_local_order_book", arguments))["content"][0]["text"])
        assert page["page"]["condition"] == {"state": "synced"}
        for side, levels in got.items():
            levels += page["page"][side]
        if "next_cursor" not in page:
            break
        arguments["cursor"] = page["next_cursor"]
    assert got == {"bids": bids, "asks": asks}


async def test_many_subscriptions_come_in_pages(start_gateway: StartGateway, market: Market) -> None:
    handles = [f"s{number:03d}usdt@trade~abc" for number in range(200)]
    rows = [{"handle": handle, "stream": handle.partition("~")[0], "cursor": "x" * 60} for handle in handles]
    market.reply("list", msgspec.json.encode({"subscriptions": rows}))
    gateway = await start_gateway(mcp_max_result_tokens=1000)
    got: list[str] = []
    arguments: dict[str, Any] = {}
    while True:
        page = json.loads((await gateway.call("list_active_subscriptions", arguments))["content"][0]["text"])
        got += [row["handle"] for row in page["page"]["subscriptions"]]
        if "next_cursor" not in page:
            break
        arguments = {"cursor": page["next_cursor"]}
    assert got == handles


async def test_an_unreadable_page_is_no_fault_of_the_caller(start_gateway: StartGateway, market: Market) -> None:
    market.reply("read", b"x" * 5000)
    gateway = await start_gateway(mcp_max_result_tokens=500)
    error = json.loads((await gateway.call("read_stream", {"streams": [STREAM]}))["content"][0]["text"])
    assert error["kind"] == "unavailable"


async def test_agents_are_told_how_to_read_on_only_where_streams_are_served(
    start_gateway: StartGateway, market: Market
) -> None:
    for toolsets, told in ((("market", "streams"), True), (("market",), False)):
        gateway = await start_gateway(mcp_toolsets=toolsets)
        body, headers = modern_call("")
        body = {**body, "method": "server/discover", "params": {"_meta": body["params"]["_meta"]}}
        headers = {"mcp-protocol-version": MODERN, "mcp-method": "server/discover"}
        instructions = (await gateway.post(body, headers)).json()["result"]["instructions"]
        assert ("read_stream" in instructions) is told
