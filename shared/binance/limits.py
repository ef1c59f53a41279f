"""The request budget of one address, spent by all processes together. Pure: the clock is passed in, news goes out as bytes.

The exchange counts request weight per address and unfilled orders per account, in fixed windows aligned to its clock, and
tells its count with every reply. Over the limit it answers 429; who goes on is banned with 418, for up to three days. So:

- A request takes its weight *before* it leaves (`delay_ms`, `take`) and gives it back when the reply tells the real count
  (`settle`). A reply without a count is charged in full.
- Lanes leave headroom: a request for market data may not use the last fifth, so that a cancel always finds room.
- After 429 or 418 nothing leaves, in any lane, until `Retry-After` has passed. The one exception is the exchange's own:
  -1015 (too many orders) comes as 429 without `Retry-After`, and stops orders only.
- What one process learns the others are told (`on_news`) and believe (`hear`): of a window the highest count, of silences
  the latest end. Hearing is idempotent and is never passed on, so news cannot echo.

A count that is lower than what we believed is taken over only from a request that was sent after we learned the belief: only
that proves a new window (or refunded weight); replies that overtake each other prove nothing.
Source: "LIMITS" of the REST documentation, "Rate limits" of the WebSocket API's, 2026-07-21.
"""

from collections.abc import Callable, Iterable
from enum import IntEnum

import msgspec
from msgspec import Struct

from shared.binance.usage import INTERVAL_MS, Usage
from shared.contract.platform.budget import BudgetNews, Spent, read

MINUTE_MS = INTERVAL_MS["MINUTE"]
LONGEST_BAN_MS = 3 * INTERVAL_MS["DAY"]
"""Documented maximum; a longer silence is a mistake of someone's and is cut."""
BAN_MS = 2 * MINUTE_MS
"""The shortest ban, for a 418 that does not say."""
BOUNDARY_MS = 50
"""Waited beyond the end of a window, for our idea of the exchange's clock is not exact."""
IN_FLIGHT_MS = 10
"""Looked again after this long when only requests in flight stand in the way: their replies free what was reserved."""
NEWS_EVERY_MS = 250
NEWS_GROWTH_PERCENT = 2
"""Used weight is told this often, or at once after it grew by this much of the limit."""


DEFAULT_WEIGHT = 6000
"""A minute; until the exchange tells its own."""
MOST_WINDOWS = 256
"""Kept; a bound, not a number that is ever reached (three an account)."""
COUNTED = frozenset({"REQUEST_WEIGHT", "ORDERS", "RAW_REQUESTS"})
"""Raw requests are announced but never reported: each process counts its own."""


class Lane(IntEnum):
    """Who goes first."""

    CANCEL = 0
    ORDER = 1
    ACCOUNT = 2
    DATA = 3


SHARE_PERCENT = {Lane.CANCEL: 100, Lane.ORDER: 95, Lane.ACCOUNT: 90, Lane.DATA: 80}
"""So much of a window may be used when a request of the lane leaves."""


_Key = tuple[str, int, str]


class Window:
    """One limit in its current interval."""

    __slots__ = ("in_flight", "interval_ms", "key", "known_at", "learned", "limit", "start_ms", "type", "used")

    def __init__(self, key: _Key, limit: int, *, learned: bool) -> None:
        self.key, self.limit, self.learned = key, limit, learned
        self.type, self.interval_ms, _ = key
        self.start_ms = self.used = self.in_flight = self.known_at = 0

    def roll(self, now_ms: int) -> None:
        """Begin anew when the interval is over."""
        start_ms = now_ms - now_ms % self.interval_ms
        if start_ms > self.start_ms:
            self.start_ms, self.used = start_ms, 0

    def cost(self, weight: int, orders: int) -> int:
        """What a request uses of this limit."""
        if self.type == "REQUEST_WEIGHT":
            return weight
        return orders if self.type == "ORDERS" else 1

    def delay_ms(self, cost: int, lane: Lane, now_ms: int) -> int:
        """How long the cost has to wait for room."""
        taken = self.used + self.in_flight
        allowed = self.limit if self.type == "ORDERS" else self.limit * SHARE_PERCENT[lane] // 100
        if not cost or not taken or taken + cost <= allowed:
            return 0
        if self.used + cost <= allowed:
            return IN_FLIGHT_MS
        return self.start_ms + self.interval_ms + BOUNDARY_MS - now_ms


class Ticket(Struct, frozen=True):
    """Leave to send one request; to be settled or given back exactly once."""

    number: int
    sent_ms: int
    holds: tuple[tuple[Window, int], ...]
    account: str


