"""A request as handlers see it."""

from typing import Any

from msgspec import Struct

from services.paper_exchange.keys import Key

DEFAULT_LIMIT = 500


class Call(Struct, frozen=True):
    """A request that has been decoded."""

    given: dict[str, Any]
    micros: bool = False
    """Are times in the reply microseconds?"""
    ws_api: bool = False
    account: str = ""
    """Who asks: the account of the key that signed (or only named) the request; empty where no key is needed."""
    key: Key | None = None

    def time(self, time_us: int) -> int:
        """A time in the reply's unit."""
        return time_us if self.micros else time_us // 1000

    @property
    def limit(self) -> int:
        return self.given.get("limit", DEFAULT_LIMIT)
