"""How an operation's replies are divided follows from its declaration, so that a new operation needs nothing here."""

from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from services.mcp_gateway.pages import Given, Levels, Paging, Part, Rows
from shared.contract.catalog import OPERATIONS
from shared.contract.market.models import ExchangeInformation, OrderBook
from shared.contract.operation import Spec
from shared.contract.platform.streams import LocalOrderBook, StreamPage
from shared.contract.platform.subscriptions import SUBSCRIPTIONS
from shared.contract.validate import parameters

NAMES = ("symbol", "handle", "stream")
"""Fields (Python names) by which rows are named."""
NUMBERS = ("open_time", "id")
"""Fields by which rows are numbered, in rising order."""
OUTLINES: dict[Any, tuple[str, ...]] = {ExchangeInformation: ("symbol", "status", "baseAsset", "quoteAsset")}
"""What is left of a row in the listing of every symbol (see `pages.OUTLINE_TOKENS`)."""


def paging(spec: Spec) -> Paging | None:
    """How the operation's replies are divided, or None where a reply is one small object."""
    if spec.reply in (OrderBook, LocalOrderBook):
        return Levels(spec)
    if spec.reply is StreamPage or spec in SUBSCRIPTIONS:  # has a cursor of its own (see `streams`); is about one stream
        return None
    for option in _options(spec.reply):
        if get_origin(option) is list:
            return _rows(spec, "", get_args(option)[0])
        if _is_struct(option):
            for field in msgspec.structs.fields(option):
                item = get_args(field.type)[0] if get_origin(field.type) is list else None
                if found := _rows(spec, field.encode_name, item, OUTLINES.get(option)):
                    return found
    return None


def narrowing(spec: Spec, given: Given, part: Part) -> str:
    """How to go on and how to ask for less, in words for an agent."""
    known = parameters(spec.type)
    ways: list[str] = []
    if "symbols" in given:
        ways.append("name fewer symbols")
    elif "streams" in given:
        ways.append("name fewer streams")
    elif "symbol" in known and "symbol" not in given:
        ways.append("ask for one symbol" + (" or a few symbols" if "symbols" in known else ""))
    if "type" in known and given.get("type") != "MINI":
        ways.append("use type MINI")
    if "limit" in known:
        ways.append("use a smaller limit")
    narrow = f"For less, {', or '.join(ways)}." if ways else ""
    if part.outline:
        narrow = "A listing without the rules: ask with symbol or symbols for filters, order types and permissions."
    if part.next is None:
        return f"This is the last page. {narrow}".strip() if part.before else narrow
    return f"Cut to fit: for the next page call again with the same arguments and cursor set to next_cursor. {narrow}".strip()


def _rows(spec: Spec, field: str, item: Any, outline: tuple[str, ...] | None = None) -> Rows | None:
    if not _is_struct(item):
        return None
    known = {found.name: found for found in msgspec.structs.fields(item)}
    wanted = [known[name] for name in (*NAMES, *NUMBERS) if name in known]
    if not wanted:
        return None
    fields = [(found.name, found.type, msgspec.field(name=found.encode_name)) for found in wanted]
    key = msgspec.defstruct("Key", fields, array_like=item.__struct_config__.array_like)
    listing = msgspec.defstruct("Outline", [(name, str) for name in outline]) if outline else None
    kind: Literal["id", "time", "name"] = "name"
    onward = spec
    if [found.name for found in wanted] == ["open_time"] and "startTime" in parameters(spec.type):
        kind = "time"
    elif [found.name for found in wanted] == ["id"] and (source := _from_id(spec)):
        kind, onward = "id", source
    decoder = msgspec.json.Decoder
    return Rows(spec, field, kind, decoder(list[key]), onward, decoder(list[listing]) if listing else None)


def _from_id(spec: Spec) -> Spec | None:
    """The operation that gives the same rows from an id on: itself where it can, otherwise a sibling."""
    same = (other for other in (spec, *OPERATIONS) if other.reply == spec.reply and other.owner is spec.owner)
    return next((other for other in same if "fromId" in parameters(other.type)), None)


def _options(reply: Any) -> tuple[Any, ...]:
    return get_args(reply) if get_origin(reply) in (Union, UnionType) else (reply,)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)
