"""Who logs in with a credentials file is let in by a server that trusts its operator; a bad file is told in one line."""

import base64
import binascii
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.runtime.bus import Bus, BusUnavailable
from shared.runtime.link import Address
from shared.runtime.nats_server import NatsServer

OPERATOR, ACCOUNT, USER, SEED = 14 << 3, 0, 20 << 3, 18 << 3
NO_LIMITS = dict.fromkeys(("subs", "conn", "leaf", "imports", "exports", "data", "payload"), -1)
JETSTREAM = dict.fromkeys(("mem_storage", "disk_storage", "streams", "consumer"), -1)


class NKey:
    """A key as NATS names it."""

    def __init__(self, kind: int) -> None:
        self.kind = kind
        self._key = Ed25519PrivateKey.generate()
        self.name = _text(bytes([kind]) + self._key.public_key().public_bytes_raw())
        self.seed = _text(bytes([SEED | kind >> 5, (kind & 31) << 3]) + self._key.private_bytes_raw())

    def states(self, subject: "NKey", nats: dict[str, Any]) -> str:
        """A JWT of ours about another key, or about ourselves."""
        claims = {"iat": 1, "iss": self.name, "name": "test", "sub": subject.name, "nats": nats | {"version": 2}}
        said = f"{_url({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{_url(claims)}"
        return f"{said}.{_base64(self._key.sign(said.encode()))}"


def _text(raw: bytes) -> str:
    return base64.b32encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")).decode().rstrip("=")


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _url(part: dict[str, Any]) -> str:
    return _base64(json.dumps(part).encode())


def _trusting(operator: NKey, account: NKey) -> str:
    """The configuration of a server that trusts an operator, with an account for the bus and one for itself."""
    system, limits = NKey(ACCOUNT), NO_LIMITS | {"wildcards": True}
    of_system = operator.states(system, {"type": "account", "limits": limits})
    of_account = operator.states(account, {"type": "account", "limits": limits | JETSTREAM})
    return f"""
operator: {operator.states(operator, {"type": "operator"})}
system_account: {system.name}
resolver: MEMORY
resolver_preload {{
  {system.name}: {of_system}
  {account.name}: {of_account}
}}"""


def _file(path: Path, account: NKey, user: NKey, seed: str) -> Address:
    jwt = account.states(user, {"type": "user", "subs": -1, "data": -1, "payload": -1})
    path.write_text(
        f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
    return Address(creds=str(path))


async def test_a_credentials_file_logs_in_and_anothers_seed_does_not(tmp_path: Path) -> None:
    account, user = NKey(ACCOUNT), NKey(USER)
    with NatsServer(tmp_path, more=_trusting(NKey(OPERATOR), account)) as server:
        good = _file(tmp_path / "good.creds", account, user, user.seed)
        bus = await Bus.connect(Address(urls=(server.url,), creds=good.creds), wait_s=5)
        assert await bus.round_trip_s() is not None
        await bus.close()
        wrong = _file(tmp_path / "wrong.creds", account, user, NKey(USER).seed)
        with pytest.raises(BusUnavailable, match=r"(?i)authorization"):
            await Bus.connect(Address(urls=(server.url,), creds=wrong.creds), wait_s=5)


@pytest.mark.parametrize(
    ("seed", "told"),
    [
        ("", "needs a NATS USER JWT and a USER NKEY SEED"),
        (NKey(ACCOUNT).seed, "no user's nkey"),
        (NKey(USER).seed[:-4] + "AAAA", "no user's nkey"),
        ("SU", "no user's nkey"),
    ],
)
async def test_a_file_without_a_users_seed_is_told_before_anything_is_sent(tmp_path: Path, seed: str, told: str) -> None:
    address = _file(tmp_path / "bad.creds", NKey(ACCOUNT), NKey(USER), seed)
    with pytest.raises(BusUnavailable, match=told) as refused:
        await Bus.connect(address, wait_s=1)
    assert not seed or seed not in str(refused.value)


async def test_a_missing_credentials_file_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(BusUnavailable, match=r"missing\.creds"):
        await Bus.connect(Address(creds=str(tmp_path / "missing.creds")), wait_s=1)
