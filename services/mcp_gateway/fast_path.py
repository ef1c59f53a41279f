"""The straight way for the common call: a tools/call of protocol 2026-07-28 is answered here, without the SDK.

The SDK turns a reply into objects and walks them three times before it is JSON again; here the reply's text is spliced into
the JSON-RPC response. What is asked and answered is the same, for both ways end in `Calls.call`; a test compares them. Only
a plain call is taken: one whose headers, envelope and tool are all as expected. Anything else (another method or version,
unknown tool, progress wanted, a duplicated or missing header, a malformed body) is replayed into the SDK's app, which owns
every refusal. The path is plain ASGI and stands behind `Guard`.
"""

import asyncio
from typing import Any

import msgspec
from msgspec import Raw, Struct
from starlette.types import ASGIApp, Receive, Scope, Send

from services.mcp_gateway.bodies import read, replay
from services.mcp_gateway.calls import Calls, ToolReply
from services.mcp_gateway.sessions import plain
from shared.runtime import tracing

VERSION = "2026-07-28"
METHOD = "tools/call"
_PLAIN_HEADERS = {b"mcp-protocol-version": VERSION.encode(), b"mcp-method": METHOD.encode()}
WATCH_AFTER_S = 1.0
"""A call that takes longer is watched for a caller that hangs up; most are answered before watching would pay."""


class Client(Struct, frozen=True):
    """Who the caller says it is."""

    name: str
    version: str


class Meta(
    Struct,
    frozen=True,
    rename={
        "version": "io.modelcontextprotocol/protocolVersion",
        "capabilities": "io.modelcontextprotocol/clientCapabilities",
        "client": "io.modelcontextprotocol/clientInfo",
        "log_level": "io.modelcontextprotocol/logLevel",
        "progress": "progressToken",
    },
):
    """The envelope of a request."""

    version: str
    capabilities: dict[str, Raw]
    client: Client | None = None
    log_level: Raw = Raw()
    progress: Raw = Raw()
    traceparent: str = ""


class Params(
    Struct, frozen=True, rename={"meta": "_meta", "input_responses": "inputResponses", "request_state": "requestState"}
):
    """Parameters of tools/call."""

    name: str
    meta: Meta
    arguments: dict[str, Any] = {}
    input_responses: Raw = Raw()
    request_state: Raw = Raw()

    @property
    def plain(self) -> bool:
        """Is there nothing in it that this path does not know?"""
        meta = self.meta
        unusual = (meta.log_level, meta.progress, self.input_responses, self.request_state)
        return meta.version == VERSION and not any(bytes(part) for part in unusual)


class Request(Struct, frozen=True):
    """A JSON-RPC request of tools/call."""

    jsonrpc: str
    id: int | str
    method: str
    params: Params


_decoder = msgspec.json.Decoder(Request)
_encoder = msgspec.json.Encoder()


class FastPath:
    """Answers plain tool calls to `path`; every other request goes to `app`."""

    def __init__(
        self, app: ASGIApp, calls: Calls, *, path: str, max_body_bytes: int, meta: dict[str, Any], server_info: dict[str, Any]
    ) -> None:
        self._app = app
        self._calls = calls
        self._path = path
        self._max_body_bytes = max_body_bytes
        self._names = {name.encode() for name in calls.tools}
        stamp = _encoder.encode({**meta, "io.modelcontextprotocol/serverInfo": server_info})
        self._tails = {
            failed: b'}],"isError":' + _encoder.encode(failed) + b',"resultType":"complete","_meta":' + stamp + b"}}"
            for failed in (False, True)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self._path or not self._is_plain(scope):
            return await self._app(scope, receive, send)
        body = await read(receive)
        if body is None:
            return None
        request = self._request(body, scope)
        if request is None:
            return await self._app(scope, replay(body, receive), send)
        reply = await self._call(request.params, receive)
        if reply is None:
            return None
        answer = bytearray(b'{"jsonrpc":"2.0","id":')
        _encoder.encode_into(request.id, answer, -1)
        answer += b',"result":{"content":[{"type":"text","text":'
        _encoder.encode_into(reply.text, answer, -1)  # in place: joining parts of 300 kB would cost as much as encoding them
        answer += self._tails[bool(reply.error)]
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        return await send({"type": "http.response.body", "body": answer})

    def _is_plain(self, scope: Scope) -> bool:
        """Do the headers say that this is a call of a known tool, whole and of a sane size?"""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        accept, size = headers.get(b"accept", b""), headers.get(b"content-length", b"")
        return (
            headers.get(b"mcp-name") in self._names
            and headers.items() >= _PLAIN_HEADERS.items()
            and scope["method"] == "POST"
            and len(headers) == len(scope["headers"])
            and headers.get(b"content-type", b"").startswith(b"application/json")
            and b"application/json" in accept
            and b"text/event-stream" in accept
            and size.isdigit()
            and int(size) <= self._max_body_bytes
            and not any(name.startswith(b"mcp-param-") for name in headers)
        )

    def _request(self, body: bytes, scope: Scope) -> Request | None:
        try:
            request = _decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        named = (b"mcp-name", request.params.name.encode()) in scope["headers"]
        plain = request.jsonrpc == "2.0" and request.method == METHOD and request.params.plain
        return request if named and plain else None

    async def _call(self, params: Params, receive: Receive) -> ToolReply | None:
        """The tool's reply, or None when the caller hung up before there was one."""
        client = plain(params.meta.client.name) if params.meta.client else ""
        headers = {tracing.TRACEPARENT: params.meta.traceparent} if params.meta.traceparent else {}
        watch = HangUp(receive)
        try:
            with tracing.answering(f"{METHOD} {params.name}", headers):
                return await self._calls.call(params.name, params.arguments, client)
        except asyncio.CancelledError:
            if not watch.hung_up:
                raise
            return None
        finally:
            watch.stop()


class HangUp:
    """Cancels the task that makes it when, after a while, its caller hangs up."""

    def __init__(self, receive: Receive) -> None:
        self.hung_up = False
        self._receive = receive
        self._task = asyncio.current_task()
        self._watcher: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(WATCH_AFTER_S, self._start)

    def _start(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._task:
            self.hung_up = True
            self._task.cancel()

    def stop(self) -> None:
        """The call is over."""
        self._timer.cancel()
        if self._watcher:
            self._watcher.cancel()
        if self.hung_up and self._task:
            self._task.uncancel()
