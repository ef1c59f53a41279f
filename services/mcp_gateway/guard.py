"""Who may talk to the endpoint at all: the method, the Host and Origin headers, the token. Plain ASGI, in front of everything.

A web page in the user's browser must not reach an MCP server on his machine (DNS rebinding): the Host header must be a name
that the operator listed, and a page that calls (Origin) must come from one of them. Stateless serving has no event stream to
GET and no session to DELETE: 405, for without it legacy clients hang on an empty stream.

Behind it a header's value is what RFC 9110 says it is: the HTTP parser leaves blanks at its end, which are no part of it.
"""

import hmac
from collections.abc import Iterable
from typing import Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.contract.errors import ErrorBody

Headers = Iterable[tuple[bytes, bytes]]
BLANKS = (b" ", b"\t")


class Refusal(Struct, frozen=True):
    """Why a request is turned away, as HTTP tells it."""

    status: int
    kind: Literal["invalid", "denied"]
    message: str
    hint: str
    headers: dict[str, str] = {}


class Guard:
    """Lets through to the endpoint at `path` what may pass; every other path is passed on."""

    def __init__(self, app: ASGIApp, *, path: str, hosts: Iterable[str], token: str = "") -> None:
        self._app = app
        self._path = path
        self._hosts = frozenset(host.lower() for host in hosts)
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].rstrip("/") != self._path:
            return await self._app(scope, receive, send)
        if any(value.endswith(BLANKS) for _, value in scope["headers"]):
            scope = {**scope, "headers": [(name, value.rstrip(b" \t")) for name, value in scope["headers"]]}
        refusal = self.refusal(scope["method"], scope["headers"])
        if refusal is None:
            return await self._app(scope, receive, send)
        body = msgspec.json.encode(ErrorBody(kind=refusal.kind, message=refusal.message, hint=refusal.hint))
        response = Response(body, refusal.status, refusal.headers, "application/json")
        return await response(scope, receive, send)

    def refusal(self, method: str, headers: Headers) -> Refusal | None:
        """Why a request with these headers may not pass, or None."""
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1 or _name(hosts[0]) not in self._hosts:
            return Refusal(
                421, "denied", "This server does not answer under that Host.", "Add the name to BINANCE_MCP_ALLOWED_HOSTS."
            )
        origin = next((value for name, value in headers if name == b"origin"), b"")
        if origin and _origin(origin) not in self._hosts:
            return Refusal(403, "denied", "Pages of that Origin may not call.", "Add its host to BINANCE_MCP_ALLOWED_HOSTS.")
        if method != "POST":
            return Refusal(
                405, "invalid", "The endpoint is stateless and takes POST only.", "POST a JSON-RPC message.", {"allow": "POST"}
            )
        if self._token and not self._knows(next((value for name, value in headers if name == b"authorization"), b"")):
            return Refusal(
                401,
                "denied",
                "A bearer token is needed.",
                "Send Authorization: Bearer <token>.",
                {"www-authenticate": "Bearer"},
            )
        return None

    def _knows(self, authorization: bytes) -> bool:
        scheme, _, token = authorization.partition(b" ")
        return hmac.compare_digest(token.strip(), self._token) and scheme.lower() == b"bearer"


def _name(host: bytes) -> str:
    """The host without its port; an IPv6 address keeps its brackets."""
    text = host.decode("latin-1").lower()
    name, colon, port = text.rpartition(":")
    return name if colon and port.isdigit() else text


def _origin(origin: bytes) -> str:
    parts = urlsplit(origin.decode("latin-1"))
    return _name(parts.netloc.encode("latin-1")) if parts.scheme in ("http", "https") else ""
