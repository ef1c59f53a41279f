"""A pipe on which a client may change its mind: the first request decides the era of a connection, `initialize` begins another.

The SDK refuses `initialize` once a connection speaks 2026-07-28, and by the letter it may. But there are clients that ask with
`server/discover`, are answered, and begin the handshake all the same (Claude Code 2.1.280, anthropics/claude-code#96183);
refused, they show no tools.
"""

from collections.abc import AsyncIterable
from typing import Any, Protocol

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from mcp.server.lowlevel import Server
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCRequest

INITIALIZE = "initialize"
Heard = SessionMessage | Exception


class Writes(Protocol):
    """The stream to the client: it ends when all its clones have."""

    def clone(self) -> Any:
        """One for a connection, which closes it."""
        ...

    async def aclose(self) -> None:
        """This one writes no more."""
        ...


async def serve(server: Server[Any], read: AsyncIterable[Heard], write: Writes) -> None:
    """Serve what is read until it ends, one connection after the other."""
    options = server.create_initialization_options()
    connection: MemoryObjectSendStream[Heard] | None = None
    opening = ""
    async with anyio.create_task_group() as connections:
        async for heard in read:
            method = _requested(heard)
            if connection is None or (method == INITIALIZE and opening not in ("", INITIALIZE)):
                if connection:
                    await connection.aclose()
                connection, receive = anyio.create_memory_object_stream[Heard]()
                connections.start_soon(server.run, receive, write.clone(), options)
                opening = ""
            opening = opening or method
            await connection.send(heard)
        if connection:
            await connection.aclose()
        await write.aclose()


def _requested(heard: Heard) -> str:
    """The method of a request, empty for anything else."""
    return heard.message.method if isinstance(heard, SessionMessage) and isinstance(heard.message, JSONRPCRequest) else ""
