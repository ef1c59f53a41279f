"""Order lists: orders that depend on each other.

    OCO    one cancels the other: a limit (or take profit) order and a stop loss on both sides of the market
    OTO    one triggers the other: the pending order goes out when the working order is filled
    OTOCO  an OTO whose pending part is an OCO pair
    OPO    as OTO, but the pending order sells what the working order bought: its quantity comes from the fill
    OPOCO  an OPO whose pending part is an OCO pair

Parameters are named by the order they belong to: above and below (by price), working, pending, pendingAbove, pendingBelow.
Source: "Order lists" of the REST documentation and of the WebSocket API's, 2026-07-21. Where they disagree or err:
`aboveIcebergQty` and `belowIcebergQty` (LONG beside DECIMAL elsewhere) are decimal strings and `pending...TrailingDelta`
(DECIMAL beside LONG) whole basis points, so that nothing is lost; a below leg may be LIMIT_MAKER (a BUY pair needs it, though
the list of values leaves it out) and must be given (without it there is no pair, though it is printed as optional).
"""

from typing import TypeVar

from msgspec import UNSET

from shared.contract.operation import Ended, Security, Signed, Tool, operation
from shared.contract.primitives import (
    ClientOrderId,
    Id,
    Maybe,
    OcoLegType,
    OrderRespType,
    OrderType,
    PegOffset,
    PegOffsetType,
    PegPriceType,
    Price,
    Quantity,
    SelfTradePrevention,
    Side,
    StrategyId,
    StrategyType,
    Symbol,
    TimeInForce,
    TrailingDelta,
    WorkingType,
)
from shared.contract.rules import AtLeastOne, Conflict, Needs
from shared.contract.trading.models import OrderList
from shared.contract.trading.operations import FREE_ON_SUCCESS, TRADE
from shared.contract.trading.rules import NOT_GTC, leg, paid_by_working_order, pair, pending_order, working_order

Reply = TypeVar("Reply")


class ListParameters(Signed[Reply], frozen=True, kw_only=True):
    """What every order list may say."""

    symbol: Symbol
    list_client_order_id: Maybe[ClientOrderId] = UNSET
    new_order_resp_type: Maybe[OrderRespType] = UNSET
    self_trade_prevention_mode: Maybe[SelfTradePrevention] = UNSET


class WorkingOrder(ListParameters[Reply], frozen=True, kw_only=True):
    """A list whose first order works before the others go out."""

    working_type: WorkingType
    working_side: Side
    working_price: Price
    working_quantity: Quantity
    working_client_order_id: Maybe[ClientOrderId] = UNSET
    working_iceberg_qty: Maybe[Quantity] = UNSET
    working_time_in_force: Maybe[TimeInForce] = UNSET
    working_strategy_id: Maybe[StrategyId] = UNSET
    working_strategy_type: Maybe[StrategyType] = UNSET
    working_peg_price_type: Maybe[PegPriceType] = UNSET
    working_peg_offset_type: Maybe[PegOffsetType] = UNSET
    working_peg_offset_value: Maybe[PegOffset] = UNSET


class PendingOrder(WorkingOrder[Reply], frozen=True, kw_only=True):
    """A working order and one that waits for it."""

    pending_type: OrderType
    pending_side: Side
    pending_client_order_id: Maybe[ClientOrderId] = UNSET
    pending_price: Maybe[Price] = UNSET
    pending_stop_price: Maybe[Price] = UNSET
    pending_trailing_delta: Maybe[TrailingDelta] = UNSET
    pending_iceberg_qty: Maybe[Quantity] = UNSET
    pending_time_in_force: Maybe[TimeInForce] = UNSET
    pending_strategy_id: Maybe[StrategyId] = UNSET
    pending_strategy_type: Maybe[StrategyType] = UNSET
    pending_peg_price_type: Maybe[PegPriceType] = UNSET
    pending_peg_offset_type: Maybe[PegOffsetType] = UNSET
    pending_peg_offset_value: Maybe[PegOffset] = UNSET


