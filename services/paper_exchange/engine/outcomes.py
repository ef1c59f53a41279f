"""What a command came to. A refused command has changed nothing."""

from msgspec import Struct

from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.records import Fill, PreventedMatch
from services.paper_exchange.engine.words import RejectReason


class Refused(Struct, frozen=True):
    """The exchange's error code and text, and the reject reason (`r`) where it has one."""

    code: int
    message: str
    reason: RejectReason = "NONE"


class Placed(Struct, frozen=True, gc=False):
    """An accepted order as it is after its taker phase, and what happened in it."""

    order: Order
    fills: tuple[Fill, ...] = ()
    prevented: tuple[PreventedMatch, ...] = ()


class Canceled(Struct, frozen=True, gc=False):
    """An order as it ended; `original_client_order_id` is the id it had."""

    order: Order
    original_client_order_id: str


class Done(Struct, frozen=True):
    """A command without a result of its own."""


DONE = Done()
