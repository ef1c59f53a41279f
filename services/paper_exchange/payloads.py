"""What of a request was signed, and what it says, from the request as it was sent. (Sections "SIGNED endpoint security".)

REST signs query and body as they are sent, percent-encoded, joined without anything between; the WebSocket API signs its
parameters sorted by name, as they are, in UTF-8. The signature itself is no part of it.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import json

from services.paper_exchange.errors import refused

Texts = dict[str, str]
_SIGNATURE = "signature"
_IN_QUERY = _SIGNATURE + "="


def merged(query: str, body: str) -> str:
    """Query and form as one; the query wins where both name a parameter. (REST documentation, "General Information".)"""
    if not body or not query:
        return query or body
    names = {part.partition("=")[0] for part in query.split("&")}
    return "&".join([query, *(part for part in body.split("&") if part.partition("=")[0] not in names)])


def of_rest(query: str, body: str) -> bytes:
    """What a REST request should have signed. Characters that should have been percent-encoded stay what they are."""
    return (_unsigned(query) + _unsigned(body)).encode("latin-1")


def of_ws_api(texts: Texts) -> bytes:
    """What a request of the WebSocket API should have signed."""
    return "&".join(f"{name}={texts[name]}" for name in sorted(texts) if name != _SIGNATURE).encode()


def texts(params: Mapping[str, Any]) -> Texts:
    """Parameters of the WebSocket API as texts; numbers, booleans and lists may come as such.

    Raises:
        Refused: a value is an object or not even text that can be sent.
    """
    return {name: _text(name, value) for name, value in params.items() if value is not None}


def _text(name: str, value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return repr(value)
        case list():
            return json.encode(value).decode()  # pyright: ignore[reportUnknownArgumentType]
        case _:
            raise refused(-1102, name, like="Mandatory parameter")


def _unsigned(part: str) -> str:
    if _IN_QUERY not in part:
        return part
    return "&".join(each for each in part.split("&") if not each.startswith(_IN_QUERY))
