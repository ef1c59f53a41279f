"""One tool call, whichever way it came: check the arguments, ask over the bus, bound the reply. Errors are answers too."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec
from msgspec import Raw, Struct

from services.mcp_gateway import cursors, streams
from services.mcp_gateway.pages import BYTES_PER_TOKEN, HEAD_BYTES, Page, Part, Question
from services.mcp_gateway.paging import narrowing
from services.mcp_gateway.shortening import shorten
from services.mcp_gateway.tools import GatewayTool
from shared.contract import subjects
from shared.contract.errors import ServiceError, Unavailable, encode_error
from shared.contract.operation import Operation, Owner, Spec
from shared.contract.platform.streams import Read
from shared.contract.validate import parse
from shared.runtime import observe, wire
from shared.runtime.clock import now_ms
from shared.runtime.metrics import Answered, Metrics

log = observe.logger("mcp_gateway.calls")
OK = "ok"
BUSY_RETRY_MS = 250
ANYBODY = "mcp"
"""The caller of a client that does not say its name; all of them hold their subscriptions together, at any replica."""
SHORTER_AT_MOST = 10
"""A reading that is too long is asked for again so often: halves of 1000 end at one. The second time nearly always fits."""
SHORTENED = "Cut to fit: long lists inside are without their ends. Ask for single symbols to have everything."


class ToolReply(Struct, frozen=True):
    """What a tool answers: JSON text, and the kind of error if it is one."""

    text: str
    error: str = ""


class Asks(Protocol):
    """What can put a request on the bus: `runtime.Bus`, or over stdio `LateBus`, which may not have one yet."""

    async def request(
        self,
        subject: str,
        payload: bytes,
        *,
        deadline_ms: int,
        headers: Mapping[str, str] | None = None,
        command: bool = False,
    ) -> bytes:
        """See `Bus.request`."""
        ...


Local = Callable[[], Awaitable[bytes]]
"""An operation that the gateway answers itself."""


class Calls:
    """The tools as they are called."""

    def __init__(
        self,
        tools: Mapping[str, GatewayTool],
        bus: Asks,
        metrics: Metrics,
        *,
        prefix: str,
        deadline_ms: int,
        max_result_tokens: int,
        concurrency: int,
        local: Mapping[str, Local],
    ) -> None:
        self.tools = tools
        self._bus = bus
        self._answered = {name: metrics.answers.setdefault(name, Answered()) for name in tools}
        self._prefix = prefix
        self._deadline_ms = deadline_ms
        self._limit = max_result_tokens * BYTES_PER_TOKEN
        self._concurrency = concurrency
        self._local = local
        self.in_flight = 0
        """Calls that are being worked on."""
        self.waiting = 0
        """Those of them that may wait for an event; they take half of the room at most."""
        metrics.in_flight = lambda: self.in_flight

    async def call(self, name: str, arguments: Mapping[str, Any], caller: str = "") -> ToolReply:
        """The answer of a tool that there is (`name in tools`); never raises a ServiceError, for an agent reads errors."""
        started = time.perf_counter()
        self.in_flight += 1
        try:
            if self.in_flight > self._concurrency:
                raise Unavailable(
                    f"The gateway is busy with {self._concurrency} calls.",
                    retry_after_ms=BUSY_RETRY_MS,
                    hint="Try again shortly.",
                )
            reply = ToolReply(await self._answer(self.tools[name], arguments, caller))
        except ServiceError as error:
            reply = ToolReply(encode_error(error).decode(), error.kind)
        except Exception:
            log.exception("tool call failed", tool=name)
            failed = Unavailable("The gateway failed to work out this call.", hint="Try again; its log says what happened.")
            reply = ToolReply(encode_error(failed).decode(), failed.kind)
        finally:
            self.in_flight -= 1
        self._answered[name].count(reply.error or OK, time.perf_counter() - started)
        return reply

    async def _answer(self, tool: GatewayTool, arguments: Mapping[str, Any], caller: str) -> str:
        given = dict(arguments)
        text = given.pop("cursor", None) if tool.paging else None
        operation = parse(tool.spec.type, given, called=tool.listed.name)
        if local := self._local.get(tool.spec.method):
            return (await local()).decode()
        if isinstance(operation, Read):
            return self._bounded(await self._read(operation, caller))
        if tool.paging is None:
            body = await self._ask(streams.to_ask(operation), caller)
            return self._bounded(body) if tool.spec.owner is Owner.STREAM else _text(body)
        at = cursors.read(text, tool.listed.name, given) if text is not None else None
        question = tool.paging.question(given, at)
        body = await self._ask(_asked(tool.spec, operation, question), caller)
        try:
            part = tool.paging.part(body, given, at, self._limit)
        except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, ArithmeticError):
            raise _unreadable() from None
        return _text(body if part is None else self._page(tool, given, part))

    async def _read(self, asked: Read, caller: str) -> bytes:
        body = await self._ask(asked, caller)
        for _ in range(SHORTER_AT_MOST):
            if len(body) <= self._limit:
                break
            try:
                less = streams.shorter(asked, body, self._limit)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                raise _unreadable() from None
            if less is None:
                break
            body = await self._ask(less, caller)
        return body

    async def _ask(self, operation: Operation[Any], caller: str) -> bytes:
        """The service's reply. What may wait for an event has as much more time as it may wait."""
        wait_ms = streams.wait_ms(operation)
        if not wait_ms:
            return await self._request(operation, caller, 0)
        if self.waiting >= max(1, self._concurrency // 2):
            raise Unavailable(
                f"{self.waiting} calls are waiting for events already.",
                retry_after_ms=BUSY_RETRY_MS,
                hint="Read without waiting (waitMs 0), or try again shortly.",
            )
        self.waiting += 1
        try:
            return await self._request(operation, caller, wait_ms)
        finally:
            self.waiting -= 1

    async def _request(self, operation: Operation[Any], caller: str, wait_ms: int) -> bytes:
        return await self._bus.request(
            subjects.rpc(operation.spec, prefix=self._prefix),
            msgspec.json.encode(operation),
            deadline_ms=now_ms() + self._deadline_ms + wait_ms,
            headers={wire.CALLER: f"{ANYBODY}/{caller}" if caller else ANYBODY},
            command=wire.is_command(operation.spec),
        )

    def _bounded(self, body: bytes) -> str:
        """A reply without pages, if need be with shorter lists."""
        if len(body) <= self._limit:
            return _text(body)
        try:
            short = shorten(body, self._limit - HEAD_BYTES)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise _unreadable() from None
        if not short.total:
            return _text(body)
        page = Page(shown=short.shown, before=0, total=short.total, hint=SHORTENED, page=Raw(short.body))
        return _text(msgspec.json.encode(page))

    def _page(self, tool: GatewayTool, given: Mapping[str, Any], part: Part) -> bytes:
        hint = narrowing(tool.spec, given, part)
        body = part.body
        if tool.spec.owner is Owner.STREAM and part.rows == 1:  # one event may be longer than a reply
            short = shorten(body, self._limit - HEAD_BYTES)
            body = short.body
            if short.total:
                hint = f"{SHORTENED} {short.shown} of {short.total} rows are left. {hint}"
        page = Page(
            shown=part.rows,
            before=part.before,
            total=part.total,
            hint=hint,
            page=Raw(body),
            next_cursor=cursors.write(part.next, tool.listed.name, given) if part.next else msgspec.UNSET,
        )
        return msgspec.json.encode(page)


def _asked(spec: Spec, operation: Operation[Any], question: Question) -> Operation[Any]:
    if question.spec is spec and question.given == operation.given():
        return operation
    return parse(question.spec.type, question.given)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise _unreadable() from None


def _unreadable() -> Unavailable:
    return Unavailable(
        "The service answered with something that cannot be read.", hint="Try again; its log says what happened."
    )
