"""What the gateway never says."""

from collections.abc import Mapping
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from services.mcp_gateway import server
from services.mcp_gateway.calls import Calls, ToolReply
from services.mcp_gateway.tools import tools
from shared.contract.catalog import OPERATIONS


class BrokenCalls(Calls):
    """Calls with a fault that nobody foresaw."""

    def __init__(self) -> None:
        self.tools = tools(OPERATIONS, ("market",), read_only=True)

    async def call(self, name: str, arguments: Mapping[str, Any], caller: str = "") -> ToolReply:
        raise RuntimeError("the password is swordfish, in /etc/shadow")


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_an_unforeseen_failure_reaches_the_caller_without_its_text(mode: Any) -> None:
    async with Client(server.build(BrokenCalls(), "paper"), mode=mode) as client:
        with pytest.raises(MCPError) as failed:
            await client.call_tool("get_order_book", {"symbol": "BTCUSDT"})
    assert "swordfish" not in str(failed.value)
    assert "shadow" not in str(failed.value)
