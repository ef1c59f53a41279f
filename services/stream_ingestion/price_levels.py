"""One side of a book: price levels in order, exact, without a number in sight.

The exchange writes all prices of a symbol with the same count of decimals, so prices justified to the right sort as text
in the order of their values: no float that rounds, no Decimal that costs. A price of another shape is brought into it.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from decimal import Decimal

from shared.contract.market.models import Level

WIDTH = 32
"""Characters of a key; the exchange's longest prices have 20."""
ZERO = "0." + "0" * WIDTH
"""Every way to write zero is a prefix of it, so as text not greater; every other quantity is greater."""


class PriceLevels:
    """Prices of one side with their quantities."""

    __slots__ = ("_decimals", "_keys", "_levels")

    def __init__(self, levels: Iterable[Level] = ()) -> None:
        self._levels: dict[str, Level] = {}
        self._keys: list[str] = []
        """Keys in rising order of price."""
        self._decimals = -1
        self.apply(levels)

    def __len__(self) -> int:
        return len(self._keys)

    def apply(self, changes: Iterable[Level]) -> None:
        """Set the quantity of each price; a quantity of zero removes the price, absent ones included."""
        levels, keys, zero, width = self._levels, self._keys, ZERO, WIDTH
        for level in changes:
            key = level[0].rjust(width)
            if level[1] <= zero:
                if levels.pop(key, None) is not None:
                    del keys[bisect_left(keys, key)]
                elif key[~self._decimals] != ".":  # another shape, so it may be there all the same
                    key = self._shaped(level[0])
                    if levels.pop(key, None) is not None:
                        del keys[bisect_left(keys, key)]
            else:
                if key not in levels:
                    if key[~self._decimals] != ".":
                        key = self._shaped(level[0])
                    if key not in levels:
                        insort(keys, key)
                levels[key] = level

    def below(self, price: str) -> int:
        """How many levels are lower than a price."""
        return bisect_left(self._keys, self._key(price))

    def up_to(self, price: str) -> int:
        """How many levels are not higher than a price."""
        return bisect_right(self._keys, self._key(price))

    def highest(self, count: int) -> list[Level]:
        """Levels from the highest price down: the best bids."""
        levels = self._levels
        return [levels[key] for key in self._keys[: -count - 1 : -1]]

    def lowest(self, count: int) -> list[Level]:
        """Levels from the lowest price up: the best asks."""
        levels = self._levels
        return [levels[key] for key in self._keys[:count]]

    def _key(self, price: str) -> str:
        key = price.rjust(WIDTH)
        return key if key[~self._decimals] == "." else self._shaped(price)

    def _shaped(self, price: str) -> str:
        """The key of a price that has not the decimals of the others; the first price says how many there are."""
        decimals = len(price.partition(".")[2])
        if self._decimals < 0:
            self._decimals = decimals
        elif decimals > self._decimals:
            self._widen(decimals)
        return self._pad(price).rjust(WIDTH)

    def _widen(self, decimals: int) -> None:
        self._decimals = decimals
        wider = {self._pad(key.strip()).rjust(WIDTH): level for key, level in self._levels.items()}
        self._levels.clear()
        self._levels.update(wider)
        self._keys[:] = sorted(wider)

    def _pad(self, price: str) -> str:
        return f"{Decimal(price):.{self._decimals}f}"
