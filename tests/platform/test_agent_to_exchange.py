"""From the outside to the exchange and back, on every way that a user has."""

import json
from typing import Any

import nats
import pytest

from shared.contract.catalog import BY_TOOL, owned_by
from shared.contract.operation import Owner, Spec
from shared.contract.parameters import parameters
from tests.platform.agents import HANDSHAKE, MODERN, connected, text_of
from tests.support.local_platform import LocalPlatform

pytestmark = pytest.mark.asyncio(loop_scope="session")

HAS_A_REFERENCE_PRICE = "BNBUSDT"
MARKET_TOOLS = {spec.tool.name for spec in owned_by(Owner.MARKET) if spec.tool}


def example(spec: Spec) -> dict[str, Any]:
    """Arguments for one symbol, and whatever else the operation needs."""
    known = parameters(spec.type)
    needed = {name: parameter.example for name, parameter in known.items() if parameter.required}
    symbol = HAS_A_REFERENCE_PRICE if spec.method.startswith("referencePrice") else "BTCUSDT"
    return needed | ({"symbol": symbol} if "symbol" in known else {})


@pytest.mark.parametrize("era", [MODERN, HANDSHAKE])
@pytest.mark.parametrize("way", ["http", "stdio"])
async def test_an_agent_lists_the_tools_and_calls_each_market_tool(platform: LocalPlatform, way: str, era: str) -> None:
    async with connected(platform, way, era) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        replies = {name: await client.call_tool(name, example(BY_TOOL[name])) for name in sorted(MARKET_TOOLS)}
    assert listed >= MARKET_TOOLS
    assert {name: text_of(reply) for name, reply in replies.items() if reply.is_error} == {}
    assert all(isinstance(json.loads(text_of(reply)), dict | list) for reply in replies.values())


async def test_an_agent_learns_what_was_wrong_and_what_is_allowed(platform: LocalPlatform) -> None:
    async with connected(platform, "http", MODERN) as client:
        reply = await client.call_tool("get_historical_prices", {"symbol": "BTCUSDT", "interval": "7m"})
    text = text_of(reply)
    assert reply.is_error
    assert "interval" in text
    assert "15m" in text


async def test_the_system_status_says_that_all_is_well(platform: LocalPlatform) -> None:
    async with connected(platform, "http", MODERN) as client:
        reply = await client.call_tool("get_system_status", {})
    text = text_of(reply)
    assert not reply.is_error, text
    assert "market_data" in text
    assert json.loads(text)["environment"] == "paper"


async def test_a_program_asks_over_the_bus(platform: LocalPlatform) -> None:
    program = await nats.connect(platform.nats_url)  # pyright: ignore[reportUnknownMemberType]
    try:
        reply = await program.request("binance.rpc.market.ticker.24hr", b'{"symbol":"BTCUSDT"}', timeout=10)
    finally:
        await program.close()
    ticker = json.loads(reply.data)
    assert ticker["symbol"] == "BTCUSDT"
    assert float(ticker["lastPrice"]) > 0