class RateBudget:
    """What one address may still send.

    Args:
        now_ms: the exchange's time, as well as we know it.
        scope: whose budget it is (environment, address); news of another scope is not heard.
        on_news: is given bytes for other processes to `hear`.
    """

    def __init__(self, now_ms: Callable[[], int], *, scope: str = "", on_news: Callable[[bytes], None] | None = None) -> None:
        self.now_ms = now_ms
        self.scope = scope
        self.on_news = on_news
        self.silent_until_ms = 0
        self._weight = Window(("REQUEST_WEIGHT", MINUTE_MS, ""), DEFAULT_WEIGHT, learned=False)
        self._windows: dict[_Key, Window] = {self._weight.key: self._weight}
        self._order_limits: dict[int, int] = {}
        self._number = 0
        self._told_ms = self._told_used = 0

    @property
    def windows(self) -> tuple[Window, ...]:
        """The limits that are known, for status pages and metrics; to be read only."""
        now_ms = self.now_ms()
        for window in self._windows.values():
            window.roll(now_ms)
        return tuple(self._windows.values())

    def silent_ms(self) -> int:
        """How long nothing may leave."""
        return max(0, self.silent_until_ms - self.now_ms())

    def delay_ms(self, weight: int, orders: int = 0, *, account: str = "", lane: Lane = Lane.DATA) -> int:
        """How long such a request has to wait; 0 when it may leave now."""
        now_ms = self.now_ms()
        delay = max(0, self.silent_until_ms - now_ms)
        for window in self._of(account):
            window.roll(now_ms)
            delay = max(delay, window.delay_ms(window.cost(weight, orders), lane, now_ms))
        return delay

    def take(self, weight: int, orders: int = 0, *, account: str = "") -> Ticket:
        """Reserve for a request that leaves now; `delay_ms` has just allowed it."""
        self._number += 1
        holds = tuple((window, window.cost(weight, orders)) for window in self._of(account))
        for window, cost in holds:
            window.in_flight += cost
        return Ticket(self._number, self.now_ms(), holds, account)

    def give_back(self, ticket: Ticket) -> None:
        """The request never left."""
        for window, cost in ticket.holds:
            window.in_flight -= cost

    def settle(self, ticket: Ticket, usage: Iterable[Usage] = ()) -> None:
        """The reply came with these counts, or none came and the request is charged in full."""
        self.give_back(ticket)
        told = {(count.type, count.interval_ms): count for count in usage}
        now_ms = self.now_ms()
        for window, cost in ticket.holds:
            window.roll(now_ms)
            count = told.pop((window.type, window.interval_ms), None)
            if count is not None and count.limit is not None:
                window.limit, window.learned = count.limit, True
            if ticket.sent_ms < window.start_ms:
                continue  # counted in the window before, perhaps: it says nothing of this one
            if count is None or count.used is None:
                window.used += cost
            elif count.used > window.used or ticket.number > window.known_at:
                window.used, window.known_at = count.used, self._number
        self.learn(told.values(), account=ticket.account)
        self._tell(now_ms)

    def learn(self, usage: Iterable[Usage], *, account: str = "") -> None:
        """Take over limits, and counts of limits that were not known when the request left."""
        now_ms = self.now_ms()
        for count in usage:
            owner = account if count.type == "ORDERS" else ""
            if count.limit is not None and count.type == "ORDERS":
                self._order_limits[count.interval_ms] = count.limit
            limit = count.limit or self._order_limits.get(count.interval_ms, 0)
            if count.type not in COUNTED or count.interval_ms <= 0 or not limit or (count.type == "ORDERS" and not owner):
                continue
            window = self._window((count.type, count.interval_ms, owner), limit)
            window.limit, window.learned = limit, True
            window.roll(now_ms)
            window.used = max(window.used, count.used or 0)

    def silence(self, for_ms: int) -> None:
        """429 or 418: nothing leaves for so long; the others are told at once."""
        until_ms = self.now_ms() + min(for_ms, LONGEST_BAN_MS)
        if until_ms > self.silent_until_ms:
            self.silent_until_ms = until_ms
            self._tell(self.now_ms(), urgent=True)

    def hear(self, news: bytes) -> bool:
        """Believe another process's news, old or repeated as it may be; False when it is not for us or cannot be read."""
        heard = read(news)
        if heard is None or heard.scope != self.scope:
            return False
        now_ms = self.now_ms()
        if heard.silent_until_ms <= now_ms + LONGEST_BAN_MS:  # else somebody's clock is wrong
            self.silent_until_ms = max(self.silent_until_ms, heard.silent_until_ms)
        for spent in heard.spent[:MOST_WINDOWS]:
            key = (spent.type, spent.interval_ms, spent.account)
            if spent.type in COUNTED and spent.interval_ms > 0 and (key in self._windows or len(self._windows) < MOST_WINDOWS):
                self._hear_window(self._window(key, spent.limit), spent, now_ms)
        return True

    def _hear_window(self, window: Window, spent: Spent, now_ms: int) -> None:
        window.roll(now_ms)
        is_fresh = spent.start_ms == window.start_ms
        if spent.limit and (is_fresh or not window.learned):
            window.limit, window.learned = spent.limit, True
        if is_fresh and spent.used > window.used:
            window.used, window.known_at = spent.used, self._number

    def _of(self, account: str) -> list[Window]:
        if account:
            for interval_ms, limit in self._order_limits.items():
                self._window(("ORDERS", interval_ms, account), limit)
        return [window for window in self._windows.values() if window.key[2] in ("", account)]

    def _window(self, key: _Key, limit: int) -> Window:
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = Window(key, limit, learned=True)
        return window

    def _tell(self, now_ms: int, *, urgent: bool = False) -> None:
        if self.on_news is None:
            return
        grown = abs(self._weight.used - self._told_used) * 100 >= self._weight.limit * NEWS_GROWTH_PERCENT
        if not urgent and not grown and now_ms - self._told_ms < NEWS_EVERY_MS:
            return
        self._told_ms, self._told_used = now_ms, self._weight.used
        spent = tuple(
            Spent(*window.key, window.start_ms, window.used, window.limit if window.learned else 0)
            for window in self._windows.values()
            if window.type != "RAW_REQUESTS" and window.limit
        )
        self.on_news(msgspec.json.encode(BudgetNews(self.scope, self.silent_until_ms, spent)))
