"""Asks a part over HTTP whether it is ready.

Written on a bare socket: an HTTP library would cost the supervisor more to import than nats-server needs to start.
"""

import asyncio

TIMEOUT_S = 2.0
"""A part that takes longer to say that it is ready is not."""


async def is_ready(host: str, port: int, path: str) -> bool:
    """Does `GET path` there answer 200?"""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return status.split()[1:2] == [b"200"]
