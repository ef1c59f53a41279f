"""Every signature that Binance publishes and that can be checked at all."""

from base64 import b64decode
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from shared.binance import encoding
from shared.binance.signing import Key, load_key
from tests.contract.reference import Json, reference

SIGNING = reference("signing.json")
VERIFIED = [vector for vector in SIGNING["vectors"] if vector["verified"] is True]
OWN = SIGNING["own_vectors"]


def key_of(vector: Json) -> Key:
    facts = SIGNING["keys"][vector["key"]]
    return load_key(facts["apiKey"], secret=facts.get("secretKey", ""), pem=facts.get("private_key_pem", "").encode())


def named(vector: Json) -> str:
    return vector["id"]


def test_all_verified_vectors_are_there():
    assert len(VERIFIED) == SIGNING["counts"]["verified_true"]


@pytest.mark.parametrize("vector", [v for v in VERIFIED + OWN if v["key"] != "rsa_recovered"], ids=named)
def test_a_published_payload_gets_the_published_signature(vector: Json):
    assert key_of(vector).sign(vector["payload"]) == vector["signature"]


@pytest.mark.parametrize("vector", [v for v in VERIFIED if v["key"] == "rsa_recovered"], ids=named)
def test_a_published_rsa_signature_verifies_as_we_would_sign(vector: Json):
    public = cast(RSAPublicKey, load_pem_public_key(SIGNING["keys"]["rsa_recovered"]["public_key_pem"].encode()))

    public.verify(b64decode(vector["signature"]), vector["payload"].encode(), PKCS1v15(), SHA256())


@pytest.mark.parametrize("vector", [v for v in VERIFIED if "params" in v], ids=named)
def test_our_encoding_makes_the_published_payload(vector: Json):
    if vector["api"] == "REST":
        assert encoding.query(dict(vector["params"])) == vector["payload"]
    else:
        assert encoding.payload(vector["params"]) == vector["payload"]
