"""Requests as the exchange reads them: every parameter a text, checked in the order of declaration, told in its own words.

The catalogue says which parameters there are and what each may be; this module says it the exchange's way. Texts that the
documentation leaves open (the "legal range" of -1100) are those that the real exchange was seen to send.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args
from urllib.parse import unquote_plus

from msgspec import DecodeError, Struct, json

from services.paper_exchange import combinations
from services.paper_exchange.errors import Refused, refused
from shared.contract.operation import Operation, Spec
from shared.contract.validate import Parameter, parameters

SYMBOL = r"[\w\-._&&[^a-z]]{1,50}"
"""In the notation of Java, as the exchange prints it."""
_SYMBOL = re.compile(r"(?:(?![a-z])[\w\-.]){1,50}")
_WHOLE = re.compile(r"[0-9]{1,20}")
_WHOLE_DECIMAL = re.compile(r"([0-9]{1,20})\.0{1,20}")
_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
WHOLE, DECIMAL = r"^[0-9]{1,20}$", r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_LEGAL = {
    "windowSize": r"^([1-9]|[1-5][0-9])m$|^([1-9]|1[0-9]|2[0-3])h$|^[1-7]d$",
    "newClientOrderId": r"^[a-zA-Z0-9-_]{1,36}$",
    "listClientOrderId": r"^[a-zA-Z0-9-_]{1,36}$",
}
"""Legal ranges of -1100 where the exchange words them otherwise than the catalogue."""
_MAX_LONG = 2**63 - 1
_NAME = re.compile(r"[A-Z0-9_]{1,20}")
_MAX_VALUES = 500

Given = dict[str, Any]


class _Kind(Struct, frozen=True):
    """How the values of one parameter are read."""

    parameter: Parameter
    is_symbol: bool
    items: Parameter | None
    """What a list holds."""


def split(query: str) -> list[tuple[str, str]]:
    """Names and values of a query string or form, decoded."""
    if not query:
        return []
    pairs = (part.partition("=") for part in query.split("&") if part)
    return [(unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")) for name, _, value in pairs]


def from_query(spec: Spec, query: str) -> Given:
    """The parameters of a REST request.

    Raises:
        Refused: as the exchange would.
    """
    return read(spec, texts(query))


def texts(query: str) -> dict[str, str]:
    """The parameters of a query string or form by name; raises as `from_query` does."""
    try:
        pairs = split(query)
    except UnicodeDecodeError:
        raise refused(-1100) from None
    found = dict(pairs)
    if len(found) < len(pairs):
        raise refused(-1101, like="Duplicate")
    return found


def read(spec: Spec, texts: Mapping[str, str], *, apart: int = 0) -> Given:
    """The parameters by API name, each of the type that the catalogue gives it; so many more were read `apart` from these.

    Raises:
        Refused: as the exchange would.
    """
    given: Given = {}
    for name, kind in _kinds(spec.type).items():
        text = texts.get(name)
        if text is None:
            if kind.parameter.required:
                raise refused(-1102, name, like="Mandatory parameter")
        elif not text:
            raise refused(-1105, name)
        else:
            given[name] = _value(kind, text)
    combinations.check(spec, given)
    if len(given) < len(texts):
        raise combinations.unread(spec, given, texts, apart)
    return given


@cache
def _kinds(operation: type[Operation[Any]]) -> dict[str, _Kind]:
    return {name: _kind(parameter) for name, parameter in parameters(operation).items()}


def _kind(parameter: Parameter) -> _Kind:
    items = None
    if parameter.is_list:
        inner = get_args(parameter.type)[0]
        args = get_args(inner)
        items = Parameter(parameter.name, True, args[0] if args else inner, args[1] if args else parameter.meta)
    return _Kind(parameter, parameter.name in ("symbol", "symbols"), items)


def _value(kind: _Kind, text: str) -> Any:
    parameter = kind.parameter
    name, type_ = parameter.name, parameter.type
    if kind.items is not None:
        return _list(kind, text)
    if kind.is_symbol:
        if not _SYMBOL.fullmatch(text):
            raise refused(-1100, name, f"^{SYMBOL}$")
        return text
    if parameter.choices:
        if text not in parameter.choices:
            raise _not_allowed(parameter)
        return text
    if type_ is bool:
        if text.lower() not in ("true", "false"):
            raise refused(-1130, name)
        return text.lower() == "true"
    if type_ is int:
        return _number(parameter, text)
    if type_ is float:
        if not _DECIMAL.fullmatch(text):
            raise refused(-1100, name, DECIMAL)
        return float(text)
    pattern = parameter.meta.pattern
    if pattern is not None and not re.search(pattern, text):
        if name == "timeZone":
            raise refused(-1130, name)
        raise refused(-1100, name, _LEGAL.get(name, pattern.replace(r"\Z", "$")))
    return text


def _number(parameter: Parameter, text: str) -> int:
    name, meta = parameter.name, parameter.meta
    if name.endswith("railingDelta") and (decimal := _WHOLE_DECIMAL.fullmatch(text)):
        # A LONG in one place of the documentation, a DECIMAL in another: clients send `100.0`.
        text = decimal[1]
    if not _WHOLE.fullmatch(text):
        raise refused(-1100, name, WHOLE)
    value = int(text)
    if value > _MAX_LONG:
        raise refused(-1108, name)
    if meta.ge is not None and value < meta.ge:
        raise refused(parameter.code if parameter.code != -1100 else -1130, *(() if parameter.code != -1100 else (name,)))
    if meta.le is not None and value > meta.le:
        if name != "limit":
            raise refused(-1130, name)
        return int(meta.le)
    return value


def _list(kind: _Kind, text: str) -> list[str]:
    parameter, items = kind.parameter, kind.items
    name = parameter.name
    if not text.startswith("[") and not kind.is_symbol:
        text = f'["{text}"]'
    try:
        values = json.decode(text.encode(), type=list[str])
    except DecodeError:
        values = None
    one = SYMBOL if kind.is_symbol else _NAME.pattern
    # The exchange reads the list with a pattern: blanks between values are not part of it.
    if values is None or " " in text or not all((_SYMBOL if kind.is_symbol else _NAME).fullmatch(value) for value in values):
        raise refused(-1100, name, rf'^\[("{one}"(,"{one}"){{0,}}){{0,1}}\]$')
    if not values:
        raise refused(-1105, name)
    most = parameter.meta.max_length or _MAX_VALUES
    if len(values) > most:
        raise Refused(-1101, f"Too many values sent for parameter '{name}', maximum allowed up to {most}.")
    if items is not None and items.choices and any(value not in items.choices for value in values):
        raise _not_allowed(parameter)
    return values


def _not_allowed(parameter: Parameter) -> Refused:
    code = parameter.code
    return refused(-1130, parameter.name) if code in (-1100, -1104, -1101) else refused(code)
