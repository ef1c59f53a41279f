"""What is used of the limits, as the exchange reports it: headers of REST, `rateLimits` of the WebSocket API."""

import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec
from msgspec import Struct

INTERVAL_MS = {"SECOND": 1_000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}
_BY_LETTER = {name[0]: milliseconds for name, milliseconds in INTERVAL_MS.items()}
_ORDER_REFUSAL = re.compile(r"current limit is ([0-9]+) orders per ([0-9]+ )?([A-Z]+)")
_HEADER = re.compile(rb"^x-mbx-(used-weight|order-count)-([0-9]{1,5})([smhd])$", re.IGNORECASE)


class Usage(Struct, frozen=True):
    """What is used of one limit, as counted by the exchange."""

    type: str
    interval_ms: int
    used: int | None = None
    """Unknown where only the limit was told (`exchangeInfo`)."""
    limit: int | None = None
    """Unknown where only the use was told (headers)."""


class RateLimit(Struct, frozen=True):
    """One entry of `rateLimits`."""

    rate_limit_type: str = msgspec.field(name="rateLimitType")
    interval: str
    interval_num: int = msgspec.field(name="intervalNum")
    limit: int
    count: int | None = None

    @property
    def usage(self) -> Usage:
        return Usage(self.rate_limit_type, INTERVAL_MS.get(self.interval, 0) * self.interval_num, self.count, self.limit)


class _ExchangeInfo(Struct, frozen=True):
    rate_limits: list[RateLimit] = msgspec.field(name="rateLimits")


_exchange_info = msgspec.json.Decoder(_ExchangeInfo)


def from_headers(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[Usage, ...], int | None]:
    """The used limits and the `Retry-After` (as ms) that a reply's headers tell of."""
    found: list[Usage] = []
    retry_after_ms = None
    for name, value in headers:
        meaning = _meaning(name)
        if meaning is None or not value.isdigit():
            continue
        kind, interval_ms = meaning
        if kind == "RETRY_AFTER":
            retry_after_ms = int(value) * 1000
        else:
            found.append(Usage(kind, interval_ms, int(value)))
    return tuple(found), retry_after_ms


@lru_cache(maxsize=256)
def _meaning(header: bytes) -> tuple[str, int] | None:
    if header.lower() == b"retry-after":
        return "RETRY_AFTER", 0
    match = _HEADER.match(header)
    if match is None:
        return None
    kind = "REQUEST_WEIGHT" if match[1].lower() == b"used-weight" else "ORDERS"
    return kind, int(match[2]) * _BY_LETTER[match[3].decode().upper()]


def from_exchange_info(body: bytes) -> tuple[Usage, ...]:
    """The limits that `exchangeInfo` announces; none when the body cannot be read."""
    try:
        return tuple(limit.usage for limit in _exchange_info.decode(body).rate_limits)
    except msgspec.MsgspecError:
        return ()


def from_order_refusal(text: str) -> tuple[Usage, ...]:
    """The spent limit that the text of -1015 names: `current limit is 50 orders per 10 SECOND`."""
    match = _ORDER_REFUSAL.search(text)
    if match is None or match[3] not in INTERVAL_MS:
        return ()
    return (Usage("ORDERS", int(match[2] or 1) * INTERVAL_MS[match[3]], int(match[1]), int(match[1])),)
