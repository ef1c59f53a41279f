"""What requests are answered from: the state of one exchange, and what all answers need to find in it.

An answer is a function from it and a decoded request to the body, one for each operation: `public.PUBLIC` and
`trading.TRADING` are the only lists of what is served. A body is JSON as the exchange writes it.
"""

from collections.abc import Callable
from typing import Any

from services.paper_exchange.call import Call
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.errors import refused
from services.paper_exchange.replies import Replies
from services.paper_exchange.venue import Venue
from services.paper_exchange.weights import Limits
from shared.contract.rules import MICROSECONDS_FROM

DEFAULT_DEPTH = 100
EARLIEST_MS = 1_483_228_800_000
"""2017-01-01: times before it count as it. (REST documentation, "Timestamp parameters".)"""
AHEAD_MS = 10_000


class Handlers:
    """The state of one exchange, and how it is looked up."""

    def __init__(self, venue: Venue, limits: Limits) -> None:
        self.venue = venue
        self.limits = limits
        self.ahead_us = 0
        """The exchange's clock is so far ahead, in what it tells and in how it judges timestamps (a drill)."""
        self.replies = Replies()
        self.candle_rows: dict[tuple[str, str, int, bool, int], str] = {}
        """Rows of closed candles: by symbol, interval, offset, microseconds or not, opening."""
        self.symbols: dict[str, None] = dict.fromkeys(venue.instruments)
        """What is listed, in that order."""

    def instrument(self, symbol: str) -> Instrument:
        """The rules of a symbol that is listed."""
        return self.venue.engine.state.markets[symbol].instrument

    def listed(self, symbol: str) -> str:
        """The symbol, if it exists."""
        if symbol not in self.symbols:
            raise refused(-1121)
        return symbol

    def one(self, given: dict[str, Any]) -> str:
        """The symbol that is asked for, if it exists and has the status that is asked for."""
        symbol = self.listed(given["symbol"])
        if given.get("symbolStatus", self.instrument(symbol).status) != self.instrument(symbol).status:
            raise refused(-1220)
        return symbol

    def asked(self, given: dict[str, Any]) -> list[str]:
        """The symbols of a request for one, several or all."""
        if "symbol" in given:
            return [self.one(given)]
        wanted: list[str] = given.get("symbols") or list(self.symbols)
        if any(symbol not in self.symbols for symbol in wanted):
            raise refused(-1121)
        status = given.get("symbolStatus")
        return [symbol for symbol in wanted if status in (None, self.instrument(symbol).status)]

    def each(self, given: dict[str, Any], make: Callable[[str], str]) -> bytes:
        """What is told of the symbols that are asked for: of one an object, of several or all a list."""
        bodies = ",".join([make(symbol) for symbol in self.asked(given)])
        return bodies.encode() if "symbol" in given else f"[{bodies}]".encode()

    def moment(self, time: int | None) -> int | None:
        """A time parameter in microseconds, moved into the range that the exchange knows."""
        if time is None:
            return None
        if time < MICROSECONDS_FROM:
            time *= 1000
        return min(max(time, EARLIEST_MS * 1000), self.venue.now_us + AHEAD_MS * 1000)


Handler = Callable[[Handlers, Call], bytes]
"""Answers one operation."""
