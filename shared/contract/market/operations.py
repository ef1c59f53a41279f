"""Every public read of the Spot API: 19 operations, no key needed.

Source: "Market Data endpoints" and "General endpoints" of the REST documentation, "Market data requests" of the WebSocket
API's, 2026-07-21. Weights as printed there.
"""

from msgspec import UNSET

from shared.contract.market.models import (
    AggregateTrade,
    AveragePrice,
    BlockTrade,
    BookTicker,
    ExchangeInformation,
    ExecutionRules,
    Kline,
    Nothing,
    OrderBook,
    PriceTicker,
    ReferencePrice,
    ReferencePriceCalculation,
    ServerTime,
    Ticker,
    Trade,
)
from shared.contract.operation import Operation, Owner, Tool, operation
from shared.contract.primitives import (
    DepthLimit,
    EndTime,
    FromId,
    HundredSymbols,
    Interval,
    Limit,
    Maybe,
    Permissions,
    StartTime,
    Symbol,
    Symbols,
    SymbolStatus,
    TickerType,
    TimeZone,
    WindowSize,
)
from shared.contract.rules import AtMostOne, ExactlyOne, NoDuplicates, Ordered
from shared.contract.weights import ByLimit, BySymbols, Fixed, PerSymbol

MARKET = Owner.MARKET


@operation("ping", rest="GET /api/v3/ping", owner=MARKET, weight=Fixed(1), tool=Tool("ping_binance", "Ping", toolset="system"))
class Ping(Operation[Nothing], frozen=True):
    """Check that the exchange answers."""


@operation(
    "time",
    rest="GET /api/v3/time",
    owner=MARKET,
    weight=Fixed(1),
    tool=Tool("get_server_time", "Server time", toolset="system"),
)
class Time(Operation[ServerTime], frozen=True):
    """The exchange's clock."""


@operation(
    "exchangeInfo",
    rest="GET /api/v3/exchangeInfo",
    owner=MARKET,
    weight=Fixed(20),
    rules=(
        AtMostOne(("symbol", "symbols", "permissions")),
        AtMostOne(("symbolStatus", "symbol")),
        AtMostOne(("symbolStatus", "symbols")),
        NoDuplicates("symbols"),
    ),
    tool=Tool("get_exchange_info", "Exchange information"),
)
class ExchangeInfo(Operation[ExchangeInformation], frozen=True):
    """Trading rules: rate limits, symbols with their filters, order types and permissions."""

    symbol: Maybe[Symbol] = UNSET
    symbols: Maybe[Symbols] = UNSET
    permissions: Maybe[Permissions] = UNSET
    show_permission_sets: Maybe[bool] = UNSET
    symbol_status: Maybe[SymbolStatus] = UNSET


@operation(
    "executionRules",
    rest="GET /api/v3/executionRules",
    owner=MARKET,
    weight=PerSymbol(2, cap=40, all=40),
    rules=(AtMostOne(("symbol", "symbols", "symbolStatus")), NoDuplicates("symbols")),
    tool=Tool("get_execution_rules", "Execution rules"),
)
class GetExecutionRules(Operation[ExecutionRules], frozen=True):
    """Price ranges around the reference price within which orders may execute."""

    symbol: Maybe[Symbol] = UNSET
    symbols: Maybe[Symbols] = UNSET
    symbol_status: Maybe[SymbolStatus] = UNSET


@operation(
    "depth",
    rest="GET /api/v3/depth",
    owner=MARKET,
    weight=ByLimit(((100, 5), (500, 25), (1000, 50), (5000, 250)), default=100),
    tool=Tool("get_order_book", "Order book"),
)
class Depth(Operation[OrderBook], frozen=True):
    """Bids and asks of a symbol, best first, with the book's update id."""

    symbol: Symbol
    limit: Maybe[DepthLimit] = UNSET
    symbol_status: Maybe[SymbolStatus] = UNSET


