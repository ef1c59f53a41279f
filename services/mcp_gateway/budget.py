"""What was heard of the shared request budget: how much weight is used, and whether everyone has to be silent.

The services that talk to the exchange gossip it to each other (see `contract.platform.budget`); here it is only told.
"""

from shared.contract.platform.budget import Spent, read

WEIGHT = "REQUEST_WEIGHT"


class HeardBudget:
    """The latest news of one environment's budget."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._silent_until_ms = 0
        self._weight: Spent | None = None

    def hear(self, news: bytes) -> None:
        """Take in what a process told; what cannot be read or is of another environment is nothing to us."""
        told = read(news)
        if told is None or told.scope != self._scope:
            return
        self._silent_until_ms = max(self._silent_until_ms, told.silent_until_ms)
        for spent in told.spent:
            known = self._weight
            if spent.type == WEIGHT and (known is None or (spent.start_ms, spent.used) > (known.start_ms, known.used)):
                self._weight = spent

    def used_weight(self, now_ms: int) -> tuple[int, int] | None:
        """Weight used in the current interval and its limit (0 if the exchange never told), None when nothing was heard."""
        if self._weight is None:
            return None
        over = now_ms >= self._weight.start_ms + self._weight.interval_ms
        return 0 if over else self._weight.used, self._weight.limit

    def silent_for_ms(self, now_ms: int) -> int:
        """How long nothing may be sent; 0 when all is well."""
        return max(0, self._silent_until_ms - now_ms)
