"""Where a paged reply goes on: a cursor names the last row that was shown by its key, never by its place, so that a later
page neither skips nor doubles a row although the reply moved in between. The gateway remembers nothing: the cursor is all.

A cursor belongs to one tool and one set of arguments. Its digest guards against mix-ups and altered cursors; it is no
secret, for a cursor opens nothing that its call would not.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from shared.contract.errors import Invalid

Key = tuple[int | str, ...]
"""What a row is known by: symbol, id, open time, or several of them."""

DIGEST_BYTES = 8
MAX_CURSOR_LENGTH = 400


class Cursor(Struct, frozen=True, array_like=True):
    """The place behind the last row that was shown."""

    after: Key
    """Key of that row (of an order book: the last bid's and the last ask's price)."""
    until: Key
    """Key of the last row of the whole reply, where rows later than the first call do not belong to it."""
    shown: int
    """Rows shown so far."""
    total: int
    """Rows of the whole reply when it was first asked for."""


_decoder = msgspec.json.Decoder(Cursor)


def write(cursor: Cursor, tool: str, given: Mapping[str, Any]) -> str:
    """The cursor as text that goes with this call only."""
    body = msgspec.json.encode(cursor)
    return _spell(_digest(body, tool, given) + body)


def read(text: object, tool: str, given: Mapping[str, Any]) -> Cursor:
    """The cursor that `write` wrote for the same tool and arguments.

    Raises:
        Invalid: it was altered, or written for another call.
    """
    if isinstance(text, str) and text.isascii() and len(text) <= MAX_CURSOR_LENGTH:
        try:
            data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            digest, body = data[:DIGEST_BYTES], data[DIGEST_BYTES:]
            if digest == _digest(body, tool, given) and text == _spell(data):
                return _decoder.decode(body)
        except (Base64Error, msgspec.MsgspecError, UnicodeDecodeError):
            pass
    raise Invalid(
        f"The cursor is not one that {tool} gave for these arguments.",
        hint="Pass next_cursor unchanged with the arguments of the call that returned it; leave cursor out to start anew.",
    )


def _spell(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _digest(body: bytes, tool: str, given: Mapping[str, Any]) -> bytes:
    call = msgspec.json.encode([tool, given], order="sorted")
    return hashlib.blake2b(body, digest_size=DIGEST_BYTES, key=hashlib.blake2b(call, digest_size=32).digest()).digest()
