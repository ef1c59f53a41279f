"""What past trades say of a symbol's price: the average of the last minutes, and the reference price.

Both answer for a given time from what was added before it.
"""

from collections import deque

from msgspec import Struct

from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.instrument import ReferenceRule

_SECOND_US = 1_000_000


class Second(Struct, gc=False):
    """The trades of one second."""

    start_us: int
    quote: int
    quantity: int


class AveragePrice:
    """Volume-weighted average of the trades of the last minutes, kept by whole seconds so that it stays small.

    Without a trade in the window it is the price of the last trade; zero when there never was one; with a window of no
    minutes it is always the last price.
    """

    __slots__ = ("_average", "last", "quantity", "quote", "seconds", "window_us")

    def __init__(self, minutes: int) -> None:
        self.window_us = minutes * 60 * _SECOND_US
        self.seconds: deque[Second] = deque()
        self.quote = 0
        self.quantity = 0
        self.last = 0
        self._average = -1
        """What the totals come to; negative when they have changed since it was worked out."""

    def add(self, now_us: int, price: int, quantity: int, quote: int) -> None:
        """Count a trade."""
        self.last = price
        self._average = -1
        if not self.window_us:
            return
        seconds = self.seconds
        if seconds and now_us - seconds[-1].start_us < _SECOND_US:
            second = seconds[-1]
            second.quote += quote
            second.quantity += quantity
        else:
            seconds.append(Second(now_us - now_us % _SECOND_US, quote, quantity))
            if seconds[0].start_us <= now_us - self.window_us:
                self.forget(now_us)
        self.quote += quote
        self.quantity += quantity

    def at(self, now_us: int) -> int:
        """The average now. Looking changes nothing."""
        quote, quantity, border = self.quote, self.quantity, now_us - self.window_us
        for old in self.seconds:
            if old.start_us > border:
                break
            quote -= old.quote
            quantity -= old.quantity
        return quote * SCALE // quantity if quantity else self.last

    def forget(self, now_us: int) -> int:
        """Drop what is too old to count; the average now."""
        seconds, border = self.seconds, now_us - self.window_us
        while seconds and seconds[0].start_us <= border:
            old = seconds.popleft()
            self.quote -= old.quote
            self.quantity -= old.quantity
            self._average = -1
        if self._average < 0:
            self._average = self.quote * SCALE // self.quantity if self.quantity else self.last
        return self._average


_FIXED = 10_000
"""Counts have four decimals, sums four more than the quote asset."""


class Bucket(Struct, gc=False):
    """The trades of one interval, in fixed point."""

    open_ms: int
    count: int
    total: int


class ReferencePrice:
    """The reference price of the PRICE_RANGE rule and of the filters that measure against a price.

    ARITHMETIC_MEAN: the simple mean of trade prices, one vote per trade, over `bucket_count` buckets of `bucket_width_ms`;
    the bucket astride the border counts for the part of it that lies within. EXTERNAL: what `set` was given last.
    """

    __slots__ = ("buckets", "ever_set", "external", "rule")

    def __init__(self, rule: ReferenceRule) -> None:
        self.rule = rule
        self.buckets: deque[Bucket] = deque()
        self.external: int | None = None
        self.ever_set = False

    def add(self, now_us: int, price: int) -> None:
        """Count a trade."""
        if not self.rule.bucket_count:
            return
        self.ever_set = True
        now_ms = now_us // 1000
        opened = now_ms - now_ms % self.rule.bucket_width_ms
        if not self.buckets or self.buckets[-1].open_ms < opened:
            self.buckets.append(Bucket(opened, 0, 0))
            while self.buckets[0].open_ms + self.rule.bucket_width_ms <= self._cutoff(now_us):
                self.buckets.popleft()
        bucket = self.buckets[-1]
        bucket.count += _FIXED
        bucket.total += price * _FIXED

    def set(self, price: int | None) -> None:
        """Give an EXTERNAL price; None unsets it."""
        self.external = price
        self.ever_set = True

    def at(self, now_us: int) -> int | None:
        """The reference price now; None when it is not set. Looking changes nothing."""
        if not self.rule.bucket_count:
            return self.external
        width, cutoff = self.rule.bucket_width_ms, self._cutoff(now_us)
        count = total = 0
        for bucket in self.buckets:
            # count -= count * f and sum -= sum * f with f = (cutoff - open) / width, in integers.
            passed = min(max(cutoff - bucket.open_ms, 0), width)
            count += bucket.count - bucket.count * passed // width
            total += bucket.total - bucket.total * passed // width
        return total // count if count else None

    def _cutoff(self, now_us: int) -> int:
        return now_us // 1000 - self.rule.bucket_count * self.rule.bucket_width_ms
