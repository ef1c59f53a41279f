"""Who may ask: the documented refusals in the order of the checks, over both interfaces; keys of every kind; what is signed."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from websockets.sync.client import ClientConnection

from services.paper_exchange import payloads
from services.paper_exchange.authentication import check_time
from services.paper_exchange.errors import Refused
from services.paper_exchange.keys import Key, Keyring
from tests.paper_exchange.accounts.conftest import Operator, public_pem
from tests.paper_exchange.accounts.customer import Customer, Sign, now_ms
from tests.paper_exchange.conftest import PaperProcess

NOT_SENT = "Mandatory parameter '{}' was not sent, was empty/null, or malformed."
ACCOUNT = "/api/v3/account"


def ed25519_signer(key: Ed25519PrivateKey) -> Sign:
    return lambda payload: base64.b64encode(key.sign(payload)).decode()


def rsa_signer(key: RSAPrivateKey) -> Sign:
    return lambda payload: base64.b64encode(key.sign(payload, PKCS1v15(), SHA256())).decode()


Refusal = tuple[str, dict[str, Any], int, int, str]
"""What is wrong, the parameters that make it so (None: left out), status, code and text."""
REFUSALS: list[Refusal] = [
    ("no key", {"apiKey": None}, 401, -2014, "API-key format invalid."),
    ("a key that cannot be one", {"apiKey": "a key"}, 401, -2014, "API-key format invalid."),
    ("a key without end", {"apiKey": "k" * 129}, 401, -2014, "API-key format invalid."),
    ("an unknown key", {"apiKey": "nobody"}, 401, -2015, "Invalid API-key, IP, or permissions for action."),
    ("no signature", {"signature": None}, 400, -1102, NOT_SENT.format("signature")),
    ("an empty signature", {"signature": ""}, 400, -1102, NOT_SENT.format("signature")),
    ("no time", {"timestamp": None}, 400, -1102, NOT_SENT.format("timestamp")),
    ("a wrong signature", {"signature": "0" * 64}, 400, -1022, "Signature for this request is not valid."),
    ("a signature of another alphabet", {"signature": "é"}, 400, -1022, "Signature for this request is not valid."),
    ("a time of words", {"timestamp": "now"}, 400, -1100, "in parameter 'timestamp'; legal range is '^[0-9]{1,20}$'."),
    ("too old", {"timestamp": -5_500}, 400, -1021, "Timestamp for this request is outside of the recvWindow."),
    ("too old for its window", {"timestamp": -60, "recvWindow": 5}, 400, -1021, "is outside of the recvWindow."),
    ("ahead", {"timestamp": 5_000}, 400, -1021, "Timestamp for this request was 1000ms ahead of the server's time."),
    ("a window too wide", {"recvWindow": 60_001}, 400, -1131, "recvWindow must be less than 60000"),
    ("a window of words", {"recvWindow": "long"}, 400, -1100, "in parameter 'recvWindow'; legal range is"),
    ("a window too fine", {"recvWindow": "5000.1234"}, 400, -1100, "in parameter 'recvWindow'; legal range is"),
    ("a parameter too many", {"foo": "1"}, 400, -1104, "Not all sent parameters were read; read '"),
]
SEVERAL_WRONG: list[tuple[dict[str, Any], int]] = [
    ({"apiKey": "a key", "signature": "0", "timestamp": 0, "foo": "1"}, -2014),
    ({"apiKey": "nobody", "signature": "0", "timestamp": 0, "foo": "1"}, -2015),
    ({"signature": "0", "timestamp": -9_000, "recvWindow": 70_000, "foo": "1"}, -1022),
    ({"timestamp": -9_000, "foo": "1"}, -1021),
    ({"foo": "1"}, -1104),
]
"""Requests with several faults, and the one that is told: the order of the checks."""


def over_rest(main: Customer, wrong: dict[str, Any]) -> tuple[int, Any]:
    given = absolute(wrong)
    said = {"timestamp": now_ms()} | {name: value for name, value in given.items() if name not in ("apiKey", "signature")}
    query = "&".join(f"{name}={value}" for name, value in said.items() if value is not None)
    signature = given.get("signature", main.sign(query.encode()))
    query += "" if signature is None else f"&signature={quote(signature)}"
    key = given.get("apiKey", main.api_key)
    answer = main.http.get(f"{ACCOUNT}?{query}", headers={} if key is None else {"X-MBX-APIKEY": key})
    return answer.status_code, answer.json()


def over_socket(main: Customer, socket: ClientConnection, wrong: dict[str, Any]) -> tuple[int, Any]:
    given = absolute(wrong)
    said = {"timestamp": now_ms(), "apiKey": main.api_key} | {k: v for k, v in given.items() if k != "signature"}
    said = {name: value for name, value in said.items() if value is not None}
    payload = "&".join(f"{name}={said[name]}" for name in sorted(said))
    signature = given.get("signature", main.sign(payload.encode()))
    params = said if signature is None else said | {"signature": signature}
    socket.send(json.dumps({"id": 1, "method": "account.status", "params": params}))
    reply = json.loads(socket.recv(timeout=5))
    return reply["status"], reply.get("error", reply.get("result"))


def absolute(wrong: dict[str, Any]) -> dict[str, Any]:
    """The parameters with times from now on."""
    time = wrong.get("timestamp")
    return wrong | {"timestamp": now_ms() + time} if isinstance(time, int) else wrong


@pytest.mark.parametrize("refusal", REFUSALS, ids=[each[0] for each in REFUSALS])
def test_a_rest_request_is_refused_in_the_documented_words(main: Customer, refusal: Refusal) -> None:
    _, wrong, status, code, text = refusal

    answered, body = over_rest(main, wrong)

    assert (answered, body["code"]) == (status, code)
    assert text in body["msg"]


@pytest.mark.parametrize("refusal", REFUSALS, ids=[each[0] for each in REFUSALS])
def test_a_request_of_the_websocket_api_is_refused_in_the_same_words(
    main: Customer, socket: ClientConnection, refusal: Refusal
) -> None:
    _, wrong, status, code, text = refusal

    answered, body = over_socket(main, socket, wrong)

    assert (answered, body["code"]) == (status, code)
    assert text in body["msg"]


def test_parameters_that_say_who_asks_count_as_read(main: Customer, socket: ClientConnection) -> None:
    assert over_rest(main, {"foo": "1"})[1]["msg"].endswith("read '2' parameter(s) but was sent '3'.")
    assert over_socket(main, socket, {"foo": "1"})[1]["msg"].endswith("read '3' parameter(s) but was sent '4'.")


@pytest.mark.parametrize(("wrong", "code"), SEVERAL_WRONG)
def test_of_several_faults_the_first_in_the_order_of_the_checks_is_told(
    main: Customer, socket: ClientConnection, wrong: dict[str, Any], code: int
) -> None:
    assert over_rest(main, wrong)[1]["code"] == code
    assert over_socket(main, socket, wrong)[1]["code"] == code


TIMES: list[tuple[str, str | None, int]] = [
    # timestamp, recvWindow, code (0: accepted); the clock stands at 1_790_000_000_000.000 ms
    ("1790000000000", None, 0),
    ("1790000000000000", None, 0),
    ("1789999995000", None, 0),
    ("1789999994999", None, -1021),
    ("1789999994999999", None, -1021),
    ("1789999995000000", None, 0),
    ("1790000000999", None, 0),
    ("1790000001000", None, -1021),
    ("1790000000999999", None, 0),
    ("1790000001000000", None, -1021),
    ("1789999940000", "60000", 0),
    ("1789999939999", "60000", -1021),
    ("1789999999999", "0.999", -1021),
    ("1789999999999", "1", 0),
    ("1789999999998500", "1.5", 0),
    ("1789999999998499", "1.5", -1021),
    ("1790000000000", "60000.001", -1131),
    ("1790000000000", "0", 0),
    ("0", "60000", -1021),
    ("99999999999999999999", None, -1021),
    ("-1", None, -1100),
    ("1790000000000.5", None, -1100),
    ("1790000000000", "-1", -1100),
    ("1790000000000", "1e3", -1100),
]


@pytest.mark.parametrize(("timestamp", "window", "code"), TIMES)
def test_a_time_is_judged_to_the_microsecond(timestamp: str, window: str | None, code: int) -> None:
    try:
        check_time(timestamp, window, 1_790_000_000_000_000)
        told = 0
    except Refused as no:
        told = no.code
    assert told == code


def test_hmac_signatures_may_come_in_any_letter_case(main: Customer) -> None:
    query = f"timestamp={now_ms()}"

    assert main.send("GET", ACCOUNT, f"{query}&signature={main.sign(query.encode()).upper()}").status_code == 200


def test_query_and_body_are_signed_one_after_the_other_without_anything_between(main: Customer) -> None:
    query, body = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC", f"quantity=0.001&price=50000&timestamp={now_ms()}"
    signature = main.sign((query + body).encode())

    in_body = main.send("POST", "/api/v3/order/test", query, f"{body}&signature={signature}")
    in_query = main.send("POST", "/api/v3/order/test", f"{query}&signature={signature}", body)
    with_a_sign_between = main.send(
        "POST", "/api/v3/order/test", query, f"{body}&signature={main.sign(f'{query}&{body}'.encode())}"
    )

    assert (in_body.status_code, in_query.status_code) == (200, 200)
    assert with_a_sign_between.json()["code"] == -1022


def test_the_query_wins_over_the_body_where_both_name_a_parameter(main: Customer) -> None:
    query, body = "symbol=BTCUSDT", f"symbol=ETHUSDT&timestamp={now_ms()}"

    answer = main.send("DELETE", "/api/v3/openOrders", query, f"{body}&signature={main.sign((query + body).encode())}")

    assert answer.json() in ([], {"code": -2011, "msg": "Unknown order sent."})
    clash = "symbol=BTCUSDT&symbol=ETHUSDT"
    twice = main.send("DELETE", "/api/v3/openOrders", f"{clash}&timestamp={now_ms()}")
    assert twice.json()["code"] == -1101


def test_a_payload_is_signed_as_it_is_sent_percent_encoded(main: Customer) -> None:
    encoded = f"symbol={quote('币安人生USDT')}&timestamp={now_ms()}"
    raw = f"symbol=币安人生USDT&timestamp={now_ms()}"

    accepted = main.send("GET", "/api/v3/openOrders", f"{encoded}&signature={main.sign(encoded.encode())}")
    refused = main.send("GET", "/api/v3/openOrders", f"{quote(raw, safe='=&')}&signature={main.sign(raw.encode())}")

    assert accepted.json() == []
    assert refused.json()["code"] == -1022


def test_the_websocket_api_signs_sorted_parameters_in_raw_utf_8(main: Customer, socket: ClientConnection) -> None:
    reply = main.say(socket, "openOrders.status", symbol="币安人生USDT", recvWindow=5000.5, returnRateLimits="false")

    assert (reply["status"], reply["result"]) == (200, [])
    assert "rateLimits" not in reply


@pytest.mark.parametrize("kind", ["ED25519", "RSA"])
def test_public_keys_of_other_kinds_sign_both_interfaces(
    exchange: PaperProcess,
    operator: Operator,
    socket: ClientConnection,
    ed25519: Ed25519PrivateKey,
    rsa: RSAPrivateKey,
    kind: str,
) -> None:
    name = f"signs-{kind.lower()}"
    key, signer = (ed25519, ed25519_signer(ed25519)) if kind == "ED25519" else (rsa, rsa_signer(rsa))
    operator.open(name, keys=[{"apiKey": name, "kind": kind, "publicKey": public_pem(key)}])
    customer = Customer(exchange.url, name, signer)

    assert customer.ask("GET", ACCOUNT, omitZeroBalances="true").json()["balances"] == []
    assert customer.say(socket, "account.status")["status"] == 200
    query = f"timestamp={now_ms()}"
    lower = customer.send("GET", ACCOUNT, f"{query}&signature={quote(signer(query.encode()).lower(), safe='')}")
    assert lower.json()["code"] == -1022, "these signatures are case-sensitive"
    customer.close()


ALLOWED: list[tuple[list[str], str, str, bool]] = [
    (["USER_DATA"], "GET", ACCOUNT, True),
    (["USER_DATA"], "POST", "/api/v3/order/test", False),
    (["TRADE"], "GET", ACCOUNT, False),
    (["TRADE"], "POST", "/api/v3/order/test", True),
    (["USER_STREAM"], "GET", ACCOUNT, False),
]


@pytest.mark.parametrize(("permissions", "method", "path", "allowed"), ALLOWED)
def test_a_key_may_do_what_it_is_permitted(
    exchange: PaperProcess, operator: Operator, permissions: list[str], method: str, path: str, allowed: bool
) -> None:
    operator.open("permitted", keys=[{"apiKey": "permitted", "secret": "permitted-secret", "permissions": permissions}])
    customer = Customer(exchange.url, "permitted")
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001", "price": "50000"}

    answer = customer.ask(method, path, **(order if method == "POST" else {}))

    assert answer.status_code == (200 if allowed else 401)
    assert allowed or answer.json() == {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
    customer.close()


@pytest.mark.parametrize(("ips", "status"), [(["10.0.0.0/8"], 401), (["127.0.0.1"], 200), (["10.1.2.3", "127.0.0.0/8"], 200)])
def test_a_key_with_a_list_of_addresses_works_only_from_there(
    exchange: PaperProcess, operator: Operator, ips: list[str], status: int
) -> None:
    operator.open("listed", keys=[{"apiKey": "listed", "secret": "listed-secret", "ips": ips}])
    customer = Customer(exchange.url, "listed")

    assert customer.ask("GET", ACCOUNT).status_code == status
    customer.close()


def test_nobody_sees_another_account(exchange: PaperProcess, operator: Operator, main: Customer) -> None:
    operator.open("poor", balances={"USDT": "7"})
    poor = Customer(exchange.url, "poor")
    placed = main.ask(
        "POST", "/api/v3/order", symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.001", price="50000"
    ).json()

    assert [each["free"] for each in poor.ask("GET", ACCOUNT, omitZeroBalances="true").json()["balances"]] == ["7.00000000"]
    assert poor.ask("GET", "/api/v3/openOrders").json() == []
    assert poor.ask("GET", "/api/v3/order", symbol="BTCUSDT", orderId=placed["orderId"]).json()["code"] == -2013
    assert poor.ask("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=placed["orderId"]).json()["code"] == -2011
    assert main.ask("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=placed["orderId"]).json()["status"] == "CANCELED"
    poor.close()


# Section "SIGNED request example (HMAC)" of both documents, and its older form with query and body: key, secret, signatures.
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
DOCUMENTED_REST: list[tuple[str, str, str]] = [
    (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
        "",
        "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
    ),
    (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC",
        "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
        "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77",
    ),
    (
        "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1"
        "&price=0.1&recvWindow=5000&timestamp=1499827319559",
        "",
        "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
    ),
]


@pytest.mark.parametrize(("query", "body", "signature"), DOCUMENTED_REST)
def test_documented_signatures_of_rest_are_right(query: str, body: str, signature: str) -> None:
    keys, key = Keyring(), Key("k", "main", "HMAC", SECRET)
    keys.add(key)

    assert keys.verifies(key, payloads.of_rest(f"{query}&signature={signature}", body), signature)
    assert not keys.verifies(key, payloads.of_rest(f"{query}0", body), signature)


def test_the_documented_signature_of_the_websocket_api_is_right() -> None:
    keys, key = Keyring(), Key("k", "main", "HMAC", SECRET)
    keys.add(key)
    params: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01000000",
        "price": "52000.00",
        "recvWindow": 100,
        "timestamp": 1645423376532,
        "apiKey": "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
        "signature": "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
    }

    assert keys.verifies(key, payloads.of_ws_api(payloads.texts(params)), params["signature"])
