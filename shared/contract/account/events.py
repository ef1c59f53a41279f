"""Events of the user data stream, with readable names for the exchange's letters.

On the WebSocket API an event comes inside `UserDataEnvelope`. Amounts are decimal strings, times Unix milliseconds.
Source: "User Data Streams" of 2026-07-21; `listenKeyExpired` as it was until 2026-02-20.
"""

from typing import Generic, TypeVar

from msgspec import UNSET, Struct, UnsetType, field

from shared.contract.market.events import ServerShutdown
from shared.contract.operation import Ended
from shared.contract.stream import Event

Payload = TypeVar("Payload")


class UserDataEnvelope(Struct, Generic[Payload], frozen=True):
    """How the WebSocket API sends an event; `serverShutdown` belongs to no subscription."""

    event: Payload
    subscription_id: int | UnsetType = field(name="subscriptionId", default=UNSET)


class AssetBalance(Struct, frozen=True):
    """What is free and what open orders lock of an asset."""

    asset: str = field(name="a")
    free: str = field(name="f")
    locked: str = field(name="l")


class AccountPosition(Struct, frozen=True):
    """The balances that an event of the account may have changed."""

    event_type: str = field(name="e")
    event_time: int = field(name="E")
    last_update: int = field(name="u")
    balances: list[AssetBalance] = field(name="B")


class BalanceUpdate(Struct, frozen=True):
    """A deposit, withdrawal or transfer; `delta` has its sign."""

    event_type: str = field(name="e")
    event_time: int = field(name="E")
    asset: str = field(name="a")
    delta: str = field(name="d")
    clear_time: int = field(name="T")


class ExternalLockUpdate(Struct, frozen=True):
    """Another system locked or unlocked a part of the balance, for example as collateral."""

    event_type: str = field(name="e")
    event_time: int = field(name="E")
    asset: str = field(name="a")
    delta: str = field(name="d")
    transaction_time: int = field(name="T")


class ExecutionReport(Struct, frozen=True):
    """A change of an order: placed, traded, cancelled, replaced, rejected, expired, or kept from trading with itself."""

    event_type: str = field(name="e")
    event_time: int = field(name="E")
    symbol: str = field(name="s")
    client_order_id: str = field(name="c")
    side: str = field(name="S")
    order_type: str = field(name="o")
    time_in_force: str = field(name="f")
    quantity: str = field(name="q")
    price: str = field(name="p")
    stop_price: str = field(name="P")
    iceberg_quantity: str = field(name="F")
    order_list_id: int = field(name="g")
    """-1 where the order is in no list."""
    original_client_order_id: str = field(name="C")
    """The order that this cancels or amends."""
    execution_type: str = field(name="x")
    """NEW, CANCELED, REPLACED, REJECTED, TRADE, EXPIRED or TRADE_PREVENTION."""
    order_status: str = field(name="X")
    reject_reason: str = field(name="r")
    order_id: int = field(name="i")
    last_executed_quantity: str = field(name="l")
    executed_quantity: str = field(name="z")
    last_executed_price: str = field(name="L")
    commission: str = field(name="n")
    commission_asset: str | None = field(name="N")
    transaction_time: int = field(name="T")
    trade_id: int = field(name="t")
    """-1 where nothing was traded."""
    execution_id: int = field(name="I")
    is_on_book: bool = field(name="w")
    is_maker: bool = field(name="m")
    unused: bool = field(name="M")
    order_creation_time: int = field(name="O")
    executed_quote_quantity: str = field(name="Z")
    last_executed_quote_quantity: str = field(name="Y")
    quote_order_quantity: str = field(name="Q")
    self_trade_prevention_mode: str = field(name="V")
    working_time: int | UnsetType = field(name="W", default=UNSET)
    """Since when it is on the book; absent before."""
    # With a trailing stop
    trailing_delta: int | UnsetType = field(name="d", default=UNSET)
    trailing_time: int | UnsetType = field(name="D", default=UNSET)
    # As the request said
    strategy_id: int | UnsetType = field(name="j", default=UNSET)
    strategy_type: int | UnsetType = field(name="J", default=UNSET)
    # When it would have traded with itself
    prevented_match_id: int | UnsetType = field(name="v", default=UNSET)
    prevented_quantity: str | UnsetType = field(name="A", default=UNSET)
    last_prevented_quantity: str | UnsetType = field(name="B", default=UNSET)
    trade_group_id: int | UnsetType = field(name="u", default=UNSET)
    counter_order_id: int | UnsetType = field(name="U", default=UNSET)
    counter_symbol: str | UnsetType = field(name="Cs", default=UNSET)
    prevented_execution_quantity: str | UnsetType = field(name="pl", default=UNSET)
    prevented_execution_price: str | UnsetType = field(name="pL", default=UNSET)
    prevented_execution_quote_quantity: str | UnsetType = field(name="pY", default=UNSET)
    # With smart order routing
    match_type: str | UnsetType = field(name="b", default=UNSET)
    allocation_id: int | UnsetType = field(name="a", default=UNSET)
    working_floor: str | UnsetType = field(name="k", default=UNSET)
    used_sor: bool | UnsetType = field(name="uS", default=UNSET)
    # With a pegged price
    peg_price_type: str | UnsetType = field(name="gP", default=UNSET)
    peg_offset_type: str | UnsetType = field(name="gOT", default=UNSET)
    peg_offset_value: int | UnsetType = field(name="gOV", default=UNSET)
    pegged_price: str | UnsetType = field(name="gp", default=UNSET)
    # When it expired
    expiry_reason: str | UnsetType = field(name="eR", default=UNSET)


class ListMember(Struct, frozen=True):
    """An order of an order list."""

    symbol: str = field(name="s")
    order_id: int = field(name="i")
    client_order_id: str = field(name="c")


class ListStatus(Struct, frozen=True):
    """A change of an order list; the orders' own reports come beside it."""

    event_type: str = field(name="e")
    event_time: int = field(name="E")
    symbol: str = field(name="s")
    order_list_id: int = field(name="g")
    contingency_type: str = field(name="c")
    list_status_type: str = field(name="l")
    list_order_status: str = field(name="L")
    reject_reason: str = field(name="r")
    list_client_order_id: str = field(name="C")
    transaction_time: int = field(name="T")
    orders: list[ListMember] = field(name="O")


class EventStreamTerminated(Struct, frozen=True):
    """The subscription is over: it was ended, or the session logged out."""

    event_type: str = field(name="e")
    event_time: int = field(name="E")


class ListenKeyExpired(Struct, frozen=True):
    """The listen key ran out after 60 minutes without a keep-alive."""

    event_type: str = field(name="e")
    event_time: int = field(name="E")
    listen_key: str = field(name="listenKey")


USER_EVENTS: tuple[Event, ...] = (
    Event("outboundAccountPosition", AccountPosition, "Balances changed"),
    Event("balanceUpdate", BalanceUpdate, "Deposit, withdrawal or transfer"),
    Event("executionReport", ExecutionReport, "Order changed"),
    Event("listStatus", ListStatus, "Order list changed"),
    Event("eventStreamTerminated", EventStreamTerminated, "Subscription ended"),
    Event("externalLockUpdate", ExternalLockUpdate, "Balance locked or unlocked elsewhere"),
    Event("serverShutdown", ServerShutdown, "Server is about to go", channel="connection"),
    Event(
        "listenKeyExpired",
        ListenKeyExpired,
        "Listen key expired",
        ended=Ended("retired", "2026-02-20", "eventStreamTerminated of userDataStream.subscribe.signature"),
    ),
)
