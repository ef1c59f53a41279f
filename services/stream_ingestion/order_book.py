"""The local order book of one symbol, kept as the exchange documents it ("How to manage a local order book correctly").

    1. Open the diff stream.                              the service
    2. Queue every event; remember U of the first one.    hear
    3. Get a snapshot of the book.                        the service, while `needs_snapshot`
    4. Older than the first event: get another.           load
    5. Drop events that the snapshot contains.            load
    6. The snapshot is the book.                          load
    7. Apply every event after it:                        apply
       7.1 older than the book: skip
       7.2 begins beyond the book's next update: a hole, start over
       7.3 set or remove its levels
       7.4 its last update is the book's

A snapshot may end before the book does. Behind its last level only those are known that changed since, so nothing there is
shown or counted; and as the price moves that way the book gets shallow. Then, or when more levels are wanted, it asks for
another snapshot (`deepen`) and goes on meanwhile: events are applied and queued, and the snapshot is joined as the first was.

Pure: time comes as an argument, snapshots and events come decoded.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from services.stream_ingestion.price_levels import PriceLevels
from shared.contract.market.events import DepthEvent
from shared.contract.market.models import Level
from shared.contract.market.models import OrderBook as Snapshot

QUEUE_MOST = 300
"""Events queued for a snapshot: half a minute at 100 ms, three times what fetching one may take, so that a thousand books that
wait for the exchange fit into memory. Beyond it the oldest go, and an older snapshot will not do."""

SHALLOW = 4
"""Fewer than this part of the snapshot's levels are left on a side: time for another one."""
LOOK_EVERY = 20
LEVELS_A_LOOK = 50
"""Events between two looks whether the book got shallow: one for so many levels that are left, and no more than that."""

Answer = Literal["applied", "skipped", "queued", "gap"]


class Cost(Struct, frozen=True):
    """What taking a quantity from the book costs; Decimals, exact."""

    filled: Decimal
    notional: Decimal
    worst_price: Decimal


