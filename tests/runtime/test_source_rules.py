"""Rules of the bus that the type checker cannot hold: what nats-py offers and we do not use."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for part in ("shared", "services", "deploy") for path in sorted((ROOT / part).rglob("*.py"))]
FORBIDDEN = {
    "publish_async": "loses acknowledgements and leaks its slots: use Bus.publish_durable",
    "publish_async_completed": "waits for acknowledgements that never come: use Bus.publish_durable",
    "add_endpoint": "calls handlers one after another and tells callers their exceptions' repr: use Responder",
}
"""Attributes of nats-py's objects, and why not."""


def _trees() -> Iterator[tuple[str, ast.AST]]:
    for path in SOURCES:
        text = path.read_text()
        if "nats" in text:
            yield str(path.relative_to(ROOT)), ast.parse(text)


def test_nothing_of_nats_py_is_used_that_was_measured_to_fail() -> None:
    used = [
        f"{path}:{node.lineno}: {node.attr} {FORBIDDEN[node.attr]}"
        for path, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in FORBIDDEN
    ]
    assert not used


def test_no_service_opens_connections_of_its_own() -> None:
    opened = [
        f"{path}:{node.lineno}: use shared.runtime.bus"
        for path, tree in _trees()
        if path.startswith(("services/", "shared/"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Import) and any(alias.name == "nats" for alias in node.names)
    ]
    assert not opened
