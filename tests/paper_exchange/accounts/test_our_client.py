"""The client that the services use, judged by an exchange that shares no line of signing with it."""

from typing import Literal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from msgspec import json

from shared.binance.client import create_client, wall_ms
from shared.binance.signing import Key, load_key
from shared.contract.account.operations import GetAccount, GetOpenOrders
from shared.contract.environments import environment
from shared.contract.errors import Denied
from shared.contract.trading.operations import CancelOrder, PlaceOrder
from tests.paper_exchange.accounts.conftest import Operator, private_pem, public_pem
from tests.paper_exchange.conftest import PaperProcess

Transport = Literal["rest", "ws_api"]
SYMBOL = "币安人生USDT"
"""A symbol that REST percent-encodes before it signs, and the WebSocket API does not."""


@pytest.fixture(params=["HMAC", "ED25519", "RSA"])
def key(operator: Operator, ed25519: Ed25519PrivateKey, rsa: RSAPrivateKey, request: pytest.FixtureRequest) -> Key:
    """The key of an account of its own."""
    kind: str = request.param
    name, balances = f"ours-{kind.lower()}", {"USDT": "1000"}
    if kind == "HMAC":
        operator.open(name, balances=balances)
        return load_key(name, secret=f"{name}-secret")
    private = ed25519 if kind == "ED25519" else rsa
    operator.open(name, balances=balances, keys=[{"apiKey": name, "kind": kind, "publicKey": public_pem(private)}])
    return load_key(name, pem=private_pem(private).encode())


@pytest.mark.parametrize("transport", ["rest", "ws_api"])
async def test_our_client_signs_so_that_the_exchange_believes_it(
    exchange: PaperProcess, key: Key, transport: Transport
) -> None:
    here = environment("paper", rest_url=exchange.url, ws_api_url=f"{exchange.ws_url}/ws-api/v3")
    client = create_client(here, transport=transport, key=key)
    order = PlaceOrder(symbol=SYMBOL, side="BUY", type="LIMIT", time_in_force="GTC", quantity="100", price="0.1")
    try:
        account = json.decode(await client.call(GetAccount(omit_zero_balances=True), deadline_ms=wall_ms() + 5000))
        placed = json.decode(await client.call(order, deadline_ms=wall_ms() + 5000))
        orders = json.decode(await client.call(GetOpenOrders(symbol=SYMBOL), deadline_ms=wall_ms() + 5000))
        cancel = CancelOrder(symbol=SYMBOL, order_id=placed["orderId"])
        canceled = json.decode(await client.call(cancel, deadline_ms=wall_ms() + 5000))
    finally:
        await client.close()

    assert [balance["asset"] for balance in account["balances"]] == ["USDT"]
    assert [each["orderId"] for each in orders] == [placed["orderId"]]
    assert canceled["status"] == "CANCELED"


@pytest.mark.parametrize("transport", ["rest", "ws_api"])
async def test_our_client_is_denied_with_a_wrong_secret(exchange: PaperProcess, transport: Transport) -> None:
    here = environment("paper", rest_url=exchange.url, ws_api_url=f"{exchange.ws_url}/ws-api/v3")
    client = create_client(here, transport=transport, key=load_key("paper-main", secret="guessed"))
    with pytest.raises(Denied) as caught:
        await client.call(GetAccount(), deadline_ms=wall_ms() + 5000)
    await client.close()

    assert caught.value.code == -1022