class OrderBook:
    """Bids and asks of a symbol, and how far they can be trusted."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.last_update_id = 0
        self.event_time = 0
        """The exchange's clock at the last event applied (Unix ms); 0 right after a snapshot."""
        self.changed_at = 0.0
        """The monotonic clock at that moment."""
        self.synced = False
        self.resyncs = -1
        """How often it had to start over."""
        self._bids = PriceLevels()
        self._asks = PriceLevels()
        self._queue: deque[DepthEvent] = deque(maxlen=QUEUE_MOST)
        self._ends = ("", "")
        """Prices of bids and asks at which the snapshot ended before the book did; empty where a side is known whole."""
        self._levels = 0
        self._deepens_from = 0
        """The book's update when it asked for a deeper snapshot; 0 while it does not."""
        self._look_in = 1
        self.start_over()

    def start_over(self) -> None:
        """Forget the levels: they cannot be trusted any more. Events are queued for the next snapshot."""
        self.synced = False
        self.resyncs += 1
        self._deepens_from = 0
        self._queue.clear()

    def deepen(self) -> None:
        """Ask for another snapshot, without giving up what is known."""
        if self.synced and not self._deepens_from:
            self._deepens_from = self.last_update_id
            self._queue.clear()

    @property
    def deepens(self) -> bool:
        """Is another snapshot awaited, though the book is good?"""
        return self._deepens_from > 0

    @property
    def needs_snapshot(self) -> bool:
        """Is it time for step 3? Before the first event a snapshot could not be joined to anything."""
        return self.deepens or (not self.synced and bool(self._queue))

    @property
    def is_good(self) -> bool:
        """Is it in step, and are the best levels of both sides among those that are known?"""
        return self.synced and all(count or not end for count, end in self._known())

    def hear(self, event: DepthEvent, now: float) -> Answer:
        """Take an event of the stream; `gap` means that the book started over with this event."""
        if not self.synced:
            self._queue.append(event)  # step 2
            return "queued"
        if self.deepens:
            self._queue.append(event)
        return self._apply(event, now)

    def load(self, snapshot: Snapshot, now: float, levels: int = 0) -> bool:
        """Take a snapshot; False if it is too old and another one is needed.

        Args:
            snapshot: As the exchange gave it.
            now: The monotonic clock.
            levels: How many of a side were asked for; 0 stands for the whole book.
        """
        if snapshot.last_update_id < self._deepens_from:
            return False
        while self._queue and self._queue[0].last_update_id <= snapshot.last_update_id:  # step 5
            self._queue.popleft()
        if (
            self._queue and self._queue[0].first_update_id > snapshot.last_update_id + 1
        ):  # steps 4 and 5: the first may straddle it
            return False
        self._bids, self._asks = PriceLevels(snapshot.bids), PriceLevels(snapshot.asks)  # step 6
        self._ends = _end(snapshot.bids, levels), _end(snapshot.asks, levels)
        self._levels, self._deepens_from, self._look_in = levels, 0, 1
        self.last_update_id, self.event_time, self.changed_at, self.synced = snapshot.last_update_id, 0, now, True
        waiting = list(self._queue)
        self._queue.clear()
        for event in waiting:  # step 7; a hole among them starts over with what follows it
            self.hear(event, now)
        return self.synced

    def _apply(self, event: DepthEvent, now: float) -> Answer:
        if event.last_update_id <= self.last_update_id:  # step 7.1; an event that ends where the book ends brings nothing new
            return "skipped"
        if event.first_update_id > self.last_update_id + 1:  # step 7.2
            self.start_over()
            self._queue.append(event)
            return "gap"
        self._bids.apply(event.bids)  # step 7.3
        self._asks.apply(event.asks)
        self.last_update_id = event.last_update_id  # step 7.4
        self.event_time, self.changed_at = event.event_time, now
        self._look_in -= 1
        if self._look_in <= 0:
            self._look()
        return "applied"

    def _look(self) -> None:
        left = [count for count, end in self._known() if end]
        if any(count * SHALLOW < self._levels for count in left):
            self.deepen()
        self._look_in = max(1, min([LOOK_EVERY, *(count // LEVELS_A_LOOK for count in left)]))

    def bids(self, count: int) -> list[Level]:
        """Best bids, highest first, as far as all of them are known."""
        return self._bids.highest(min(count, self._known_bids()))

    def asks(self, count: int) -> list[Level]:
        """Best asks, lowest first, as far as all of them are known."""
        return self._asks.lowest(min(count, self._known_asks()))

    @property
    def ends(self) -> tuple[str, str]:
        """Prices of bids and of asks behind which there may be more than is known; empty where a side is known whole."""
        return self._ends

    def has(self, count: int) -> bool:
        """Are so many levels of each side known, or all that there are?"""
        return all(known >= count or not end for known, end in self._known())

    def _known_bids(self) -> int:
        """Levels up to where the snapshot ended."""
        end = self._ends[0]
        return len(self._bids) - self._bids.below(end) if end else len(self._bids)

    def _known_asks(self) -> int:
        end = self._ends[1]
        return self._asks.up_to(end) if end else len(self._asks)

    def _known(self) -> Iterator[tuple[int, str]]:
        """Of bids and of asks, how many are known and where the snapshot ended."""
        yield self._known_bids(), self._ends[0]
        yield self._known_asks(), self._ends[1]

    def cost(self, side: Literal["BUY", "SELL"], quantity: Decimal) -> Cost:
        """What a market order would pay (BUY) or receive (SELL), against the book as it is; fees aside."""
        levels = self.asks(len(self._asks)) if side == "BUY" else self.bids(len(self._bids))
        left, notional, worst = quantity, Decimal(0), Decimal(0)
        for price, available in levels:
            if left <= 0:
                break
            taken = min(left, Decimal(available))
            left, notional, worst = left - taken, notional + taken * Decimal(price), Decimal(price)
        return Cost(quantity - left, notional, worst)


def _end(levels: Sequence[Level], asked: int) -> str:
    """The price at which a side of a snapshot was cut off; empty if it was not."""
    return levels[-1][0] if 0 < asked <= len(levels) else ""


def cumulated(levels: Sequence[Level]) -> list[list[str]]:
    """The levels with the quantity of all better ones and their own: [price, quantity, cumulative quantity]."""
    total, rows = Decimal(0), list[list[str]]()
    for price, quantity in levels:
        total += Decimal(quantity)
        rows.append([price, quantity, f"{total:f}"])
    return rows
