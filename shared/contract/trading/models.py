"""Replies to orders and order lists. Prices and quantities are decimal strings, times Unix milliseconds.

Which fields a reply has depends on `newOrderRespType` (ACK, RESULT, FULL) and on what the request said, so most of them may
be absent. Where the exchange answers with one of two shapes in one place (an order or a list, an answer or an error) the type
has the fields of both: an object of JSON carries no name to tell them apart.
"""

from msgspec import UNSET, UnsetType

from shared.contract.market.models import Model


class OrderConditions(Model, frozen=True, kw_only=True):
    """The fields that an order has only when something makes them meaningful."""

    iceberg_qty: str | UnsetType = UNSET
    stop_price: str | UnsetType = UNSET
    trailing_delta: int | UnsetType = UNSET
    trailing_time: int | UnsetType = UNSET
    """Since when the stop trails; -1 before."""
    strategy_id: int | UnsetType = UNSET
    strategy_type: int | UnsetType = UNSET
    prevented_match_id: int | UnsetType = UNSET
    """Only where the order expired because it would have traded with itself."""
    prevented_quantity: str | UnsetType = UNSET
    trade_group_id: int | UnsetType = UNSET
    used_sor: bool | UnsetType = UNSET
    working_floor: str | UnsetType = UNSET
    peg_price_type: str | UnsetType = UNSET
    peg_offset_type: str | UnsetType = UNSET
    peg_offset_value: int | UnsetType = UNSET
    pegged_price: str | UnsetType = UNSET
    expiry_reason: str | UnsetType = UNSET


class Fill(Model, frozen=True, kw_only=True):
    """A trade of the order that was just placed."""

    price: str
    qty: str
    commission: str
    commission_asset: str
    trade_id: int
    """-1 with smart order routing, where `alloc_id` tells the allocation."""
    match_type: str | UnsetType = UNSET
    alloc_id: int | UnsetType = UNSET


class PreventedTrade(Model, frozen=True, kw_only=True):
    """A trade with oneself that the order did not make when it was placed."""

    prevented_match_id: int
    maker_symbol: str | UnsetType = UNSET
    maker_order_id: int
    price: str
    taker_prevented_quantity: str | UnsetType = UNSET
    maker_prevented_quantity: str | UnsetType = UNSET


class OrderReport(OrderConditions, frozen=True, kw_only=True):
    """An order as placing or cancelling it left it; ACK has only the ids and the time."""

    symbol: str
    order_id: int
    order_list_id: int
    """-1 where the order is in no list."""
    client_order_id: str
    """Of the order; in the reply to a cancel, of the cancel."""
    transact_time: int
    orig_client_order_id: str | UnsetType = UNSET
    """Of the order that was cancelled."""
    price: str | UnsetType = UNSET
    orig_qty: str | UnsetType = UNSET
    """Absent for a pending order of an OPO list, which is given its quantity later."""
    executed_qty: str | UnsetType = UNSET
    orig_quote_order_qty: str | UnsetType = UNSET
    cummulative_quote_qty: str | UnsetType = UNSET
    """Spelt as the exchange does."""
    status: str | UnsetType = UNSET
    time_in_force: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    side: str | UnsetType = UNSET
    working_time: int | UnsetType = UNSET
    """Since when it is on the book; -1 before."""
    self_trade_prevention_mode: str | UnsetType = UNSET
    fills: list[Fill] | UnsetType = UNSET
    prevented_matches: list[PreventedTrade] | UnsetType = UNSET


class CommissionForOrder(Model, frozen=True):
    """Rates for one order."""

    maker: str
    taker: str


class Discount(Model, frozen=True):
    """The discount for paying commission in another asset."""

    enabled_for_account: bool
    enabled_for_symbol: bool
    discount_asset: str | None
    discount: str


class OrderTest(Model, frozen=True, kw_only=True):
    """Empty: the order would be accepted; with computeCommissionRates also what it would cost."""

    standard_commission_for_order: CommissionForOrder | UnsetType = UNSET
    special_commission_for_order: CommissionForOrder | UnsetType = UNSET
    tax_commission_for_order: CommissionForOrder | UnsetType = UNSET
    discount: Discount | UnsetType = UNSET


class OrderReference(Model, frozen=True):
    """An order of a list, by its ids."""

    symbol: str
    order_id: int
    client_order_id: str


