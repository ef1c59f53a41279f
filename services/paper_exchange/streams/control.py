"""Control messages: what a client may say on a stream connection, and what it is answered. Pure.

    {"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": 1}  ->  {"result": null, "id": 1}

The documented errors are answered with their code and text; `id` is told where the request had one that can be understood
(the documentation shows it with code 0 only, but nobody could tell otherwise which request failed).
(Source: "WebSocket Streams", "Live Subscribing/Unsubscribing to streams" and "Error Messages".)
"""

import json as plain_json
import re
from collections.abc import Iterable
from typing import Any, Protocol

import msgspec
from msgspec import json

METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
MAX_STREAMS = 1024
_ID = re.compile(r"[0-9A-Za-z_-]{1,36}\Z")
_PROPERTY = "combined"
_NONE = object()


class Listener(Protocol):
    """What a connection can be told to do."""

    @property
    def names(self) -> Iterable[str]:
        """Streams it listens to."""
        ...

    combined: bool

    def subscribe(self, names: list[str]) -> None:
        """Listen to these too."""
        ...

    def unsubscribe(self, names: list[str]) -> None:
        """Listen to these no more."""
        ...

    def combine(self, combined: bool) -> None:
        """Switch the envelope on or off."""
        ...


class _Wrong(Exception):
    def __init__(self, code: int, msg: str) -> None:
        super().__init__(msg)
        self.error: dict[str, Any] = {"code": code, "msg": msg}


def answer(listener: Listener, text: str) -> bytes:
    """Do what a message says, and give the reply."""
    request_id: Any = _NONE
    try:
        request = _decoded(text)
        request_id = _id(request)
        return json.encode({"result": _do(listener, request, text), "id": request_id})
    except _Wrong as wrong:
        return json.encode(wrong.error if request_id is _NONE else wrong.error | {"id": request_id})


def _decoded(text: str) -> dict[str, Any]:
    try:
        request = json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        line, column = _place(text)
        raise _Wrong(3, f"Invalid JSON: expected value at line {line} column {column}") from None
    if not isinstance(request, dict):
        raise _Wrong(2, f"Invalid request: missing field `method` at line 1 column {len(text.encode())}")
    return request  # pyright: ignore[reportUnknownVariableType]


def _place(text: str) -> tuple[int, int]:
    """Where the text stops to be JSON."""
    try:
        plain_json.loads(text)
    except plain_json.JSONDecodeError as error:
        return error.lineno, error.colno
    except RecursionError:
        pass
    return 1, 1


def _id(request: dict[str, Any]) -> int | str | None:
    """A signed 64-bit integer, up to 36 alphanumeric characters, or null; the text is older than that."""
    found = request.get("id", _NONE)
    if found is None:
        return None
    if isinstance(found, int) and not isinstance(found, bool) and -(2**63) <= found < 2**63:
        return found
    if isinstance(found, str) and _ID.match(found):
        return found
    raise _Wrong(2, "Invalid request: request ID must be an unsigned integer")


def _do(listener: Listener, request: dict[str, Any], text: str) -> Any:
    method = request.get("method", _NONE)
    if method is _NONE:
        raise _Wrong(2, f"Invalid request: missing field `method` at {_end(text, len(text))}")
    if method not in METHODS:
        shown = method if isinstance(method, str) else plain_json.dumps(method)
        expected = ", ".join(f"`{each}`" for each in METHODS)
        place = _end(text, text.find(plain_json.dumps(method, ensure_ascii=False)) + len(shown) + 2)
        raise _Wrong(2, f"Invalid request: unknown variant `{shown}`, expected one of {expected} at {place}")
    params = request.get("params")
    if method == "LIST_SUBSCRIPTIONS":
        if params:
            raise _Wrong(2, "Invalid request: too many parameters")
        return list(listener.names)
    if method == "GET_PROPERTY":
        _property(params, most=1)
        return listener.combined
    if method == "SET_PROPERTY":
        value = _property(params, most=2)
        if not isinstance(value, bool):
            raise _Wrong(1, "Invalid value type: expected Boolean")
        listener.combine(value)
        return None
    names = _names(params)
    if method == "UNSUBSCRIBE":
        listener.unsubscribe(names)
        return None
    if len({*listener.names, *names}) > MAX_STREAMS:
        # Only the limit is documented, not what happens beyond it.
        raise _Wrong(2, f"Invalid request: too many streams, a connection can listen to {MAX_STREAMS} at most")
    listener.subscribe(names)
    return None


def _names(params: Any) -> list[str]:
    """Stream names; the documentation has no words for others."""
    if not isinstance(params, list) or not all(isinstance(name, str) for name in params):  # pyright: ignore[reportUnknownVariableType]
        raise _Wrong(2, "Invalid request: params must be an array of stream names")
    return params  # pyright: ignore[reportUnknownVariableType]


def _property(params: Any, *, most: int) -> Any:
    """The value that comes with the name of the one property there is."""
    given: list[Any] = params if isinstance(params, list) else []  # pyright: ignore[reportUnknownVariableType]
    if not given or not isinstance(given[0], str):
        raise _Wrong(2, "Invalid request: property name must be a string")
    if given[0] != _PROPERTY:
        raise _Wrong(0, "Unknown property")
    if len(given) > most:
        raise _Wrong(2, "Invalid request: too many parameters")
    return given[1] if len(given) > 1 else None


def _end(text: str, position: int) -> str:
    """The place as the exchange's parser counts it: bytes of the line."""
    before = text[:position].encode(errors="replace")
    begun = before.rfind(b"\n") + 1
    line = before.count(b"\n") + 1
    return f"line {line} column {len(before) - begun}"
