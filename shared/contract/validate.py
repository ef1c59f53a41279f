"""Bad input is told before anything is sent: what was wrong, what is allowed, and an example.

`parse` is the only door: the gateway, the services and the tests turn JSON into an operation here. Its refusals are read by
agents and by tired people; they hold at most `MAX_ECHO` characters of a value and nothing of our own machinery.
"""

import difflib
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from shared.contract.errors import Invalid
from shared.contract.operation import Operation, Spec
from shared.contract.parameters import Parameter, parameters
from shared.contract.rules import Given

__all__ = ["MAX_ECHO", "Parameter", "parameters", "parse"]

Parsed = TypeVar("Parsed", bound=Operation[Any])
_PATH = re.compile(r" - at `\$(?:\.(?P<name>[A-Za-z]\w*))?(?:\[(?P<index>[0-9]+)\])?`$")
_PAIR = re.compile(r"^\s*([A-Za-z0-9]{2,10})[-/_:\s]?([A-Za-z0-9]{2,10})\s*\Z")
_MISSING = re.compile(r"missing required field `(\w+)`$")
_UNKNOWN = re.compile(r"contains unknown field `(.*)`$", re.DOTALL)
MAX_ECHO = 60
"""So much of a wrong value is told back; it may be anything."""
MAX_MENDS = 30
"""Rules mended for an example before it is given up: an order list has 28, of which few can be broken at once."""


def parse(operation: type[Parsed], data: bytes | Mapping[str, Any], *, called: str = "") -> Parsed:
    """The operation that the JSON text or mapping asks for, checked against types, ranges and rules.

    Args:
        operation: What is asked for.
        data: Its parameters.
        called: What the caller calls it, where that is not its method: an agent knows the tool.

    Raises:
        Invalid: with the parameter, what is allowed and an example.
    """
    spec = operation.spec
    name = called or spec.method
    text = data if isinstance(data, bytes) else _encoded(spec, name, data)
    try:
        parsed = msgspec.json.decode(text or b"{}", type=operation)
    except msgspec.ValidationError as error:
        raise _explain(spec, name, str(error), text) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _not_json(spec, name) from None
    given = parsed.given()
    for rule in spec.rules:
        if (broken := rule.broken_by(given)) is not None:
            raise Invalid(f"{name}: {broken}.", hint=f"Example: {_example(spec, given)}.")
    return parsed


def _encoded(spec: Spec, name: str, data: Mapping[str, Any]) -> bytes:
    """A mapping goes through JSON too: then no number is too large, no text half a character, no float infinite."""
    try:
        return msgspec.json.encode(data)
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise _not_json(spec, name) from None


def _not_json(spec: Spec, name: str) -> Invalid:
    return Invalid(f"The parameters of {name} are not valid JSON.", hint=f"Send a JSON object, {_example(spec)}.")


def _explain(spec: Spec, name: str, error: str, text: bytes) -> Invalid:
    known = parameters(spec.type)
    if unknown := _UNKNOWN.search(error):
        return _unknown(spec, name, unknown[1])
    if missing := _MISSING.search(error):
        needed = missing[1]
        return Invalid(f"{name} needs {needed}: {known[needed].allowed}.", hint=f"Example: {_example(spec)}.")
    at = _PATH.search(error)
    parameter = known.get(at["name"] or "") if at else None
    if at is None or parameter is None:
        return Invalid(f"The parameters of {name} must be a JSON object.", hint=f"Example: {_example(spec)}.")
    value = _value(text, parameter.name)
    place, what = parameter.name, parameter
    if at["index"]:
        place, what = f"{parameter.name}[{at['index']}]", parameter.item
        value = value[int(at["index"])] if value else None
    hint = _nearer(what, value) or f"Example: {_json({parameter.name: parameter.example})}."
    return Invalid(f"{place} {_echo(value)} is not allowed: it must be {what.allowed}.", hint=hint)


def _unknown(spec: Spec, name: str, parameter: str) -> Invalid:
    known = parameters(spec.type)
    near = difflib.get_close_matches(parameter[:MAX_ECHO], known, n=1)
    if near:
        hint = f"Did you mean {near[0]}?"
    elif known:
        hint = f"It takes {', '.join(known)}."
    else:
        hint = "It takes no parameters."
    return Invalid(f"{name} has no parameter {_echo(parameter)}.", hint=hint)


def _nearer(parameter: Parameter, value: Any) -> str | None:
    """What to send instead, if what was meant can be told from what was sent."""
    sample = _json({parameter.name: parameter.example})
    if parameter.is_list:
        return f"Send a list, not text: {sample}." if isinstance(value, str) else None
    if parameter.type in (int, float):
        return f"Send a number, not text: {sample}." if isinstance(value, str) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        if str(value) in parameter.choices:
            sample = _json({parameter.name: str(value)})
        elif parameter.type is not str:
            return None
        return f"Send text, not a number: {sample}."
    if not isinstance(value, str):
        return None
    if parameter.choices and (near := _nearest(value, parameter.choices)):
        return f"Did you mean {_json(near)}?"
    if parameter.name in ("symbol", "symbols") and (pair := _PAIR.match(value)):
        return f"Symbols are upper case without separators: try {_json((pair[1] + pair[2]).upper())}."
    return None


def _nearest(value: str, choices: tuple[str, ...]) -> str | None:
    same = [choice for choice in choices if choice.casefold() == value.casefold()]
    near = difflib.get_close_matches(value[:MAX_ECHO].upper(), choices, n=1, cutoff=0.7)
    return same[0] if same else (near[0] if near else None)


def _value(text: bytes, name: str) -> Any:
    try:
        return msgspec.json.decode(msgspec.json.decode(text, type=dict[str, msgspec.Raw])[name])
    except (msgspec.MsgspecError, KeyError, RecursionError):
        return None


def _example(spec: Spec, given: Given | None = None) -> str:
    """A request that is accepted: the caller's own, mended, or else one made of the examples of what is required."""
    known = parameters(spec.type)
    examples = {name: parameter.example for name, parameter in known.items()}
    start = given or {}
    sample = {
        name: start[name] if name in start and len(_json(start[name])) <= MAX_ECHO else examples[name]
        for name, parameter in known.items()
        if parameter.required or name in start
    }
    for _ in range(MAX_MENDS):
        broken = next((rule for rule in spec.rules if rule.broken_by(sample)), None)
        if broken is None:
            break
        sample = broken.mend(sample, examples)
    return _json(sample)


def _echo(value: Any) -> str:
    text = _json(value)
    return text if len(text) <= MAX_ECHO else text[: MAX_ECHO - 3] + "..."


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
