"""The REST API as an ASGI application: statuses, headers and bodies as the exchange sends them.

It is written on ASGI itself: a request costs some thirty microseconds, a tenth of what a framework's routing would.
"""

import itertools
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from services.paper_exchange.door import ROUTES, TIME_UNITS, Door
from services.paper_exchange.errors import Refused, refused
from shared.contract.operation import Spec

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

PREFIX = "/api/"
MAX_BODY = 65_536
_COMMON: Headers = [
    (b"content-type", b"application/json;charset=UTF-8"),
    (b"server", b"nginx"),
    (b"strict-transport-security", b"max-age=31536000; includeSubdomains"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'self'"),
    (b"cache-control", b"no-cache, no-store, must-revalidate"),
    (b"pragma", b"no-cache"),
    (b"expires", b"0"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
]
_NOT_FOUND_HTML = b"<html>\r\n<head><title>404 Not Found</title></head>\r\n<body><h1>404 Not Found</h1></body>\r\n</html>\r\n"


class Rest:
    """Answers `/api/...`."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._serial = itertools.count(1)
        self._instance = uuid.uuid4().hex

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        client = scope["client"]
        address: str = client[0] if client else ""
        status, extra = 200, []
        try:
            spec = _spec(scope)
            query = scope["query_string"].decode("latin-1")
            if spec.http != "GET":
                query = merged(query, await _body(receive))
            body, used = self._door.rest(spec, query, address, _micros(scope["headers"]))
        except Refused as no:
            status, body, used = no.status, no.body(with_data=no.code != -1003), None
            if no.retry_after_s is not None:
                extra = [(b"retry-after", str(no.retry_after_s).encode())]
            if no.code == _NOT_FOUND and _wants_html(scope["headers"]):
                await _send_html(send)
                return
        if used is None:
            used = self._door.weights.used(address, self._door.clock())
        weight = str(used).encode()
        headers = [
            *_COMMON,
            (b"content-length", str(len(body)).encode()),
            (b"x-mbx-uuid", self._uuid()),
            (b"x-mbx-used-weight", weight),
            (b"x-mbx-used-weight-1m", weight),
            *extra,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _uuid(self) -> bytes:
        """A name for this reply, as the exchange gives one to each."""
        serial = f"{next(self._serial):012x}"
        start = self._instance
        return f"{start[:8]}-{start[8:12]}-{start[12:16]}-{start[16:20]}-{serial}".encode()


_NOT_FOUND = -1099


def merged(query: str, body: str) -> str:
    """Query and form as one; the query wins where both name a parameter. (REST documentation, "General Information".)"""
    if not body or not query:
        return query or body
    names = {part.partition("=")[0] for part in query.split("&")}
    return "&".join([query, *(part for part in body.split("&") if part.partition("=")[0] not in names)])


def _spec(scope: Scope) -> Spec:
    by_http = ROUTES.get(scope["path"])
    if by_http is None:
        # The only text for a path that does not exist is one of 2019.
        raise Refused(_NOT_FOUND, "Not found, authenticated, or authorized", status=404)
    spec = by_http.get(scope["method"])
    if spec is None:
        raise refused(-1020, status=405)
    return spec


def _micros(headers: Headers) -> bool:
    for name, value in headers:
        if name == b"x-mbx-time-unit":
            unit = TIME_UNITS.get(value.decode("latin-1"))
            if unit is None:
                raise refused(-1194)
            return unit
    return False


def _wants_html(headers: Headers) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in headers)


async def _send_html(send: Send) -> None:
    headers = [(b"content-type", b"text/html"), (b"content-length", str(len(_NOT_FOUND_HTML)).encode()), (b"server", b"nginx")]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": _NOT_FOUND_HTML})


async def _body(receive: Receive) -> str:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            raise Refused(-1101, "Too many parameters sent for this endpoint.", status=413)
        parts.append(part)
        if not message.get("more_body"):
            break
    return b"".join(parts).decode("latin-1")
