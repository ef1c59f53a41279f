"""Replies of the account operations. Amounts and rates are decimal strings, times Unix milliseconds."""

from msgspec import UNSET, UnsetType

from shared.contract.market.models import Filter, Model
from shared.contract.trading.models import Discount, OrderConditions


class Balance(Model, frozen=True):
    """What an account has of an asset, and what open orders lock of it."""

    asset: str
    free: str
    locked: str


class Rates(Model, frozen=True):
    """Commission rates by role and by side; what is paid is their sum for one's role and side."""

    maker: str
    taker: str
    buyer: str
    seller: str


class Account(Model, frozen=True, kw_only=True):
    """An account with its balances, rates and permissions."""

    maker_commission: int
    """In basis points, as the next three; `commission_rates` has them exactly."""
    taker_commission: int
    buyer_commission: int
    seller_commission: int
    commission_rates: Rates
    can_trade: bool
    can_withdraw: bool
    can_deposit: bool
    brokered: bool
    require_self_trade_prevention: bool
    prevent_sor: bool
    update_time: int
    account_type: str
    balances: list[Balance]
    permissions: list[str]
    uid: int
    trade_group_id: int | UnsetType = UNSET
    """Only for accounts that share a trade group (self-trade prevention across accounts)."""


class Order(OrderConditions, frozen=True, kw_only=True):
    """An order as it stands."""

    symbol: str
    order_id: int
    order_list_id: int
    """-1 where the order is in no list."""
    client_order_id: str
    price: str
    orig_qty: str
    executed_qty: str
    cummulative_quote_qty: str
    """Spelt as the exchange does; below zero where it is not known (very old orders)."""
    status: str
    time_in_force: str
    type: str
    side: str
    time: int
    update_time: int
    is_working: bool
    working_time: int
    orig_quote_order_qty: str
    self_trade_prevention_mode: str


class OwnTrade(Model, frozen=True):
    """A trade of the account."""

    symbol: str
    id: int
    order_id: int
    order_list_id: int
    price: str
    qty: str
    quote_qty: str
    commission: str
    commission_asset: str
    time: int
    is_buyer: bool
    is_maker: bool
    is_best_match: bool


class PreventedMatch(Model, frozen=True, kw_only=True):
    """A trade with oneself that did not happen."""

    symbol: str
    prevented_match_id: int
    taker_order_id: int
    maker_symbol: str | UnsetType = UNSET
    maker_order_id: int
    trade_group_id: int
    self_trade_prevention_mode: str
    price: str
    maker_prevented_quantity: str | UnsetType = UNSET
    taker_prevented_quantity: str | UnsetType = UNSET
    transact_time: int


class Allocation(Model, frozen=True):
    """What smart order routing gave to an order instead of a trade."""

    symbol: str
    allocation_id: int
    allocation_type: str
    order_id: int
    order_list_id: int
    price: str
    qty: str
    quote_qty: str
    commission: str
    commission_asset: str
    time: int
    is_buyer: bool
    is_maker: bool
    is_allocator: bool


class Commission(Model, frozen=True):
    """The commission rates of an account on a symbol."""

    symbol: str
    standard_commission: Rates
    special_commission: Rates
    tax_commission: Rates
    discount: Discount


class Amendment(Model, frozen=True):
    """One reduction of an order."""

    symbol: str
    order_id: int
    execution_id: int
    orig_client_order_id: str
    new_client_order_id: str
    orig_qty: str
    new_qty: str
    time: int


class RelevantFilters(Model, frozen=True):
    """The filters that bind an account on a symbol."""

    exchange_filters: list[Filter]
    symbol_filters: list[Filter]
    asset_filters: list[Filter]


class Session(Model, frozen=True):
    """The state of a connection to the WebSocket API."""

    api_key: str | None
    """Null before logon, as the next."""
    authorized_since: int | None
    connected_since: int
    return_rate_limits: bool
    server_time: int
    user_data_stream: bool | None
    """Is a subscription active? Null where the connection offers none."""


class Subscription(Model, frozen=True):
    """A subscription to the user data stream of one account on this connection."""

    subscription_id: int


class ListenKey(Model, frozen=True):
    """The name of a user data stream of the time before subscriptions; whoever knows it can listen."""

    listen_key: str
