"""What the exchange answers: one function per operation, under the operation's own name, from decoded parameters to the body.

`HANDLERS` is the only list of what is served. A body is JSON as the exchange writes it: eight decimals, times in the unit that
was asked for.
"""

from collections.abc import Callable, Iterable
from typing import Any, Concatenate

from msgspec import Struct, json

from services.paper_exchange import tickers
from services.paper_exchange.bars import Bar
from services.paper_exchange.candles import Chart, openings
from services.paper_exchange.engine.amounts import plain, text
from services.paper_exchange.engine.instrument import Instrument, PriceRange
from services.paper_exchange.errors import refused
from services.paper_exchange.keys import Key
from services.paper_exchange.replies import Replies
from services.paper_exchange.symbols import SORS
from services.paper_exchange.tape import MICROS
from services.paper_exchange.tickers import Window
from services.paper_exchange.venue import Venue
from services.paper_exchange.weights import Limits
from shared.contract.rules import MICROSECONDS_FROM

DEFAULT_LIMIT, DEFAULT_DEPTH = 500, 100
EARLIEST_MS = 1_483_228_800_000
"""2017-01-01: times before it count as it. (REST documentation, "Timestamp parameters".)"""
AHEAD_MS = 10_000
_MAX_ROWS = 60_000
_DEFAULT_PERMISSIONS = ("SPOT", "MARGIN", "LEVERAGED")


class Call(Struct, frozen=True):
    """A request that has been decoded."""

    given: dict[str, Any]
    micros: bool = False
    """Are times in the reply microseconds?"""
    ws_api: bool = False
    account: str = ""
    """Who asks: the account of the key that signed (or only named) the request; empty where no key is needed."""
    key: Key | None = None

    def time(self, time_us: int) -> int:
        """A time in the reply's unit."""
        return time_us if self.micros else time_us // 1000

    @property
    def limit(self) -> int:
        return self.given.get("limit", DEFAULT_LIMIT)


