"""Bad input is told before anything is sent: what was wrong, what is allowed, and an example.

`parse` is the only door: the gateway, the services and the tests turn JSON into an operation here.
"""

import difflib
import re
from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, UnsetType

from shared.contract.errors import Invalid
from shared.contract.operation import Operation, Spec

Parsed = TypeVar("Parsed", bound=Operation[Any])
_PATH = re.compile(r" - at `\$(?:\.(?P<name>[A-Za-z]\w*))?(?P<rest>[^`]*)`$")
_MISSING = re.compile(r"missing required field `(\w+)`")
_UNKNOWN = re.compile(r"unknown field `(.*?)`")
MAX_ECHO = 60
"""So much of a wrong value is told back; it may be anything."""


class Parameter(msgspec.Struct, frozen=True):
    """One parameter of an operation as a person would be told of it."""

    name: str
    required: bool
    type: Any
    """The type without `Annotated` and `UnsetType`."""
    meta: Meta
    """Bounds and words of the outermost annotation."""

    @property
    def choices(self) -> tuple[str, ...]:
        """The allowed values of an enumeration."""
        return get_args(self.type) if get_origin(self.type) is Literal else ()

    @property
    def is_list(self) -> bool:
        return get_origin(self.type) is list

    @property
    def code(self) -> int:
        """The exchange's error code for a value that it cannot accept."""
        return int((self.meta.extra or {}).get("code", -1100))

    @property
    def default(self) -> Any:
        """What the exchange assumes when it is left out, if that is documented."""
        return (self.meta.extra_json_schema or {}).get("default")

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        meta = self.meta
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.is_list:
            return f"a list of {meta.min_length} to {meta.max_length} values"
        if self.type is bool:
            return "true or false"
        if meta.ge is not None or meta.le is not None or meta.gt is not None:
            low = f"from {meta.ge}" if meta.ge is not None else f"above {meta.gt}"
            return f"a number {low}" + (f" to {meta.le}" if meta.le is not None else "")
        return (meta.description or "text") + (f" matching {meta.pattern}" if meta.pattern else "")

    @property
    def example(self) -> Any:
        """A value that would do."""
        if self.meta.examples:
            return self.meta.examples[0]
        return self.choices[0] if self.choices else (True if self.type is bool else self.meta.ge)


@cache
def parameters(operation: type[Operation[Any]]) -> dict[str, Parameter]:
    """The parameters of an operation by API name, in the order of declaration."""
    hints = get_type_hints(operation, include_extras=True)
    return {
        field.encode_name: _parameter(field.encode_name, field.required, hints[field.name])
        for field in msgspec.structs.fields(operation)
    }


def _parameter(name: str, required: bool, hint: Any) -> Parameter:
    meta = Meta()
    while True:
        origin = get_origin(hint)
        if origin is Annotated:
            hint, found = get_args(hint)[:2]
            meta = found
        elif origin in (Union, UnionType):
            options = [option for option in get_args(hint) if option is not UnsetType]
            if len(options) > 1:
                return Parameter(name, required, float, meta)
            hint = options[0]
        else:
            return Parameter(name, required, hint, meta)


def parse(operation: type[Parsed], data: bytes | Mapping[str, Any]) -> Parsed:
    """The operation that the JSON text or mapping asks for, checked against types, ranges and rules.

    Raises:
        Invalid: with the parameter, what is allowed and an example.
    """
    try:
        if isinstance(data, bytes):
            parsed = msgspec.json.decode(data or b"{}", type=operation)
        else:
            parsed = msgspec.convert(data, operation)
    except msgspec.ValidationError as error:
        raise _explain(operation.spec, str(error), data) from None
    except msgspec.MsgspecError:
        raise Invalid(
            f"The parameters of {operation.spec.method} are not valid JSON.", hint=f"Send a JSON object, {_sample(operation)}."
        ) from None
    except UnicodeDecodeError:
        raise Invalid(f"The parameters of {operation.spec.method} are not UTF-8.", hint="Send JSON in UTF-8.") from None
    given = parsed.given()
    for rule in operation.spec.rules:
        if (broken := rule.broken_by(given)) is not None:
            raise Invalid(f"{operation.spec.method}: {broken}.", code=None, hint=f"Example: {_sample(operation)}.")
    return parsed


def _explain(spec: Spec, text: str, data: bytes | Mapping[str, Any]) -> Invalid:
    known = parameters(spec.type)
    if unknown := _UNKNOWN.search(text):
        name = unknown[1][:MAX_ECHO]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Parameters are: {', '.join(known) or 'none'}."
        return Invalid(f"{spec.method} has no parameter {name!r}.", hint=hint)
    if missing := _MISSING.search(text):
        name = missing[1]
        if parameter := known.get(name):
            return Invalid(f"{spec.method} needs {name}: {parameter.allowed}.", hint=f"Example: {_sample(spec.type, name)}.")
    at = _PATH.search(text)
    parameter = known.get(at["name"]) if at and at["name"] else None
    if parameter is None:
        return Invalid(f"The parameters of {spec.method} must be a JSON object.", hint=f"Example: {_sample(spec.type)}.")
    allowed, example = parameter.allowed, parameter.example
    if at and at["rest"] and parameter.is_list:
        item = _parameter(parameter.name, True, get_args(parameter.type)[0])
        allowed = f"each of {allowed} must be {item.allowed}"
    value = _value(data, parameter.name)
    hint = f"Example: {_json({parameter.name: example})}."
    if isinstance(value, str) and value != value.upper() and parameter.name == "symbol":
        hint = f"Symbols are upper case without separators: try {value.upper().replace('/', '').replace('-', '')[:20]!r}."
    return Invalid(f"{parameter.name} {_json(value)[:MAX_ECHO]} is not allowed: it must be {allowed}.", hint=hint)


def _value(data: bytes | Mapping[str, Any], name: str) -> Any:
    mapping: Any = msgspec.json.decode(data) if isinstance(data, bytes) else data
    return mapping.get(name)


def _sample(operation: type[Operation[Any]], also: str = "") -> str:
    wanted = {p.name: p.example for p in parameters(operation).values() if p.required or p.name == also}
    return _json(wanted)


def _json(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=repr).decode()
