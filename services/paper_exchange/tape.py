"""The tape of one symbol: its trades, newest last, and what they amount to by the minute and by the hour.

Trades are kept as columns of integers (a trade is 40 bytes so) for a few hours; minutes and hours are kept for good. What a
stretch of time looked like is put together from hours, minutes and, at its ragged ends, trades.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from services.paper_exchange.bars import Bar, joined, of_trade
from services.paper_exchange.engine.amounts import notional

MICROS = 1_000_000
MAX_TRADES = 100_000
"""Trades kept per symbol; five a second are five hours and a half."""


class Trade(NamedTuple):
    """One trade; amounts in units of 1e-8, time in microseconds."""

    id: int
    price: int
    quantity: int
    time_us: int
    buyer_is_maker: bool

    @property
    def quote(self) -> int:
        return notional(self.price, self.quantity)


class Aggregate(NamedTuple):
    """Trades of one taker order at one price, joined."""

    id: int
    price: int
    quantity: int
    first_id: int
    last_id: int
    time_us: int
    buyer_is_maker: bool


class Tape:
    """The trades of a symbol since `start_s` (Unix seconds, a whole hour or minute), each no earlier than the one before."""

    def __init__(self, start_s: int, first_id: int) -> None:
        self.start_s = start_s
        self.first_kept = first_id
        """Id of the oldest trade that is kept."""
        self.next_id = first_id
        self.prices = array("q")
        self.quantities = array("q")
        self.times = array("q")
        self.makers = array("b")
        self.aggregates = array("q")
        """The aggregate trade that each trade belongs to."""
        self.next_aggregate_id = first_id
        """Never above the trades' ids: a tape that goes on after a restart, with a higher `first_id`, gives none twice."""
        self._taker = -1
        self._minutes: dict[int, Bar] = {}
        self._hours: dict[int, Bar] = {}

    def add(self, time_us: int, price: int, quantity: int, buyer_is_maker: bool, taker: int) -> Trade:
        """Put a trade on the tape; trades with one `taker` and price are one aggregate trade."""
        if len(self.times) >= 2 * MAX_TRADES:
            self._forget(MAX_TRADES)
        trade_id = self.next_id
        self.next_id += 1
        if taker != self._taker or price != self.prices[-1]:
            self.next_aggregate_id += 1
            self._taker = taker
        self.prices.append(price)
        self.quantities.append(quantity)
        self.times.append(time_us)
        self.makers.append(buyer_is_maker)
        self.aggregates.append(self.next_aggregate_id - 1)
        quote = notional(price, quantity)
        for bars, width in ((self._minutes, 60), (self._hours, 3600)):
            start = time_us // (width * MICROS) * width
            bar = bars.get(start)
            if bar is None:
                bars[start] = of_trade(trade_id, price, quantity, buyer_is_maker)
            else:
                bar.add(price, quantity, quote, buyer_is_maker)
        return Trade(trade_id, price, quantity, time_us, buyer_is_maker)

    def __len__(self) -> int:
        return len(self.times)

    def trade(self, index: int) -> Trade:
        """The trade at a position among those kept."""
        return Trade(
            self.first_kept + index, self.prices[index], self.quantities[index], self.times[index], bool(self.makers[index])
        )

    def trades(self, limit: int, from_id: int | None = None) -> list[Trade]:
        """Trades from an id on, or the newest; oldest first."""
        length = len(self.times)
        start = length - limit if from_id is None else from_id - self.first_kept
        start = max(start, 0)
        return [self.trade(index) for index in range(start, min(start + limit, length))]

    def aggregate_trades(
        self, limit: int, from_id: int | None = None, start_us: int | None = None, end_us: int | None = None
    ) -> list[Aggregate]:
        """Aggregate trades from an id on, of a time range, or the newest; oldest first.

        A range without a start gives the newest up to its end.
        """
        first = bisect_left(self.aggregates, from_id) if from_id is not None else 0
        last = len(self.times)
        if start_us is not None:
            first = self._whole(bisect_left(self.times, start_us))
        if end_us is not None:
            last = self._whole(bisect_right(self.times, end_us))
        if from_id is None and start_us is None:
            found: list[Aggregate] = []
            while last > first and len(found) < limit:
                start = bisect_left(self.aggregates, self.aggregates[last - 1], first, last)
                found.append(self._aggregate(start, last))
                last = start
            return found[::-1]
        found = []
        while first < last and len(found) < limit:
            end = bisect_right(self.aggregates, self.aggregates[first], first, last)
            found.append(self._aggregate(first, end))
            first = end
        return found

    def bar(self, from_us: int, to_us: int) -> Bar | None:
        """What was traded from a moment to before another, or None if nothing was.

        Beyond the trades that are kept the range is widened to whole minutes.
        """
        return joined(self._bars(from_us, to_us))

    def close_before(self, time_us: int) -> int | None:
        """Price of the last trade before a moment, or None if the tape has none."""
        index = bisect_left(self.times, time_us)
        if index:
            return self.prices[index - 1]
        minute = time_us // (60 * MICROS) * 60
        earlier = next((start for start in reversed(self._minutes) if start < minute), None)
        return None if earlier is None else self._minutes[earlier].close

    def _whole(self, index: int) -> int:
        """The position, moved on to where the next aggregate trade begins."""
        if 0 < index < len(self.aggregates) and self.aggregates[index] == self.aggregates[index - 1]:
            return bisect_right(self.aggregates, self.aggregates[index])
        return index

    def _aggregate(self, first: int, last: int) -> Aggregate:
        return Aggregate(
            self.aggregates[first],
            self.prices[first],
            sum(self.quantities[first:last]),
            self.first_kept + first,
            self.first_kept + last - 1,
            self.times[first],
            bool(self.makers[first]),
        )

    def _bars(self, from_us: int, to_us: int) -> Iterator[Bar]:
        minute, hour = 60 * MICROS, 3600 * MICROS
        kept_us = self.times[0] if self.times else 0
        if from_us < kept_us and from_us % minute:
            from_us -= from_us % minute
        now = from_us
        while now < to_us:
            if now % hour == 0 and now + hour <= to_us:
                bar, now = self._hours.get(now // MICROS), now + hour
            elif now % minute == 0 and (now + minute <= to_us or now < kept_us):
                bar, now = self._minutes.get(now // MICROS), now + minute
            else:
                end = min(to_us, now - now % minute + minute)
                bar, now = self._from_trades(now, end), end
            if bar is not None:
                yield bar

    def _from_trades(self, from_us: int, to_us: int) -> Bar | None:
        first = bisect_left(self.times, from_us)
        last = bisect_left(self.times, to_us, first)
        if first == last:
            return None
        trade = self.trade(first)
        bar = of_trade(trade.id, trade.price, trade.quantity, trade.buyer_is_maker)
        for index in range(first + 1, last):
            price, quantity = self.prices[index], self.quantities[index]
            bar.add(price, quantity, notional(price, quantity), bool(self.makers[index]))
        return bar

    def _forget(self, count: int) -> None:
        for column in (self.prices, self.quantities, self.times, self.makers, self.aggregates):
            del column[:count]
        self.first_kept += count
