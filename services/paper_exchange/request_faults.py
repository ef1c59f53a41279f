"""What can be made to go wrong with requests and user data, for drills. Pure, and the same every time for the same seed.

    {"requests": {"methods": ["order.place"], "lose_every": 1, "times": 1}}     the next order is accepted, its answer lost
    {"requests": {"seed": "7", "error_every": 20, "errors": ["-1007", "502"], "latency_ms": 40}, "events": {"late_every": 3}}

`..._every` is the mean number of requests (events) between two such faults; zero is never, one is each. What an error says is
unknown (-1006, -1007, 5xx) is unknown: half of such requests were carried out. (Faults of market streams: `streams.faults`.)
"""

from random import Random
from typing import Annotated, Literal

from msgspec import Meta, Struct

from services.paper_exchange.errors import Refused, refused
from shared.contract.exchange_errors import message

_Count = Annotated[int, Meta(ge=0, le=10_000_000)]
_Millis = Annotated[int, Meta(ge=0, le=600_000)]
Error = Literal["-1000", "-1001", "-1006", "-1007", "-1008", "500", "502", "503", "504"]
_NEVER_DONE = ("-1001", "-1008")
"""Errors that promise that nothing was done."""


class RequestFaults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The order for a drill of requests; without anything in it nothing goes wrong."""

    seed: Annotated[str, Meta(max_length=64)] = "1"
    methods: tuple[str, ...] = ()
    """Operations that it concerns, by the names of the WebSocket API; none: all."""
    times: _Count = 0
    """So many faults at most (delays aside); zero: without end."""
    latency_ms: _Millis = 0
    jitter_ms: _Millis = 0
    """Requests arrive so much later, and at random up to so much later still."""
    lose_every: _Count = 0
    """The request is carried out, and the connection closed without an answer."""
    drop_every: _Count = 0
    """The connection is closed before anything was done."""
    silence_every: _Count = 0
    """The socket of the WebSocket API stays open and is mute from then on."""
    error_every: _Count = 0
    errors: Annotated[tuple[Error, ...], Meta(min_length=1)] = ("-1006", "-1007", "-1008", "500", "502", "503", "504")
    limit_every: _Count = 0
    """429, with so many seconds to wait."""
    ban_every: _Count = 0
    """418, likewise."""
    retry_after_s: Annotated[int, Meta(ge=1, le=259_200)] = 2
    rotate_s: Annotated[float, Meta(ge=0, le=86_400)] = 0
    """New connections to the WebSocket API end after so many seconds, with `serverShutdown` halfway."""


class EventFaults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The order for a drill of user data events."""

    seed: Annotated[str, Meta(max_length=64)] = "1"
    late_every: _Count = 0
    late_ms: _Millis = 1000
    """An event comes so much later than it should, after others that followed it."""
    double_every: _Count = 0
    """An event comes twice."""
    lose_every: _Count = 0
    """An event never comes."""


Kind = Literal["none", "lost", "dropped", "silence", "error", "limited", "banned"]


class Fault(Struct, frozen=True):
    """What happens to one request."""

    kind: Kind = "none"
    delay_s: float = 0.0
    error: Error = "-1000"
    is_done: bool = True
    """Is it carried out?"""
    retry_after_s: int = 0

    def refusal(self, now_us: int) -> Refused:
        """The answer of an error or a limit."""
        if self.kind in ("limited", "banned"):
            until_ms = now_us // 1000 + self.retry_after_s * 1000
            data = {"serverTime": now_us // 1000, "retryAfter": until_ms}
            banned = self.kind == "banned"
            text = message(-1003, until_ms, like="banned") if banned else message(-1003, 6000, "1 MINUTE", like="current limit")
            return Refused(-1003, text, status=418 if banned else 429, data=data, retry_after_s=self.retry_after_s)
        if self.error.startswith("-"):
            return refused(int(self.error))
        return Refused(-1000, message(-1000), status=int(self.error))


NO_FAULT = Fault()


class RequestFate:
    """What happens to requests, one after the other."""

    def __init__(self, faults: RequestFaults) -> None:
        self.faults = faults
        self._luck = Random(faults.seed)
        every: dict[Kind, int] = {
            "dropped": faults.drop_every,
            "silence": faults.silence_every,
            "limited": faults.limit_every,
            "banned": faults.ban_every,
            "error": faults.error_every,
            "lost": faults.lose_every,
        }
        self._every: dict[Kind, int] = {kind: mean for kind, mean in every.items() if mean}
        self._due: dict[Kind, int] = {kind: self._after(mean) for kind, mean in self._every.items()}
        self._seen = 0
        self._left = faults.times or None

    def next(self, method: str) -> Fault:
        """What happens to the next request."""
        faults = self.faults
        if faults.methods and method not in faults.methods:
            return NO_FAULT
        delay_s = (faults.latency_ms + (self._luck.random() * faults.jitter_ms if faults.jitter_ms else 0)) / 1000
        self._seen += 1
        if self._left != 0:
            for kind, due in self._due.items():
                if self._seen >= due:
                    self._due[kind] = self._seen + self._after(self._every[kind])
                    self._left = None if self._left is None else self._left - 1
                    return self._fault(kind, delay_s)
        return Fault(delay_s=delay_s) if delay_s else NO_FAULT

    def _fault(self, kind: Kind, delay_s: float) -> Fault:
        error: Error = "-1000"
        is_done = kind == "lost"
        if kind == "error":
            error = self._luck.choice(self.faults.errors)
            is_done = error not in _NEVER_DONE and self._luck.random() < 0.5
        return Fault(kind, delay_s, error, is_done, self.faults.retry_after_s)

    def _after(self, every: int) -> int:
        """In how many requests the next fault of a kind comes: at least one, twice the mean at most."""
        return self._luck.randint(1, 2 * every - 1)


class EventFate:
    """What happens to user data events, one after the other."""

    def __init__(self, faults: EventFaults) -> None:
        self.faults = faults
        self._luck = Random(faults.seed)

    def next(self) -> tuple[float, ...]:
        """After how many seconds the next event is told, once or more often; empty: never."""
        faults = self.faults
        if self._strikes(faults.lose_every):
            return ()
        delay_s = faults.late_ms / 1000 if self._strikes(faults.late_every) else 0.0
        return (delay_s, delay_s) if self._strikes(faults.double_every) else (delay_s,)

    def _strikes(self, every: int) -> bool:
        return bool(every) and self._luck.random() * every < 1


class Fates:
    """What is ordered now for requests and for events."""

    def __init__(self) -> None:
        self.requests: RequestFate | None = None
        self.events: EventFate | None = None

    def of(self, method: str) -> Fault:
        """What happens to the next request."""
        return NO_FAULT if self.requests is None else self.requests.next(method)

    @property
    def rotate_s(self) -> float:
        """Life of new connections to the WebSocket API, where that is ordered."""
        return 0.0 if self.requests is None else self.requests.faults.rotate_s
