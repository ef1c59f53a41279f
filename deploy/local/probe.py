"""Asks a part over HTTP whether it is ready, and if not, why.

Written on a bare socket: an HTTP library would cost the supervisor more to import than nats-server needs to start.
"""

import asyncio

import msgspec
from msgspec import Struct

TIMEOUT_S = 4.0
"""A little more than a service gives each of its own checks (shared.runtime.http.PROBE_TIMEOUT_S)."""


class _Check(Struct, frozen=True):
    ok: bool
    problem: str = ""


class _Readiness(Struct, frozen=True):
    """What of the body of /ready matters here."""

    checks: dict[str, _Check]


async def problem(host: str, port: int, path: str) -> str:
    """Empty when `GET path` answers 200, otherwise what is wrong."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
                answer = await reader.read()
            finally:
                writer.close()
    except TimeoutError:
        return f"no answer within {TIMEOUT_S:g} s"
    except OSError:
        return f"nobody listens on port {port}"
    head, _, body = answer.partition(b"\r\n\r\n")
    return "" if head.split()[1:2] == [b"200"] else _reason(body)


def _reason(body: bytes) -> str:
    try:
        checks = msgspec.json.decode(body, type=_Readiness).checks
    except msgspec.DecodeError:
        return body[:200].decode(errors="replace") or "not ready"
    return ", ".join(f"{name}: {check.problem}" for name, check in checks.items() if not check.ok)
