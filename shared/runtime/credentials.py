"""A credentials file of NATS: a user's JWT, and the seed of the nkey with which he signs what the server asks.

nats-py reads such a file with the package nkeys alone, which brings a second cryptographic library. An nkey's seed is an
Ed25519 seed in base32: two bytes that say whose it is, 32 of seed, two of CRC-16 (https://docs.nats.io, "NKeys").
"""

import base64
import binascii
import re
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct
from nats.errors import Error

_JWT = re.compile(r"-BEGIN NATS USER JWT-+\s+([\w.-]+)\s+-")
_SEED = re.compile(r"-BEGIN USER NKEY SEED-+\s+([A-Z2-7]+)\s+-")
_USER: Final = bytes(((18 << 3) | (20 << 3 >> 5), (20 << 3 & 31) << 3))
"""The first bytes of every user's seed; as text it begins with SU."""
_SEED_BYTES: Final = 36


class BadCredentials(Error):
    """The file is none of credentials. One of nats-py's errors, so that its reconnect loop survives a file half written."""


class Credentials(Struct, frozen=True):
    """What a user proves himself with."""

    jwt: bytearray
    key: Ed25519PrivateKey

    @classmethod
    def read(cls, path: str) -> Self:
        """The credentials in a file as `nsc generate creds` writes it.

        Raises:
            OSError: the file cannot be read.
            BadCredentials: it holds no user's JWT, or no user's seed.
        """
        text = Path(path).read_text(errors="replace")
        jwt, seed = _JWT.search(text), _SEED.search(text)
        if jwt is None or seed is None:
            raise BadCredentials(f"{path} is no credentials file: it needs a NATS USER JWT and a USER NKEY SEED")
        return cls(bytearray(jwt[1].encode()), _key(seed[1], path))

    def sign(self, nonce: str) -> bytes:
        """The signature of the server's nonce, in base64."""
        return base64.b64encode(self.key.sign(nonce.encode()))


def _key(seed: str, path: str) -> Ed25519PrivateKey:
    try:
        raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
    except binascii.Error:
        raw = b""
    if len(raw) != _SEED_BYTES or raw[:2] != _USER or binascii.crc_hqx(raw[:-2], 0) != int.from_bytes(raw[-2:], "little"):
        raise BadCredentials(f"the seed in {path} is no user's nkey")
    return Ed25519PrivateKey.from_private_bytes(raw[2:-2])
