"""What is particular about the tools of streams: what a subscription asks for, how long an answer may be waited for, and
how a page of events that is too long for a model is asked for again, shorter.

Events are never cut off a page: its cursor would have passed them. A page that does not fit is asked for once more, from the
same cursor, with as few events as do fit; so the cursor continues behind the last event shown.
"""

from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct
from msgspec.structs import replace

from services.mcp_gateway.pages import fitting
from shared.contract.operation import Operation
from shared.contract.platform.streams import WAIT_DEFAULT_MS, Read, Subscribe
from shared.contract.platform.subscriptions import SUBSCRIPTIONS, to_subscribe

_SUBSCRIPTIONS = frozenset(spec.method for spec in SUBSCRIPTIONS)


class _Events(Struct, frozen=True):
    """The part of a `StreamPage` that makes its size."""

    events: list[Raw]


_events = msgspec.json.Decoder(_Events)


def to_ask(operation: Operation[Any]) -> Operation[Any]:
    """What is asked over the bus: a `Subscribe` for the tool of one kind of stream, otherwise the operation itself."""
    return to_subscribe(operation) if operation.spec.method in _SUBSCRIPTIONS else operation


def wait_ms(operation: Operation[Any]) -> int:
    """How long the service may wait for an event before it answers."""
    match operation:
        case Subscribe(wait_ms=given):
            return WAIT_DEFAULT_MS if given is UNSET else given
        case Read(wait_ms=given):
            return 0 if given is UNSET else given
        case _:
            return 0


def shorter(asked: Read, body: bytes, limit: int) -> Read | None:
    """The same reading of as many events as fit into `limit` bytes; None where this page shows a single event.

    Raises:
        msgspec.MsgspecError: the body is no page of events.
    """
    page = _events.decode(body)
    if len(page.events) <= 1:
        return None
    sizes = [len(event) for event in page.events]
    count = fitting(sizes, limit - (len(body) - sum(sizes) - len(sizes)))
    return replace(asked, limit=max(1, min(count, len(sizes) - 1)), wait_ms=0)