class Handlers:
    """Answers from the state of one exchange."""

    def __init__(self, venue: Venue, limits: Limits) -> None:
        self.venue = venue
        self.limits = limits
        self.ahead_us = 0
        """The exchange's clock is so far ahead, in what it tells and in how it judges timestamps (a drill)."""
        self.replies = Replies()
        self._rows: dict[tuple[str, str, int, bool, int], str] = {}
        self._described: dict[str, dict[str, Any]] = {symbol: each.described() for symbol, each in venue.instruments.items()}

    def ping(self, _call: Call) -> bytes:
        return b"{}"

    def time(self, call: Call) -> bytes:
        return b'{"serverTime":%d}' % call.time(self.venue.now_us + self.ahead_us)

    def exchange_info(self, call: Call) -> bytes:
        given = call.given
        wanted = self._asked(given) if "symbol" in given or "symbols" in given else list(self._described)
        if "symbol" not in given and "symbols" not in given:
            permissions = set(given.get("permissions", _DEFAULT_PERMISSIONS))
            wanted = [symbol for symbol in wanted if permissions & _permissions(self._instrument(symbol))]
            if "symbolStatus" in given:
                wanted = [symbol for symbol in wanted if self._instrument(symbol).status == given["symbolStatus"]]
        shown = given.get("showPermissionSets", True)
        key = ("exchangeInfo", tuple(wanted), shown, call.ws_api)
        tail = self.replies.get(key, 0, lambda: self._rules(wanted, call, shown=shown))
        return b'{"timezone":"UTC","serverTime":%d,%s' % (call.time(self.venue.now_us + self.ahead_us), tail)

    def execution_rules(self, call: Call) -> bytes:
        given = call.given
        if "symbol" in given or "symbols" in given:
            wanted = self._asked(given)
        else:
            status = given.get("symbolStatus")
            instruments = (self._instrument(symbol) for symbol in self._described)
            wanted = [each.symbol for each in instruments if each.price_range and status in (None, each.status)]
        rules = [{"symbol": symbol, "rules": _rules(self._instrument(symbol).price_range)} for symbol in wanted]
        return json.encode({"symbolRules": rules})

    def depth(self, call: Call) -> bytes:
        symbol, limit = call.given["symbol"], call.given.get("limit", DEFAULT_DEPTH)
        if symbol not in self._described or "symbolStatus" in call.given:
            self._one(call.given)
        book = self.venue.engine.book(symbol)

        def make() -> bytes:
            sides = (
                ",".join(f'["{text(price)}","{text(quantity)}"]' for price, quantity in book.levels(side, limit))
                for side in ("BUY", "SELL")
            )
            bids, asks = sides
            return f'{{"lastUpdateId":{book.update_id},"bids":[{bids}],"asks":[{asks}]}}'.encode()

        return self.replies.get(("depth", symbol, limit), book.update_id, make)

    def trades(self, call: Call) -> bytes:
        symbol = self._one(call.given)
        tape = self.venue.charts[symbol].tape
        from_id = call.given.get("fromId")

        def make() -> bytes:
            rows = (
                f'{{"id":{trade.id},"price":"{text(trade.price)}","qty":"{text(trade.quantity)}",'
                f'"quoteQty":"{text(trade.quote)}","time":{call.time(trade.time_us)},'
                f'"isBuyerMaker":{_bool(trade.buyer_is_maker)},"isBestMatch":true}}'
                for trade in tape.trades(call.limit, from_id)
            )
            return f"[{','.join(rows)}]".encode()

        return self.replies.get(("trades", symbol, call.limit, from_id, call.micros), tape.next_id, make)

    def block_trades(self, call: Call) -> bytes:
        symbol = self._one(call.given)
        blocks = self.venue.blocks[symbol]
        from_id = call.given.get("fromId")
        found = blocks[-call.limit :] if from_id is None else [each for each in blocks if each.id >= from_id][: call.limit]
        rows = (
            f'{{"id":{trade.id},"price":"{text(trade.price)}","qty":"{text(trade.quantity)}",'
            f'"quoteQty":"{text(trade.quote)}","time":{call.time(trade.time_us)},'
            f'"isBuyerMaker":{_bool(trade.buyer_is_maker)}}}'
            for trade in found
        )
        return f"[{','.join(rows)}]".encode()

    def aggregate_trades(self, call: Call) -> bytes:
        symbol = self._one(call.given)
        tape = self.venue.charts[symbol].tape
        given, limit = call.given, call.limit
        start_us, end_us = (self.moment(given.get(name)) for name in ("startTime", "endTime"))
        if end_us is not None and given["endTime"] < MICROSECONDS_FROM:
            end_us += 999
        key = ("aggTrades", symbol, limit, given.get("fromId"), start_us, end_us, call.micros)

        def make() -> bytes:
            rows = (
                f'{{"a":{each.id},"p":"{text(each.price)}","q":"{text(each.quantity)}","f":{each.first_id},'
                f'"l":{each.last_id},"T":{call.time(each.time_us)},"m":{_bool(each.buyer_is_maker)},"M":true}}'
                for each in tape.aggregate_trades(limit, given.get("fromId"), start_us, end_us)
            )
            return f"[{','.join(rows)}]".encode()

        return self.replies.get(key, tape.next_id, make)

    def klines(self, call: Call) -> bytes:
        given = call.given
        symbol, interval = self._one(given), given["interval"]
        chart = self.venue.charts[symbol]
        offset_s = _offset(given.get("timeZone", "0"))
        now_s = self.venue.now_us // MICROS
        until_s = now_s if chart.closed_s is None else min(now_s, chart.closed_s - 1)
        start_us, end_us = (self.moment(given.get(name)) for name in ("startTime", "endTime"))
        key = ("klines", symbol, interval, offset_s, call.limit, start_us, end_us, call.micros)

        def make() -> bytes:
            moments = openings(
                interval,
                call.limit,
                until_s,
                start_s=None if start_us is None else -(-start_us // MICROS),
                end_s=None if end_us is None else end_us // MICROS,
                offset_s=offset_s,
            )
            rows = self._candles(chart, symbol, interval, moments, now_s, offset_s, call)
            return f"[{','.join(rows)}]".encode()

        return self.replies.get(key, (now_s, chart.tape.next_id), make)

    def average_price(self, call: Call) -> bytes:
        symbol = self._one(call.given)
        price, closed_us = tickers.average(self.venue.charts[symbol], self.venue.now_us)
        return f'{{"mins":{tickers.AVERAGE_MINS},"price":"{text(price)}","closeTime":{call.time(closed_us)}}}'.encode()

    def ticker_24hr(self, call: Call) -> bytes:
        return self._tickers(call, lambda now_us: tickers.last_day(now_us), full=_full_24hr)

    def ticker_trading_day(self, call: Call) -> bytes:
        offset_s = _offset(call.given.get("timeZone", "0"))
        return self._tickers(call, lambda now_us: tickers.trading_day(now_us, offset_s), full=_full)

    def ticker(self, call: Call) -> bytes:
        size = call.given.get("windowSize", "1d")
        return self._tickers(call, lambda now_us: tickers.rolling(size, now_us), full=_full)

    def ticker_price(self, call: Call) -> bytes:
        def make(symbol: str) -> str:
            price = self._last_price(symbol)
            return f'{{"symbol":"{symbol}","price":"{text(price)}"}}'

        return self._each(call.given, make)

    def ticker_book(self, call: Call) -> bytes:
        def make(symbol: str) -> str:
            return f'{{"symbol":"{symbol}",{tickers.best(self.venue.engine.book(symbol))}}}'

        return self._each(call.given, make)

    def reference_price(self, call: Call) -> bytes:
        symbol = self._one(call.given)
        reference, now_us = self.venue.engine.state.markets[symbol].reference, self.venue.now_us
        if reference is None or not reference.ever_set:
            raise refused(-2043)
        price, time_us = reference.at(now_us), now_us // MICROS * MICROS
        shown = "null" if price is None else f'"{text(price)}"'
        return f'{{"symbol":"{symbol}","referencePrice":{shown},"timestamp":{call.time(time_us)}}}'.encode()

    def reference_price_calculation(self, call: Call) -> bytes:
        symbol = self._one(call.given)
        rule = self._instrument(symbol).reference
        if rule is None:
            raise refused(-2043)
        if rule.bucket_count:
            how = {
                "calculationType": "ARITHMETIC_MEAN",
                "bucketCount": rule.bucket_count,
                "bucketWidthMs": rule.bucket_width_ms,
            }
        else:
            how = {"calculationType": "EXTERNAL", "externalCalculationId": rule.external_id}
        return json.encode({"symbol": symbol, **how})

    def _instrument(self, symbol: str) -> Instrument:
        return self.venue.engine.state.markets[symbol].instrument

    def listed(self, symbol: str) -> str:
        """The symbol, if it exists."""
        if symbol not in self._described:
            raise refused(-1121)
        return symbol

    def _one(self, given: dict[str, Any]) -> str:
        """The symbol that is asked for, if it exists and has the status that is asked for."""
        symbol = self.listed(given["symbol"])
        if given.get("symbolStatus", self._instrument(symbol).status) != self._instrument(symbol).status:
            raise refused(-1220)
        return symbol

    def _asked(self, given: dict[str, Any]) -> list[str]:
        """The symbols of a request for one, several or all."""
        if "symbol" in given:
            return [self._one(given)]
        wanted: list[str] = given.get("symbols") or list(self._described)
        if any(symbol not in self._described for symbol in wanted):
            raise refused(-1121)
        status = given.get("symbolStatus")
        return [symbol for symbol in wanted if status in (None, self._instrument(symbol).status)]

    def _each(self, given: dict[str, Any], make: Callable[[str], str]) -> bytes:
        bodies = ",".join([make(symbol) for symbol in self._asked(given)])
        return bodies.encode() if "symbol" in given else f"[{bodies}]".encode()

    def moment(self, time: int | None) -> int | None:
        """A time parameter in microseconds, moved into the range that the exchange knows."""
        if time is None:
            return None
        if time < MICROSECONDS_FROM:
            time *= 1000
        return min(max(time, EARLIEST_MS * 1000), self.venue.now_us + AHEAD_MS * 1000)

    def _last_price(self, symbol: str) -> int:
        chart = self.venue.charts[symbol]
        return chart.tape.prices[-1] if len(chart.tape) else chart.close_before(self.venue.now_us // MICROS)

    def _tickers(
        self, call: Call, window: Callable[[int], Window], *, full: "Callable[Concatenate[Handlers, str, ...], str]"
    ) -> bytes:
        now_us, mini = self.venue.now_us, call.given.get("type") == "MINI"
        span = window(now_us)

        def make(symbol: str) -> str:
            chart, book = self.venue.charts[symbol], self.venue.engine.book(symbol)
            version = (now_us // MICROS, chart.tape.next_id, book.update_id)

            def tell() -> bytes:
                bar = tickers.statistics(chart, span, now_us)
                ending = f'"openTime":{call.time(span.open_us)},"closeTime":{call.time(span.close_us)},{tickers.ids(bar)}}}'
                if mini:
                    last = f'"lastPrice":"{text(bar.close)}"'
                    return f'{{"symbol":"{symbol}",{tickers.prices(bar)},{last},{tickers.volumes(bar)},{ending}'.encode()
                return f'{{"symbol":"{symbol}",{tickers.changes(bar)},{full(self, symbol, bar, span)},{ending}'.encode()

            # The opening identifies the window, where it does not move with the clock.
            key = (full, symbol, mini, call.micros, span.close_us - span.open_us, span.open_us if full is _full else 0)
            return self.replies.get(key, version, tell).decode()

        return self._each(call.given, make)

    def _candles(
        self, chart: Chart, symbol: str, interval: str, moments: list[int], now_s: int, offset_s: int, call: Call
    ) -> Iterable[str]:
        known = self._rows
        for index, opened in enumerate(moments):
            key = (symbol, interval, offset_s, call.micros, opened)
            row = known.get(key)
            if row is not None:
                yield row
                continue
            for start, end, bar in chart.candles(interval, moments[index : index + 1], now_s, offset_s):
                row = _row(start, end, bar, call)
                if end <= now_s:
                    if len(known) >= _MAX_ROWS:
                        known.clear()
                    known[key] = row
                yield row

    def _rules(self, wanted: list[str], call: Call, *, shown: bool) -> bytes:
        limits: list[Any] = self.limits.described()
        if call.ws_api:
            limits.append(self.limits.connections_described())
        symbols = [self._described[symbol] for symbol in wanted]
        if not shown:
            symbols = [described | {"permissionSets": list[Any]()} for described in symbols]
        filters = [each.described() for each in self.venue.engine.state.exchange_filters]
        info: dict[str, Any] = {"rateLimits": limits, "exchangeFilters": filters, "symbols": symbols}
        sors = [
            {"baseAsset": base, "symbols": list(routed)}
            for base, routed in SORS.items()
            if any(each in wanted for each in routed)
        ]
        if sors:
            info["sors"] = sors
        return json.encode(info)[1:]


def _full_24hr(handlers: Handlers, symbol: str, bar: Bar, span: Window) -> str:
    chart = handlers.venue.charts[symbol]
    quantity = chart.tape.quantities[-1] if len(chart.tape) and bar.count else 0
    previous = chart.close_before(span.open_us // MICROS) if bar.count else bar.close
    return (
        f'"prevClosePrice":"{text(previous)}","lastPrice":"{text(bar.close)}","lastQty":"{text(quantity)}",'
        f"{tickers.best(handlers.venue.engine.book(symbol))},{tickers.prices(bar)},{tickers.volumes(bar)}"
    )


def _full(_handlers: Handlers, _symbol: str, bar: Bar, _span: Window) -> str:
    return f'{tickers.prices(bar)},"lastPrice":"{text(bar.close)}",{tickers.volumes(bar)}'


def _row(start_s: int, end_s: int, bar: Bar, call: Call) -> str:
    return (
        f'[{call.time(start_s * MICROS)},"{text(bar.open)}","{text(bar.high)}","{text(bar.low)}","{text(bar.close)}",'
        f'"{text(bar.volume)}",{call.time(end_s * MICROS - 1)},"{text(bar.quote)}",{bar.count},'
        f'"{text(bar.taker_volume)}","{text(bar.taker_quote)}","0"]'
    )


def _rules(price_range: PriceRange | None) -> list[dict[str, str]]:
    if price_range is None:
        return []
    names = {
        "bidLimitMultUp": price_range.bid_up,
        "bidLimitMultDown": price_range.bid_down,
        "askLimitMultUp": price_range.ask_up,
        "askLimitMultDown": price_range.ask_down,
    }
    return [{"ruleType": "PRICE_RANGE", **{name: plain(value) for name, value in names.items() if value is not None}}]


def _permissions(instrument: Instrument) -> set[str]:
    return {name for names in instrument.permission_sets for name in names}


def _offset(zone: str) -> int:
    """Seconds from UTC of `-1:00`, `05:45` or `8`."""
    sign = -1 if zone.startswith("-") else 1
    hours, _, minutes = zone.lstrip("+-").partition(":")
    offset_s = sign * (int(hours) * 3600 + int(minutes or 0) * 60)
    if not -12 * 3600 <= offset_s <= 14 * 3600:
        raise refused(-1130, "timeZone")
    return offset_s


def _bool(value: bool) -> str:
    return "true" if value else "false"


Handler = Callable[[Handlers, Call], bytes]

HANDLERS: dict[str, Handler] = {
    "ping": Handlers.ping,
    "time": Handlers.time,
    "exchangeInfo": Handlers.exchange_info,
    "executionRules": Handlers.execution_rules,
    "depth": Handlers.depth,
    "trades.recent": Handlers.trades,
    "trades.historical": Handlers.trades,
    "blockTrades.historical": Handlers.block_trades,
    "trades.aggregate": Handlers.aggregate_trades,
    "klines": Handlers.klines,
    "uiKlines": Handlers.klines,
    "avgPrice": Handlers.average_price,
    "ticker.24hr": Handlers.ticker_24hr,
    "ticker.tradingDay": Handlers.ticker_trading_day,
    "ticker": Handlers.ticker,
    "ticker.price": Handlers.ticker_price,
    "ticker.book": Handlers.ticker_book,
    "referencePrice": Handlers.reference_price,
    "referencePrice.calculation": Handlers.reference_price_calculation,
}
"""By operation: what the WebSocket API calls a method."""
