"""The last resort against a reply that is too long: lists inside it lose their ends, and the reader is told how much.

It is for what has no pages: one event may hold a row for each symbol of the market. What stands around the lists stays.
"""

import msgspec
from msgspec import Raw, Struct

from services.mcp_gateway.pages import fitting

_fields = msgspec.json.Decoder(dict[str, Raw]).decode
_rows = msgspec.json.Decoder(list[Raw]).decode


class Shortened(Struct, frozen=True):
    """JSON that was made to fit."""

    body: bytes
    shown: int = 0
    """Rows left in the lists that were shortened."""
    total: int = 0
    """Rows that were in them."""


def shorten(body: bytes, room: int) -> Shortened:
    """The same JSON in about `room` bytes, as far as shorter lists can do that; a list keeps at least one row.

    Raises:
        msgspec.MsgspecError: it is no JSON.
    """
    if len(body) <= room:
        return Shortened(body)
    match body.lstrip()[:1]:
        case b"[":
            return _shorten_list(_rows(body), room)
        case b"{":
            return _shorten_fields(_fields(body), room)
        case _:
            return Shortened(body)


def _shorten_list(rows: list[Raw], room: int) -> Shortened:
    count = fitting([len(row) for row in rows], room)
    kept = rows[:count]
    inside = Shortened(b"")
    if count == 1:  # kept although it may not fit
        inside = shorten(bytes(rows[0]), room)
        kept = [Raw(inside.body)]
    cut = (count, len(rows)) if count < len(rows) else (0, 0)
    body = b"[" + b",".join(bytes(row) for row in kept) + b"]"
    return Shortened(body, inside.shown + cut[0], inside.total + cut[1])


def _shorten_fields(fields: dict[str, Raw], room: int) -> Shortened:
    room -= sum(len(name) + 4 for name in fields)
    most = _share([len(value) for value in fields.values()], room)
    parts = {name: shorten(bytes(value), most) for name, value in fields.items()}
    body = msgspec.json.encode({name: Raw(part.body) for name, part in parts.items()})
    return Shortened(body, sum(part.shown for part in parts.values()), sum(part.total for part in parts.values()))


def _share(sizes: list[int], room: int) -> int:
    """The most that each may have so that all fit: small ones leave what they do not need to the large ones."""
    for place, size in enumerate(sorted(sizes)):
        share = room // (len(sizes) - place)
        if size > share:
            return max(0, share)
        room -= size
    return max(sizes, default=0)
