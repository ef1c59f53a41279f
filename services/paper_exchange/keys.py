"""API keys: whose they are, what they may, from where, and whether a signature is theirs.

A key is HMAC (a shared secret), RSA or Ed25519 (the public half, in PEM). HMAC signatures come in hex, in any letter case, the
others in base64. (API key types; "SIGNED endpoint security" of the REST documentation.)
"""

import base64
import binascii
import hmac
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from msgspec import Struct

KeyKind = Literal["HMAC", "RSA", "ED25519"]
Permission = Literal["USER_DATA", "USER_STREAM", "TRADE"]
ALL: frozenset[Permission] = frozenset(("USER_DATA", "USER_STREAM", "TRADE"))
_RSA_BITS = (2048, 4096)


class BadKey(ValueError):
    """A public key that nobody could check a signature with; the text says what it should be."""


class Key(Struct, frozen=True):
    """One API key."""

    api_key: str
    account: str
    kind: KeyKind
    secret: str
    """Of HMAC the shared secret, else the public key in PEM."""
    permissions: frozenset[Permission] = ALL
    addresses: tuple[str, ...] = ()
    """Addresses or networks from which it may be used; none: from anywhere."""

    def allows(self, permission: str, address: str) -> bool:
        """May it be used for this, from there?"""
        allowed = permission == "NONE" or permission in self.permissions
        return allowed and (not self.addresses or _within(address, self.addresses))


class Keyring:
    """All keys of the exchange."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}
        self._public: dict[str, RSAPublicKey | Ed25519PublicKey] = {}

    def add(self, key: Key) -> None:
        """Let a key be used, in place of an older one of the same name; raises BadKey."""
        if key.kind == "HMAC":
            if not key.secret:
                raise BadKey("An HMAC key needs a secret.")
            self._public.pop(key.api_key, None)
        else:
            self._public[key.api_key] = _public_key(key)
        check_addresses(key.addresses)
        self._keys[key.api_key] = key

    def revoke(self, api_key: str) -> Key | None:
        """Forget a key; the key that it was."""
        self._public.pop(api_key, None)
        return self._keys.pop(api_key, None)

    def find(self, api_key: str) -> Key | None:
        """The key of this name."""
        return self._keys.get(api_key)

    def of(self, account: str) -> list[Key]:
        """The keys of an account."""
        return [key for key in self._keys.values() if key.account == account]

    def verifies(self, key: Key, payload: bytes, signature: str) -> bool:
        """Did the holder of this key sign this payload?"""
        public = self._public.get(key.api_key)
        if public is None:
            made = hmac.digest(key.secret.encode(), payload, "sha256").hex()
            return hmac.compare_digest(made.encode(), signature.lower().encode())
        try:
            given = base64.b64decode(signature, validate=True)
            if isinstance(public, RSAPublicKey):
                public.verify(given, payload, PKCS1v15(), SHA256())
            else:
                public.verify(given, payload)
        except (binascii.Error, ValueError, InvalidSignature):
            return False
        return True


def check_addresses(addresses: Iterable[str]) -> None:
    """Raise BadKey where something is neither an address nor a network."""
    for each in addresses:
        try:
            ip_network(each)
        except ValueError:
            raise BadKey(f"{each!r} is neither an IP address nor a network such as 10.0.0.0/8.") from None


def _within(address: str, allowed: Iterable[str]) -> bool:
    try:
        source = ip_address(address)
    except ValueError:
        return False
    networks: list[IPv4Network | IPv6Network] = [ip_network(each) for each in allowed]
    return any(source in network for network in networks)


def _public_key(key: Key) -> RSAPublicKey | Ed25519PublicKey:
    try:
        public = load_pem_public_key(key.secret.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise BadKey("The public key must be in PEM: '-----BEGIN PUBLIC KEY-----' and so on.") from None
    if key.kind == "ED25519" and isinstance(public, Ed25519PublicKey):
        return public
    if key.kind == "RSA" and isinstance(public, RSAPublicKey) and public.key_size in _RSA_BITS:
        return public
    raise BadKey(f"The public key must be {'Ed25519' if key.kind == 'ED25519' else 'RSA with 2048 or 4096 bits'}.")
