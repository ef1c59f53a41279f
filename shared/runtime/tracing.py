"""Traces run from the agent's call to the exchange's reply: the `traceparent` of W3C Trace Context, carried in headers.

Only the API of OpenTelemetry is needed. Without an SDK in the process the caller's context is passed on unchanged; with one
(and an exporter configured by `OTEL_*`) each request answered becomes a span.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACEPARENT = "traceparent"
_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("binance")


def current() -> str:
    """The traceparent of the span that is under way, empty when there is none."""
    span = trace.get_current_span().get_span_context()
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}" if span.is_valid else ""


def recorded() -> bool:
    """Has this process an SDK that records spans? Costs more than a request may: ask once."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


@contextmanager
def answering(name: str, headers: Mapping[str, str]) -> Generator[None, None, None]:
    """The span of a request being answered, child of the caller's where its headers name one."""
    token = context.attach(_propagator.extract(dict(headers)))
    try:
        with _tracer.start_as_current_span(name, kind=SpanKind.SERVER):
            yield
    finally:
        context.detach(token)
