"""A bar: what a stretch of time looked like in the trades of one symbol. Bars add up, whatever they came from."""

from collections.abc import Iterable

from msgspec import Struct

from services.paper_exchange.engine.amounts import SCALE, notional


class Bar(Struct, gc=False):
    """Prices, volumes and trades of a stretch of time; amounts in units of 1e-8."""

    first_id: int
    """Id of its first trade; -1 where there is none."""
    count: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    quote: int
    taker_volume: int
    """What takers bought."""
    taker_quote: int

    @property
    def last_id(self) -> int:
        """Id of its last trade; -1 where there is none."""
        return self.first_id + self.count - 1 if self.count else -1

    @property
    def change(self) -> int:
        """How far the price came from the first trade to the last."""
        return self.close - self.open if self.count else 0

    @property
    def average(self) -> int:
        """The price weighted by volume; zero where there is none."""
        return self.quote * SCALE // self.volume if self.volume else 0

    def add(self, price: int, quantity: int, quote: int, buyer_is_maker: bool) -> None:
        """Count one more trade in."""
        self.count += 1
        self.close = price
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.volume += quantity
        self.quote += quote
        if not buyer_is_maker:
            self.taker_volume += quantity
            self.taker_quote += quote

    def join(self, later: "Bar") -> None:
        """Count in a bar that follows."""
        self.count += later.count
        self.close = later.close
        if later.high > self.high:
            self.high = later.high
        if later.low < self.low:
            self.low = later.low
        self.volume += later.volume
        self.quote += later.quote
        self.taker_volume += later.taker_volume
        self.taker_quote += later.taker_quote

    def copy(self) -> "Bar":
        """Another of the same."""
        return Bar(
            self.first_id,
            self.count,
            self.open,
            self.high,
            self.low,
            self.close,
            self.volume,
            self.quote,
            self.taker_volume,
            self.taker_quote,
        )


def of_trade(trade_id: int, price: int, quantity: int, buyer_is_maker: bool) -> Bar:
    """The bar of a single trade."""
    quote = notional(price, quantity)
    bought = not buyer_is_maker
    return Bar(trade_id, 1, price, price, price, price, quantity, quote, quantity if bought else 0, quote if bought else 0)


def joined(bars: Iterable[Bar]) -> Bar | None:
    """One bar of several that follow each other, or None of none."""
    whole: Bar | None = None
    for bar in bars:
        if whole is None:
            whole = bar.copy()
        else:
            whole.join(bar)
    return whole
