"""Streams that bring nothing, and what to make of it: the market may be quiet, or the exchange has forgotten them.

Only the exchange can tell, so it is asked, but not all the time. A connection that answers and on which a stream is silent
without cause is replaced, now and then.
"""

from collections.abc import Set

ASK_EVERY_S = 3.0
"""The exchange is asked for a single stream that brings nothing, but no more often."""
REPLACE_EVERY_S = 600.0
"""A connection is replaced for such a stream, but no more often."""


class Doubts:
    """The doubts about one connection after another. Pure: time comes as an argument."""

    def __init__(self) -> None:
        self.suspects: Set[str] = frozenset()
        """Streams because of which the connection is being replaced."""
        self._names: set[str] = set()
        self._asks = False
        self._answered_at = 0.0
        self._replace_from = 0.0

    @property
    def are_there(self) -> bool:
        """Is the exchange to be asked?"""
        return bool(self._names) or self._asks

    def add(self, name: str) -> None:
        """A stream has been silent for longer than it should."""
        self._names.add(name)

    def ask(self, now: float) -> bool:
        """A stream brings nothing for longer than its period allows; False if the exchange answered a moment ago."""
        self._asks = self._asks or now >= self._answered_at + ASK_EVERY_S
        return self._asks

    def asking(self) -> None:
        """The exchange is being asked."""
        self._asks = False

    def answered(self, there: Set[str], now: float) -> str:
        """It says that these are subscribed. Why the connection has to be replaced all the same, empty if it has not."""
        self._answered_at = now
        doubted, self._names = self._names & there, set()
        if not doubted or now < self._replace_from:
            return ""
        self._replace_from, self.suspects = now + REPLACE_EVERY_S, doubted
        return f"{min(doubted)} fell silent on it"

    def forget(self) -> None:
        """They were of another connection."""
        self._names.clear()
        self.suspects = frozenset()
        self._asks = False
