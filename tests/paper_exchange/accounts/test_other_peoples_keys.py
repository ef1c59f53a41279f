"""Clients that know nothing of this project sign with keys of every kind, log on, and hear their account's events."""

import asyncio
import warnings
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from binance_common.configuration import ConfigurationRestAPI, ConfigurationWebSocketAPI
from binance_common.errors import Error as SdkError
from binance_sdk_spot.spot import Spot
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.paper_exchange.accounts.conftest import Operator, private_pem, public_pem
from tests.paper_exchange.conftest import PaperProcess

with warnings.catch_warnings():
    # python-binance 1.0 imports a name that websockets has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from binance.async_client import AsyncClient as PythonBinance
    from binance.exceptions import BinanceAPIException
    from binance.ws.streams import BinanceSocketManager

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""Of aiohttp and websockets, which both clients use in ways that will end."""

Credentials = dict[str, Any]
KINDS = ("HMAC", "ED25519", "RSA")


@pytest.fixture
def credentials(
    operator: Operator, ed25519: Ed25519PrivateKey, rsa: RSAPrivateKey, request: pytest.FixtureRequest
) -> Credentials:
    """A fresh account with a key of the kind that the test asks for, in the words of the official client."""
    kind: str = request.param
    name = f"theirs-{kind.lower()}"
    balances = {"USDT": "100000", "BTC": "1"}
    if kind == "HMAC":
        operator.open(name, balances=balances)
        return {"api_key": name, "api_secret": f"{name}-secret"}
    key = ed25519 if kind == "ED25519" else rsa
    operator.open(name, balances=balances, keys=[{"apiKey": name, "kind": kind, "publicKey": public_pem(key)}])
    return {"api_key": name, "private_key": private_pem(key)}


@asynccontextmanager
async def official(exchange: PaperProcess, credentials: Credentials) -> AsyncGenerator[Any, None]:
    """binance-sdk-spot on the WebSocket API."""
    settings = ConfigurationWebSocketAPI(stream_url=f"{exchange.ws_url}/ws-api/v3", **credentials)
    spot: Any = Spot(config_ws_api=settings)
    connection = await spot.websocket_api.create_connection()
    try:
        yield connection
    finally:
        await connection.close_connection(close_session=True)


@asynccontextmanager
async def python_binance(exchange: PaperProcess, credentials: Credentials) -> AsyncGenerator[Any, None]:
    """python-binance, REST and WebSocket API."""
    library: Any = PythonBinance
    previous = library.WS_API_URL
    library.WS_API_URL = f"{exchange.ws_url}/ws-api/v3"
    client = library(credentials["api_key"], credentials.get("api_secret"), private_key=credentials.get("private_key"))
    library.WS_API_URL = previous
    client.API_URL = f"{exchange.url}/api"
    # Closing waits until its reader looks up, which it otherwise does every ten seconds.
    client.ws_api.TIMEOUT = 0.2
    try:
        yield client
    finally:
        await client.close_connection()


@pytest.mark.parametrize("credentials", KINDS, indirect=True)
def test_the_official_client_signs_over_rest(exchange: PaperProcess, credentials: Credentials) -> None:
    api: Any = Spot(config_rest_api=ConfigurationRestAPI(base_path=exchange.url, timeout=10_000, **credentials)).rest_api
    account = api.get_account(omit_zero_balances=True).data()
    placed = api.new_order(
        symbol="BTCUSDT", side="BUY", type="LIMIT", time_in_force="GTC", quantity=0.001, price=50000.5, recv_window=4999.5
    ).data()
    canceled = api.delete_order(symbol="BTCUSDT", order_id=placed.order_id).data()
    api._session.close()

    assert {balance.asset for balance in account.balances} == {"BTC", "USDT"}
    assert canceled.status == "CANCELED"


@pytest.mark.parametrize("credentials", KINDS, indirect=True)
async def test_the_official_client_signs_over_the_websocket_api(exchange: PaperProcess, credentials: Credentials) -> None:
    async with official(exchange, credentials) as client:
        placed = await client.order_place(
            symbol="BTCUSDT", side="BUY", type="LIMIT", time_in_force="GTC", quantity=0.001, price=50000
        )
        canceled = await client.order_cancel(symbol="BTCUSDT", order_id=placed.data().result.order_id)

    assert canceled.data().result.status == "CANCELED"


@pytest.mark.parametrize("credentials", KINDS, indirect=True)
async def test_python_binance_signs_over_both(exchange: PaperProcess, credentials: Credentials) -> None:
    async with python_binance(exchange, credentials) as client:
        order = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.001",
            "price": "50000",
        }
        over_rest = await client.create_order(**order)
        over_socket = await client.ws_create_order(**order)
        canceled = await client.ws_cancel_all_open_orders(symbol="BTCUSDT")

    assert (over_rest["status"], over_socket["status"]) == ("NEW", "NEW")
    assert {each["orderId"] for each in canceled} >= {over_rest["orderId"], over_socket["orderId"]}


@pytest.mark.parametrize("credentials", ["ED25519"], indirect=True)
async def test_the_official_client_logs_on_and_hears_its_account(exchange: PaperProcess, credentials: Credentials) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()
    async with official(exchange, credentials) as client:
        logged_on = (await client.session_logon()).data().result
        subscribed = await client.user_data_stream_subscribe()
        subscribed.stream.on("message", heard.put_nowait)
        placed = (await client.order_place(symbol="BTCUSDT", side="BUY", type="MARKET", quantity=0.002)).data().result
        events = await _until(heard, "OutboundAccountPosition")
        logged_out = (await client.session_logout()).data().result

    assert logged_on.api_key == credentials["api_key"]
    assert logged_out.api_key is None
    assert {event.i for event in events[:-1]} == {placed.order_id}
    assert [event.x for event in events[:-1]] == ["NEW"] + ["TRADE"] * len(placed.fills)


@pytest.mark.parametrize("credentials", KINDS, indirect=True)
async def test_the_official_client_hears_its_account_by_signature(exchange: PaperProcess, credentials: Credentials) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()
    async with official(exchange, credentials) as client:
        subscribed = await client.user_data_stream_subscribe_signature()
        subscribed.stream.on("message", heard.put_nowait)
        await client.order_place(symbol="BTCUSDT", side="BUY", type="MARKET", quantity=0.001)
        events = await _until(heard, "OutboundAccountPosition")
        await client.user_data_stream_unsubscribe()

    assert [event.x for event in events[:-1]][:2] == ["NEW", "TRADE"]


@pytest.mark.parametrize("credentials", KINDS, indirect=True)
async def test_the_user_socket_of_python_binance_hears_its_account(
    exchange: PaperProcess, operator: Operator, credentials: Credentials
) -> None:
    async with python_binance(exchange, credentials) as client:
        manager: Any = BinanceSocketManager(client)
        async with manager.user_socket() as socket:
            await client.create_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.001")
            events: list[Any] = []
            while not events or events[-1]["e"] != "outboundAccountPosition":
                events.append(await asyncio.wait_for(socket.recv(), 5))
            operator.do("POST", f"/accounts/{credentials['api_key']}/deposits", {"asset": "USDT", "amount": "3"})
            paid_in = await asyncio.wait_for(socket.recv(), 5)

    assert [event["x"] for event in events[:-1]][:2] == ["NEW", "TRADE"]
    assert (paid_in["e"], paid_in["d"]) == ("balanceUpdate", "3.00000000")


async def test_wrong_secrets_are_told_as_such(exchange: PaperProcess) -> None:
    wrong: Credentials = {"api_key": "paper-main", "api_secret": "guessed"}
    api: Any = Spot(config_rest_api=ConfigurationRestAPI(base_path=exchange.url, timeout=10_000, retries=0, **wrong)).rest_api
    with pytest.raises(SdkError, match="Signature for this request is not valid"):
        api.get_account()
    api._session.close()
    async with python_binance(exchange, wrong) as client:
        with pytest.raises(BinanceAPIException, match="-1022"):
            await client.get_account()


async def _until(heard: asyncio.Queue[Any], last: str) -> list[Any]:
    """Events of the official client up to and with the first of a kind, each as the type that it chose."""
    found: list[Any] = []
    while True:
        message = await asyncio.wait_for(heard.get(), 5)
        event = getattr(message, "actual_instance", message)
        found.append(event)
        if type(event).__name__ == last:
            return found
