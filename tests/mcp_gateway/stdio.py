"""The gateway as a client's child process."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Self

from tests.mcp_gateway.gateways import CLIENT

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = ["-m", "services.mcp_gateway", "--stdio"]
WITHIN_S = 60
"""Generous: other tests may want the same two cores."""


class Stdio:
    """The gateway as a client's child, spoken to line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(cls, env: dict[str, str], *more: str) -> Self:
        """As a client does it: from anywhere, with the checkout on Python's path."""
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, *ARGUMENTS, *more, cwd="/", env={**env, "PYTHONPATH": str(ROOT)}, stdin=pipe, stdout=pipe
            )
        )

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    async def ask(self, method: str, params: dict[str, Any] | None = None) -> Any:
        """The result of a request; every line of stdout must be a message of the protocol."""
        self.send({"id": 1, "method": method, **({"params": params} if params is not None else {})})
        assert self.process.stdout
        async with asyncio.timeout(WITHIN_S):
            line = await self.process.stdout.readline()
        message = json.loads(line)
        assert (message["jsonrpc"], message["id"]) == ("2.0", 1)
        return message.get("result", message)

    async def initialize(self, version: str) -> Any:
        result = await self.ask("initialize", {"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT})
        self.send({"method": "notifications/initialized"})
        return result

    async def call(self, tool: str, arguments: dict[str, Any] | None = None) -> Any:
        result = await self.ask("tools/call", {"name": tool, "arguments": arguments or {}})
        return json.loads(result["content"][0]["text"])

    async def end(self) -> tuple[int, bytes]:
        """Close its stdin; exit code and what is left of stdout."""
        assert self.process.stdin
        self.process.stdin.close()
        async with asyncio.timeout(WITHIN_S):
            out, _ = await self.process.communicate()
        return self.process.returncode or 0, out

    async def kill(self) -> None:
        """As a client that loses patience."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.communicate()
