"""A load generator that costs little itself: one request, written beforehand, over kept connections."""

import asyncio
import json
from typing import Any, Self

from deploy.bench.harness import load


class HttpLoad:
    """The same request again and again; every answer must have status 200 and a Content-Length."""

    def __init__(self, port: int, request: bytes) -> None:
        self._port = port
        self._request = request

    @classmethod
    def tool_call(cls, port: int, name: str, arguments: dict[str, Any]) -> Self:
        """A plain tools/call of protocol 2026-07-28."""
        meta = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
        }
        params = {"name": name, "arguments": arguments, "_meta": meta}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
        head = (
            f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n"
            f"Mcp-Method: tools/call\r\nMcp-Name: {name}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return cls(port, head.encode() + body)

    async def run(self, *, count: int, concurrency: int) -> dict[str, float]:
        """So many calls over so many connections."""
        free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        for _ in range(concurrency):
            free.put_nowait(await asyncio.open_connection("127.0.0.1", self._port, limit=4 * 1024 * 1024))

        async def call(_: int) -> None:
            reader, writer = await free.get()
            writer.write(self._request)
            head = await reader.readuntil(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
            body = await reader.readexactly(int(fields[b"content-length"]))
            if not head.startswith(b"HTTP/1.1 200") or b'"isError":true' in body[-400:]:
                raise RuntimeError(f"not the answer wanted: {head[:40]!r} {body[:200]!r}")
            free.put_nowait((reader, writer))

        figures = await load(call, count=count, concurrency=concurrency)
        while not free.empty():
            _, writer = free.get_nowait()
            writer.close()
        return figures
