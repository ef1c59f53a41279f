"""Messages of the market streams, in the exchange's fields and their order. Pure: what is told is passed in.

Each function returns a `Payload`, which becomes text in one unit of time or another when somebody wants it.
(Source: "WebSocket Streams", one section a stream.)
"""

from collections.abc import Iterable

from services.paper_exchange.bars import Bar
from services.paper_exchange.block_trades import BlockTrade
from services.paper_exchange.engine.amounts import text
from services.paper_exchange.engine.book import Book
from services.paper_exchange.engine.events import Traded
from services.paper_exchange.engine.words import Side
from services.paper_exchange.streams.channel import Payload
from services.paper_exchange.tape import MICROS, Aggregate
from services.paper_exchange.tickers import Window, percent
from services.paper_exchange.time_units import Unit


def trade(traded: Traded) -> Payload:
    """`<symbol>@trade`."""

    def tell(unit: Unit) -> str:
        moment = unit(traded.time_us)
        return (
            f'{{"e":"trade","E":{moment},"s":"{traded.symbol}","t":{traded.trade_id},"p":"{text(traded.price)}",'
            f'"q":"{text(traded.quantity)}","T":{moment},"m":{_bool(traded.buyer_is_maker)},"M":true}}'
        )

    return tell


def aggregate_trade(symbol: str, joined: Aggregate) -> Payload:
    """`<symbol>@aggTrade`."""

    def tell(unit: Unit) -> str:
        moment = unit(joined.time_us)
        return (
            f'{{"e":"aggTrade","E":{moment},"s":"{symbol}","a":{joined.id},"p":"{text(joined.price)}",'
            f'"q":"{text(joined.quantity)}","f":{joined.first_id},"l":{joined.last_id},"T":{moment},'
            f'"m":{_bool(joined.buyer_is_maker)},"M":true}}'
        )

    return tell


def block_trade(symbol: str, block: BlockTrade, now_us: int) -> Payload:
    """`<symbol>@blockTrade`."""

    def tell(unit: Unit) -> str:
        return (
            f'{{"e":"blockTrade","E":{unit(now_us)},"s":"{symbol}","t":{block.id},"p":"{text(block.price)}",'
            f'"q":"{text(block.quantity)}","T":{unit(block.time_us)},"m":{_bool(block.buyer_is_maker)}}}'
        )

    return tell


def kline(symbol: str, interval: str, opened_s: int, end_s: int, bar: Bar, now_us: int, *, is_closed: bool) -> Payload:
    """`<symbol>@kline_<interval>`; the candle reaches from `opened_s` to before `end_s`."""
    values = (
        f'"s":"{symbol}","i":"{interval}","f":{bar.first_id},"L":{bar.last_id},"o":"{text(bar.open)}","c":"{text(bar.close)}",'
        f'"h":"{text(bar.high)}","l":"{text(bar.low)}","v":"{text(bar.volume)}","n":{bar.count},"x":{_bool(is_closed)},'
        f'"q":"{text(bar.quote)}","V":"{text(bar.taker_volume)}","Q":"{text(bar.taker_quote)}","B":"0"}}}}'
    )

    def tell(unit: Unit) -> str:
        times = f'"t":{unit(opened_s * MICROS)},"T":{unit(end_s * MICROS - 1)}'
        return f'{{"e":"kline","E":{unit(now_us)},"s":"{symbol}","k":{{{times},{values}'

    return tell


def mini_ticker(symbol: str, bar: Bar, now_us: int) -> Payload:
    """`<symbol>@miniTicker`: the statistics of the last 24 hours in short."""

    def tell(unit: Unit) -> str:
        return (
            f'{{"e":"24hrMiniTicker","E":{unit(now_us)},"s":"{symbol}","c":"{text(bar.close)}",{_range(bar)},'
            f'"v":"{text(bar.volume)}","q":"{text(bar.quote)}"}}'
        )

    return tell


