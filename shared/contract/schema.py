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

NOT_FOR_AGENTS = ("recvWindow", "strategyId", "strategyType")
"""Endings of parameters that tools leave out: the service that signs knows the clock and the deadline bounds the validity;
strategy tags are the bookkeeping of programs, for which an agent has its own client order ids."""
FEW = 24
"""More parameters than these only an order list has: there the names speak alone, and what is rare is left out as well."""
RARE_IN_LISTS = ("PegPriceType", "PegOffsetType", "PegOffsetValue", "selfTradePreventionMode", "newOrderRespType")
"""Forty parameters would crowd out other tools. Programs on the bus may use all of them."""
NO_BOUNDS = frozenset({0, 1, INT_MAX, LONG_MAX})
"""Bounds that only say "an id" or "a number"."""


def input_schema(operation: type[Operation[Any]]) -> Schema:
    """The JSON schema of an operation's parameters."""
    shown = [p for p in parameters(operation).values() if not _ends_with_one_of(p.name, NOT_FOR_AGENTS)]
    many = len(shown) > FEW
    properties = {p.name: parameter_schema(p) for p in shown if not (many and _ends_with_one_of(p.name, RARE_IN_LISTS))}
    if many:
        for lean in properties.values():
            lean.pop("description", None)
    schema: Schema = {"type": "object", "properties": properties}
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
        listed: Schema = {"type": "array", "items": item, "maxItems": meta.max_length}
        return listed | ({"description": meta.description} if meta.description else {})
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


def _ends_with_one_of(name: str, endings: tuple[str, ...]) -> bool:
    return name.lower().endswith(tuple(ending.lower() for ending in endings))


_TYPES = {int: "integer", float: "number", bool: "boolean"}
