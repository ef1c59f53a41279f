"""Tool schemas that every MCP client takes, and that a model's attention can hold."""

import json
import re
from typing import Any

import pytest

from shared.contract import catalog
from shared.contract.operation import Spec
from shared.contract.parameters import parameters
from shared.contract.platform.subscriptions import SUBSCRIPTIONS
from shared.contract.schema import NOT_FOR_AGENTS, RARE_IN_LISTS, input_schema
from tests.contract.lossless import Tree

TOOLS = [spec for spec in (*catalog.OPERATIONS, *SUBSCRIPTIONS) if spec.tool]
BUDGET_TOKENS = 10_000
UNPORTABLE = {"$ref", "$defs", "anyOf", "oneOf", "allOf", "not", "if", "const", "nullable"}


def keywords(schema: Tree) -> set[str]:
    if isinstance(schema, dict):
        inner = [keywords(value) for name, value in schema.items() if name not in ("enum", "default")]
        return set(schema).union(*inner)
    return set[str]().union(*map(keywords, schema)) if isinstance(schema, list) else set()


@pytest.mark.parametrize("spec", TOOLS, ids=lambda spec: spec.tool.name)
def test_a_schema_is_portable(spec: Spec):
    schema: dict[str, Any] = input_schema(spec.type)

    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert not keywords(schema) & UNPORTABLE
    for name, parameter in schema["properties"].items():
        assert parameter["type"] in ("string", "integer", "number", "boolean", "array"), name
        assert parameter["type"] != "array" or "items" in parameter
    assert set(schema.get("required", [])) <= set(schema["properties"])


@pytest.mark.parametrize("spec", TOOLS, ids=lambda spec: spec.tool.name)
def test_a_schema_shows_the_operations_parameters_with_their_bounds(spec: Spec):
    schema: dict[str, Any] = input_schema(spec.type)
    shown: dict[str, dict[str, Any]] = schema["properties"]

    hidden = NOT_FOR_AGENTS + (RARE_IN_LISTS if spec.tool and spec.tool.toolset == "order_lists" else ())

    for name, parameter in parameters(spec.type).items():
        if name.lower().endswith(tuple(ending.lower() for ending in hidden)):
            assert name not in shown
            continue
        assert (name in schema.get("required", [])) == parameter.required
        assert tuple(shown[name].get("enum", ())) == parameter.choices
        assert shown[name].get("default") == parameter.default


def test_tool_names_are_unique_and_plain():
    names = [spec.tool.name for spec in TOOLS if spec.tool]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9_]{1,64}", name) for name in names)


@pytest.mark.parametrize("spec", TOOLS, ids=lambda spec: spec.tool.name)
def test_a_tool_tells_what_it_does_in_one_line(spec: Spec):
    assert 10 < len(spec.summary) < 160
    assert spec.summary.endswith(".")


@pytest.mark.parametrize("spec", TOOLS, ids=lambda spec: spec.tool.name)
def test_a_tool_that_changes_an_account_says_so(spec: Spec):
    assert spec.tool is not None
    changes = spec.http in ("POST", "PUT", "DELETE") and not spec.method.endswith(".test")

    assert (spec.tool.hint != "READ") == changes
    assert spec.http != "DELETE" or spec.tool.hint == "CANCEL"


def test_all_tools_together_leave_room_in_a_models_attention():
    listed = [
        {"name": spec.tool.name, "description": spec.summary, "inputSchema": input_schema(spec.type)}
        for spec in TOOLS
        if spec.tool
    ]

    assert len(json.dumps(listed, separators=(",", ":"))) / 4 < BUDGET_TOKENS
