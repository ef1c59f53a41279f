"""One tool call, whichever way it came: check the arguments, ask over the bus, bound the reply. Errors are answers too."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec
from msgspec import Raw, Struct

from services.mcp_gateway import cursors
from services.mcp_gateway.pages import BYTES_PER_TOKEN, Page, Part, Question
from services.mcp_gateway.paging import narrowing
from services.mcp_gateway.tools import GatewayTool
from shared.contract import subjects
from shared.contract.errors import ServiceError, Unavailable, encode_error
from shared.contract.operation import Operation, Spec
from shared.contract.validate import parse
from shared.runtime import observe, wire
from shared.runtime.clock import now_ms
from shared.runtime.metrics import Answered, Metrics

log = observe.logger("mcp_gateway.calls")
OK = "ok"
BUSY_RETRY_MS = 250


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
        operation = parse(tool.spec.type, given)
        if local := self._local.get(tool.spec.method):
            return (await local()).decode()
        if tool.paging is None:
            return _text(await self._ask(tool.spec, operation, caller))
        at = cursors.read(text, tool.listed.name, given) if text is not None else None
        question = tool.paging.question(given, at)
        body = await self._ask(*_asked(tool.spec, operation, question), caller)
        try:
            part = tool.paging.part(body, given, at, self._limit)
        except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, ArithmeticError):
            raise _unreadable() from None
        return _text(body if part is None else _page(tool, given, part))

    async def _ask(self, spec: Spec, operation: Operation[Any], caller: str) -> bytes:
        return await self._bus.request(
            subjects.rpc(spec, prefix=self._prefix),
            msgspec.json.encode(operation),
            deadline_ms=now_ms() + self._deadline_ms,
            headers={wire.CALLER: f"mcp/{caller}"} if caller else None,
            command=wire.is_command(spec),
        )


def _asked(spec: Spec, operation: Operation[Any], question: Question) -> tuple[Spec, Operation[Any]]:
    if question.spec is spec and question.given == operation.given():
        return spec, operation
    return question.spec, parse(question.spec.type, question.given)


def _page(tool: GatewayTool, given: Mapping[str, Any], part: Part) -> bytes:
    page = Page(
        shown=part.rows,
        before=part.before,
        total=part.total,
        hint=narrowing(tool.spec, given, part),
        page=Raw(part.body),
        next_cursor=cursors.write(part.next, tool.listed.name, given) if part.next else msgspec.UNSET,
    )
    return msgspec.json.encode(page)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise _unreadable() from None


def _unreadable() -> Unavailable:
    return Unavailable(
        "The service answered with something that cannot be read.", hint="Try again; its log says what happened."
    )
