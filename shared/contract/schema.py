"""The JSON schema of an operation's parameters, as MCP clients can take it.

Portable: the root is an object with `properties`; no `$ref`, no `anyOf`, `oneOf`, `allOf`, no null, no enumeration without
a type. Lean: all tools together must fit into a model's attention, so a parameter whose name says all has no description,
and examples and patterns stay out; `validate` explains them when they are needed.
"""

from typing import Any

from shared.contract.operation import Operation
from shared.contract.parameters import Parameter, parameters
from shared.contract.primitives import INT_MAX, LONG_MAX

Schema = dict[str, Any]

NOT_FOR_AGENTS = frozenset({"recvWindow"})
"""Parameters of the signed envelope: a call's deadline bounds its validity, and the service that signs knows the clock."""
NO_BOUNDS = frozenset({0, 1, INT_MAX, LONG_MAX})
"""Bounds that only say "an id" or "a number"."""


def input_schema(operation: type[Operation[Any]]) -> Schema:
    """The JSON schema of an operation's parameters."""
    shown = [p for p in parameters(operation).values() if p.name not in NOT_FOR_AGENTS]
    schema: Schema = {"type": "object", "properties": {p.name: parameter_schema(p) for p in shown}}
    if required := [p.name for p in shown if p.required]:
        schema["required"] = required
    schema["additionalProperties"] = False
    return schema


def parameter_schema(parameter: Parameter) -> Schema:
    """The JSON schema of one parameter."""
    meta = parameter.meta
    if parameter.is_list:
        item = parameter_schema(parameter.item)
        item.pop("description", None)
        return {"type": "array", "items": item, "maxItems": meta.max_length}
    schema: Schema = {"type": _TYPES.get(parameter.type, "string")}
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    if meta.ge is not None and meta.ge not in NO_BOUNDS:
        schema["minimum"] = meta.ge
    if meta.le is not None and meta.le not in NO_BOUNDS:
        schema["maximum"] = meta.le
    if parameter.default is not None:
        schema["default"] = parameter.default
    if meta.description:
        schema["description"] = meta.description
    return schema


_TYPES = {int: "integer", float: "number", bool: "boolean"}
