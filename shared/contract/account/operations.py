"""Account reads, and how a connection logs on and listens to an account's events.

`session.*` and `userDataStream.subscribe*` are said by a connection for itself and never asked for over the bus. The three
listen-key operations are gone at Binance since 2026-02-20; they are declared because other exchanges of the family and
older clients have them.
Source: "Account endpoints" of the REST documentation, "Account requests", "Session management" and "User Data Stream
requests" of the WebSocket API's, 2026-07-21; the listen keys as documented before.
"""

from datetime import timedelta
from typing import Annotated

from msgspec import UNSET, Meta

from shared.contract.account.models import (
    Account,
    Allocation,
    Amendment,
    Commission,
    ListenKey,
    Order,
    OwnTrade,
    PreventedMatch,
    RelevantFilters,
    Session,
    Subscription,
)
from shared.contract.market.models import Nothing, RateLimit
from shared.contract.operation import Ended, Operation, Owner, Security, Signed, Tool, operation
from shared.contract.primitives import ClientOrderId, EndTime, FromId, Id, Limit, Maybe, StartTime, Symbol
from shared.contract.rules import AtLeastOne, AtMostOne, Combinations, Ordered
from shared.contract.trading.models import OrderList
from shared.contract.weights import Fixed, IfGiven

ACCOUNT = Owner.ACCOUNT
WITHIN_A_DAY = Ordered(longest=timedelta(hours=24))


@operation(
    "account.status",
    rest="GET /api/v3/account",
    owner=ACCOUNT,
    security=Security.USER_DATA,
    weight=Fixed(20),
    tool=Tool("get_account", "Account", toolset="account"),
)
class GetAccount(Signed[Account], frozen=True):
    """Balances, commission rates and permissions."""

    omit_zero_balances: Maybe[bool] = UNSET


@operation(
    "order.status",
    rest="GET /api/v3/order",
    owner=ACCOUNT,
    security=Security.USER_DATA,
    weight=Fixed(4),
    rules=(AtLeastOne(("orderId", "origClientOrderId")),),
    tool=Tool("get_order", "Order", toolset="account"),
)
class GetOrder(Signed[Order], frozen=True):
    """The state of an order."""

    symbol: Symbol
    order_id: Maybe[Id] = UNSET
    orig_client_order_id: Maybe[ClientOrderId] = UNSET


@operation(
    "openOrders.status",
    rest="GET /api/v3/openOrders",
    owner=ACCOUNT,
    security=Security.USER_DATA,
    weight=IfGiven("symbol", 6, 80),
    tool=Tool("get_open_orders", "Open orders", toolset="account"),
)
class GetOpenOrders(Signed[list[Order]], frozen=True):
    """Orders that are still open, of one symbol or of all."""

    symbol: Maybe[Symbol] = UNSET


@operation(
    "allOrders",
    rest="GET /api/v3/allOrders",
    owner=ACCOUNT,
    security=Security.USER_DATA,
    weight=Fixed(20),
    rules=(WITHIN_A_DAY,),
    tool=Tool("get_all_orders", "Order history", toolset="account"),
)
class GetAllOrders(Signed[list[Order]], frozen=True):
    """Orders of a symbol, open or not: from an order id on, or within 24 hours, or the newest."""

    symbol: Symbol
    order_id: Maybe[FromId] = UNSET
    start_time: Maybe[StartTime] = UNSET
    end_time: Maybe[EndTime] = UNSET
    limit: Maybe[Limit] = UNSET


@operation(
    "orderList.status",
    rest="GET /api/v3/orderList",
    owner=ACCOUNT,
    security=Security.USER_DATA,
    weight=Fixed(4),
    rules=(AtLeastOne(("orderListId", "origClientOrderId")),),
    tool=Tool("get_order_list", "Order list", toolset="account"),
)
class GetOrderList(Signed[OrderList], frozen=True):
    """The state of an order list; origClientOrderId is the list's own client id."""

    order_list_id: Maybe[Id] = UNSET
    orig_client_order_id: Maybe[ClientOrderId] = UNSET


@operation(
    "allOrderLists",
    rest="GET /api/v3/allOrderList",
    owner=ACCOUNT,
    security=Security.USER_DATA,
    weight=Fixed(20),
    rules=(AtMostOne(("fromId", "startTime")), AtMostOne(("fromId", "endTime")), WITHIN_A_DAY),
    tool=Tool("get_all_order_lists", "Order list history", toolset="account"),
)
class GetAllOrderLists(Signed[list[OrderList]], frozen=True):
    """Order lists, open or not: from a list id on, or within 24 hours, or the newest."""

    from_id: Maybe[FromId] = UNSET
    start_time: Maybe[StartTime] = UNSET
    end_time: Maybe[EndTime] = UNSET
    limit: Maybe[Limit] = UNSET


