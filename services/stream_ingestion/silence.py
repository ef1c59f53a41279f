"""How long a stream may bring nothing before the exchange is asked whether it still sends it.

A stream with a period says something in each of them as long as its market moves (the exchange documents how often they come,
not what they do when nothing changes). Silence alone is therefore no fault: it is a reason to ask, a proof only where no
answer comes. Streams that come at once (trades, best prices) have no period; for them the silence of the connection counts.
"""

import math

from shared.contract.market.streams import Stream

PERIODS = 4
LEAST_S = 3.0
"""A shorter silence is within what a network does."""


def bound_s(stream: Stream) -> float:
    """So long it may be silent; for ever where it has no period."""
    return max(LEAST_S, PERIODS * stream.speed_ms / 1000) if stream.speed_ms else math.inf
