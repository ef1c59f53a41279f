"""The address of a stream connection, and what it asks for.

    /ws/<name>[/<name>...]        raw messages
    /stream?streams=<name>/...    each in an envelope that names its stream

Both may come without a name, and take `timeUnit=MICROSECOND`; names may be percent-encoded. (Source: "WebSocket Streams",
"General WSS information".)
"""

from urllib.parse import unquote

from msgspec import Struct

from services.paper_exchange.errors import refused
from services.paper_exchange.rest import Scope
from services.paper_exchange.streams import control
from services.paper_exchange.time_units import TIME_UNITS, Unit, micros, millis

RAW, COMBINED = "/ws", "/stream"


class Asked(Struct, frozen=True):
    """What the address of a connection asks for."""

    names: list[str]
    combined: bool
    unit: Unit


def is_stream_path(path: str) -> bool:
    """Does a path lead to the market streams?"""
    return path == RAW or path.startswith(f"{RAW}/") or path.rstrip("/") == COMBINED


def asked(scope: Scope) -> Asked:
    """What is asked for.

    Raises:
        Refused: an unknown unit of time, or more streams than a connection can have.
    """
    query: dict[str, str] = {}
    for part in scope["query_string"].decode("latin-1").split("&"):
        name, _, value = part.partition("=")
        query[name] = value
    unit = TIME_UNITS.get(unquote(query.get("timeUnit", "MILLISECOND")))
    if unit is None:
        raise refused(-1194)
    path = scope["raw_path"].decode("latin-1")
    combined = not path.startswith(f"{RAW}/") and path != RAW
    # A plus sign is one, not a blank: it is part of the names of candles in UTC+8. Slashes part names even when encoded.
    listed = unquote(query.get("streams", "") if combined else path[len(RAW) + 1 :])
    names = list(dict.fromkeys(name for name in listed.split("/") if name))
    if len(names) > control.MAX_STREAMS:
        # Only the limit is documented, not what happens beyond it.
        raise refused(-1101)
    return Asked(names, combined, micros if unit else millis)
