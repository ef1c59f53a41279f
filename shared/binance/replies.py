"""What a reply means: the exchange's own bytes, or an error of our tree, decided in this one place.

The exchange answers 2xx with a result; 4xx with `{"code", "msg"}` and nothing was done; 5xx when it failed on its side, and
then an order may have been executed all the same. Between it and us stand a firewall and proxies that answer in HTML. For
an operation that changes something, all that is not a clear yes or no is `OutcomeUnknown`; a read is just `Unavailable`. Our
texts do not name the operation: who asked knows it, as a method, a tool or a command.
Source: "HTTP Return Codes" and "Error Codes" of the REST documentation, 2026-07-21.
"""

import msgspec
from msgspec import Struct

from shared.binance.transport import Lost, NotSent, Reply
from shared.contract.errors import Denied, Invalid, OutcomeUnknown, RateLimited, Rejected, ServiceError, Unavailable
from shared.contract.exchange_errors import translate
from shared.contract.operation import Security, Spec

INVALID_TIMESTAMP = -1021
TOO_MANY_ORDERS = -1015
OUTCOME_UNKNOWN = frozenset({-1000, -1006, -1007})
ASK_FIRST = "It may have been executed: ask for the order's status before anything is sent again."
LATER = "Nothing was changed; it is safe to ask again."


class Refusal(Struct, frozen=True):
    """The exchange's error body."""

    code: int
    msg: str = ""


class Half(Struct, frozen=True, rename="camel"):
    """One half of a failed cancel-and-replace: its result, or the error it met."""

    code: int = 0


class Halves(Struct, frozen=True, rename="camel"):
    """The `data` of a failed cancel-and-replace."""

    cancel_response: Half | None = None
    new_order_response: Half | None = None


class _Replace(Struct, frozen=True):
    data: msgspec.Raw


class CancelReplaceFailed(Rejected):
    """Cancel-and-replace failed in one half or both; `data` is what the exchange tells of each half, as it wrote it."""

    def __init__(self, cause: ServiceError, data: bytes) -> None:
        super().__init__(cause.message, code=cause.code, retry_after_ms=cause.retry_after_ms, hint=cause.hint)
        self.data = data


_replace = msgspec.json.Decoder(_Replace)
_halves = msgspec.json.Decoder(Halves)
_refusal = msgspec.json.Decoder(Refusal)
_json = msgspec.json.Decoder(msgspec.Raw)


def changes_something(spec: Spec) -> bool:
    """May sending this twice do harm? True for orders and cancels, not for reads and order tests."""
    return spec.security is Security.TRADE and not spec.method.endswith(".test")


def refusal(reply: Reply) -> Refusal | None:
    """The error that the body tells of, if it is one of the exchange's."""
    if reply.status < 400:
        return None
    try:
        return _refusal.decode(reply.body)
    except msgspec.MsgspecError:
        return None


def code(reply: Reply) -> int | None:
    """The exchange's error code, where the reply has one."""
    refused = refusal(reply)
    return None if refused is None else refused.code


def result(spec: Spec, reply: Reply) -> bytes:
    """The result as the exchange wrote it.

    Raises:
        ServiceError: the exchange refused or failed, or the body is not JSON.
    """
    if 200 <= reply.status < 300:
        try:
            _json.decode(reply.body)
        except msgspec.MsgspecError:
            raise unclear(spec, "The exchange's answer is cut or not JSON.") from None
        return reply.body
    raise error(spec, reply)


def error(spec: Spec, reply: Reply) -> ServiceError:
    """What a reply other than 2xx means."""
    refused = refusal(reply)
    if refused is None:
        return _without_code(spec, reply)
    known = translate(refused.code, refused.msg, retry_after_ms=reply.retry_after_ms)
    if reply.status < 500 and spec.method == "order.cancelReplace" and (failed := _replace_failure(known, reply.body)):
        return failed
    if reply.status in (418, 429) and not isinstance(known, RateLimited):
        return RateLimited(known.message, code=known.code, retry_after_ms=reply.retry_after_ms, hint=known.hint)
    if reply.status < 500 and not isinstance(known, OutcomeUnknown):
        return known
    if changes_something(spec):
        return OutcomeUnknown(known.message, code=known.code, hint=ASK_FIRST)
    return Unavailable(known.message, code=known.code, retry_after_ms=known.retry_after_ms, hint=LATER)


def _replace_failure(known: ServiceError, body: bytes) -> ServiceError | None:
    try:
        data = bytes(_replace.decode(body).data)
        halves = _halves.decode(data)
    except msgspec.MsgspecError:
        return None
    codes = {half.code for half in (halves.cancel_response, halves.new_order_response) if half}
    if codes & OUTCOME_UNKNOWN:
        return OutcomeUnknown(known.message, code=known.code, hint=ASK_FIRST)
    return CancelReplaceFailed(known, data)


def _without_code(spec: Spec, reply: Reply) -> ServiceError:
    match reply.status:
        case 403:
            return Denied(
                "The exchange's firewall refused the request.",
                hint="Too many requests, or a parameter that looks like an attack. Ask the operator to look at the address.",
            )
        case 404:
            return Rejected(
                "The exchange knows no such request at this address.", hint="Check BINANCE_ENVIRONMENT and its addresses."
            )
        case 418 | 429:
            return RateLimited(
                "The exchange stopped this address for a while.",
                retry_after_ms=reply.retry_after_ms,
                hint="Wait; all requests wait.",
            )
        case _:
            return unclear(spec, f"The exchange answered with status {reply.status} and no readable body.")


def unclear(spec: Spec, message: str) -> ServiceError:
    """Neither yes nor no."""
    return OutcomeUnknown(message, hint=ASK_FIRST) if changes_something(spec) else Unavailable(message, hint=LATER)


def undelivered(spec: Spec, failure: NotSent | Lost) -> ServiceError:
    """What a transport's failure means for the caller."""
    if isinstance(failure, Lost):
        return unclear(spec, f"The request was sent, but {failure}")
    return Unavailable(f"The request was not sent: {failure}", hint=LATER)


def ended(spec: Spec) -> ServiceError | None:
    """The answer to an operation that the exchange gave up."""
    if spec.ended is None or spec.ended.status != "retired":
        return None
    return Rejected(f"The exchange retired this request on {spec.ended.since}.", hint=f"Instead: {spec.ended.instead}")


def not_offered(spec: Spec, where: str) -> Invalid:
    """The chosen transport has no such operation."""
    return Invalid(f"There is no such request in the {where}.", hint="Choose the other transport.")
