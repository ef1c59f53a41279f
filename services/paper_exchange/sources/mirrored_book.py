"""A book that follows another exchange's by the documented steps. Pure.

Changes are kept while a snapshot is on its way; the first that counts may straddle it; whenever a change does not follow the
one before, a new snapshot is needed. (Source: "WebSocket Streams", "How to manage a local order book correctly".)
"""

from collections import deque

from services.paper_exchange.sources.house import HouseBook, amounts
from shared.contract.market.events import DepthEvent
from shared.contract.market.models import OrderBook

_MAX_KEPT = 10_000


class MirroredBook:
    """One symbol's book."""

    def __init__(self, house: HouseBook) -> None:
        self._house = house
        self._kept: deque[DepthEvent] = deque(maxlen=_MAX_KEPT)
        self.last_update_id: int | None = None
        """None while a snapshot is needed."""

    def hear(self, event: DepthEvent) -> None:
        """A change; when it does not follow, a snapshot is needed again."""
        if self.last_update_id is None:
            self._kept.append(event)
        elif event.last_update_id <= self.last_update_id:
            return
        elif event.first_update_id > self.last_update_id + 1:
            self.lose()
            self._kept.append(event)
        else:
            self.last_update_id = event.last_update_id
            self._house.change(amounts(event.bids), amounts(event.asks))

    def take(self, snapshot: OrderBook) -> None:
        """A snapshot; one that is older than the first kept change is of no use."""
        if self._kept and snapshot.last_update_id < self._kept[0].first_update_id - 1:
            return
        self.last_update_id = snapshot.last_update_id
        self._house.reset(amounts(snapshot.bids), amounts(snapshot.asks))
        kept = list(self._kept)
        self._kept.clear()
        for event in kept:
            self.hear(event)

    def lose(self) -> None:
        """Changes may have been missed."""
        self.last_update_id = None
        self._kept.clear()
