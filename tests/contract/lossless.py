"""Is every field of a payload in the type that reads it? Decoded and encoded again, nothing may be lost or made up."""

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

Tree: TypeAlias = dict[str, "Tree"] | list["Tree"] | str | int | float | bool | None


def lost(payload: Any, kind: Any) -> list[str]:
    """The places where the payload and what the type made of it differ; empty when the type reads all of it."""
    decoded = msgspec.json.decode(json.dumps(payload), type=kind)
    return list(_differences(payload, json.loads(msgspec.json.encode(decoded)), "$"))


def lost_of_fragment(payload: dict[str, Any], kind: type[msgspec.Struct]) -> list[str]:
    """As `lost`, for an object of which the documentation shows only some fields."""
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    unknown = [f"$.{name} has no field" for name in payload if name not in fields]
    return unknown or [place for name in payload for place in lost(payload[name], fields[name])]


def _differences(before: Tree, after: Tree, place: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before.keys() - after.keys():
            yield f"{place}.{name} is lost"
        for name in after.keys() - before.keys():
            yield f"{place}.{name} is made up"
        for name in before.keys() & after.keys():
            yield from _differences(before[name], after[name], f"{place}.{name}")
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield f"{place} had {len(before)} elements and has {len(after)}"
        for index, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from _differences(one, other, f"{place}[{index}]")
    elif type(before) is not type(after) or before != after:
        yield f"{place} was {before!r} and is {after!r}"