@operation(
    "trades.recent",
    rest="GET /api/v3/trades",
    owner=MARKET,
    weight=Fixed(25),
    tool=Tool("get_recent_trades", "Recent trades"),
)
class RecentTrades(Operation[list[Trade]], frozen=True):
    """The newest trades of a symbol, oldest first."""

    symbol: Symbol
    limit: Maybe[Limit] = UNSET


@operation(
    "trades.historical",
    rest="GET /api/v3/historicalTrades",
    owner=MARKET,
    weight=Fixed(25),
    tool=Tool("get_historical_trades", "Historical trades"),
)
class HistoricalTrades(Operation[list[Trade]], frozen=True):
    """Trades of a symbol from a trade id on; without it the newest."""

    symbol: Symbol
    limit: Maybe[Limit] = UNSET
    from_id: Maybe[FromId] = UNSET


@operation(
    "blockTrades.historical",
    rest="GET /api/v3/historicalBlockTrades",
    owner=MARKET,
    weight=Fixed(25),
    tool=Tool("get_historical_block_trades", "Block trades"),
)
class HistoricalBlockTrades(Operation[list[BlockTrade]], frozen=True):
    """Block trades of a symbol from a block trade id on."""

    symbol: Symbol
    from_id: FromId
    limit: Maybe[Limit] = UNSET


@operation(
    "trades.aggregate",
    rest="GET /api/v3/aggTrades",
    owner=MARKET,
    weight=Fixed(4),
    rules=(AtMostOne(("fromId", "startTime")), AtMostOne(("fromId", "endTime")), Ordered()),
    tool=Tool("get_aggregate_trades", "Aggregate trades"),
)
class AggregateTrades(Operation[list[AggregateTrade]], frozen=True):
    """Trades of one taker order at one price, joined; by id, by time, or the newest."""

    symbol: Symbol
    from_id: Maybe[FromId] = UNSET
    start_time: Maybe[StartTime] = UNSET
    end_time: Maybe[EndTime] = UNSET
    limit: Maybe[Limit] = UNSET


@operation(
    "klines",
    rest="GET /api/v3/klines",
    owner=MARKET,
    weight=Fixed(2),
    rules=(Ordered(),),
    tool=Tool("get_historical_prices", "Candles"),
)
class Klines(Operation[list[Kline]], frozen=True):
    """Candles of a symbol: open time, open, high, low, close, volume, close time, quote volume, trades, taker volumes."""

    symbol: Symbol
    interval: Interval
    start_time: Maybe[StartTime] = UNSET
    end_time: Maybe[EndTime] = UNSET
    time_zone: Maybe[TimeZone] = UNSET
    limit: Maybe[Limit] = UNSET


@operation(
    "uiKlines",
    rest="GET /api/v3/uiKlines",
    owner=MARKET,
    weight=Fixed(2),
    rules=(Ordered(),),
    tool=Tool("get_ui_klines", "Chart candles"),
)
class UiKlines(Operation[list[Kline]], frozen=True):
    """Candles prepared for charts; for analysis use get_historical_prices."""

    symbol: Symbol
    interval: Interval
    start_time: Maybe[StartTime] = UNSET
    end_time: Maybe[EndTime] = UNSET
    time_zone: Maybe[TimeZone] = UNSET
    limit: Maybe[Limit] = UNSET


@operation(
    "avgPrice",
    rest="GET /api/v3/avgPrice",
    owner=MARKET,
    weight=Fixed(2),
    tool=Tool("get_average_price", "Average price"),
)
class GetAveragePrice(Operation[AveragePrice], frozen=True):
    """Volume-weighted average price of the last minutes (five at most symbols)."""

    symbol: Symbol


@operation(
    "ticker.24hr",
    rest="GET /api/v3/ticker/24hr",
    owner=MARKET,
    weight=BySymbols(2, ((20, 2), (100, 40)), 80),
    rules=(AtMostOne(("symbol", "symbols")), NoDuplicates("symbols")),
    tool=Tool("get_24hr_ticker", "24 hour statistics"),
)
class Ticker24hr(Operation[Ticker | list[Ticker]], frozen=True):
    """Price change, range and volume of the last 24 hours; of all symbols when none is given."""

    symbol: Maybe[Symbol] = UNSET
    symbols: Maybe[Symbols] = UNSET
    type: Maybe[TickerType] = UNSET
    symbol_status: Maybe[SymbolStatus] = UNSET


