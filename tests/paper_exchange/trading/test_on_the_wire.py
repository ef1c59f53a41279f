"""Trading as it goes over the wire: bodies, HTTP statuses and headers, with nothing in between but a signature."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Generator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from websockets.sync.client import connect

from shared.contract.catalog import BY_METHOD
from tests.paper_exchange.conftest import PaperProcess

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "50000", "quantity": "0.01"}


class Rest:
    """Signed requests of one account."""

    def __init__(self, url: str, name: str) -> None:
        self._name = name
        self.http = httpx.Client(base_url=url, timeout=10, headers={"X-MBX-APIKEY": name})

    def ask(self, method: str, **params: Any) -> httpx.Response:
        spec = BY_METHOD[method]
        query = urlencode({**params, "timestamp": int(time.time() * 1000)})
        return self.http.request(spec.http, f"{spec.path}?{query}&signature={signed(self._name, query)}")


def signed(name: str, payload: str) -> str:
    return hmac.new(f"{name}-secret".encode(), payload.encode(), hashlib.sha256).hexdigest()


@pytest.fixture
def rest(venue: PaperProcess, next_trader: Callable[[], str]) -> Generator[Rest, None, None]:
    rest = Rest(venue.url, next_trader())
    yield rest
    rest.http.close()


def test_half_a_cancel_replace_is_a_conflict_with_both_halves_in_its_data(rest: Rest) -> None:
    reply = rest.ask("order.cancelReplace", **ORDER, cancelReplaceMode="ALLOW_FAILURE", cancelOrderId=4711)
    body = reply.json()

    assert (reply.status_code, body["code"], body["msg"]) == (409, -2021, "Order cancel-replace partially failed.")
    assert body["data"]["cancelResponse"] == {"code": -2011, "msg": "Unknown order sent."}
    assert body["data"]["newOrderResponse"]["status"] == "NEW"
    assert list(body) == ["code", "msg", "data"]


def test_a_placed_order_costs_nothing_and_tells_the_counts(rest: Rest) -> None:
    before = weight(rest.http.get("/api/v3/ping"))
    placed = rest.ask("order.place", **ORDER)
    after = weight(placed)
    refused = rest.ask("order.place", **{**ORDER, "quantity": "0"})

    assert placed.status_code == 200
    assert after == before
    assert placed.headers["x-mbx-order-count-1d"] == "1"
    assert "x-mbx-order-count-10s" in placed.headers
    assert (refused.status_code, refused.json()) == (400, {"code": -1013, "msg": "Invalid quantity."})
    assert "x-mbx-order-count-10s" not in refused.headers


def weight(reply: httpx.Response) -> int:
    return int(reply.headers["x-mbx-used-weight-1m"])


def test_the_websocket_api_tells_both_halves_in_the_data_of_its_error(
    venue: PaperProcess, next_trader: Callable[[], str]
) -> None:
    name = next_trader()
    params = {**ORDER, "cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": 4711}
    params |= {"apiKey": name, "timestamp": int(time.time() * 1000)}
    payload = "&".join(f"{key}={params[key]}" for key in sorted(params))
    request = {"id": 1, "method": "order.cancelReplace", "params": {**params, "signature": signed(name, payload)}}

    with connect(f"{venue.ws_url}/ws-api/v3") as socket:
        socket.send(json.dumps(request))
        reply = json.loads(socket.recv(timeout=10))

    assert (reply["status"], reply["error"]["code"]) == (400, -2022)
    assert reply["error"]["data"] == {
        "cancelResult": "FAILURE",
        "newOrderResult": "NOT_ATTEMPTED",
        "cancelResponse": {"code": -2011, "msg": "Unknown order sent."},
        "newOrderResponse": None,
    }


@pytest.mark.parametrize("field", ["price", "quantity", "newClientOrderId", "icebergQty", "recvWindow"])
@pytest.mark.parametrize("value", ["", "-1", "1e5", "NaN", "0x10", "9" * 30, "ß", "' OR 1=1", "%00", "null", "[]"])
def test_nonsense_is_refused_and_places_nothing(rest: Rest, field: str, value: str) -> None:
    reply = rest.ask("order.place", **{**ORDER, field: value})

    assert reply.status_code == 400 or (field, value) in FINE
    assert reply.status_code != 400 or reply.json()["code"] < -1000
    assert len(rest.ask("openOrders.status").json()) == (reply.status_code == 200)


FINE = {("newClientOrderId", value) for value in ("-1", "1e5", "NaN", "0x10", "9" * 30, "null")}
"""Letters, digits, `-` and `_`: as good an id as any."""
