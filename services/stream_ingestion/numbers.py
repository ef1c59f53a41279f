"""The numbers by which events of a stream are told apart and put in order, read out of the payload without decoding it.

| stream | number | next one |
| --- | --- | --- |
| trade | `t` | one more |
| aggTrade | `a` | one more |
| diff depth | `U` to `u` | `U` is one more than the last `u` |
| kline | `t` of the candle, then `E` | rises; candles follow each other without a hole |
| bookTicker | `u` | rises |
| partial depth | `lastUpdateId` | does not fall |
| blockTrade, referencePrice | `t` | rises |
| others | `E`, of an array that of its first event | rises |

The exchange writes a field as `"t":12345,`. Where the search finds no number the payload is decoded.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from shared.contract.market.events import AggregateTradeEvent, BlockTradeEvent, DepthEvent, ReferencePriceEvent, TradeEvent
from shared.contract.market.streams import Stream

Number = Callable[[bytes], int]
"""The number of an event, -1 if it has none."""

Span = Callable[[bytes], tuple[int, int]]
"""The first and the last number of an event; of a candle its times."""

CONSECUTIVE: dict[Any, str] = {TradeEvent: "t", AggregateTradeEvent: "a"}
"""Streams whose events are counted without a hole, by the type of their event: the field that counts."""
_RISING = {BlockTradeEvent: "t", ReferencePriceEvent: "t", DepthEvent: "u"}


def field(name: str) -> Number:
    """Reads a field with a whole number."""
    mark = f'"{name}":'.encode()
    skip = len(mark)

    def read(payload: bytes) -> int:
        at = payload.find(mark)
        if at < 0:
            return _decoded(payload, name)
        end = payload.find(b",", at)
        try:
            return int(payload[at + skip : end])
        except ValueError:
            return _decoded(payload, name)

    return read


def candle(payload: bytes) -> int:
    """A number that rises with the candle's open time, and for one candle with the event's."""
    return open_time(payload) * 10**17 + _event_time(payload)


def of_stream(stream: Stream) -> Number:
    """What tells the events of a stream apart."""
    event = stream.event
    if name := CONSECUTIVE.get(event) or _RISING.get(event):
        return field(name)
    if stream.kind == "kline":
        return candle
    return {"bookTicker": field("u"), "depth{}": field("lastUpdateId")}.get(stream.kind, _event_time)


def span_of_stream(stream: Stream) -> Span | None:
    """What tells whether anything is missing between two events of a stream; None where nothing does.

    Events of trades have one number each, differences of the book reach from one update to another, candles from their opening
    to their close.
    """
    event = stream.event
    if event in CONSECUTIVE:
        first = last = field(CONSECUTIVE[event])
    elif event is DepthEvent:
        first, last = field("U"), field("u")
    elif stream.kind == "kline":
        first, last = open_time, close_time
    else:
        return None
    return lambda payload: (first(payload), last(payload))


def _decoded(payload: bytes, name: str) -> int:
    try:
        found: Any = msgspec.json.decode(payload)
    except msgspec.MsgspecError:
        return -1
    while isinstance(found, list) and found:
        found = found[0]  # pyright: ignore[reportUnknownVariableType]  it is whatever the exchange sent
    if isinstance(found, dict) and name == "t" and isinstance(found.get("k"), dict):  # pyright: ignore[reportUnknownMemberType]
        found = found["k"]  # pyright: ignore[reportUnknownVariableType]
    value: Any = found.get(name) if isinstance(found, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return value if isinstance(value, int) else -1


_event_time = field("E")
open_time = field("t")
"""When a candle opened."""
close_time = field("T")
"""When a candle closes."""
event_time = _event_time
"""The exchange's clock in an event; -1 for streams that do not tell it."""
