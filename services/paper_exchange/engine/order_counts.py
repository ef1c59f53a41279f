"""The unfilled order count: how many orders an account has placed in the running windows and not yet seen traded.

+1 per accepted order (2 or 3 for a list); cancels and expiries give nothing back. An order's first fill lowers the count of
every window, in which the order was placed or not: by 1 as a taker and by 5 as a maker (the documentation's sample; the real
numbers are not published), never below zero. Windows are aligned to the clock. An order over any limit is refused before it is
counted, so that no window goes on when the day's is full.
"""

from msgspec import Struct

from services.paper_exchange.engine.outcomes import Refused
from services.paper_exchange.engine.refusals import Refusal

_TAKER_CREDIT = 1
_MAKER_CREDIT = 5
_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400}


class OrderLimit(Struct, frozen=True):
    """One `ORDERS` rate limit."""

    interval: str
    interval_num: int
    limit: int

    @property
    def window_us(self) -> int:
        """Its length."""
        return _SECONDS[self.interval] * self.interval_num * 1_000_000


DEFAULT_LIMITS = (OrderLimit("SECOND", 10, 50), OrderLimit("DAY", 1, 160_000))


class OrderCounts:
    """The counts of one account, a window per limit."""

    __slots__ = ("_room", "_until_us", "_windows_us", "counts", "ends_us", "limits")

    def __init__(self, limits: tuple[OrderLimit, ...]) -> None:
        self.limits = limits
        self._windows_us = tuple(limit.window_us for limit in limits)
        self.counts = [0] * len(limits)
        self.ends_us = [0] * len(limits)
        self._until_us = self._room = 0
        """Until when, and for how many orders, no limit needs a closer look."""

    def require(self, orders: int, now_us: int) -> None:
        """Raise Refusal when so many more orders would pass a limit."""
        if now_us < self._until_us and orders <= self._room:
            return
        for index, limit in enumerate(self.limits):
            count = self.counts[index] if now_us < self.ends_us[index] else 0
            if count + orders > limit.limit:
                raise Refusal(
                    Refused(
                        -1015,
                        "Too many new orders; current limit is "
                        f"{limit.limit} orders per {limit.interval_num} {limit.interval}.",
                    )
                )

    def add(self, orders: int, now_us: int) -> None:
        """Count placed orders."""
        counts = self.counts
        if now_us < self._until_us and orders <= self._room:
            self._room -= orders
            for index, count in enumerate(counts):
                counts[index] = count + orders
            return
        for index, end_us in enumerate(self.ends_us):
            if now_us >= end_us:
                self._renew(index, now_us)
        for index in range(len(counts)):
            counts[index] += orders
        self._until_us = min(self.ends_us, default=0)
        self._room = min((limit.limit - count for limit, count in zip(self.limits, counts, strict=True)), default=0)

    def filled(self, now_us: int, *, is_maker: bool) -> None:
        """Give back for an order's first fill."""
        credit = _MAKER_CREDIT if is_maker else _TAKER_CREDIT
        counts = self.counts
        for index, count in enumerate(counts):
            if count:
                counts[index] = count - credit if count > credit and now_us < self.ends_us[index] else 0

    def at(self, now_us: int) -> list[tuple[OrderLimit, int]]:
        """Each limit with its count now."""
        return [
            (limit, count if now_us < end_us else 0)
            for limit, count, end_us in zip(self.limits, self.counts, self.ends_us, strict=True)
        ]

    def _renew(self, index: int, now_us: int) -> None:
        window_us = self._windows_us[index]
        self.counts[index] = 0
        self.ends_us[index] = now_us - now_us % window_us + window_us
