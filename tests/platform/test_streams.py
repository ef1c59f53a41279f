"""Live data as an agent has it: subscribe, read on, look at the book, end it; and nothing is lost when processes die."""

import json
from typing import Any

import pytest
from mcp import Client

from deploy.services import SERVICES
from tests.platform.agents import HANDSHAKE, MODERN, connected, text_of
from tests.support.local_platform import LocalPlatform

STREAM = "btcusdt@trade"


async def ask(client: Client, tool: str, **given: Any) -> dict[str, Any]:
    """The reply of a tool that must not fail."""
    reply = await client.call_tool(tool, given)
    assert not reply.is_error, text_of(reply)
    return json.loads(text_of(reply))


async def subscribed(client: Client) -> dict[str, Any]:
    (subscription,) = (await ask(client, "subscribe_to_trade_stream", symbol="BTCUSDT"))["subscriptions"]
    return subscription


async def read_on(client: Client, cursor: str, ids: list[int], most: int) -> str:
    """Read until there are so many ids, each the next or told as missing; the cursor."""
    while len(ids) < most:
        page = await ask(client, "read_stream", streams=[STREAM], cursor=cursor, waitMs=10_000)
        assert "agedOut" not in page
        ids += [event["event"]["t"] for event in page["events"]]
        ids += [id for hole in page.get("missing", {}).get(STREAM, ()) for id in range(hole["first"], hole["last"] + 1)]
        cursor = page["cursor"]
    return cursor


def are_consecutive(ids: list[int]) -> None:
    assert sorted(ids) == list(range(ids[0], ids[0] + len(ids)))


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("era", [MODERN, HANDSHAKE])
@pytest.mark.parametrize("way", ["http", "stdio"])
async def test_an_agent_subscribes_reads_on_sees_the_book_and_ends_it(platform: LocalPlatform, way: str, era: str) -> None:
    async with connected(platform, way, era) as client:
        subscription = await subscribed(client)
        assert (subscription["stream"], subscription["condition"]["state"]) == (STREAM, "synced")
        assert subscription["ends"] > subscription["latest"]["receivedTime"]
        ids = [subscription["latest"]["event"]["t"]]
        await read_on(client, subscription["cursor"], ids, 20)
        are_consecutive(ids)
        assert [event["stream"] for event in (await ask(client, "get_latest_stream_data", streams=[STREAM]))["events"]] == [
            STREAM
        ]

        book = await ask(client, "get_local_order_book", symbol="BTCUSDT", limit=5, side="BUY", quantity="1")
        assert book["condition"]["state"] == "synced"
        assert float(book["bids"][0][0]) < float(book["asks"][0][0]) <= float(book["fill"]["averagePrice"])
        kept = await ask(client, "get_order_book", symbol="BTCUSDT", limit=5)
        assert kept["lastUpdateId"] >= book["lastUpdateId"]

        held = {lease["stream"] for lease in (await ask(client, "list_active_subscriptions"))["subscriptions"]}
        assert held >= {STREAM, "btcusdt@depth@100ms"}
        assert await ask(client, "unsubscribe_from_stream", stream=subscription["handle"]) == {"ended": [STREAM]}
        assert STREAM not in (await ask(client, "cleanup_all_streams"))["ended"]
        assert await ask(client, "list_active_subscriptions") == {"subscriptions": []}


async def test_a_reader_misses_nothing_though_gateway_and_stream_ingestion_are_killed(own_platform: LocalPlatform) -> None:
    async with own_platform:
        async with Client(own_platform.mcp_url) as client:
            subscription = await subscribed(client)
            ids = [subscription["latest"]["event"]["t"]]
            cursor = await read_on(client, subscription["cursor"], ids, 10)
        for name in ("stream_ingestion", "mcp_gateway"):
            own_platform.screen = ""
            own_platform.kill(own_platform.process_of(f"services.{name}"))
            await own_platform.shows(f"{name} died (killed by SIGKILL)")
            await own_platform.shows(f"{name:{max(map(len, SERVICES))}}  ready after")
        async with Client(own_platform.mcp_url) as client:
            assert [lease["stream"] for lease in (await ask(client, "list_active_subscriptions"))["subscriptions"]] == [STREAM]
            await read_on(client, cursor, ids, 60)
    are_consecutive(ids)
