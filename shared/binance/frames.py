"""What arrives over a WebSocket API connection: replies by id, events, and the notice that a key was revoked. Pure.

    {"id": 1, "status": 200, "result": ..., "rateLimits": [...]}      a reply; `error` in place of `result` where it was refused
    {"subscriptionId": 0, "event": {...}}                             a user data event
    {"event": {"e": "serverShutdown", ...}}                           the connection will be closed soon
    {"id": null, "status": 401, "error": {...}}                       the key of the session was revoked

Results and events are cut out of the frame as they stand, never decoded and encoded again.
Source: "Response format", "Events" of the WebSocket API's documentation, 2026-07-21.
"""

import msgspec
from msgspec import Raw, Struct

from shared.binance.transport import Reply
from shared.binance.usage import RateLimit

NOTHING = Raw(b"")


class Unreadable(Exception):
    """It is no frame of the WebSocket API."""


class Frame(Struct, frozen=True):
    """Any frame that the exchange sends."""

    id: int | str | None = None
    status: int = 0
    result: Raw = NOTHING
    error: Raw = NOTHING
    rate_limits: list[RateLimit] = msgspec.field(name="rateLimits", default_factory=list[RateLimit])
    subscription_id: int | None = msgspec.field(name="subscriptionId", default=None)
    event: Raw = NOTHING

    @property
    def is_event(self) -> bool:
        return self.event is not NOTHING

    @property
    def is_shutdown(self) -> bool:
        """Will the server close this connection soon?"""
        return self.subscription_id is None and self.is_event and _event_type(self.event) == "serverShutdown"

    @property
    def is_revocation(self) -> bool:
        """Was the key of the session revoked?"""
        return self.id is None and self.status == 401

    @property
    def reply(self) -> Reply:
        """The reply as both transports tell it."""
        usage = tuple([limit.usage for limit in self.rate_limits])
        if 200 <= self.status < 300:
            return Reply(self.status, bytes(self.result), usage)
        return Reply(self.status, bytes(self.error), usage, _retry_after_ms(self.error))


class _Event(Struct, frozen=True):
    e: str = ""


class _BanData(Struct, frozen=True):
    server_time: int = msgspec.field(name="serverTime")
    retry_after: int = msgspec.field(name="retryAfter")


class _Ban(Struct, frozen=True):
    data: _BanData


_frame = msgspec.json.Decoder(Frame)
_event = msgspec.json.Decoder(_Event)
_ban = msgspec.json.Decoder(_Ban)


def read(data: bytes) -> Frame:
    """The frame.

    Raises:
        Unreadable: it is none of the above.
    """
    try:
        return _frame.decode(data)
    except msgspec.MsgspecError:
        raise Unreadable from None


def _event_type(event: Raw) -> str:
    try:
        return _event.decode(event).e
    except msgspec.MsgspecError:
        return ""


def _retry_after_ms(error: Raw) -> int | None:
    """Told as a moment of the server's clock; both moments are the server's, so ours does not matter."""
    try:
        data = _ban.decode(error).data
    except msgspec.MsgspecError:
        return None
    return max(0, data.retry_after - data.server_time)
