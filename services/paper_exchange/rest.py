"""The REST API as an ASGI application: statuses, headers and bodies as the exchange sends them.

It is written on ASGI itself: a request costs some thirty microseconds, a tenth of what a framework's routing would.
"""

import asyncio
import itertools
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from services.paper_exchange.door import NOT_FOUND, Door, RestRequest
from services.paper_exchange.errors import Gone, Refused, refused
from services.paper_exchange.http_socket import cut
from services.paper_exchange.request_faults import NO_FAULT, Fates
from services.paper_exchange.time_units import TIME_UNITS

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
_GONE_HTML = (
    b"<html>\r\n<head><title>410 Gone</title></head>\r\n<body>\r\n<center><h1>410 Gone</h1></center>\r\n"
    b"<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
"""As the exchange was seen to answer where it has given something up."""
_NOT_FOUND_HTML = b"<html>\r\n<head><title>404 Not Found</title></head>\r\n<body><h1>404 Not Found</h1></body>\r\n</html>\r\n"


class _Unanswered(Exception):
    """A drill: no answer is given."""

    def __init__(self, *, is_broken: bool) -> None:
        super().__init__()
        self.is_broken = is_broken


class Rest:
    """Answers `/api/...`."""

    def __init__(self, door: Door, fates: Fates | None = None) -> None:
        self._door = door
        self._fates = fates or Fates()
        self._serial = itertools.count(1)
        self._instance = uuid.uuid4().hex

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        client = scope["client"]
        address: str = client[0] if client else ""
        status, extra = 200, []
        try:
            body, extra = await self._answer(scope, receive, address)
        except _Unanswered as fate:
            if fate.is_broken:
                cut(scope)
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        except Gone:
            await _send_html(send, 410, _GONE_HTML)
            return
        except Refused as no:
            status, body = no.status, no.body(with_data=no.code != -1003)
            if no.retry_after_s is not None:
                extra = [(b"retry-after", str(no.retry_after_s).encode())]
            if no.code == NOT_FOUND and _wants_html(scope["headers"]):
                await _send_html(send, 404, _NOT_FOUND_HTML)
                return
        weight = str(self._door.weights.used(address, self._door.clock())).encode()
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

    async def _answer(self, scope: Scope, receive: Receive, address: str) -> tuple[bytes, Headers]:
        """Body and headers of a reply that is no refusal, or what a drill makes of it; raises Refused and _Unanswered."""
        spec = self._door.route(scope["path"], scope["method"])
        form = await _body(receive) if spec.http != "GET" else ""
        micros, api_key = _headers(scope["headers"])
        request = RestRequest(scope["query_string"].decode("latin-1"), address, form, micros, api_key)
        fault = self._fates.of(spec.method)
        if fault is not NO_FAULT:
            await asyncio.sleep(fault.delay_s)
            if fault.kind in ("dropped", "silence"):
                raise _Unanswered(is_broken=fault.kind == "dropped")
            if not fault.is_done:
                raise fault.refusal(self._door.told_us())
        admitted = self._door.rest(spec, request)
        body = self._door.answer(spec, admitted, address)
        if fault.kind == "lost":
            raise _Unanswered(is_broken=True)
        if fault.kind != "none":
            raise fault.refusal(self._door.told_us())
        return body, self._order_counts(admitted.call.account) if spec.unfilled_orders else []

    def _order_counts(self, account: str) -> Headers:
        """`x-mbx-order-count-10s` and so on."""
        return [
            (f"x-mbx-order-count-{limit.interval_num}{limit.interval[0].lower()}".encode(), str(count).encode())
            for limit, count in self._door.order_counts(account)
        ]

    def _uuid(self) -> bytes:
        """A name for this reply, as the exchange gives one to each."""
        serial = f"{next(self._serial):012x}"
        start = self._instance
        return f"{start[:8]}-{start[8:12]}-{start[12:16]}-{start[16:20]}-{serial}".encode()


def _headers(headers: Headers) -> tuple[bool, str | None]:
    """Are microseconds wanted, and the API key."""
    micros: bool | None = False
    api_key: str | None = None
    for name, value in headers:
        if name == b"x-mbx-time-unit":
            micros = TIME_UNITS.get(value.decode("latin-1"))
        elif name == b"x-mbx-apikey":
            api_key = value.decode("latin-1")
    if micros is None:
        raise refused(-1194)
    return micros, api_key


def _wants_html(headers: Headers) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in headers)


async def _send_html(send: Send, status: int, page: bytes) -> None:
    headers = [(b"content-type", b"text/html"), (b"content-length", str(len(page)).encode()), (b"server", b"nginx")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": page})


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
