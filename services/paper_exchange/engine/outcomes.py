"""What a command came to. A refused command has changed nothing."""

from msgspec import Struct

from services.paper_exchange.engine.orders import Order, OrderList
from services.paper_exchange.engine.records import Fill, PreventedMatch
from services.paper_exchange.engine.words import CancelReplaceResult, RejectReason


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


class ListPlaced(Struct, frozen=True, gc=False):
    """An accepted order list; its members right after the working order's taker phase, pending ones still pending."""

    order_list: OrderList
    orders: tuple[Placed, ...]


class ListCanceled(Struct, frozen=True, gc=False):
    """An order list that was canceled, wholly or by one of its members."""

    order_list: OrderList
    orders: tuple[Canceled, ...]


class Amended(Struct, frozen=True, gc=False):
    """An amended order, and its list when it is in one."""

    order: Order
    original_client_order_id: str
    execution_id: int
    order_list: OrderList | None = None


class CancelReplaced(Struct, frozen=True, gc=False):
    """Both halves of a cancelReplace; `status` is the HTTP status, and `code` is zero when both succeeded."""

    cancel_result: CancelReplaceResult
    new_order_result: CancelReplaceResult
    canceled: "Canceled | ListCanceled | Refused"
    placed: "Placed | Refused | None"
    status: int
    code: int = 0
    message: str = ""


class Done(Struct, frozen=True):
    """A command without a result of its own."""


DONE = Done()
