"""Drives a platform from outside, as its users do: an agent over MCP, a program over NATS, a bot over the exchange's REST."""

import asyncio
import json
import time
from http.client import HTTPConnection
from typing import Any

import nats
from mcp import Client
from mcp.types import TextContent

from deploy.container.command import Failed
from deploy.local.probe import problem

READY_WITHIN_S = 90.0
POLL_S = 0.5
TRADE_WITHIN_MS = 20_000


async def drive(gateway: int, nats_port: int, paper: int) -> None:
    """Asks the same price on three ways, and reads a live trade.

    Raises:
        Failed: something did not answer as it should.
    """
    await _ready(gateway)
    print("ready; asking as an agent, as a program, as a bot", flush=True)
    async with Client(f"http://127.0.0.1:{gateway}/mcp") as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        text = await _tool(client, "get_price", symbol="BTCUSDT")
        print(f"live: {await _live(client)}", flush=True)
    if "BTCUSDT" not in text:
        raise Failed(f"get_price answered {text[:300]}")
    ticker = await _ask(nats_port)
    print(f"{len(tools)} tools; get_price: {text[:120]}; over the bus: {ticker['lastPrice']}", flush=True)
    if not _bot(paper).get("price"):
        raise Failed("the paper exchange gave no price")


async def _live(client: Client) -> str:
    """A trade that happened after subscribing, read on from the subscription's cursor."""
    (held,) = json.loads(await _tool(client, "subscribe_to_trade_stream", symbol="BTCUSDT"))["subscriptions"]
    given = {"streams": [held["stream"]], "cursor": held["cursor"], "waitMs": TRADE_WITHIN_MS}
    page = json.loads(await _tool(client, "read_stream", **given))
    if not page["events"] or page["conditions"][held["stream"]]["state"] != "synced":
        raise Failed(f"read_stream answered {page}")
    await _tool(client, "cleanup_all_streams")
    return str(page["events"][0]["event"])


async def _tool(client: Client, name: str, **arguments: Any) -> str:
    reply = await client.call_tool(name, arguments)
    text = "".join(block.text for block in reply.content if isinstance(block, TextContent))
    if reply.is_error:
        raise Failed(f"{name} answered {text[:300]}")
    return text


async def _ready(port: int) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while why := await problem("127.0.0.1", port, "/ready"):
        if time.monotonic() > until:
            raise Failed(f"the gateway was not ready within {READY_WITHIN_S:g} s: {why}")
        await asyncio.sleep(POLL_S)


async def _ask(port: int) -> dict[str, str]:
    connection = await nats.connect(f"nats://127.0.0.1:{port}")  # pyright: ignore[reportUnknownMemberType]
    try:
        reply = await connection.request("binance.rpc.market.ticker.24hr", b'{"symbol":"BTCUSDT"}', timeout=10)
    finally:
        await connection.close()
    found: dict[str, str] = json.loads(reply.data)
    return found


def _bot(port: int) -> dict[str, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/api/v3/ticker/price?symbol=BTCUSDT")
    found: dict[str, str] = json.loads(connection.getresponse().read())
    return found
