"""User data: who listens to which account, and what they are told, in the order in which it happened.

An event is worded once per unit of time, however many listen; accounts without an audience cost nothing.
"""

import asyncio
from typing import Protocol

from services.paper_exchange.clock import Clock
from services.paper_exchange.engine.events import Event
from services.paper_exchange.request_faults import Fates
from services.paper_exchange.time_units import Unit
from services.paper_exchange.user_events import account_of, worded


class Told:
    """One event that happened to an account, in the words of each unit of time."""

    __slots__ = ("_event", "_now_us", "_words")

    def __init__(self, event: Event, now_us: int) -> None:
        self._event = event
        self._now_us = now_us
        self._words: dict[Unit, str] = {}

    def __call__(self, unit: Unit) -> str:
        """The payload."""
        words = self._words.get(unit)
        if words is None:
            words = self._words[unit] = worded(self._event, self._now_us, unit)
        return words


class Listener(Protocol):
    """Who listens to an account."""

    def hear(self, told: Told) -> None:
        """Take an event. Neither waits, nor raises, nor changes any audience."""
        ...


class UserData:
    """The audiences of all accounts."""

    def __init__(self, clock: Clock, fates: Fates | None = None) -> None:
        self._clock = clock
        self._fates = fates or Fates()
        self._audiences: dict[str, dict[Listener, None]] = {}

    def join(self, account: str, listener: Listener) -> None:
        """Tell this listener of the account from now on."""
        self._audiences.setdefault(account, {})[listener] = None

    def leave(self, account: str, listener: Listener) -> None:
        """Tell this listener no more."""
        audience = self._audiences.get(account)
        if audience is not None:
            audience.pop(listener, None)
            if not audience:
                del self._audiences[account]

    def hear(self, events: list[Event]) -> None:
        """Tell everyone what concerns them; the venue calls it with everything that happens."""
        if not self._audiences:
            return
        now_us = self._clock()
        for event in events:
            account = account_of(event)
            if account not in self._audiences:
                continue
            told = Told(event, now_us)
            if self._fates.events is None:
                self._tell(account, told)
                continue
            for delay_s in self._fates.events.next():
                if delay_s:
                    asyncio.get_running_loop().call_later(delay_s, self._tell, account, told)
                else:
                    self._tell(account, told)

    def _tell(self, account: str, told: Told) -> None:
        for listener in self._audiences.get(account, ()):
            listener.hear(told)
