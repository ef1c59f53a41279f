"""What an address may ask: weight per minute, requests per five minutes, connections per five minutes.

Limits count in windows of the clock, as the exchange's do. Who goes on asking after a 429 is banned (418): two minutes the
first time, twice as long each time after, three days at most. (REST documentation, "IP Limits".)
"""

from msgspec import Struct, structs

from services.paper_exchange.engine.order_counts import DEFAULT_LIMITS, OrderLimit
from services.paper_exchange.errors import Refused
from shared.contract.exchange_errors import message

MINUTE_US = 60_000_000
FIVE_MINUTES_US = 5 * MINUTE_US
PATIENCE = 20
"""So many requests an address may send against a 429 before it is banned."""
FIRST_BAN_US = 2 * MINUTE_US
LONGEST_BAN_US = 3 * 86400 * 1_000_000
MAX_ADDRESSES = 10_000


class _Spent(Struct):
    window: int = -1
    weight: int = 0
    raw_window: int = -1
    requests: int = 0
    connections: int = 0
    ignored: int = 0
    bans: int = 0
    banned_until_us: int = 0


def order_limits(in_ten_seconds: int) -> tuple[OrderLimit, ...]:
    """So many orders in ten seconds, and in a day in the exchange's own proportion to them (50 to 160,000)."""
    ten_seconds, day = DEFAULT_LIMITS
    of_day = in_ten_seconds * day.limit // ten_seconds.limit
    return structs.replace(ten_seconds, limit=in_ten_seconds), structs.replace(day, limit=of_day)


class Limits(Struct, frozen=True):
    """How much an address may spend."""

    weight: int = 6000
    raw_requests: int = 300_000
    connections: int = 300
    orders: tuple[OrderLimit, ...] = DEFAULT_LIMITS
    """Of an account, not of an address; the engine counts them."""

    def described(self) -> list[dict[str, str | int]]:
        """The limits as `exchangeInfo` shows them."""
        return [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": self.weight},
            *(
                {"rateLimitType": "ORDERS", "interval": each.interval, "intervalNum": each.interval_num, "limit": each.limit}
                for each in self.orders
            ),
            {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": self.raw_requests},
        ]

    def connections_described(self) -> dict[str, str | int]:
        """One more that only the WebSocket API shows."""
        return {"rateLimitType": "CONNECTIONS", "interval": "MINUTE", "intervalNum": 5, "limit": self.connections}


class Weights:
    """The accounts of all addresses."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._spent: dict[str, _Spent] = {}

    def used(self, address: str, now_us: int) -> int:
        """Weight spent in this minute."""
        spent = self._spent.get(address)
        return spent.weight if spent is not None and spent.window == now_us // MINUTE_US else 0

    def charge(self, address: str, weight: int, now_us: int) -> int:
        """Spend weight and tell what this minute's sum is now.

        Raises:
            Refused: 429 when a limit is spent, 418 when the address is banned.
        """
        spent = self._account(address, now_us)
        if now_us < spent.banned_until_us:
            raise _banned(spent.banned_until_us, now_us)
        spent.requests += 1
        spent.weight += weight
        if spent.weight > self.limits.weight:
            spent.weight -= weight
            raise self._limited(spent, now_us, self.limits.weight, "1 MINUTE", (now_us // MINUTE_US + 1) * MINUTE_US)
        if spent.requests > self.limits.raw_requests:
            until_us = (now_us // FIVE_MINUTES_US + 1) * FIVE_MINUTES_US
            raise self._limited(spent, now_us, self.limits.raw_requests, "5 MINUTE", until_us)
        spent.ignored = 0
        return spent.weight

    def owe(self, address: str, weight: int, now_us: int) -> None:
        """Add what a request turned out to cost; who then is over the limit hears of it next time."""
        self._account(address, now_us).weight += weight

    def connect(self, address: str, weight: int, now_us: int) -> int:
        """Charge a new WebSocket connection; raises as `charge` does."""
        spent = self._account(address, now_us)
        if spent.connections >= self.limits.connections:
            until_us = (now_us // FIVE_MINUTES_US + 1) * FIVE_MINUTES_US
            raise self._limited(spent, now_us, self.limits.connections, "5 MINUTE", until_us)
        spent.connections += 1
        return self.charge(address, weight, now_us)

    def _account(self, address: str, now_us: int) -> _Spent:
        spent = self._spent.get(address)
        if spent is None:
            if len(self._spent) >= MAX_ADDRESSES:
                self._spent = {name: kept for name, kept in self._spent.items() if kept.banned_until_us > now_us}
            spent = self._spent[address] = _Spent()
        if spent.window != now_us // MINUTE_US:
            spent.window, spent.weight, spent.ignored = now_us // MINUTE_US, 0, 0
        if spent.raw_window != now_us // FIVE_MINUTES_US:
            spent.raw_window, spent.requests, spent.connections = now_us // FIVE_MINUTES_US, 0, 0
        return spent

    def _limited(self, spent: _Spent, now_us: int, limit: int, interval: str, until_us: int) -> Refused:
        spent.ignored += 1
        if spent.ignored > PATIENCE:
            spent.banned_until_us = now_us + min(FIRST_BAN_US << spent.bans, LONGEST_BAN_US)
            spent.bans = min(spent.bans + 1, 12)
            spent.ignored = 0
            return _banned(spent.banned_until_us, now_us)
        return _told(message(-1003, limit, interval, like="current limit"), 429, until_us, now_us)


def _banned(until_us: int, now_us: int) -> Refused:
    return _told(message(-1003, until_us // 1000, like="banned"), 418, until_us, now_us)


def _told(text: str, status: int, until_us: int, now_us: int) -> Refused:
    data = {"serverTime": now_us // 1000, "retryAfter": until_us // 1000}
    return Refused(-1003, text, status=status, data=data, retry_after_s=max(1, -(-(until_us - now_us) // 1_000_000)))
