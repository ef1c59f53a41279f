"""Replies are bounded: what a model cannot hold is given in pages of whole rows, and told so.

A reply within the bound passes as the exchange's own bytes. A larger one becomes

    {"shown": 700, "before": 0, "total": 1000, "next_cursor": "...", "hint": "how to go on, how to narrow", "page": ...}

where `page` has the shape of the exchange's reply with fewer rows, each row still the exchange's own bytes:

- rows with an id or a time (trades, candles) are asked for onward from the last one shown, up to the row that was the last
  when the first page was made: the pages together are the reply as it was then;
- rows with a symbol are asked for again and go on in the symbols' order behind the last one shown;
- an order book is asked for again and goes on behind the last prices shown, for levels have no other name.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import Any, Literal, Protocol

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from services.mcp_gateway.cursors import Cursor, Key
from shared.contract.operation import Spec

BYTES_PER_TOKEN = 4
HEAD_BYTES = 700
"""Room for what stands around the rows of a page."""
OUTLINE_TOKENS = 8_000
"""A reply about every symbol that is longer than this becomes a listing: thousands of symbols with all their rules are of
use to nobody who reads."""

Given = Mapping[str, Any]
_encode = msgspec.json.encode
_fields = msgspec.json.Decoder(dict[str, Raw]).decode
_rows = msgspec.json.Decoder(list[Raw]).decode
_level = msgspec.json.Decoder(list[str]).decode


class Question(Struct, frozen=True):
    """What is to be asked of the exchange for a page."""

    spec: Spec
    given: dict[str, Any]


class Part(Struct, frozen=True):
    """One page of a reply, and where it stands in the whole."""

    body: bytes
    """The page in the shape of the exchange's reply."""
    rows: int
    before: int
    total: int
    next: Cursor | None
    outline: bool = False
    """Are the rows shortened to a listing?"""


class Page(Struct, frozen=True, omit_defaults=True):
    """What the caller gets instead of a reply that is too large."""

    shown: int
    before: int
    total: int
    hint: str
    page: Raw
    next_cursor: str | UnsetType = UNSET


class Paging(Protocol):
    """How one operation's replies are divided."""

    def question(self, given: Given, at: Cursor | None) -> Question:
        """What to ask for the page behind `at` (None: the first)."""
        ...

    def part(self, body: bytes, given: Given, at: Cursor | None, limit: int) -> Part | None:
        """The page of at most `limit` bytes behind `at`; None where the reply fits as it is.

        Raises:
            msgspec.MsgspecError: the body is not the operation's reply.
        """
        ...


class Rows(Struct, frozen=True):
    """A list of rows, or an object that holds one, in the order of the rows' key."""

    spec: Spec
    field: str
    """The object's field that holds the rows; empty where the reply is the list."""
    kind: Literal["id", "time", "name"]
    key: msgspec.json.Decoder[list[Any]]
    onward: Spec
    """Gives the rows from an id on: the operation itself, or recent trades' sibling, historical trades."""
    outline: msgspec.json.Decoder[list[Any]] | None = None

    def question(self, given: Given, at: Cursor | None) -> Question:
        if at is None or self.kind == "name":
            return Question(self.spec, dict(given))
        kept = {name: given[name] for name in given if name not in ("fromId", "startTime", "endTime", "limit")}
        behind, limit = int(at.after[0]) + 1, at.total - at.shown
        if self.kind == "time":
            return Question(self.onward, {**kept, "startTime": behind, "endTime": at.until[0], "limit": limit})
        return Question(self.onward, {**kept, "fromId": behind, "limit": limit})

    def part(self, body: bytes, given: Given, at: Cursor | None, limit: int) -> Part | None:
        outline = None if "symbol" in given or "symbols" in given else self.outline
        if outline:
            limit = min(limit, OUTLINE_TOKENS * BYTES_PER_TOKEN)
        if (at is None and len(body) <= limit) or not (self.field or body.lstrip().startswith(b"[")):
            return None
        around = _fields(body) if self.field else {}
        listed = bytes(around[self.field]) if self.field else body
        rows = self._keyed(listed, outline)
        before, total, until = 0, len(rows), rows[-1][0] if rows else ()
        if at is not None:
            before = at.shown
            rows = [(key, row) for key, row in rows if at.after < key and (self.kind == "name" or key <= at.until)]
            total, until = (before + len(rows), until) if self.kind == "name" else (at.total, at.until)
        count = fitting([len(row) for _, row in rows], limit - HEAD_BYTES - (len(body) - len(listed)))
        behind = Cursor(rows[count - 1][0], until, before + count, total) if count < len(rows) else None
        shown = Raw(b"[" + b",".join(bytes(row) for _, row in rows[:count]) + b"]")
        page = _encode({**around, self.field: shown}) if self.field else bytes(shown)
        return Part(page, count, before, total, behind, outline is not None)

    def _keyed(self, listed: bytes, outline: msgspec.json.Decoder[list[Any]] | None) -> list[tuple[Key, Raw]]:
        """The rows (or what the outline leaves of them) with their keys, in the keys' order."""
        rows = [Raw(_encode(row)) for row in outline.decode(listed)] if outline else _rows(listed)
        keys: list[Key] = [msgspec.structs.astuple(row) for row in self.key.decode(listed)]
        return sorted(zip(keys, rows, strict=True), key=lambda pair: pair[0])


class Levels(Struct, frozen=True):
    """An order book: as many levels of both sides as fit, from the best prices on."""

    spec: Spec

    def question(self, given: Given, at: Cursor | None) -> Question:
        return Question(self.spec, dict(given))

    def part(self, body: bytes, given: Given, at: Cursor | None, limit: int) -> Part | None:
        if at is None and len(body) <= limit:
            return None
        rest = _fields(body)
        bids, asks = _rows(bytes(rest["bids"])), _rows(bytes(rest["asks"]))
        before, total, last_bid, last_ask = 0, max(len(bids), len(asks)), "Infinity", "-Infinity"
        if at is not None:
            before, total = at.shown, at.total
            last_bid, last_ask = (str(price) for price in at.after)
            bids = [level for level in bids if Decimal(_price(level)) < Decimal(last_bid)][: total - before]
            asks = [level for level in asks if Decimal(_price(level)) > Decimal(last_ask)][: total - before]
        sizes = [len(bid) + len(ask) + 1 for bid, ask in zip_longest(bids, asks, fillvalue=Raw(b""))]
        count = fitting(sizes, limit - HEAD_BYTES)
        behind = None
        if count < len(sizes):
            last_bid = _price(bids[:count][-1]) if bids else last_bid
            last_ask = _price(asks[:count][-1]) if asks else last_ask
            behind = Cursor((last_bid, last_ask), (), before + count, total)
        return Part(_encode({**rest, "bids": bids[:count], "asks": asks[:count]}), count, before, total, behind)


def _price(level: Raw) -> str:
    return _level(level)[0]


def fitting(sizes: Sequence[int], room: int) -> int:
    """How many rows of these sizes fit with a comma each, one at least."""
    for count, size in enumerate(sizes):
        room -= size + 1
        if room < 0:
            return max(1, count)
    return len(sizes)
