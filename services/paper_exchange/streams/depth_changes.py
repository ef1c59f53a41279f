"""What changed in a book since somebody was last told: the content of one depth event.

Update ids are contiguous: an event covers `first_id` to `last_id`, and the next begins at `last_id + 1`. A quantity is
absolute, zero removes the level; of a level that changed several times the last quantity counts.
"""

from services.paper_exchange.engine.amounts import text
from services.paper_exchange.engine.events import LevelChanged
from services.paper_exchange.engine.words import Side
from services.paper_exchange.streams.channel import Payload
from services.paper_exchange.time_units import Unit


class DepthChanges:
    """Changes of one symbol's book."""

    __slots__ = ("_levels", "_symbol", "first_id", "last_id")

    def __init__(self, symbol: str, update_id: int) -> None:
        """Everything after `update_id` will be told."""
        self._symbol = symbol
        self._levels: dict[Side, dict[int, int]] = {"BUY": {}, "SELL": {}}
        self.first_id = update_id + 1
        self.last_id = update_id

    def add(self, change: LevelChanged) -> None:
        """Note one more change."""
        self._levels[change.side][change.price] = change.quantity
        self.last_id = change.update_id

    def take(self, now_us: int) -> Payload | None:
        """The event of all changes so far, which are then forgotten; None when there are none."""
        if self.last_id < self.first_id:
            return None
        bids, asks = self._levels["BUY"], self._levels["SELL"]
        sides = (
            f'"s":"{self._symbol}","U":{self.first_id},"u":{self.last_id},'
            f'"b":[{_levels(bids, sorted(bids, reverse=True))}],"a":[{_levels(asks, sorted(asks))}]}}'
        )
        self._levels = {"BUY": {}, "SELL": {}}
        self.first_id = self.last_id + 1

        def tell(unit: Unit) -> str:
            return f'{{"e":"depthUpdate","E":{unit(now_us)},{sides}'

        return tell


def _levels(quantities: dict[int, int], prices: list[int]) -> str:
    return ",".join([f'["{text(price)}","{text(quantities[price])}"]' for price in prices])