class PendingPair(WorkingOrder[Reply], frozen=True, kw_only=True):
    """A working order and an OCO pair that waits for it."""

    pending_side: Side
    pending_above_type: OcoLegType
    pending_above_client_order_id: Maybe[ClientOrderId] = UNSET
    pending_above_price: Maybe[Price] = UNSET
    pending_above_stop_price: Maybe[Price] = UNSET
    pending_above_trailing_delta: Maybe[TrailingDelta] = UNSET
    pending_above_iceberg_qty: Maybe[Quantity] = UNSET
    pending_above_time_in_force: Maybe[TimeInForce] = UNSET
    pending_above_strategy_id: Maybe[StrategyId] = UNSET
    pending_above_strategy_type: Maybe[StrategyType] = UNSET
    pending_above_peg_price_type: Maybe[PegPriceType] = UNSET
    pending_above_peg_offset_type: Maybe[PegOffsetType] = UNSET
    pending_above_peg_offset_value: Maybe[PegOffset] = UNSET
    pending_below_type: OcoLegType
    pending_below_client_order_id: Maybe[ClientOrderId] = UNSET
    pending_below_price: Maybe[Price] = UNSET
    pending_below_stop_price: Maybe[Price] = UNSET
    pending_below_trailing_delta: Maybe[TrailingDelta] = UNSET
    pending_below_iceberg_qty: Maybe[Quantity] = UNSET
    pending_below_time_in_force: Maybe[TimeInForce] = UNSET
    pending_below_strategy_id: Maybe[StrategyId] = UNSET
    pending_below_strategy_type: Maybe[StrategyType] = UNSET
    pending_below_peg_price_type: Maybe[PegPriceType] = UNSET
    pending_below_peg_offset_type: Maybe[PegOffsetType] = UNSET
    pending_below_peg_offset_value: Maybe[PegOffset] = UNSET


@operation(
    "orderList.place",
    rest="POST /api/v3/order/oco",
    owner=TRADE,
    security=Security.TRADE,
    weight=FREE_ON_SUCCESS,
    unfilled_orders=2,
    rules=(
        # REST prints stopPrice as mandatory, the WebSocket API lets trailingDelta stand for it.
        AtLeastOne(("stopPrice", "trailingDelta")),
        Needs("stopLimitPrice", all=("stopLimitTimeInForce",), code=-1128),
        Conflict(
            (("stopIcebergQty", ()), ("stopLimitTimeInForce", NOT_GTC)),
            "stopIcebergQty needs stopLimitTimeInForce GTC",
            instead=("stopLimitTimeInForce", "GTC"),
            code=-1160,
        ),
    ),
    ended=Ended("deprecated", "2024-04-02", "orderList.place.oco (POST /api/v3/orderList/oco, other parameters)"),
)
class PlaceOldOco(ListParameters[OrderList], frozen=True, kw_only=True):
    """Place an OCO pair the old way; use place_oco_order_list."""

    side: Side
    quantity: Quantity
    price: Price
    limit_client_order_id: Maybe[ClientOrderId] = UNSET
    limit_strategy_id: Maybe[StrategyId] = UNSET
    limit_strategy_type: Maybe[StrategyType] = UNSET
    limit_iceberg_qty: Maybe[Quantity] = UNSET
    trailing_delta: Maybe[TrailingDelta] = UNSET
    stop_client_order_id: Maybe[ClientOrderId] = UNSET
    stop_price: Maybe[Price] = UNSET
    stop_strategy_id: Maybe[StrategyId] = UNSET
    stop_strategy_type: Maybe[StrategyType] = UNSET
    stop_limit_price: Maybe[Price] = UNSET
    stop_iceberg_qty: Maybe[Quantity] = UNSET
    stop_limit_time_in_force: Maybe[TimeInForce] = UNSET


