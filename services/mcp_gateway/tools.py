"""The tools that agents see, derived from the catalogue: an operation that declares a tool in a served toolset is one, and
each kind of stream can be subscribed to."""

import inspect
from collections.abc import Collection, Iterable
from typing import Any

from mcp_types import Tool, ToolAnnotations
from msgspec import Struct

from services.mcp_gateway.pages import Paging
from services.mcp_gateway.paging import paging
from shared.contract.catalog import OPERATIONS
from shared.contract.operation import Spec
from shared.contract.platform.subscriptions import SUBSCRIPTIONS
from shared.contract.schema import input_schema

SPECS: tuple[Spec, ...] = (*OPERATIONS, *SUBSCRIPTIONS)
"""Everything that can be a tool."""
CURSOR_SCHEMA: dict[str, Any] = {"type": "string", "description": "next_cursor of a cut reply"}
HINTS: dict[str, dict[str, bool]] = {
    "READ": {"read_only_hint": True, "destructive_hint": False, "idempotent_hint": True, "open_world_hint": True},
    "PLACE": {"read_only_hint": False, "destructive_hint": True, "idempotent_hint": False, "open_world_hint": True},
    "CANCEL": {"read_only_hint": False, "destructive_hint": True, "idempotent_hint": True, "open_world_hint": True},
}
"""All four hints are always said: a client that misses one assumes the worst."""


class GatewayTool(Struct, frozen=True):
    """One tool: the operation behind it, how its replies are divided, and how it is listed."""

    spec: Spec
    paging: Paging | None
    listed: Tool


def tools(specs: Iterable[Spec], toolsets: Collection[str], *, read_only: bool = False) -> dict[str, GatewayTool]:
    """The tools of these toolsets by name, in the order of the catalogue."""
    return {
        spec.tool.name: _tool(spec)
        for spec in specs
        if spec.tool and spec.tool.toolset in toolsets and not (read_only and spec.tool.hint != "READ")
    }


def _tool(spec: Spec) -> GatewayTool:
    assert spec.tool, spec.method
    pages = paging(spec)
    schema = input_schema(spec.type)
    if pages is not None:
        schema = {**schema, "properties": {**schema.get("properties", {}), "cursor": CURSOR_SCHEMA}}
    listed = Tool(
        name=spec.tool.name,
        title=spec.tool.title,
        description=" ".join(inspect.cleandoc(spec.type.__doc__ or "").split()),
        input_schema=schema,
        annotations=ToolAnnotations(title=spec.tool.title, **HINTS[spec.tool.hint]),
    )
    return GatewayTool(spec, pages, listed)