class OrderList(Model, frozen=True, kw_only=True):
    """The state of an order list; placing or cancelling it also tells of its orders."""

    order_list_id: int
    contingency_type: str
    """OCO, or OTO for every list with a working order."""
    list_status_type: str
    list_order_status: str
    list_client_order_id: str
    transaction_time: int
    symbol: str
    orders: list[OrderReference]
    order_reports: list[OrderReport] | UnsetType = UNSET


class Canceled(OrderConditions, frozen=True, kw_only=True):
    """What a cancel ended: an order (as `OrderReport`), or the whole list (as `OrderList`) of which it was a part."""

    symbol: str
    order_list_id: int
    order_id: int | UnsetType = UNSET
    client_order_id: str | UnsetType = UNSET
    transact_time: int | UnsetType = UNSET
    orig_client_order_id: str | UnsetType = UNSET
    price: str | UnsetType = UNSET
    orig_qty: str | UnsetType = UNSET
    executed_qty: str | UnsetType = UNSET
    orig_quote_order_qty: str | UnsetType = UNSET
    cummulative_quote_qty: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    time_in_force: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    side: str | UnsetType = UNSET
    working_time: int | UnsetType = UNSET
    self_trade_prevention_mode: str | UnsetType = UNSET
    contingency_type: str | UnsetType = UNSET
    list_status_type: str | UnsetType = UNSET
    list_order_status: str | UnsetType = UNSET
    list_client_order_id: str | UnsetType = UNSET
    transaction_time: int | UnsetType = UNSET
    orders: list[OrderReference] | UnsetType = UNSET
    order_reports: list[OrderReport] | UnsetType = UNSET


class HalfResult(Canceled, frozen=True, kw_only=True):
    """What became of one half of a cancel-replace: its answer, or the error with which it failed."""

    symbol: str | UnsetType = UNSET  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]
    order_list_id: int | UnsetType = UNSET  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]
    fills: list[Fill] | UnsetType = UNSET
    prevented_matches: list[PreventedTrade] | UnsetType = UNSET
    code: int | UnsetType = UNSET
    msg: str | UnsetType = UNSET


class CancelReplaced(Model, frozen=True):
    """What became of both halves of a cancel-replace; where one failed, it comes as `ErrorData` of -2021 or -2022."""

    cancel_result: str
    """SUCCESS, FAILURE or NOT_ATTEMPTED, as the next."""
    new_order_result: str
    cancel_response: HalfResult
    new_order_response: HalfResult | None
    """Null where it was not attempted."""


class AmendedOrder(OrderConditions, frozen=True, kw_only=True):
    """An order after its quantity was reduced; with field names of its own."""

    symbol: str
    order_id: int
    order_list_id: int
    orig_client_order_id: str
    client_order_id: str
    price: str
    qty: str
    executed_qty: str
    prevented_qty: str
    quote_order_qty: str
    cumulative_quote_qty: str
    status: str
    time_in_force: str
    type: str
    side: str
    working_time: int | UnsetType = UNSET
    self_trade_prevention_mode: str


class AmendedList(Model, frozen=True):
    """The list of which the amended order is a part."""

    order_list_id: int
    contingency_type: str
    list_order_status: str
    list_client_order_id: str
    symbol: str
    orders: list[OrderReference]


class Amended(Model, frozen=True, kw_only=True):
    """The reply to an amendment."""

    transact_time: int
    execution_id: int
    amended_order: AmendedOrder
    list_status: AmendedList | UnsetType = UNSET


class ErrorData(Model, frozen=True, kw_only=True):
    """What an error tells beside code and text: the halves of a cancel-replace, or on 418 and 429 when to come back."""

    cancel_result: str | UnsetType = UNSET
    new_order_result: str | UnsetType = UNSET
    cancel_response: HalfResult | UnsetType = UNSET
    new_order_response: HalfResult | UnsetType | None = UNSET
    server_time: int | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET
    """Unix milliseconds."""


class ErrorReply(Model, frozen=True, kw_only=True):
    """The exchange's error, whole: the body of a REST reply, the `error` of a WebSocket API frame.

    The client (`shared.binance.replies`) reads no more of it than it decides by; that nothing of it is lost is judged by this.
    """

    code: int
    msg: str
    data: ErrorData | UnsetType = UNSET
