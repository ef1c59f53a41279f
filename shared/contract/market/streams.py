"""Every market stream: what the exchange calls it, where its events appear on the bus, what they are.

Several streams may share a tool: they are its variants (a speed, an offset from UTC).
Source: "WebSocket Streams" of 2026-07-21; `!ticker@arr` as it was until 2026-03-26.
"""

from typing import get_args

from shared.contract.market.events import (
    AggregateTradeEvent,
    AveragePriceEvent,
    BlockTradeEvent,
    BookTickerEvent,
    DepthEvent,
    KlineEvent,
    MiniTickerEvent,
    ReferencePriceEvent,
    TickerEvent,
    TradeEvent,
    WindowTickerEvent,
)
from shared.contract.market.models import OrderBook
from shared.contract.operation import Ended, Tool
from shared.contract.primitives import Interval, StreamWindow
from shared.contract.stream import Stream

INTERVALS: tuple[str, ...] = get_args(get_args(Interval)[0])
WINDOWS: tuple[str, ...] = get_args(StreamWindow)
LEVELS = ("5", "10", "20")


def _tool(name: str, title: str) -> Tool:
    return Tool(f"subscribe_to_{name}_stream", title, toolset="streams")


_KLINES = _tool("kline", "Candle stream")
_PARTIAL_DEPTH = _tool("depth", "Top of book stream")
_DIFF_DEPTH = _tool("diff_depth", "Book changes stream")

STREAMS: tuple[Stream, ...] = (
    Stream(
        name="<symbol>@aggTrade",
        kind="aggTrade",
        event=AggregateTradeEvent,
        title="Aggregate trades",
        speed_ms=0,
        tool=_tool("aggregate_trade", "Aggregate trade stream"),
    ),
    Stream(
        name="<symbol>@trade",
        kind="trade",
        event=TradeEvent,
        title="Trades",
        speed_ms=0,
        tool=_tool("trade", "Trade stream"),
    ),
    Stream(
        name="<symbol>@blockTrade",
        kind="blockTrade",
        event=BlockTradeEvent,
        title="Block trades",
        speed_ms=0,
        tool=_tool("block_trade", "Block trade stream"),
    ),
    # A candle of 1s comes every second, others every two.
    Stream(
        name="<symbol>@kline_<interval>",
        kind="kline",
        event=KlineEvent,
        title="Candles",
        speed_ms=2000,
        values=INTERVALS,
        option=("timeZone", "0"),
        tool=_KLINES,
    ),
    Stream(
        name="<symbol>@kline_<interval>@+08:00",
        kind="kline",
        event=KlineEvent,
        title="Candles in UTC+8",
        speed_ms=2000,
        values=INTERVALS,
        suffix="+08:00",
        option=("timeZone", "+08:00"),
        tool=_KLINES,
    ),
    Stream(
        name="<symbol>@miniTicker",
        kind="miniTicker",
        event=MiniTickerEvent,
        title="24 hour statistics in short",
        speed_ms=1000,
        tool=_tool("mini_ticker", "Mini ticker stream"),
    ),
    Stream(
        name="!miniTicker@arr",
        kind="miniTicker",
        event=list[MiniTickerEvent],
        title="24 hour statistics in short of all symbols that changed",
        speed_ms=1000,
        tool=_tool("all_mini_tickers", "All mini tickers stream"),
    ),
    Stream(
        name="<symbol>@ticker",
        kind="ticker",
        event=TickerEvent,
        title="24 hour statistics",
        speed_ms=1000,
        tool=_tool("ticker", "Ticker stream"),
    ),
    Stream(
        name="!ticker@arr",
        kind="ticker",
        event=list[TickerEvent],
        title="24 hour statistics of all symbols that changed",
        speed_ms=1000,
        tool=_tool("all_tickers", "All tickers stream"),
        ended=Ended("retired", "2026-03-26", "<symbol>@ticker or !miniTicker@arr"),
    ),
    Stream(
        name="<symbol>@ticker_<window>",
        kind="ticker",
        event=WindowTickerEvent,
        title="Rolling window statistics",
        speed_ms=1000,
        values=WINDOWS,
        tool=_tool("rolling_window_ticker", "Rolling window ticker stream"),
    ),
    Stream(
        name="!ticker_<window>@arr",
        kind="ticker",
        event=list[WindowTickerEvent],
        title="Rolling window statistics of all symbols that changed",
        speed_ms=1000,
        values=WINDOWS,
        tool=_tool("all_rolling_window_tickers", "All rolling window tickers stream"),
    ),
    Stream(
        name="<symbol>@bookTicker",
        kind="bookTicker",
        event=BookTickerEvent,
        title="Best bid and ask",
        speed_ms=0,
        tool=_tool("book_ticker", "Best bid and ask stream"),
    ),
    Stream(
        name="<symbol>@avgPrice",
        kind="avgPrice",
        event=AveragePriceEvent,
        title="Average price",
        speed_ms=1000,
        tool=_tool("average_price", "Average price stream"),
    ),
    Stream(
        name="<symbol>@referencePrice",
        kind="referencePrice",
        event=ReferencePriceEvent,
        title="Reference price",
        speed_ms=1000,
        tool=_tool("reference_price", "Reference price stream"),
    ),
    Stream(
        name="<symbol>@depth<levels>",
        kind="depth{}",
        event=OrderBook,
        title="Top of the book",
        speed_ms=1000,
        values=LEVELS,
        option=("speed", "1000ms"),
        tool=_PARTIAL_DEPTH,
    ),
    Stream(
        name="<symbol>@depth<levels>@100ms",
        kind="depth{}",
        event=OrderBook,
        title="Top of the book",
        speed_ms=100,
        values=LEVELS,
        suffix="100ms",
        option=("speed", "100ms"),
        tool=_PARTIAL_DEPTH,
    ),
    Stream(
        name="<symbol>@depth",
        kind="depth",
        event=DepthEvent,
        title="Changes of the book",
        speed_ms=1000,
        option=("speed", "1000ms"),
        tool=_DIFF_DEPTH,
    ),
    Stream(
        name="<symbol>@depth@100ms",
        kind="depth",
        event=DepthEvent,
        title="Changes of the book",
        speed_ms=100,
        suffix="100ms",
        option=("speed", "100ms"),
        tool=_DIFF_DEPTH,
    ),
)


def find(exchange_name: str) -> tuple[Stream, str, str] | None:
    """The stream that the exchange knows by this name, with its symbol and parameter."""
    return next(((stream, *found) for stream in STREAMS if (found := stream.match(exchange_name))), None)
