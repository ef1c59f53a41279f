"""How requests and replies look on the bus, beside their JSON bodies: headers, sizes, compression.

| header | of | says |
| --- | --- | --- |
| `Deadline-Ms` | request | unix time in milliseconds after which nobody waits; a command is not executed after it |
| `Caller` | request | who asks: the process, or the agent's identity where the gateway knows it |
| `traceparent` | request | W3C Trace Context |
| `Accept-Encoding: gzip` | request | the caller can unpack; replies over 512 kB then come packed |
| `Content-Encoding: gzip` | reply | the body is packed |
| `Nats-Service-Error-Code`, `Nats-Service-Error` | reply | an error; the body is `contract.errors.ErrorBody` |
"""

import asyncio
import gzip
import zlib
from collections.abc import Mapping
from typing import Any

from shared.contract.errors import Unavailable
from shared.contract.operation import Spec

DEADLINE = "Deadline-Ms"
CALLER = "Caller"
ACCEPT_ENCODING = "Accept-Encoding"
CONTENT_ENCODING = "Content-Encoding"
ERROR_CODE = "Nats-Service-Error-Code"
ERROR_TEXT = "Nats-Service-Error"
STATUS = "Status"
"""Of the server's own replies, as nats-py shows it."""
NO_RESPONDERS = "503"

PACK_ABOVE = 512 * 1024
"""Bytes from which packing pays: below, the bus carries a reply faster than gzip shrinks it."""
MAX_UNPACKED = 64 * 1024 * 1024
"""Bytes that a packed reply may unfold to: the largest real one, exchangeInfo, is about 15 MB."""
MAX_ERROR_TEXT = 256
"""Characters of an error's message repeated in its header; the body has all of it."""


def is_command(spec: Spec) -> bool:
    """Does the operation change something, so that doing it late or twice would harm?"""
    return spec.http not in ("", "GET") or (spec.tool is not None and spec.tool.hint != "READ")


def size(payload: bytes, headers: Mapping[str, str] | None = None) -> int:
    """Bytes that count towards the server's `max_payload`, which includes the headers."""
    if not headers:
        return len(payload)
    return len(payload) + 12 + sum(len(key) + len(value.encode()) + 4 for key, value in headers.items())


async def pack(body: bytes) -> bytes:
    """The body gzipped, quickly rather than tightly, outside the event loop."""
    return await asyncio.to_thread(gzip.compress, body, 1)


async def unpack(body: bytes) -> bytes:
    """The body as it was before `pack`.

    Raises:
        Unavailable: it is no gzip, is cut off, or unfolds to more than `MAX_UNPACKED`.
    """
    return await asyncio.to_thread(_unpack, body)


def _unpack(body: bytes) -> bytes:
    stream: Any = zlib.decompressobj(wbits=31)
    try:
        whole = stream.decompress(body, MAX_UNPACKED)
    except zlib.error:
        whole = b""
    if not stream.eof:
        raise Unavailable("The service's packed reply cannot be read.", hint="Ask for less at a time.")
    return whole
