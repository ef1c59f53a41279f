"""Orders: place, test, cancel, replace, amend, and the same with smart order routing.

Successful calls weigh nothing since 2026-04-02; a refused one costs what is printed. Order lists are in `order_lists`.
Source: "Trading endpoints" of the REST documentation, "Trading requests" of the WebSocket API's, 2026-07-21. Where the two
differ in a type, the one that loses nothing is taken: `trailingDelta` is a whole number (INT, LONG and DECIMAL occur, but
the unit is one basis point), ids are LONG, and every quantity is a decimal string.
"""

from typing import TypeVar

from msgspec import UNSET

from shared.contract.operation import Owner, Security, Signed, Tool, operation
from shared.contract.primitives import (
    CancelReplaceMode,
    CancelRestrictions,
    ClientOrderId,
    Id,
    Maybe,
    OrderRateLimitExceededMode,
    OrderRespType,
    OrderType,
    PegOffset,
    PegOffsetType,
    PegPriceType,
    Price,
    Quantity,
    SelfTradePrevention,
    Side,
    SorOrderType,
    StrategyId,
    StrategyType,
    Symbol,
    TimeInForce,
    TrailingDelta,
)
from shared.contract.rules import AtLeastOne
from shared.contract.trading.models import Amended, Canceled, CancelReplaced, OrderReport, OrderTest
from shared.contract.trading.rules import routed_order, single_order
from shared.contract.weights import Fixed, IfGiven

Reply = TypeVar("Reply")
TRADE = Owner.TRADE
FREE_ON_SUCCESS = Fixed(1, on_success=0)


class OrderBasics(Signed[Reply], frozen=True, kw_only=True):
    """What every order may say."""

    symbol: Symbol
    side: Side
    time_in_force: Maybe[TimeInForce] = UNSET
    price: Maybe[Price] = UNSET
    new_client_order_id: Maybe[ClientOrderId] = UNSET
    strategy_id: Maybe[StrategyId] = UNSET
    strategy_type: Maybe[StrategyType] = UNSET
    iceberg_qty: Maybe[Quantity] = UNSET
    new_order_resp_type: Maybe[OrderRespType] = UNSET
    self_trade_prevention_mode: Maybe[SelfTradePrevention] = UNSET


class OrderParameters(OrderBasics[Reply], frozen=True, kw_only=True):
    """What an order on one symbol's book may say."""

    type: OrderType
    quantity: Maybe[Quantity] = UNSET
    quote_order_qty: Maybe[Quantity] = UNSET
    stop_price: Maybe[Price] = UNSET
    trailing_delta: Maybe[TrailingDelta] = UNSET
    peg_price_type: Maybe[PegPriceType] = UNSET
    peg_offset_type: Maybe[PegOffsetType] = UNSET
    peg_offset_value: Maybe[PegOffset] = UNSET


class RoutedOrderParameters(OrderBasics[Reply], frozen=True, kw_only=True):
    """What an order with smart order routing may say."""

    type: SorOrderType
    quantity: Quantity


@operation(
    "order.place",
    rest="POST /api/v3/order",
    owner=TRADE,
    security=Security.TRADE,
    weight=FREE_ON_SUCCESS,
    unfilled_orders=1,
    rules=single_order(),
    tool=Tool("place_order", "Place order", "PLACE", "trading"),
)
class PlaceOrder(OrderParameters[OrderReport], frozen=True):
    """Place an order. LIMIT needs price, quantity, timeInForce; MARKET quantity or quoteOrderQty; stops a stopPrice."""


@operation(
    "order.test",
    rest="POST /api/v3/order/test",
    owner=TRADE,
    security=Security.TRADE,
    weight=IfGiven("computeCommissionRates", 20, 1),
    rules=single_order(),
    tool=Tool("test_order", "Test order", "READ", "trading"),
)
class CheckOrder(OrderParameters[OrderTest], frozen=True):
    """Check an order without placing it, and what it would cost."""

    compute_commission_rates: Maybe[bool] = UNSET


