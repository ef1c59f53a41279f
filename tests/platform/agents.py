"""Agents as they come: over HTTP or stdio, of the modern era or of the handshake."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, TextContent

from tests.support.local_platform import LocalPlatform
from tests.support.process import ROOT

MODERN = "2026-07-28"
HANDSHAKE = "2025-11-25"


@asynccontextmanager
async def connected(platform: LocalPlatform, way: str, era: str) -> AsyncGenerator[Client]:
    """An MCP client of that era."""
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "services.mcp_gateway", "--stdio"], env=platform.settings, cwd=ROOT
    )
    mode = "legacy" if era == HANDSHAKE else MODERN
    async with Client(platform.mcp_url if way == "http" else command, mode=mode) as client:
        assert client.protocol_version == era
        yield client


def text_of(reply: CallToolResult) -> str:
    return "".join(block.text for block in reply.content if isinstance(block, TextContent))
