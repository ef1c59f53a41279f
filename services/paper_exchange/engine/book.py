"""An order book in price-time priority.

A side is a dict from price to level and a sorted list of keys with the best price at its end, where most of the life of a
book happens. A level is a queue in time order; an order that left is passed over when the queue's head reaches it, and a
queue that holds more ghosts than orders is swept: so add, remove and match cost the same with a thousand orders or a million.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator

from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.words import Side

_GHOSTS = 32
"""A queue is swept when it holds this many more ghosts than orders."""


class Level:
    """The orders of one price, oldest first."""

    __slots__ = ("count", "price", "queue", "total")

    def __init__(self, price: int) -> None:
        self.price = price
        self.total = 0
        """Quantity everyone may see (the hidden part of an iceberg is not in it)."""
        self.count = 0
        self.queue: deque[Order] = deque()

    def first(self) -> Order:
        """The order that trades next; a level that exists holds at least one."""
        queue = self.queue
        order = queue[0]
        while not order.resting:
            queue.popleft()
            order = queue[0]
        return order

    def __iter__(self) -> Iterator[Order]:
        return (order for order in self.queue if order.resting)


class BookSide:
    """Bids or asks. `sign` turns a price into a key that grows the better the price is."""

    __slots__ = ("keys", "levels", "side", "sign")

    def __init__(self, side: Side) -> None:
        self.side: Side = side
        self.sign = 1 if side == "BUY" else -1
        self.levels: dict[int, Level] = {}
        self.keys: list[int] = []

    def best(self) -> Level | None:
        """The level that trades first, or None when the side is empty."""
        keys = self.keys
        return self.levels[keys[-1]] if keys else None

    def add(self, order: Order) -> Level:
        """Queue an order at its price; its `visible` quantity is seen by everyone."""
        key = order.limit * self.sign
        level = self.levels.get(key)
        if level is None:
            level = self.levels[key] = Level(order.limit)
            keys = self.keys
            if not keys or key > keys[-1]:
                keys.append(key)
            else:
                insort(keys, key)
        level.queue.append(order)
        level.count += 1
        level.total += order.visible
        order.resting = True
        return level

    def remove(self, order: Order) -> Level:
        """Take an order out; what it still showed leaves the level with it."""
        key = order.limit * self.sign
        level = self.levels[key]
        level.total -= order.visible
        level.count -= 1
        order.resting = False
        if not level.count:
            del self.levels[key]
            keys = self.keys
            if keys[-1] == key:
                keys.pop()
            else:
                del keys[bisect_left(keys, key)]
        elif len(level.queue) > 2 * level.count + _GHOSTS:
            level.queue = deque(level)
        return level

    def shrink(self, order: Order, visible: int) -> Level:
        """Let a resting order show less, in its place in the queue."""
        level = self.levels[order.limit * self.sign]
        level.total -= order.visible - visible
        order.visible = visible
        return level

    def requeue(self, order: Order, level: Level) -> None:
        """Send the first order of a level to the end of its queue (an iceberg showing its next slice)."""
        level.queue.rotate(-1)
        level.total += order.visible

    def __iter__(self) -> Iterator[Level]:
        """Levels, best first."""
        levels = self.levels
        return (levels[key] for key in reversed(self.keys))

    def nth(self, depth: int) -> Level | None:
        """The level `depth` steps behind the best (0 is the best), or None."""
        return self.levels[self.keys[-1 - depth]] if depth < len(self.keys) else None


class Book:
    """Both sides of one symbol, and the number of its last change."""

    __slots__ = ("asks", "bids", "update_id")

    def __init__(self) -> None:
        self.bids = BookSide("BUY")
        self.asks = BookSide("SELL")
        self.update_id = 0
        """Grows by one with every changed level."""

    def side(self, side: Side) -> BookSide:
        """Where orders of this side rest."""
        return self.bids if side == "BUY" else self.asks

    def opposite(self, side: Side) -> BookSide:
        """Where orders of this side find a counterpart."""
        return self.asks if side == "BUY" else self.bids

    def levels(self, side: Side, limit: int = 5000) -> list[tuple[int, int]]:
        """(price, quantity) of the best levels, best first."""
        book_side = self.side(side)
        levels = book_side.levels
        return [(levels[key].price, levels[key].total) for key in book_side.keys[: -limit - 1 : -1]]

    def best(self, side: Side) -> tuple[int, int] | None:
        """(price, quantity) of the best level, or None when the side is empty."""
        level = self.side(side).best()
        return (level.price, level.total) if level else None
