"""From an operation's parameters to what goes over the wire, signed where it must be.

REST takes a percent-encoded query in the order as sent, and signs just that text. The WebSocket API takes JSON, and signs
`name=value` sorted by name, joined with `&`, as raw UTF-8. In both a list is a JSON array, a boolean true or false, and a
number has no exponent. The signature comes last and is not part of what is signed.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import msgspec

from shared.binance.signing import Key

Given = Mapping[str, Any]
"""Parameters by their API name, in the order of declaration."""


def text(value: Any) -> str:
    """A parameter as the exchange reads it."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.3f}".rstrip("0").rstrip(".")  # only recvWindow: three decimals are documented
        case Decimal():
            return f"{value:f}"
        case list() | tuple():
            return msgspec.json.encode(value).decode()
        case _:
            return str(value)


def query(given: Given) -> str:
    """The query of a REST request, percent-encoded."""
    return "&".join([f"{name}={quote(text(value), safe='')}" for name, value in given.items()])


def signed_query(given: Given, key: Key, timestamp_ms: int) -> str:
    """The query of a signed REST request: percent-encoded first, then signed (-1022 otherwise, since 2026-01-15)."""
    payload = query({**given, "timestamp": timestamp_ms})
    return f"{payload}&signature={quote(key.sign(payload), safe='')}"


def payload(params: Given) -> str:
    """What a WebSocket API request signs."""
    return "&".join([f"{name}={text(params[name])}" for name in sorted(params)])


def signed_params(given: Given, key: Key, timestamp_ms: int) -> dict[str, Any]:
    """The parameters of a signed WebSocket API request."""
    params = {**given, "apiKey": key.api_key, "timestamp": timestamp_ms}
    return {**params, "signature": key.sign(payload(params))}


def frame(request_id: int, method: str, params: Given) -> bytes:
    """A WebSocket API request as one text frame."""
    return msgspec.json.encode(
        {"id": request_id, "method": method, "params": params} if params else {"id": request_id, "method": method}
    )
