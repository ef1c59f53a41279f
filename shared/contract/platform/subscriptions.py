"""How an agent subscribes: one tool for each kind of stream, derived from the streams' declarations.

A tool's parameters are those of the stream's name (symbol, interval, levels), the option that chooses between its variants
(speed, UTC offset) and the lease. `SUBSCRIPTIONS` has them as operations, so that schema and refusals come about as for any
other; `to_subscribe` turns what was asked into the `Subscribe` that stream_ingestion answers.
"""

from typing import Annotated, Any, Literal, cast

from msgspec import UNSET, Meta, defstruct

from shared.contract.market.streams import STREAMS
from shared.contract.operation import Operation, Owner, Security, Spec, Tool
from shared.contract.platform.streams import FREE, LEASE_DEFAULT_S, LEASE_MOST_S, Subscribe, Subscriptions
from shared.contract.primitives import Maybe, Symbol
from shared.contract.stream import Stream

PREFIX = "subscribe."
LeaseSeconds = Annotated[
    int, Meta(ge=10, le=LEASE_MOST_S, examples=[LEASE_DEFAULT_S], extra_json_schema={"default": LEASE_DEFAULT_S})
]


def to_subscribe(subscription: Operation[Any]) -> Subscribe:
    """The `Subscribe` for the stream that was asked for."""
    given = subscription.given()
    streams = _STREAMS_OF[subscription.spec.method]
    chosen = next(stream for stream in streams if given.get(stream.option[0], streams[0].option[1]) == stream.option[1])
    name = chosen.exchange_name(given.get("symbol", ""), given.get(chosen.parameter, ""))
    return Subscribe(streams=[name], lease_seconds=given.get("leaseSeconds", UNSET))


def _declare(tool: Tool, streams: tuple[Stream, ...]) -> Spec:
    first = streams[0]
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    if not first.of_all_symbols:
        fields.append(("symbol", Symbol))
    if first.parameter:
        fields.append((first.parameter, Literal[first.values]))
    if first.option[0]:
        values = tuple(stream.option[1] for stream in streams)
        choice = Annotated[Literal[values], Meta(extra_json_schema={"default": values[0]})]
        fields.append((first.option[0], Maybe[choice], UNSET))
    fields.append(("lease_seconds", Maybe[LeaseSeconds], UNSET))
    name = "".join(word.title() for word in tool.name.split("_"))
    made = defstruct(name, fields, bases=(Operation,), frozen=True, kw_only=True, module=__name__)
    cls = cast(type[Operation[Any]], made)  # defstruct does not tell that its bases are the type's
    cls.__doc__ = _about(first)
    spec = Spec(
        method=PREFIX + tool.name.removeprefix("subscribe_to_").removesuffix("_stream"),
        type=cls,
        reply=Subscriptions,
        owner=Owner.STREAM,
        security=Security.NONE,
        weight=FREE,
        http="",
        path="",
        ws_api=False,
        signed=False,
        unfilled_orders=0,
        rules=(),
        tool=tool,
        ended=first.ended,
    )
    cls.spec = spec
    return spec


def _about(stream: Stream) -> str:
    ended = ""
    if stream.ended:
        tools = {other.name: other.tool.name for other in STREAMS if other.tool}
        instead = [tools.get(name, name) for name in stream.ended.instead.split(" or ")]
        ended = f" Retired at Binance: prefer {' or '.join(instead)}."
    return f"{stream.title}, live.{ended}"


_TOOLS: dict[str, Tool] = {stream.tool.name: stream.tool for stream in STREAMS if stream.tool}
SUBSCRIPTIONS: tuple[Spec, ...] = tuple(
    _declare(tool, tuple(stream for stream in STREAMS if stream.tool == tool)) for tool in _TOOLS.values()
)
"""A subscription for every kind of stream, in the order of the streams' declaration."""
_STREAMS_OF: dict[str, tuple[Stream, ...]] = {
    spec.method: tuple(stream for stream in STREAMS if stream.tool == spec.tool) for spec in SUBSCRIPTIONS
}