@operation(
    "ticker.tradingDay",
    rest="GET /api/v3/ticker/tradingDay",
    owner=MARKET,
    weight=PerSymbol(4, cap=200),
    rules=(ExactlyOne(("symbol", "symbols")), NoDuplicates("symbols")),
    tool=Tool("get_trading_day_ticker", "Trading day statistics"),
)
class TickerTradingDay(Operation[Ticker | list[Ticker]], frozen=True):
    """Price change, range and volume since the trading day began."""

    symbol: Maybe[Symbol] = UNSET
    symbols: Maybe[HundredSymbols] = UNSET
    time_zone: Maybe[TimeZone] = UNSET
    type: Maybe[TickerType] = UNSET
    symbol_status: Maybe[SymbolStatus] = UNSET


@operation(
    "ticker.price",
    rest="GET /api/v3/ticker/price",
    owner=MARKET,
    weight=BySymbols(2, (), 4),
    rules=(AtMostOne(("symbol", "symbols")), NoDuplicates("symbols")),
    tool=Tool("get_price", "Price"),
)
class TickerPrice(Operation[PriceTicker | list[PriceTicker]], frozen=True):
    """Last price of a symbol, of several, or of all."""

    symbol: Maybe[Symbol] = UNSET
    symbols: Maybe[Symbols] = UNSET
    symbol_status: Maybe[SymbolStatus] = UNSET


@operation(
    "ticker.book",
    rest="GET /api/v3/ticker/bookTicker",
    owner=MARKET,
    weight=BySymbols(2, (), 4),
    rules=(AtMostOne(("symbol", "symbols")), NoDuplicates("symbols")),
    tool=Tool("get_book_ticker", "Best bid and ask"),
)
class TickerBook(Operation[BookTicker | list[BookTicker]], frozen=True):
    """Best bid and ask with their quantities, of a symbol, of several, or of all."""

    symbol: Maybe[Symbol] = UNSET
    symbols: Maybe[Symbols] = UNSET
    symbol_status: Maybe[SymbolStatus] = UNSET


@operation(
    "ticker",
    rest="GET /api/v3/ticker",
    owner=MARKET,
    weight=PerSymbol(4, cap=200),
    rules=(ExactlyOne(("symbol", "symbols")), NoDuplicates("symbols")),
    tool=Tool("get_rolling_window_ticker", "Rolling window statistics"),
)
class TickerWindow(Operation[Ticker | list[Ticker]], frozen=True):
    """Price change, range and volume over a window of your choice."""

    symbol: Maybe[Symbol] = UNSET
    symbols: Maybe[HundredSymbols] = UNSET
    window_size: Maybe[WindowSize] = UNSET
    type: Maybe[TickerType] = UNSET
    symbol_status: Maybe[SymbolStatus] = UNSET


@operation(
    "referencePrice",
    rest="GET /api/v3/referencePrice",
    owner=MARKET,
    weight=Fixed(2),
    tool=Tool("get_reference_price", "Reference price"),
)
class GetReferencePrice(Operation[ReferencePrice], frozen=True):
    """The price around which execution rules draw their ranges; null while it is unset."""

    symbol: Symbol


@operation(
    "referencePrice.calculation",
    rest="GET /api/v3/referencePrice/calculation",
    owner=MARKET,
    weight=Fixed(2),
    tool=Tool("get_reference_price_calculation", "Reference price calculation"),
)
class GetReferencePriceCalculation(Operation[ReferencePriceCalculation], frozen=True):
    """How a symbol's reference price is reckoned."""

    symbol: Symbol
    symbol_status: Maybe[SymbolStatus] = UNSET