@operation(
    "order.cancel",
    rest="DELETE /api/v3/order",
    owner=TRADE,
    security=Security.TRADE,
    weight=FREE_ON_SUCCESS,
    rules=(AtLeastOne(("orderId", "origClientOrderId")),),
    tool=Tool("cancel_order", "Cancel order", "CANCEL", "trading"),
)
class CancelOrder(Signed[Canceled], frozen=True):
    """Cancel an order; if it is part of a list, the whole list."""

    symbol: Symbol
    order_id: Maybe[Id] = UNSET
    orig_client_order_id: Maybe[ClientOrderId] = UNSET
    new_client_order_id: Maybe[ClientOrderId] = UNSET
    cancel_restrictions: Maybe[CancelRestrictions] = UNSET


@operation(
    "openOrders.cancelAll",
    rest="DELETE /api/v3/openOrders",
    owner=TRADE,
    security=Security.TRADE,
    weight=FREE_ON_SUCCESS,
    tool=Tool("cancel_all_orders", "Cancel all orders", "CANCEL", "trading"),
)
class CancelAllOrders(Signed[list[Canceled]], frozen=True):
    """Cancel all open orders of a symbol, order lists too."""

    symbol: Symbol


@operation(
    "order.cancelReplace",
    rest="POST /api/v3/order/cancelReplace",
    owner=TRADE,
    security=Security.TRADE,
    weight=FREE_ON_SUCCESS,
    unfilled_orders=1,
    rules=(AtLeastOne(("cancelOrderId", "cancelOrigClientOrderId")), *single_order()),
    tool=Tool("cancel_replace_order", "Cancel and replace order", "PLACE", "trading"),
)
class CancelReplaceOrder(OrderParameters[CancelReplaced], frozen=True):
    """Cancel an order, then place another on the same symbol; one half may succeed and the other fail."""

    cancel_replace_mode: CancelReplaceMode
    cancel_order_id: Maybe[Id] = UNSET
    cancel_orig_client_order_id: Maybe[ClientOrderId] = UNSET
    cancel_new_client_order_id: Maybe[ClientOrderId] = UNSET
    cancel_restrictions: Maybe[CancelRestrictions] = UNSET
    order_rate_limit_exceeded_mode: Maybe[OrderRateLimitExceededMode] = UNSET


@operation(
    "order.amend.keepPriority",
    rest="PUT /api/v3/order/amend/keepPriority",
    owner=TRADE,
    security=Security.TRADE,
    weight=Fixed(4),  # the one that success does not make free, unless the amendment expires the order (2026-04-02)
    rules=(AtLeastOne(("orderId", "origClientOrderId")),),
    tool=Tool("amend_order", "Reduce order", "PLACE", "trading"),
)
class AmendOrder(Signed[Amended], frozen=True, kw_only=True):
    """Reduce an order's quantity; it keeps its place in the queue."""

    symbol: Symbol
    order_id: Maybe[Id] = UNSET
    orig_client_order_id: Maybe[ClientOrderId] = UNSET
    new_client_order_id: Maybe[ClientOrderId] = UNSET
    new_qty: Quantity


@operation(
    "sor.order.place",
    rest="POST /api/v3/sor/order",
    owner=TRADE,
    security=Security.TRADE,
    weight=FREE_ON_SUCCESS,
    unfilled_orders=1,
    rules=routed_order(),
    tool=Tool("place_sor_order", "Place routed order", "PLACE", "trading"),
)
class PlaceRoutedOrder(RoutedOrderParameters[OrderReport | list[OrderReport]], frozen=True):
    """Place an order with smart order routing over several symbols (exchange info lists them as sors)."""

    # REST answers with an object, the WebSocket API with a list of one.


@operation(
    "sor.order.test",
    rest="POST /api/v3/sor/order/test",
    owner=TRADE,
    security=Security.TRADE,
    weight=IfGiven("computeCommissionRates", 20, 1),
    rules=routed_order(),
    tool=Tool("test_sor_order", "Test routed order", "READ", "trading"),
)
class CheckRoutedOrder(RoutedOrderParameters[OrderTest], frozen=True):
    """Check an order with smart order routing without placing it."""

    compute_commission_rates: Maybe[bool] = UNSET