@operation(
    "openOrderLists.status",
    rest="GET /api/v3/openOrderList",
    owner=ACCOUNT,
    security=Security.USER_DATA,
    weight=Fixed(6),
    tool=Tool("get_open_order_lists", "Open order lists", toolset="account"),
)
class GetOpenOrderLists(Signed[list[OrderList]], frozen=True):
    """Order lists that are still open."""


@operation(
    "myTrades",
    rest="GET /api/v3/myTrades",
    owner=ACCOUNT,
    security=Security.USER_DATA,
    weight=IfGiven("orderId", 5, 20),
    rules=(
        Combinations(
            (
                frozenset({"symbol"}),
                frozenset({"symbol", "orderId"}),
                frozenset({"symbol", "startTime"}),
                frozenset({"symbol", "endTime"}),
                frozenset({"symbol", "fromId"}),
                frozenset({"symbol", "startTime", "endTime"}),
                frozenset({"symbol", "orderId", "fromId"}),
            )
        ),
        WITHIN_A_DAY,
    ),
    tool=Tool("get_my_trades", "Own trades", toolset="account"),
)
class GetMyTrades(Signed[list[OwnTrade]], frozen=True):
    """The account's trades on a symbol: of an order, from a trade id on, or within 24 hours."""

    symbol: Symbol
    order_id: Maybe[Id] = UNSET
    start_time: Maybe[StartTime] = UNSET
    end_time: Maybe[EndTime] = UNSET
    from_id: Maybe[FromId] = UNSET
    limit: Maybe[Limit] = UNSET


@operation(
    "account.rateLimits.orders",
    rest="GET /api/v3/rateLimit/order",
    owner=ACCOUNT,
    security=Security.USER_DATA,
    weight=Fixed(40),
    tool=Tool("get_order_rate_limits", "Unfilled order count", toolset="account"),
)
class GetOrderRateLimits(Signed[list[RateLimit]], frozen=True):
    """How many unfilled orders count in each interval, and how many may."""


@operation(
    "myPreventedMatches",
    rest="GET /api/v3/myPreventedMatches",
    owner=ACCOUNT,
    security=Security.USER_DATA,
    weight=IfGiven("orderId", 20, 2),
    rules=(
        Combinations(
            (
                frozenset({"symbol", "preventedMatchId"}),
                frozenset({"symbol", "orderId"}),
                frozenset({"symbol", "orderId", "fromPreventedMatchId"}),
            )
        ),
    ),
    tool=Tool("get_prevented_matches", "Prevented matches", toolset="account"),
)
class GetPreventedMatches(Signed[list[PreventedMatch]], frozen=True):
    """Orders that expired because they would have traded with the same account; by orderId or preventedMatchId."""

    symbol: Symbol
    prevented_match_id: Maybe[Id] = UNSET
    order_id: Maybe[Id] = UNSET
    from_prevented_match_id: Maybe[Id] = UNSET
    limit: Maybe[Limit] = UNSET


@operation(
    "myAllocations",
    rest="GET /api/v3/myAllocations",
    owner=ACCOUNT,
    security=Security.USER_DATA,
    weight=Fixed(20),
    rules=(
        Combinations(
            (
                frozenset({"symbol"}),
                frozenset({"symbol", "startTime"}),
                frozenset({"symbol", "endTime"}),
                frozenset({"symbol", "startTime", "endTime"}),
                frozenset({"symbol", "fromAllocationId"}),
                frozenset({"symbol", "orderId"}),
                frozenset({"symbol", "orderId", "fromAllocationId"}),
            )
        ),
        WITHIN_A_DAY,
    ),
    tool=Tool("get_allocations", "Allocations", toolset="account"),
)
class GetAllocations(Signed[list[Allocation]], frozen=True):
    """What smart order routing allocated to orders on a symbol."""

    symbol: Symbol
    start_time: Maybe[StartTime] = UNSET
    end_time: Maybe[EndTime] = UNSET
    from_allocation_id: Maybe[Id] = UNSET
    limit: Maybe[Limit] = UNSET
    order_id: Maybe[Id] = UNSET


@operation(
    "account.commission",
    rest="GET /api/v3/account/commission",
    owner=ACCOUNT,
    security=Security.USER_DATA,
    weight=Fixed(20),
    tool=Tool("get_commission_rates", "Commission rates", toolset="account"),
)
class GetCommission(Signed[Commission], frozen=True):
    """Standard, special and tax commission rates on a symbol, and the discount."""

    symbol: Symbol


