"""The seam between saying and sending: one request in, one reply out, whichever way it travels.

A transport encodes, signs with the key it is given, sends once and never sends again by itself. What it cannot deliver it
tells in one of two ways, and the difference is money: `NotSent` (nothing left this process) or `Lost` (it left, and no answer
came back: it may have been executed). Their texts are ours; no foreign exception text passes.
"""

from typing import Any, Protocol

from msgspec import Struct

from shared.binance.limits import Usage
from shared.binance.signing import Key
from shared.contract.operation import Operation


class Request(Struct, frozen=True):
    """One operation on its way to the exchange."""

    operation: Operation[Any]
    timeout_s: float
    """How long the caller still waits."""
    key: Key | None = None
    """Who asks; None for public reads."""
    timestamp_ms: int = 0
    """The exchange's time, for a signed request."""


class Reply(Struct, frozen=True):
    """What the exchange answered."""

    status: int
    """HTTP status; the WebSocket API uses the same numbers."""
    body: bytes
    """The result, or the error `{"code", "msg", "data"?}`, as the exchange wrote it."""
    usage: tuple[Usage, ...] = ()
    """The limits as counted by the exchange."""
    retry_after_ms: int | None = None
    """How long to stay silent, with 429 and 418."""


class NotSent(Exception):
    """Nothing left this process."""


class Lost(Exception):
    """It left, and no answer came."""

    def __init__(self, message: str, *, broken: bool) -> None:
        super().__init__(message)
        self.broken = broken
        """The connection broke (a read may be sent once more); otherwise the time was up."""


class Transport(Protocol):
    """A way to the exchange."""

    async def send(self, request: Request) -> Reply:
        """Send once and wait for the answer.

        Raises:
            NotSent: nothing left this process.
            Lost: it left, and no answer came.
        """
        ...

    async def close(self) -> None:
        """Close every connection; requests in flight are lost."""
        ...
