"""The parameters of an operation as a person would be told of them: derived from the declaration, for refusals and schemas."""

from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct, UnsetType
from msgspec.structs import fields

from shared.contract.operation import Operation
from shared.contract.primitives import LONG_MAX


class Parameter(Struct, frozen=True):
    """One parameter of an operation."""

    name: str
    """Its API name, such as `startTime`."""
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
    def item(self) -> "Parameter":
        """One element of a list."""
        return described(self.name, True, get_args(self.type)[0])

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
        """What it must be, in words."""
        meta = self.meta
        if words := (meta.extra or {}).get("must_be"):
            return words
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.is_list:
            return f"a list of {meta.min_length} to {meta.max_length} values"
        if self.type is bool:
            return "true or false"
        if self.type is str:
            return "text"
        low = "" if meta.ge is None else f" from {meta.ge}"
        high = "" if meta.le is None or meta.le == LONG_MAX else f" to {meta.le}"
        return ("a whole number" if self.type is int else "a number") + low + high

    @property
    def example(self) -> Any:
        """A value that would do."""
        if self.meta.examples:
            return self.meta.examples[0]
        if self.is_list:
            return [self.item.example]
        return self.choices[0] if self.choices else (True if self.type is bool else self.meta.ge)


@cache
def parameters(operation: type[Operation[Any]]) -> dict[str, Parameter]:
    """The parameters of an operation by API name, in the order of declaration."""
    hints = get_type_hints(operation, include_extras=True)
    return {field.encode_name: described(field.encode_name, field.required, hints[field.name]) for field in fields(operation)}


def described(name: str, required: bool, hint: Any) -> Parameter:
    """The parameter that a type hint describes."""
    meta = Meta()
    while True:
        origin = get_origin(hint)
        if origin is Annotated:
            hint, meta = get_args(hint)[:2]
        elif origin in (Union, UnionType):
            options = [option for option in get_args(hint) if option is not UnsetType]
            if len(options) > 1:  # the only union that is left is int | float
                return Parameter(name, required, float, meta)
            hint = options[0]
        else:
            return Parameter(name, required, hint, meta)
