"""A trace runs through the bus: what the caller is in, the handler is in."""

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from shared.runtime import tracing
from shared.runtime.bus import Bus
from shared.runtime.responder import RpcRequest
from tests.runtime.conftest import Serve, ask

TRACE = 0x0AF7651916CD43DD8448EB211C80319C
CALLER = SpanContext(TRACE, 0xB7AD6B7169203331, is_remote=False, trace_flags=TraceFlags(1))


async def test_the_handler_is_in_the_trace_of_its_caller(bus: Bus, serve: Serve) -> None:
    seen: list[str] = []

    async def look(_: RpcRequest) -> bytes:
        seen.append(tracing.current())
        return b"{}"

    await serve(bus, look)
    with trace.use_span(NonRecordingSpan(CALLER)):
        await ask(bus)
    await ask(bus)
    assert seen == [f"00-{TRACE:032x}-b7ad6b7169203331-01", ""]


async def test_a_trace_that_cannot_be_read_is_no_reason_to_refuse(bus: Bus, serve: Serve) -> None:
    async def answer(_: RpcRequest) -> bytes:
        return b"{}"

    await serve(bus, answer)
    for nonsense in ("", "00", "zz-" * 40):
        answer_to = await bus.commands.request(
            f"{bus.prefix}.rpc.market.test.read", b"{}", timeout=2, headers={tracing.TRACEPARENT: nonsense}
        )
        assert answer_to.data == b"{}"