@operation(
    "order.amendments",
    rest="GET /api/v3/order/amendments",
    owner=ACCOUNT,
    security=Security.USER_DATA,
    weight=Fixed(4),
    tool=Tool("get_order_amendments", "Order amendments", toolset="account"),
)
class GetOrderAmendments(Signed[list[Amendment]], frozen=True, kw_only=True):
    """The reductions of an order."""

    symbol: Symbol
    order_id: Id
    from_execution_id: Maybe[Id] = UNSET
    limit: Maybe[Limit] = UNSET


@operation(
    "myFilters",
    rest="GET /api/v3/myFilters",
    owner=ACCOUNT,
    security=Security.USER_DATA,
    weight=Fixed(40),
    tool=Tool("get_my_filters", "Own filters", toolset="account"),
)
class GetMyFilters(Signed[RelevantFilters], frozen=True):
    """The filters of exchange, symbol and assets that bind the account on a symbol."""

    symbol: Symbol


@operation("session.logon", owner=Owner.CONNECTION, weight=Fixed(2), signed=True)
class Logon(Signed[Session], frozen=True):
    """Log a connection on with an Ed25519 key: later requests need no signature."""


@operation("session.status", owner=Owner.CONNECTION, weight=Fixed(2))
class SessionStatus(Operation[Session], frozen=True):
    """Who is logged on to a connection."""


@operation("session.logout", owner=Owner.CONNECTION, weight=Fixed(2))
class Logout(Operation[Session], frozen=True):
    """Forget the key of a connection, and end the subscription that came with it."""


@operation("session.subscriptions", owner=Owner.CONNECTION, weight=Fixed(2))
class ListSubscriptions(Operation[list[Subscription]], frozen=True):
    """The user data subscriptions of a connection."""


@operation("userDataStream.subscribe", owner=Owner.CONNECTION, security=Security.USER_STREAM, weight=Fixed(2))
class SubscribeUserData(Operation[Subscription], frozen=True):
    """Listen to the account that is logged on."""


@operation(
    "userDataStream.subscribe.signature",
    owner=Owner.CONNECTION,
    security=Security.USER_STREAM,
    weight=Fixed(2),
    signed=True,
)
class SubscribeUserDataSigned(Signed[Subscription], frozen=True):
    """Listen to an account without a logon, with any kind of key."""


@operation("userDataStream.unsubscribe", owner=Owner.CONNECTION, weight=Fixed(2))
class UnsubscribeUserData(Operation[Nothing], frozen=True):
    """Stop listening: to one subscription, or to all."""

    subscription_id: Maybe[Id] = UNSET


ListenKeyParameter = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9]{1,128}\Z",
        examples=["pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"],
        extra={"code": -1125, "must_be": "a listen key as create_listen_key gave it"},
    ),
]
_GONE = Ended("retired", "2026-02-20", "userDataStream.subscribe or userDataStream.subscribe.signature on the WebSocket API")


@operation(
    "userDataStream.start",
    rest="POST /api/v3/userDataStream",
    ws_api=False,
    owner=ACCOUNT,
    security=Security.USER_STREAM,
    weight=Fixed(2),
    tool=Tool("create_listen_key", "Create listen key", "PLACE", "account"),
    ended=_GONE,
)
class CreateListenKey(Operation[ListenKey], frozen=True):
    """Retired at Binance: open a user data stream for 60 minutes."""


@operation(
    "userDataStream.ping",
    rest="PUT /api/v3/userDataStream",
    ws_api=False,
    owner=ACCOUNT,
    security=Security.USER_STREAM,
    weight=Fixed(2),
    tool=Tool("keep_listen_key_alive", "Keep listen key alive", "PLACE", "account"),
    ended=_GONE,
)
class KeepListenKeyAlive(Operation[Nothing], frozen=True):
    """Retired at Binance: keep a user data stream open for another 60 minutes."""

    listen_key: ListenKeyParameter


@operation(
    "userDataStream.stop",
    rest="DELETE /api/v3/userDataStream",
    ws_api=False,
    owner=ACCOUNT,
    security=Security.USER_STREAM,
    weight=Fixed(2),
    tool=Tool("close_listen_key", "Close listen key", "CANCEL", "account"),
    ended=_GONE,
)
class CloseListenKey(Operation[Nothing], frozen=True):
    """Retired at Binance: close a user data stream."""

    listen_key: ListenKeyParameter