@operation(
    "orderList.place.oco",
    rest="POST /api/v3/orderList/oco",
    owner=TRADE,
    security=Security.TRADE,
    weight=FREE_ON_SUCCESS,
    unfilled_orders=2,
    rules=(*pair("side", "aboveType", "belowType"), *leg("above"), *leg("below")),
    tool=Tool("place_oco_order_list", "Place OCO", "PLACE", "order_lists"),
)
class PlaceOco(ListParameters[OrderList], frozen=True, kw_only=True):
    """One cancels the other. SELL: limit or take profit above, stop loss below; BUY: the other way round."""

    side: Side
    quantity: Quantity
    above_type: OcoLegType
    above_client_order_id: Maybe[ClientOrderId] = UNSET
    above_price: Maybe[Price] = UNSET
    above_stop_price: Maybe[Price] = UNSET
    above_trailing_delta: Maybe[TrailingDelta] = UNSET
    above_iceberg_qty: Maybe[Quantity] = UNSET
    above_time_in_force: Maybe[TimeInForce] = UNSET
    above_strategy_id: Maybe[StrategyId] = UNSET
    above_strategy_type: Maybe[StrategyType] = UNSET
    above_peg_price_type: Maybe[PegPriceType] = UNSET
    above_peg_offset_type: Maybe[PegOffsetType] = UNSET
    above_peg_offset_value: Maybe[PegOffset] = UNSET
    below_type: OcoLegType
    below_client_order_id: Maybe[ClientOrderId] = UNSET
    below_price: Maybe[Price] = UNSET
    below_stop_price: Maybe[Price] = UNSET
    below_trailing_delta: Maybe[TrailingDelta] = UNSET
    below_iceberg_qty: Maybe[Quantity] = UNSET
    below_time_in_force: Maybe[TimeInForce] = UNSET
    below_strategy_id: Maybe[StrategyId] = UNSET
    below_strategy_type: Maybe[StrategyType] = UNSET
    below_peg_price_type: Maybe[PegPriceType] = UNSET
    below_peg_offset_type: Maybe[PegOffsetType] = UNSET
    below_peg_offset_value: Maybe[PegOffset] = UNSET


@operation(
    "orderList.place.oto",
    rest="POST /api/v3/orderList/oto",
    owner=TRADE,
    security=Security.TRADE,
    weight=FREE_ON_SUCCESS,
    unfilled_orders=2,
    rules=(*working_order(), *pending_order()),
    tool=Tool("place_oto_order_list", "Place OTO", "PLACE", "order_lists"),
)
class PlaceOto(PendingOrder[OrderList], frozen=True):
    """One triggers the other: the pending order is placed when the working order is filled."""

    pending_quantity: Quantity


@operation(
    "orderList.place.otoco",
    rest="POST /api/v3/orderList/otoco",
    owner=TRADE,
    security=Security.TRADE,
    weight=FREE_ON_SUCCESS,
    unfilled_orders=3,
    rules=(
        *working_order(),
        *pair("pendingSide", "pendingAboveType", "pendingBelowType"),
        *leg("pendingAbove"),
        *leg("pendingBelow"),
    ),
    tool=Tool("place_otoco_order_list", "Place OTOCO", "PLACE", "order_lists"),
)
class PlaceOtoco(PendingPair[OrderList], frozen=True):
    """One triggers an OCO pair: the pair is placed when the working order is filled."""

    pending_quantity: Quantity


@operation(
    "orderList.place.opo",
    rest="POST /api/v3/orderList/opo",
    owner=TRADE,
    security=Security.TRADE,
    weight=FREE_ON_SUCCESS,
    unfilled_orders=2,
    rules=(*paid_by_working_order(), *working_order(), *pending_order()),
    tool=Tool("place_opo_order_list", "Place OPO", "PLACE", "order_lists"),
)
class PlaceOpo(PendingOrder[OrderList], frozen=True):
    """One pays for the other: the pending SELL sells what the working BUY bought."""


@operation(
    "orderList.place.opoco",
    rest="POST /api/v3/orderList/opoco",
    owner=TRADE,
    security=Security.TRADE,
    weight=FREE_ON_SUCCESS,
    unfilled_orders=3,
    rules=(
        *paid_by_working_order(),
        *working_order(),
        *pair("pendingSide", "pendingAboveType", "pendingBelowType"),
        *leg("pendingAbove"),
        *leg("pendingBelow"),
    ),
    tool=Tool("place_opoco_order_list", "Place OPOCO", "PLACE", "order_lists"),
)
class PlaceOpoco(PendingPair[OrderList], frozen=True):
    """One pays for an OCO pair: the pending SELL pair sells what the working BUY bought."""


@operation(
    "orderList.cancel",
    rest="DELETE /api/v3/orderList",
    owner=TRADE,
    security=Security.TRADE,
    weight=FREE_ON_SUCCESS,
    rules=(AtLeastOne(("orderListId", "listClientOrderId")),),
    tool=Tool("cancel_order_list", "Cancel order list", "CANCEL", "order_lists"),
)
class CancelOrderList(Signed[OrderList], frozen=True):
    """Cancel an order list with all its orders."""

    symbol: Symbol
    order_list_id: Maybe[Id] = UNSET
    list_client_order_id: Maybe[ClientOrderId] = UNSET
    new_client_order_id: Maybe[ClientOrderId] = UNSET
