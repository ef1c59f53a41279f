"""Who asks, and may they? Pure checks, in the order in which the exchange makes them:

    -2014  no API key, or one that cannot be an API key
    -2015  unknown key, or not for this operation, or not from this address
    -1102  signature or timestamp missing
    -1022  the signature is not the key's for this payload
    -1100, -1131  recvWindow or timestamp that cannot be read, recvWindow over a minute
    -1021  too old, or a second and more ahead of the exchange

Only then are parameters read. (REST documentation, "Request Security"; WebSocket API documentation, "Request security". Where
the documents name no order: the cheapest check that tells the most first.)
"""

import re

from msgspec import Struct

from services.paper_exchange.errors import refused
from services.paper_exchange.keys import Key, Keyring
from shared.contract.operation import Security, Spec
from shared.contract.rules import MICROSECONDS_FROM

DEFAULT_RECV_WINDOW_US, MAX_RECV_WINDOW_US = 5_000_000, 60_000_000
AHEAD_US = 1_000_000
_API_KEY = re.compile(r"[A-Za-z0-9_\-]{1,128}")
TIMESTAMP, RECV_WINDOW = r"^[0-9]{1,20}$", r"^[0-9]{1,20}(\.[0-9]{1,3})?$"
_TIMESTAMP, _RECV_WINDOW = re.compile(r"[0-9]{1,20}"), re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,3}))?")
NAMES = frozenset(("apiKey", "signature", "timestamp", "recvWindow"))
"""Parameters that say who asks, not what."""


class Claim(Struct, frozen=True):
    """What a request says of who sent it, as texts."""

    api_key: str | None
    payload: bytes = b""
    """What was signed."""
    signature: str | None = None
    timestamp: str | None = None
    recv_window: str | None = None


def is_needed(spec: Spec) -> bool:
    """Must the exchange know who asks?"""
    return spec.signed or spec.security is not Security.NONE


def authenticate(keys: Keyring, spec: Spec, claim: Claim, address: str, now_us: int, *, session: Key | None = None) -> Key:
    """The key behind a request; `session` is the key that is logged on, which needs no signature.

    Raises:
        Refused: as the exchange would.
    """
    key = _permitted(keys, spec, claim, address, session)
    if not spec.signed:
        return key
    from_session = claim.api_key is None and claim.signature is None
    if not from_session and not claim.signature:
        raise refused(-1102, "signature", like="Mandatory parameter")
    if not claim.timestamp:
        raise refused(-1102, "timestamp", like="Mandatory parameter")
    if not from_session and not keys.verifies(key, claim.payload, claim.signature or ""):
        raise refused(-1022)
    check_time(claim.timestamp, claim.recv_window, now_us)
    return key


def _permitted(keys: Keyring, spec: Spec, claim: Claim, address: str, session: Key | None) -> Key:
    if claim.api_key is None and session is not None:
        key = keys.find(session.api_key)
    elif claim.api_key is None or not _API_KEY.fullmatch(claim.api_key):
        raise refused(-2014)
    else:
        key = keys.find(claim.api_key)
    if key is None or not key.allows(spec.security, address):
        raise refused(-2015)
    return key


def check_time(timestamp: str, recv_window: str | None, now_us: int) -> None:
    """Raise Refused unless a request of that time may still be carried out now."""
    window_us = DEFAULT_RECV_WINDOW_US
    if recv_window is not None:
        match = _RECV_WINDOW.fullmatch(recv_window)
        if match is None:
            raise refused(-1100, "recvWindow", RECV_WINDOW)
        window_us = int(match[1]) * 1000 + int((match[2] or "0").ljust(3, "0"))
        if window_us > MAX_RECV_WINDOW_US:
            raise refused(-1131)
    if not _TIMESTAMP.fullmatch(timestamp):
        raise refused(-1100, "timestamp", TIMESTAMP)
    time = int(timestamp)
    time_us = time if time >= MICROSECONDS_FROM else time * 1000
    if time_us >= now_us + AHEAD_US:
        raise refused(-1021, like="ahead")
    if now_us - time_us > window_us:
        raise refused(-1021, like="outside")