def ticker(symbol: str, bar: Bar, window: Window, previous: int, last_quantity: int, book: Book, now_us: int) -> Payload:
    """`<symbol>@ticker`; `previous` is the price of the last trade before the window."""
    bid, bid_quantity, ask, ask_quantity = _top(book)

    def tell(unit: Unit) -> str:
        return (
            f'{{"e":"24hrTicker","E":{unit(now_us)},"s":"{symbol}",{_change(bar)},"w":"{text(bar.average)}",'
            f'"x":"{text(previous)}","c":"{text(bar.close)}","Q":"{text(last_quantity)}","b":"{bid}","B":"{bid_quantity}",'
            f'"a":"{ask}","A":"{ask_quantity}",{_range(bar)},"v":"{text(bar.volume)}","q":"{text(bar.quote)}",'
            f"{_extent(bar, window, unit)}}}"
        )

    return tell


def window_ticker(symbol: str, size: str, bar: Bar, window: Window, now_us: int) -> Payload:
    """`<symbol>@ticker_<size>`."""

    def tell(unit: Unit) -> str:
        return (
            f'{{"e":"{size}Ticker","E":{unit(now_us)},"s":"{symbol}",{_change(bar)},{_range(bar)},"c":"{text(bar.close)}",'
            f'"w":"{text(bar.average)}","v":"{text(bar.volume)}","q":"{text(bar.quote)}",{_extent(bar, window, unit)}}}'
        )

    return tell


def several(payloads: Iterable[Payload]) -> Payload:
    """The array of a stream of the whole market."""
    every = list(payloads)
    return lambda unit: f"[{','.join([payload(unit) for payload in every])}]"


def book_ticker(symbol: str, book: Book) -> Payload:
    """`<symbol>@bookTicker`, which has no times."""
    bid, bid_quantity, ask, ask_quantity = _top(book)
    told = f'{{"u":{book.update_id},"s":"{symbol}","b":"{bid}","B":"{bid_quantity}","a":"{ask}","A":"{ask_quantity}"}}'
    return lambda _unit: told


def average_price(symbol: str, price: int, last_trade_us: int, now_us: int) -> Payload:
    """`<symbol>@avgPrice`."""
    return lambda unit: (
        f'{{"e":"avgPrice","E":{unit(now_us)},"s":"{symbol}","i":"5m","w":"{text(price)}","T":{unit(last_trade_us)}}}'
    )


def reference_price(symbol: str, price: int | None, time_us: int) -> Payload:
    """`<symbol>@referencePrice`; null while it is not set."""
    shown = "null" if price is None else f'"{text(price)}"'
    return lambda unit: f'{{"e":"referencePrice","s":"{symbol}","r":{shown},"t":{unit(time_us)}}}'


def partial_depth(book: Book, levels: int) -> Payload:
    """`<symbol>@depth<levels>`, which has no times."""
    sides: tuple[Side, Side] = ("BUY", "SELL")
    bids, asks = (
        ",".join([f'["{text(price)}","{text(quantity)}"]' for price, quantity in book.levels(side, levels)]) for side in sides
    )
    told = f'{{"lastUpdateId":{book.update_id},"bids":[{bids}],"asks":[{asks}]}}'
    return lambda _unit: told


def server_shutdown(now_us: int) -> Payload:
    """`!serverShutdown`."""
    return lambda unit: f'{{"e":"serverShutdown","E":{unit(now_us)}}}'


def _top(book: Book) -> tuple[str, str, str, str]:
    """Best bid and ask, each with its quantity."""
    bid, ask = book.best("BUY") or (0, 0), book.best("SELL") or (0, 0)
    return text(bid[0]), text(bid[1]), text(ask[0]), text(ask[1])


def _change(bar: Bar) -> str:
    return f'"p":"{text(bar.change)}","P":"{percent(bar.change, bar.open)}"'


def _range(bar: Bar) -> str:
    return f'"o":"{text(bar.open)}","h":"{text(bar.high)}","l":"{text(bar.low)}"'


def _extent(bar: Bar, window: Window, unit: Unit) -> str:
    return f'"O":{unit(window.open_us)},"C":{unit(window.close_us)},"F":{bar.first_id},"L":{bar.last_id},"n":{bar.count}'


def _bool(value: bool) -> str:
    return "true" if value else "false"
