"""A paper exchange with customers of its own: its operator, keys of every kind, sockets."""

from collections.abc import Generator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from websockets.sync.client import ClientConnection, connect

from tests.paper_exchange.accounts.customer import Customer
from tests.paper_exchange.conftest import PaperProcess

PrivateKey = Ed25519PrivateKey | RSAPrivateKey


class Operator:
    """Whoever runs the exchange."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=f"{url}/paper/v1", timeout=10)

    def do(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """One of the operator's routes."""
        answer = self.http.request(method, path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def open(self, account: str, **settings: Any) -> None:
        """An account with the HMAC key `<account>` and the secret `<account>-secret`."""
        given = {"keys": [{"apiKey": account, "secret": f"{account}-secret"}]} | settings
        self.do("POST", "/accounts", {"account": account, **given})


@pytest.fixture(scope="module")
def operator(exchange: PaperProcess) -> Generator[Operator, None, None]:
    operator = Operator(exchange.url)
    yield operator
    operator.http.close()


@pytest.fixture
def main(exchange: PaperProcess) -> Generator[Customer, None, None]:
    """The account that everyone has."""
    customer = Customer(exchange.url)
    yield customer
    customer.close()


@pytest.fixture
def socket(exchange: PaperProcess) -> Generator[ClientConnection, None, None]:
    with connect(f"{exchange.ws_url}/ws-api/v3") as connection:
        yield connection


@pytest.fixture(scope="session")
def ed25519() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture(scope="session")
def rsa() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def public_pem(key: PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(key: PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
