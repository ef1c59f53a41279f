"""How long a stream may bring nothing before the exchange is asked whether it still sends it.

A stream with a period says something in each of them as long as its market moves (the exchange documents how often they come,
not what they do when nothing changes). Silence alone is therefore no fault: it is a reason to ask, a proof only where no
answer comes, or where trades of the same symbol go on: they change its book, its candles and its statistics. Streams that come
at once (trades, best prices) have no period; for them the silence of the connection counts.
"""

import math
from collections.abc import Iterable

from services.stream_ingestion.channel import Channel
from shared.contract.market.streams import Stream

PERIODS = 4
LEAST_S = 3.0
"""A shorter silence is within what a network does."""
_TRADES = frozenset({"trade", "aggTrade"})
_MOVED_BY_TRADES = frozenset({"depth", "depth{}", "kline", "ticker", "miniTicker"})


def bound_s(stream: Stream) -> float:
    """So long it may be silent; for ever where it has no period."""
    return max(LEAST_S, PERIODS * stream.speed_ms / 1000) if stream.speed_ms else math.inf


def moved(channels: Iterable[Channel]) -> dict[str, float]:
    """When each symbol traded last, as far as these tell (monotonic)."""
    found: dict[str, float] = {}
    for channel in channels:
        if channel.stream.kind in _TRADES:
            found[channel.symbol] = max(channel.received, found.get(channel.symbol, 0.0))
    return found


def moves(stream: Stream) -> bool:
    """Has a trade to show on this stream?"""
    return stream.kind in _MOVED_BY_TRADES and not stream.of_all_symbols
