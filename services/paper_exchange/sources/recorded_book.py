"""A book out of a recording: the snapshot that was read, and from there on what the recorded changes made of it.

Before the moment of its snapshot the book is already the snapshot: a client that asks early passes over the changes up to it,
as the documented steps for a local book have it, and misses nothing.
"""

from services.paper_exchange.engine.amounts import parse
from services.paper_exchange.sources.house import HouseBook, amounts
from services.paper_exchange.sources.recording import Snapshot
from shared.contract.market.events import DepthEvent


class RecordedBook:
    """One symbol's book."""

    def __init__(self, snapshot: Snapshot, house: HouseBook) -> None:
        book = snapshot.book
        self._snapshot = snapshot
        self._house = house
        self._bids, self._asks = dict(book.bids), dict(book.asks)
        self.last_update_id = book.last_update_id
        house.reset(amounts(book.bids), amounts(book.asks))

    def change(self, event: DepthEvent) -> None:
        """Hear of changes; those that the snapshot has already are passed over."""
        if event.last_update_id <= self.last_update_id:
            return
        self.last_update_id = event.last_update_id
        for side, levels in ((self._bids, event.bids), (self._asks, event.asks)):
            for price, quantity in levels:
                if parse(quantity):
                    side[price] = quantity
                else:
                    side.pop(price, None)
        self._house.change(amounts(event.bids), amounts(event.asks))

    def told(self, limit: int) -> bytes:
        """The body of `GET depth`: as it was recorded, as long as nothing has changed."""
        book = self._snapshot.book
        if self.last_update_id == book.last_update_id and limit >= max(len(book.bids), len(book.asks)):
            return self._snapshot.body
        bids, asks = sorted(self._bids, key=parse, reverse=True)[:limit], sorted(self._asks, key=parse)[:limit]
        sides = (
            ",".join([f'["{price}","{side[price]}"]' for price in prices])
            for side, prices in ((self._bids, bids), (self._asks, asks))
        )
        return '{{"lastUpdateId":{},"bids":[{}],"asks":[{}]}}'.format(self.last_update_id, *sides).encode()
