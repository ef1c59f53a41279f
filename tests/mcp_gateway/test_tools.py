"""Checks over all tools, and each as it was when somebody last looked: UPDATE_SNAPSHOTS=1 writes the snapshots anew."""

import json
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.mcp_gateway import server
from services.mcp_gateway.tools import SPECS, GatewayTool, tools
from shared.contract.catalog import STREAMS

SNAPSHOTS = Path(__file__).parent / "snapshots"
ROOT = Path(__file__).resolve().parents[2]
SERVED = tools(SPECS, ("market", "streams", "system"))
ALL = tools(SPECS, ("market", "streams", "account", "trading", "order_lists", "risk", "system"))
EVERY = pytest.mark.parametrize("tool", ALL.values(), ids=list(ALL))
NAMES = [
    "ping_binance",
    "get_server_time",
    "get_exchange_info",
    "get_order_book",
    "get_recent_trades",
    "get_historical_trades",
    "get_aggregate_trades",
    "get_historical_prices",
    "get_ui_klines",
    "get_average_price",
    "get_24hr_ticker",
    "get_trading_day_ticker",
    "get_price",
    "get_book_ticker",
    "get_rolling_window_ticker",
    "get_system_status",
    "subscribe_to_trade_stream",
    "subscribe_to_kline_stream",
    "subscribe_to_ticker_stream",
    "subscribe_to_book_ticker_stream",
    "subscribe_to_depth_stream",
    "list_active_subscriptions",
    "get_latest_stream_data",
    "unsubscribe_from_stream",
    "read_stream",
    "get_local_order_book",
    "cleanup_all_streams",
]
PORTABLE = {"type", "description", "enum", "default", "minimum", "maximum", "items", "maxItems"}
"""Keywords of a parameter that every client is known to take."""


def listed(tool: GatewayTool) -> dict[str, Any]:
    return tool.listed.model_dump(mode="json", by_alias=True, exclude_none=True)


@pytest.mark.parametrize("name", SERVED)
def test_a_tool_is_as_its_snapshot(name: str) -> None:
    file = SNAPSHOTS / f"{name}.json"
    text = json.dumps(listed(SERVED[name]), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOTS.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text, "if this change is meant: UPDATE_SNAPSHOTS=1"


def test_there_is_a_snapshot_of_no_other_tool() -> None:
    assert {file.stem for file in SNAPSHOTS.glob("*.json")} == set(SERVED)


def test_the_names_that_users_know_are_there() -> None:
    assert set(NAMES) <= set(SERVED)


def test_every_kind_of_stream_can_be_subscribed_to() -> None:
    assert {stream.tool.name for stream in STREAMS if stream.tool} <= set(SERVED)


def test_all_tools_fit_into_10000_tokens() -> None:
    told = [{key: listed(tool)[key] for key in ("name", "description", "inputSchema")} for tool in ALL.values()]
    assert len(json.dumps(told, separators=(",", ":"))) / 4 < 10_000


@EVERY
def test_a_tool_says_all_four_hints(tool: GatewayTool) -> None:
    hints = listed(tool)["annotations"]
    assert {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint", "title"} == set(hints)
    assert not (hints["readOnlyHint"] and hints["destructiveHint"])
    assert tool.spec.tool
    assert hints["readOnlyHint"] == (tool.spec.tool.hint == "READ")


@EVERY
def test_a_tool_has_a_plain_name_a_title_and_one_line_of_description(tool: GatewayTool) -> None:
    assert re.fullmatch(r"[a-z0-9_]{3,48}", tool.listed.name)
    assert tool.listed.title
    assert 10 < len(tool.listed.description or "") < 400
    assert "\n" not in (tool.listed.description or "")


@EVERY
def test_a_schema_uses_only_what_every_client_understands(tool: GatewayTool) -> None:
    schema = tool.listed.input_schema
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert set(schema) <= {"type", "properties", "required", "additionalProperties"}
    assert set(schema.get("required", ())) <= set(schema["properties"])
    for parameter in _schemas(schema["properties"]):
        assert set(parameter) <= PORTABLE, parameter
        assert isinstance(parameter["type"], str)


def _schemas(properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for parameter in properties.values():
        yield parameter
        if "items" in parameter:
            yield parameter["items"]


def test_every_tool_that_can_answer_a_long_list_takes_a_cursor() -> None:
    with_cursor = {name for name, tool in SERVED.items() if "cursor" in tool.listed.input_schema["properties"]}
    single = {
        "ping_binance",
        "get_server_time",
        "get_average_price",
        "get_reference_price",
        "get_reference_price_calculation",
        "get_system_status",
        "unsubscribe_from_stream",
        "cleanup_all_streams",
    }
    subscriptions = {name for name in SERVED if name.startswith("subscribe_to_")}
    assert with_cursor == set(SERVED) - single - subscriptions


def test_a_read_only_gateway_keeps_what_reads() -> None:
    kept = tools(SPECS, ("market", "trading", "system"), read_only=True)
    assert kept
    assert all(tool.spec.tool and tool.spec.tool.hint == "READ" for tool in kept.values())


def test_the_version_told_is_the_project_s() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == server.VERSION
