"""Errors cross the bus whole, and say nothing that a caller should not see."""

import pytest

from shared.contract.errors import (
    Denied,
    Invalid,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    ServiceError,
    Unavailable,
    decode_error,
    encode_error,
)

KINDS: list[tuple[type[ServiceError], str, int]] = [
    (Invalid, "invalid", 400),
    (Denied, "denied", 403),
    (Rejected, "rejected", 422),
    (RateLimited, "rate_limited", 429),
    (Unavailable, "unavailable", 503),
    (OutcomeUnknown, "outcome_unknown", 504),
]


@pytest.mark.parametrize(("error", "kind", "status"), KINDS)
def test_an_error_crosses_the_bus_whole(error: type[ServiceError], kind: str, status: int):
    sent = error("The text.", code=-1003, retry_after_ms=250, hint="The next step.")

    received = decode_error(encode_error(sent))

    assert (type(received), received.kind, received.status) == (error, kind, status)
    assert received.body == sent.body
    assert (received.message, received.code, received.retry_after_ms, received.hint) == (
        "The text.",
        -1003,
        250,
        "The next step.",
    )


def test_what_is_not_known_is_left_out():
    assert encode_error(Invalid("The text.")) == b'{"kind":"invalid","message":"The text."}'
    assert decode_error(b'{"kind":"invalid","message":"The text."}').code is None


@pytest.mark.parametrize("body", [b"", b"null", b"{", b'{"kind":"surprise","message":"x"}', b'{"kind":"\xff"}'])
def test_an_answer_that_cannot_be_read_is_unavailable_and_not_quoted(body: bytes):
    error = decode_error(body)

    assert isinstance(error, Unavailable)
    assert "cannot be read" in error.message
