"""Orders that wait for a price.

STOP_LOSS BUY and TAKE_PROFIT SELL wait above the market and fire when a trade reaches their stop price or more; the other two
wait below. A trailing order first waits for its stop price in the same way, when it has one, and then follows the market: a
BUY keeps the lowest price and fires at `lowest * (1 + delta/10000)`, a SELL keeps the highest and fires at
`highest * (1 - delta/10000)`. Without a stop price it follows from the last trade before its placement (the documentation
also says "from the next trade": contradiction 13). An order fires once, in the order of stop prices, then of placement.
"""

from bisect import bisect_left, insort

from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.words import waits_above

BIPS = 10_000


def reached(order: Order, price: int) -> bool:
    """Does a trade at this price meet the order's stop condition?"""
    return price >= order.stop_price if waits_above(order.side, order.type) else price <= order.stop_price


def trailing_limit(order: Order) -> int:
    """The price at which a trailing order that follows the market fires, in units of 1e-12 (inclusive)."""
    return order.trailing_extreme * (BIPS + order.trailing_delta if order.side == "BUY" else BIPS - order.trailing_delta)


class Triggers:
    """The waiting orders of one symbol."""

    __slots__ = ("above", "below", "trailing", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[int, Order] = {}
        """All of them, by order id."""
        self.above: list[tuple[int, int]] = []
        """(stop price, order id), the next to fire first."""
        self.below: list[tuple[int, int]] = []
        """(-stop price, order id), the next to fire first."""
        self.trailing: dict[int, Order] = {}
        """Those that follow the market already."""

    def add(self, order: Order, last_price: int, now_us: int) -> None:
        """Let an order wait."""
        self.waiting[order.order_id] = order
        if order.trailing_us >= 0 or not order.stop_price:
            if order.trailing_us < 0 and last_price:
                order.trailing_us, order.trailing_extreme = now_us, last_price
            self.trailing[order.order_id] = order
        else:
            queue, key = self._place(order)
            insort(queue, key)

    def remove(self, order: Order) -> None:
        """Let it wait no more."""
        del self.waiting[order.order_id]
        if self.trailing.pop(order.order_id, None) is None:
            queue, key = self._place(order)
            del queue[bisect_left(queue, key)]

    def fired(self, price: int, now_us: int) -> list[Order]:
        """The orders that a trade at this price fires, taken out; trailing ones take note of the price."""
        fired = [order for order in self.trailing.values() if _follows(order, price, now_us)]
        for queue, border in ((self.above, price), (self.below, -price)):
            while queue and queue[0][0] <= border:
                order = self.waiting[queue.pop(0)[1]]
                if order.trailing_delta:
                    order.trailing_us, order.trailing_extreme = now_us, price
                    self.trailing[order.order_id] = order
                else:
                    fired.append(order)
        for order in fired:
            del self.waiting[order.order_id]
            self.trailing.pop(order.order_id, None)
        return fired

    def _place(self, order: Order) -> tuple[list[tuple[int, int]], tuple[int, int]]:
        if waits_above(order.side, order.type):
            return self.above, (order.stop_price, order.order_id)
        return self.below, (-order.stop_price, order.order_id)


def _follows(order: Order, price: int, now_us: int) -> bool:
    if order.trailing_us < 0:
        order.trailing_us, order.trailing_extreme = now_us, price
        return False
    if order.side == "BUY":
        order.trailing_extreme = min(order.trailing_extreme, price)
        return price * BIPS >= trailing_limit(order)
    order.trailing_extreme = max(order.trailing_extreme, price)
    return price * BIPS <= trailing_limit(order)
