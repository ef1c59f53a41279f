"""Events of the market streams, with readable names for the exchange's letters. Prices and quantities are decimal strings.

Times are Unix milliseconds (microseconds where a connection asks for them). Partial depth sends `market.models.OrderBook`.
Source: "WebSocket Streams" of 2026-07-21.
"""

from msgspec import UNSET, Struct, UnsetType, field

from shared.contract.market.models import Level


class TradeEvent(Struct, frozen=True):
    """A trade."""

    event_type: str = field(name="e")
    event_time: int = field(name="E")
    symbol: str = field(name="s")
    trade_id: int = field(name="t")
    price: str = field(name="p")
    quantity: str = field(name="q")
    trade_time: int = field(name="T")
    is_buyer_maker: bool = field(name="m")
    unused: bool | UnsetType = field(name="M", default=UNSET)
    buyer_order_id: int | UnsetType = field(name="b", default=UNSET)
    """Gone since 2024-06-18, as the next; older recordings have both."""
    seller_order_id: int | UnsetType = field(name="a", default=UNSET)


class AggregateTradeEvent(Struct, frozen=True):
    """Trades of one taker order at one price and time, joined."""

    event_type: str = field(name="e")
    event_time: int = field(name="E")
    symbol: str = field(name="s")
    aggregate_trade_id: int = field(name="a")
    price: str = field(name="p")
    quantity: str = field(name="q")
    first_trade_id: int = field(name="f")
    last_trade_id: int = field(name="l")
    trade_time: int = field(name="T")
    is_buyer_maker: bool = field(name="m")
    unused: bool | UnsetType = field(name="M", default=UNSET)


class BlockTradeEvent(Struct, frozen=True):
    """A trade negotiated off the book."""

    event_type: str = field(name="e")
    event_time: int = field(name="E")
    symbol: str = field(name="s")
    block_trade_id: int = field(name="t")
    price: str = field(name="p")
    quantity: str = field(name="q")
    trade_time: int = field(name="T")
    is_buyer_maker: bool = field(name="m")


class Candle(Struct, frozen=True):
    """The candle inside a `KlineEvent`."""

    open_time: int = field(name="t")
    close_time: int = field(name="T")
    symbol: str = field(name="s")
    interval: str = field(name="i")
    first_trade_id: int = field(name="f")
    last_trade_id: int = field(name="L")
    open: str = field(name="o")
    close: str = field(name="c")
    high: str = field(name="h")
    low: str = field(name="l")
    volume: str = field(name="v")
    trades: int = field(name="n")
    is_closed: bool = field(name="x")
    """Will it change no more?"""
    quote_volume: str = field(name="q")
    taker_buy_volume: str = field(name="V")
    taker_buy_quote_volume: str = field(name="Q")
    unused: str | UnsetType = field(name="B", default=UNSET)


class KlineEvent(Struct, frozen=True):
    """The current candle, as it grows; with an offset of +08:00 its boundaries move, its times stay in UTC."""

    event_type: str = field(name="e")
    event_time: int = field(name="E")
    symbol: str = field(name="s")
    candle: Candle = field(name="k")


class MiniTickerEvent(Struct, frozen=True):
    """Statistics of the last 24 hours, in short."""

    event_type: str = field(name="e")
    event_time: int = field(name="E")
    symbol: str = field(name="s")
    close: str = field(name="c")
    open: str = field(name="o")
    high: str = field(name="h")
    low: str = field(name="l")
    volume: str = field(name="v")
    quote_volume: str = field(name="q")


class WindowTickerEvent(Struct, frozen=True):
    """Statistics of a rolling window of 1h, 4h or 1d."""

    event_type: str = field(name="e")
    event_time: int = field(name="E")
    symbol: str = field(name="s")
    price_change: str = field(name="p")
    price_change_percent: str = field(name="P")
    open: str = field(name="o")
    high: str = field(name="h")
    low: str = field(name="l")
    close: str = field(name="c")
    weighted_average_price: str = field(name="w")
    volume: str = field(name="v")
    quote_volume: str = field(name="q")
    open_time: int = field(name="O")
    """Rounded down to a minute: the window is up to 59,999 ms wider than its name."""
    close_time: int = field(name="C")
    first_trade_id: int = field(name="F")
    last_trade_id: int = field(name="L")
    trades: int = field(name="n")


class TickerEvent(Struct, frozen=True):
    """Statistics of the last 24 hours, with the best prices."""

    event_type: str = field(name="e")
    event_time: int = field(name="E")
    symbol: str = field(name="s")
    price_change: str = field(name="p")
    price_change_percent: str = field(name="P")
    weighted_average_price: str = field(name="w")
    previous_close: str = field(name="x")
    """Price of the last trade before the window."""
    close: str = field(name="c")
    close_quantity: str = field(name="Q")
    bid: str = field(name="b")
    bid_quantity: str = field(name="B")
    ask: str = field(name="a")
    ask_quantity: str = field(name="A")
    open: str = field(name="o")
    high: str = field(name="h")
    low: str = field(name="l")
    volume: str = field(name="v")
    quote_volume: str = field(name="q")
    open_time: int = field(name="O")
    close_time: int = field(name="C")
    first_trade_id: int = field(name="F")
    last_trade_id: int = field(name="L")
    trades: int = field(name="n")


class BookTickerEvent(Struct, frozen=True):
    """The best bid and ask, at every change of a price or quantity."""

    update_id: int = field(name="u")
    symbol: str = field(name="s")
    bid: str = field(name="b")
    bid_quantity: str = field(name="B")
    ask: str = field(name="a")
    ask_quantity: str = field(name="A")


class AveragePriceEvent(Struct, frozen=True):
    """The average price over an interval such as 5m."""

    event_type: str = field(name="e")
    event_time: int = field(name="E")
    symbol: str = field(name="s")
    interval: str = field(name="i")
    average_price: str = field(name="w")
    last_trade_time: int = field(name="T")


class ReferencePriceEvent(Struct, frozen=True):
    """The reference price, null while it is unset; without a time of sending."""

    event_type: str = field(name="e")
    symbol: str = field(name="s")
    reference_price: str | None = field(name="r")
    time: int = field(name="t")


class DepthEvent(Struct, frozen=True):
    """Changes of the book: a quantity is absolute, and zero removes the level.

    `first_update_id` follows the last event's `last_update_id` by one; where it does not, the book has a hole.
    """

    event_type: str = field(name="e")
    event_time: int = field(name="E")
    symbol: str = field(name="s")
    first_update_id: int = field(name="U")
    last_update_id: int = field(name="u")
    bids: list[Level] = field(name="b")
    asks: list[Level] = field(name="a")


class ServerShutdown(Struct, frozen=True):
    """The server is about to go: open a new connection. Sent on market streams and on the WebSocket API."""

    event_type: str = field(name="e")
    event_time: int = field(name="E")
