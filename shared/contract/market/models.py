"""Replies of the market data operations, field by field as documented. Prices and quantities are decimal strings.

Unknown fields are not an error here: a reply travels on as the exchange's own bytes, these types only read it.
"""

from typing import Any

from msgspec import UNSET, Struct, UnsetType, field


class Model(Struct, frozen=True, rename="camel"):
    """Base of replies with the exchange's camel-case names."""


class Nothing(Model, frozen=True):
    """An empty object."""


class ServerTime(Model, frozen=True):
    """The exchange's clock."""

    server_time: int


class RateLimit(Model, frozen=True):
    """One limit: so many of something in an interval."""

    rate_limit_type: str
    """REQUEST_WEIGHT, RAW_REQUESTS, ORDERS or CONNECTIONS."""
    interval: str
    interval_num: int
    limit: int
    count: int | UnsetType = UNSET
    """What is spent; only in replies of the WebSocket API and of the order rate limits."""


class Filter(Model, frozen=True):
    """A trading rule of a symbol, of an asset or of the exchange; which fields it has depends on `filterType`."""

    filter_type: str
    min_price: str | UnsetType = UNSET
    max_price: str | UnsetType = UNSET
    tick_size: str | UnsetType = UNSET
    multiplier_up: str | UnsetType = UNSET
    multiplier_down: str | UnsetType = UNSET
    bid_multiplier_up: str | UnsetType = UNSET
    bid_multiplier_down: str | UnsetType = UNSET
    ask_multiplier_up: str | UnsetType = UNSET
    ask_multiplier_down: str | UnsetType = UNSET
    avg_price_mins: int | UnsetType = UNSET
    min_qty: str | UnsetType = UNSET
    max_qty: str | UnsetType = UNSET
    step_size: str | UnsetType = UNSET
    min_notional: str | UnsetType = UNSET
    max_notional: str | UnsetType = UNSET
    apply_to_market: bool | UnsetType = UNSET
    apply_min_to_market: bool | UnsetType = UNSET
    apply_max_to_market: bool | UnsetType = UNSET
    limit: int | str | UnsetType = UNSET
    """Parts of an iceberg, or with MAX_ASSET the largest balance as a decimal string."""
    asset: str | UnsetType = UNSET
    max_position: str | UnsetType = UNSET
    min_trailing_above_delta: int | UnsetType = UNSET
    max_trailing_above_delta: int | UnsetType = UNSET
    min_trailing_below_delta: int | UnsetType = UNSET
    max_trailing_below_delta: int | UnsetType = UNSET
    max_num_orders: int | UnsetType = UNSET
    max_num_algo_orders: int | UnsetType = UNSET
    max_num_iceberg_orders: int | UnsetType = UNSET
    max_num_order_amends: int | UnsetType = UNSET
    max_num_order_lists: int | UnsetType = UNSET


class SymbolInformation(Model, kw_only=True, frozen=True):
    """What may be traded under a symbol, and by which rules."""

    symbol: str
    status: str
    base_asset: str
    base_asset_precision: int
    quote_asset: str
    quote_precision: int
    quote_asset_precision: int
    base_commission_precision: int
    quote_commission_precision: int
    order_types: list[str]
    iceberg_allowed: bool
    oco_allowed: bool
    oto_allowed: bool | UnsetType = UNSET
    opo_allowed: bool | UnsetType = UNSET
    quote_order_qty_market_allowed: bool
    allow_trailing_stop: bool | UnsetType = UNSET
    cancel_replace_allowed: bool | UnsetType = UNSET
    amend_allowed: bool | UnsetType = UNSET
    peg_instructions_allowed: bool | UnsetType = UNSET
    is_spot_trading_allowed: bool
    is_margin_trading_allowed: bool
    filters: list[Filter]
    permissions: list[str]
    permission_sets: list[list[str]] | UnsetType = UNSET
    default_self_trade_prevention_mode: str | UnsetType = UNSET
    allowed_self_trade_prevention_modes: list[str] | UnsetType = UNSET


