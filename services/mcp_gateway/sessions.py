"""Who a handshake client is in its later requests, told by the id of its session; nothing is kept here, so any replica knows.

In the handshake versions a client names itself once, in `initialize`, and sends the Mcp-Session-Id of the reply with all that
follows. The id that is given here carries that name and a random part. Two agents of one program so hold their subscriptions
apart. A session has no other state and never ends: no id is unknown, and DELETE stays refused.
"""

import hashlib
import re
import secrets
from urllib.parse import quote, unquote

import msgspec
from msgspec import Struct
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.mcp_gateway.bodies import read, replay

HEADER = b"mcp-session-id"
RANDOM_BYTES = 16
MAX_NAME_LENGTH = 64
DIGEST_BYTES = 4
_ID = re.compile(r"([\w.~%-]{0,200})\.([0-9a-f]{32})", re.ASCII)


class _Client(Struct, frozen=True):
    name: str


class _Parameters(Struct, frozen=True, rename="camel"):
    client_info: _Client


class _Initialize(Struct, frozen=True, tag_field="method", tag="initialize"):
    params: _Parameters


_decoder = msgspec.json.Decoder(_Initialize)


def plain(name: str) -> str:
    """A client's name for itself as it is told to services: a claim, fit for a header and a log."""
    return "".join(char for char in name if char.isascii() and char.isprintable() and char != "/")[:MAX_NAME_LENGTH]


def opened(name: str) -> str:
    """The id of a new session of a client of this name."""
    return f"{quote(plain(name), safe='')}.{secrets.token_hex(RANDOM_BYTES)}"


def caller(session: str) -> str:
    """Who that session's client is, as services are told: the random part is not shown. Empty where it is none of our ids."""
    found = _ID.fullmatch(session)
    if found is None:
        return ""
    mark = hashlib.blake2b(found[2].encode(), digest_size=DIGEST_BYTES).hexdigest()
    return f"{plain(unquote(found[1]))}/{mark}"


class Sessions:
    """Gives the reply to `initialize` at `path` the id of a session."""

    def __init__(self, app: ASGIApp, *, path: str, max_body_bytes: int) -> None:
        self._app = app
        self._path = path
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self._path or not self._may_open(scope):
            return await self._app(scope, receive, send)
        body = await read(receive)
        if body is None:
            return None
        try:
            session = opened(_decoder.decode(body).params.client_info.name).encode()
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return await self._app(scope, replay(body, receive), send)

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                message["headers"] = [*message["headers"], (HEADER, session)]
            await send(message)

        return await self._app(scope, replay(body, receive), tell)

    def _may_open(self, scope: Scope) -> bool:
        """Is it of the handshake versions (later ones name the method in a header), without a session, and of a sane size?"""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        size = headers.get(b"content-length", b"")
        return (
            scope["method"] == "POST"
            and headers.keys().isdisjoint({HEADER, b"mcp-method"})
            and size.isdigit()
            and int(size) <= self._max_body_bytes
        )
