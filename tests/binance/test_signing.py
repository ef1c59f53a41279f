"""Keys sign as Binance documents, and keep their secrets."""

from base64 import b64decode
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from shared.binance import encoding
from shared.binance.signing import load_key
from tests.binance import vectors

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def pem(private: PrivateKey, passphrase: str = "") -> bytes:
    lock = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


@pytest.mark.parametrize(("symbol", "signature"), vectors.REST_HMAC.items())
def test_a_rest_query_is_percent_encoded_before_it_is_signed(symbol: str, signature: str):
    key = load_key(vectors.HMAC_API_KEY, secret=vectors.HMAC_SECRET)

    query = encoding.signed_query({"symbol": symbol, **vectors.REST_ORDER}, key, vectors.REST_TIME)

    assert query.isascii()
    assert query.endswith(f"&timestamp={vectors.REST_TIME}&signature={signature}")


@pytest.mark.parametrize(("params", "timestamp", "signature"), vectors.WS_HMAC)
def test_websocket_api_parameters_are_signed_sorted_and_raw(params: dict[str, object], timestamp: int, signature: str):
    key = load_key(vectors.HMAC_API_KEY, secret=vectors.HMAC_SECRET)

    signed = encoding.signed_params(params, key, timestamp)

    assert signed == {**params, "apiKey": vectors.HMAC_API_KEY, "timestamp": timestamp, "signature": signature}


def test_ed25519_signs_the_published_example():
    payload, signature = vectors.FIX_ED25519

    assert load_key(vectors.ED25519_API_KEY, pem=vectors.ED25519_PEM).sign(payload) == signature


def test_rsa_signs_with_pkcs1_and_sha256_and_the_base64_is_percent_encoded():
    private = rsa.generate_private_key(65537, 2048)
    key = load_key("K" * 64, pem=pem(private, "correct horse"), passphrase="correct horse")

    query = encoding.signed_query({"symbol": "BTCUSDT"}, key, 1)

    payload, _, signature = query.partition("&signature=")
    assert signature.isascii()
    assert not set(signature) & set("+/=")
    private.public_key().verify(b64decode(unquote(signature)), payload.encode(), PKCS1v15(), SHA256())


@pytest.mark.parametrize("secret", ["top-secret", ""])
def test_a_key_shows_no_secret(secret: str):
    key = load_key("K" * 64, secret=secret, pem=b"" if secret else vectors.ED25519_PEM)

    shown = f"{key!r} {key} {vars(type(key))}"

    assert "K" * 8 not in shown
    assert "top-secret" not in shown


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"api_key": "", "secret": "top-secret"}, "BINANCE_API_KEY"),
        ({"api_key": "key\r\nX-Evil: 1", "secret": "top-secret"}, "BINANCE_API_KEY"),
        ({"api_key": "key"}, "BINANCE_API_SECRET"),
        ({"api_key": "key", "secret": "top-secret", "pem": vectors.ED25519_PEM}, "one of them"),
        ({"api_key": "key", "pem": b"-----BEGIN top-secret"}, "cannot be read"),
        ({"api_key": "key", "pem": pem(rsa.generate_private_key(65537, 2048), "right"), "passphrase": "wrong"}, "passphrase"),
        ({"api_key": "key", "pem": pem(rsa.generate_private_key(65537, 1024))}, "2048"),  # noqa: S505  weak on purpose
        ({"api_key": "key", "pem": pem(ec.generate_private_key(ec.SECP256R1()))}, "Ed25519"),
    ],
)
def test_a_key_that_cannot_work_is_refused_at_the_start(settings: dict[str, str], told: str):
    with pytest.raises(ValueError, match=told) as refused:
        load_key(**settings)  # pyright: ignore[reportArgumentType]

    assert "top-secret" not in str(refused.value)
    assert refused.value.__cause__ is None