class SmartOrderRouting(Model, frozen=True):
    """Symbols over which orders for a base asset may be routed."""

    base_asset: str
    symbols: list[str]


class ExchangeInformation(Model, frozen=True):
    """The exchange's rules and symbols."""

    timezone: str
    server_time: int
    rate_limits: list[RateLimit]
    exchange_filters: list[Filter]
    symbols: list[SymbolInformation]
    sors: list[SmartOrderRouting] | UnsetType = UNSET


class ExecutionRule(Model, frozen=True):
    """One execution rule of a symbol."""

    rule_type: str
    bid_limit_mult_up: str | UnsetType = UNSET
    bid_limit_mult_down: str | UnsetType = UNSET
    ask_limit_mult_up: str | UnsetType = UNSET
    ask_limit_mult_down: str | UnsetType = UNSET


class SymbolRules(Model, frozen=True):
    """The execution rules of a symbol."""

    symbol: str
    rules: list[ExecutionRule]


class ExecutionRules(Model, frozen=True):
    """Execution rules by symbol."""

    symbol_rules: list[SymbolRules]


Level = tuple[str, str]
"""A price level: price, quantity."""


class OrderBook(Model, frozen=True):
    """A snapshot of the book: bids from the highest price down, asks from the lowest up."""

    last_update_id: int
    bids: list[Level]
    asks: list[Level]


class BlockTrade(Model, frozen=True):
    """A trade negotiated off the book."""

    id: int
    price: str
    qty: str
    quote_qty: str
    time: int
    is_buyer_maker: bool


class Trade(Model, frozen=True):
    """A trade."""

    id: int
    price: str
    qty: str
    quote_qty: str
    time: int
    is_buyer_maker: bool
    is_best_match: bool


class AggregateTrade(Struct, frozen=True, kw_only=True):
    """Trades of one taker order at one price, joined."""

    id: int = field(name="a")
    price: str = field(name="p")
    quantity: str = field(name="q")
    first_trade_id: int = field(name="f")
    last_trade_id: int = field(name="l")
    time: int = field(name="T")
    is_buyer_maker: bool = field(name="m")
    is_best_match: bool = field(name="M")


class Kline(Struct, frozen=True, array_like=True):
    """A candle, on the wire an array in this order."""

    open_time: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    close_time: int
    quote_volume: str
    trades: int
    taker_buy_volume: str
    taker_buy_quote_volume: str
    unused: Any = "0"


class AveragePrice(Model, frozen=True):
    """Average price over `mins` minutes."""

    mins: int
    price: str
    close_time: int
    """Time of the last trade."""


class Ticker(Model, kw_only=True, frozen=True):
    """Statistics over a window; MINI has no changes, averages and best prices."""

    symbol: str
    price_change: str | UnsetType = UNSET
    price_change_percent: str | UnsetType = UNSET
    weighted_avg_price: str | UnsetType = UNSET
    prev_close_price: str | UnsetType = UNSET
    last_price: str
    last_qty: str | UnsetType = UNSET
    bid_price: str | UnsetType = UNSET
    bid_qty: str | UnsetType = UNSET
    ask_price: str | UnsetType = UNSET
    ask_qty: str | UnsetType = UNSET
    open_price: str
    high_price: str
    low_price: str
    volume: str
    quote_volume: str
    open_time: int
    close_time: int
    first_id: int
    last_id: int
    count: int


class PriceTicker(Model, frozen=True):
    """Last price of a symbol."""

    symbol: str
    price: str


class BookTicker(Model, frozen=True):
    """Best bid and ask of a symbol."""

    symbol: str
    bid_price: str
    bid_qty: str
    ask_price: str
    ask_qty: str


class ReferencePrice(Model, frozen=True):
    """The reference price of a symbol, null while it is unset."""

    symbol: str
    reference_price: str | None
    timestamp: int


class ReferencePriceCalculation(Model, frozen=True):
    """How the reference price comes about: a mean over buckets, or from outside."""

    symbol: str
    calculation_type: str
    bucket_count: int | UnsetType = UNSET
    bucket_width_ms: int | UnsetType = UNSET
    external_calculation_id: int | UnsetType = UNSET
