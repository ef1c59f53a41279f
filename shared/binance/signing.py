"""Keys and signatures: HMAC-SHA256, RSA (PKCS#1 v1.5, SHA-256) and Ed25519.

What is signed differs by API: REST signs the percent-encoded query as it is sent, the WebSocket API signs the parameters
sorted by name as raw UTF-8 (`shared.binance.encoding` makes both texts). A key shows neither its secret nor its whole API
key in a repr, and no error text quotes what it was made from.
Source: "SIGNED Endpoint Examples" of the REST documentation, "Request security" of the WebSocket API's, 2026-07-21.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

Algorithm = Literal["HMAC", "RSA", "Ed25519"]
MIN_RSA_BITS = 2048
"""Binance accepts 2048 and 4096."""


class Key:
    """An API key with what signs for it."""

    __slots__ = ("_sign", "algorithm", "api_key")

    def __init__(self, algorithm: Algorithm, api_key: str, sign: Callable[[bytes], str]) -> None:
        self.algorithm: Algorithm = algorithm
        self.api_key = api_key
        self._sign = sign

    def sign(self, payload: str) -> str:
        """The signature: hex for HMAC, base64 (not yet percent-encoded) otherwise."""
        return self._sign(payload.encode())

    def __repr__(self) -> str:
        return f"<{self.algorithm} key {self.api_key[:4]}…>"


def load_key(api_key: str, *, secret: str = "", pem: bytes = b"", passphrase: str = "") -> Key:
    """The key made of either an HMAC secret or a private key in PEM (PKCS#8; RSA or Ed25519).

    Raises:
        ValueError: something is missing or cannot be read; the text names the setting and quotes nothing.
    """
    if not api_key or not api_key.isascii() or not api_key.isprintable():
        raise ValueError("The API key is empty or not plain text: set BINANCE_API_KEY.")
    if bool(secret) == bool(pem):
        raise ValueError("Give either BINANCE_API_SECRET (HMAC) or BINANCE_PRIVATE_KEY_FILE (RSA or Ed25519), one of them.")
    return _hmac_key(api_key, secret) if secret else _pem_key(api_key, pem, passphrase)


def _hmac_key(api_key: str, secret: str) -> Key:
    keyed = hmac.new(secret.encode(), digestmod=hashlib.sha256)

    def sign(payload: bytes) -> str:
        mac = keyed.copy()  # half the time of hmac.new: the two key blocks are hashed already
        mac.update(payload)
        return mac.hexdigest()

    return Key("HMAC", api_key, sign)


def _pem_key(api_key: str, pem: bytes, passphrase: str) -> Key:
    try:
        private = load_pem_private_key(pem, passphrase.encode() if passphrase else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(
            "The private key cannot be read: it must be PEM (PKCS#8) with an RSA or Ed25519 key, and the passphrase must fit."
        ) from None
    match private:
        case Ed25519PrivateKey():
            return Key("Ed25519", api_key, lambda payload: b64encode(private.sign(payload)).decode())
        case RSAPrivateKey() if private.key_size >= MIN_RSA_BITS:
            return Key("RSA", api_key, lambda payload: b64encode(private.sign(payload, PKCS1v15(), SHA256())).decode())
        case _:
            raise ValueError("The private key must be Ed25519, or RSA with at least 2048 bits.")
