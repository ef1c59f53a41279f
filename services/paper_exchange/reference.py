"""The reference price that is set from outside: of symbols with EXTERNAL calculation 3, the five-minute mean of the middle
price, taken every second. (Other external calculations set none: their price is null.)
"""

from collections import deque

from services.paper_exchange.crowd import middle
from services.paper_exchange.engine import Engine

MEAN_OF_MIDDLE = 3
"""`externalCalculationId` of this calculation."""
SAMPLES = 300
EVERY_US = 1_000_000


class MeanOfMiddle:
    """Samples one symbol and sets its reference price."""

    def __init__(self, engine: Engine, symbol: str, past: list[int]) -> None:
        """`past` are the samples of the minutes before, in units of 1e-8."""
        self._engine = engine
        self._symbol = symbol
        self._samples = deque(past, maxlen=SAMPLES)

    def act(self, _now_us: int) -> int:
        """Take a sample; tells after how many microseconds to take the next."""
        self._samples.append(round(middle(self._engine, self._symbol)))
        reference = self._engine.state.markets[self._symbol].reference
        if reference is not None:
            reference.set(sum(self._samples) // len(self._samples))
        return EVERY_US
