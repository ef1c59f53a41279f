"""What can go wrong, told by who can act on it.

    ServiceError
    ├── Invalid         the caller: a parameter is wrong; nothing was sent
    ├── Rejected        the caller: the exchange understood and refused
    ├── Denied          the operator: credentials, permissions or policy forbid it
    ├── RateLimited     time: a limit or a ban; `retry_after_ms` says how long
    ├── Unavailable     time: out of reach or busy; nothing was executed
    └── OutcomeUnknown  nobody yet: it may have been executed; ask before trying again

An error is translated into this tree once, where it enters the platform, and crosses the bus as `ErrorBody`.
"""

from typing import ClassVar, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

Kind = Literal["invalid", "rejected", "denied", "rate_limited", "unavailable", "outcome_unknown"]


class ErrorBody(Struct, frozen=True, omit_defaults=True):
    """An error as it crosses the bus and reaches an agent (JSON)."""

    kind: Kind
    message: str
    code: int | UnsetType = UNSET
    """The exchange's error code, where the error is the exchange's."""
    retry_after_ms: int | UnsetType = UNSET
    hint: str = ""


class ServiceError(Exception):
    """An error that a caller may see: its texts hold no secret, path or foreign exception text."""

    kind: ClassVar[Kind]
    status: ClassVar[int]
    """The `Nats-Service-Error-Code`, chosen as HTTP would."""

    def __init__(self, message: str, *, code: int | None = None, retry_after_ms: int | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.retry_after_ms = retry_after_ms
        self.hint = hint

    @property
    def body(self) -> ErrorBody:
        """The error in the form that crosses the bus."""
        return ErrorBody(
            kind=self.kind,
            message=self.message,
            code=UNSET if self.code is None else self.code,
            retry_after_ms=UNSET if self.retry_after_ms is None else self.retry_after_ms,
            hint=self.hint,
        )


class Invalid(ServiceError):
    """A parameter is missing, malformed or out of range; nothing was sent."""

    kind = "invalid"
    status = 400


class Rejected(ServiceError):
    """The exchange understood the request and refused it."""

    kind = "rejected"
    status = 422


class Denied(ServiceError):
    """Credentials, permissions or a policy forbid the request."""

    kind = "denied"
    status = 403


class RateLimited(ServiceError):
    """A limit is spent or the address is banned; nothing was executed."""

    kind = "rate_limited"
    status = 429


class Unavailable(ServiceError):
    """The exchange, the bus or a service is out of reach or busy; nothing was executed."""

    kind = "unavailable"
    status = 503


class OutcomeUnknown(ServiceError):
    """The request may or may not have been executed: query before trying again."""

    kind = "outcome_unknown"
    status = 504


_BY_KIND: dict[str, type[ServiceError]] = {
    cls.kind: cls for cls in (Invalid, Rejected, Denied, RateLimited, Unavailable, OutcomeUnknown)
}
_body_decoder = msgspec.json.Decoder(ErrorBody)


def encode_error(error: ServiceError) -> bytes:
    """The JSON body of an error."""
    return msgspec.json.encode(error.body)


def decode_error(data: bytes) -> ServiceError:
    """The error that a JSON body tells of; a body that is none is `Unavailable`, for the answer cannot be trusted."""
    try:
        body = _body_decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Unavailable("The service answered with an error that cannot be read.", hint="Look at its log.")
    return _BY_KIND[body.kind](
        body.message,
        code=None if body.code is UNSET else body.code,
        retry_after_ms=None if body.retry_after_ms is UNSET else body.retry_after_ms,
        hint=body.hint,
    )
