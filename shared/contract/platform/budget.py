"""What processes tell each other of the exchange's request limits, which they share by address and by account.

Told on the bus under the topic `budget` (see `runtime.gossip`) by those who talk to the exchange; heard by them and by whoever
shows it.
"""

from typing import Final

import msgspec
from msgspec import Struct

TOPIC: Final = "budget"


class Spent(Struct, frozen=True, array_like=True):
    """What is used of one limit in one of its intervals."""

    type: str
    """Of the limit, in the exchange's word: REQUEST_WEIGHT, ORDERS."""
    interval_ms: int
    account: str
    """Empty where the limit is the address's."""
    start_ms: int
    """Unix time, on the exchange's clock, at which the interval began."""
    used: int
    limit: int
    """0 where it was never told by the exchange."""


class BudgetNews(Struct, frozen=True):
    """What one process knows of the budget."""

    scope: str
    """The environment: limits of different exchanges have nothing to do with each other."""
    silent_until_ms: int
    """Unix time until which nobody may send anything (429, 418); 0 or past when all is well."""
    spent: tuple[Spent, ...]


_decoder = msgspec.json.Decoder(BudgetNews)


def read(news: bytes) -> BudgetNews | None:
    """The news that another process told; None when it cannot be read."""
    try:
        return _decoder.decode(news)
    except msgspec.MsgspecError:
        return None
