"""Listen keys: gone as on today's Binance, or by setting as they were."""

import json
from collections.abc import Generator

import pytest
from msgspec import json as msgjson
from websockets.sync.client import connect

from services.paper_exchange.call import Call
from services.paper_exchange.clock import Clock
from services.paper_exchange.errors import Refused
from services.paper_exchange.listen_keys import LIFE_US, ListenKeys
from services.paper_exchange.streams.hub import Hub
from services.paper_exchange.time_units import millis
from services.paper_exchange.user_data import UserData
from tests.paper_exchange.accounts.customer import Customer
from tests.paper_exchange.conftest import PaperProcess

PATH = "/api/v3/userDataStream"


@pytest.fixture(scope="module")
def old_days() -> Generator[PaperProcess, None, None]:
    """An exchange of 2025."""
    process = PaperProcess(PAPER_LISTEN_KEYS="true", PAPER_WEIGHT_LIMIT=1_000_000)
    process.ready()
    yield process
    process.stop()


@pytest.fixture
def customer(old_days: PaperProcess) -> Generator[Customer, None, None]:
    customer = Customer(old_days.url)
    yield customer
    customer.close()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_today_the_web_server_says_gone(main: Customer, method: str) -> None:
    answer = main.send(method, PATH)

    assert answer.status_code == 410
    assert answer.headers["content-type"] == "text/html"
    assert "<h1>410 Gone</h1>" in answer.text
    assert len(answer.content) == 136


def test_today_the_methods_do_not_exist(exchange: PaperProcess) -> None:
    with connect(f"{exchange.ws_url}/ws-api/v3") as socket:
        for name in ("start", "ping", "stop"):
            socket.send(json.dumps({"id": 1, "method": f"userDataStream.{name}", "params": {"apiKey": "paper-main"}}))
            assert json.loads(socket.recv(timeout=5))["error"]["code"] == -1020


def test_a_key_is_kept_given_again_and_closed(customer: Customer) -> None:
    key = customer.send("POST", PATH).json()["listenKey"]

    assert len(key) == 60
    assert customer.send("POST", PATH).json() == {"listenKey": key}
    assert customer.send("PUT", PATH, f"listenKey={key}").json() == {}
    assert customer.send("DELETE", PATH, f"listenKey={key}").json() == {}
    refused = customer.send("PUT", PATH, f"listenKey={key}")
    assert (refused.status_code, refused.json()) == (400, {"code": -1125, "msg": "This listenKey does not exist."})
    assert customer.send("POST", PATH).json()["listenKey"] != key


def test_the_key_of_a_request_must_be_known_but_nothing_is_signed(customer: Customer) -> None:
    assert customer.http.post(PATH).json()["code"] == -2014
    assert customer.send("POST", PATH, **{"X-MBX-APIKEY": "nobody"}).json()["code"] == -2015


def test_the_websocket_api_has_the_same_three(old_days: PaperProcess) -> None:
    with connect(f"{old_days.ws_url}/ws-api/v3") as socket:
        replies: list[object] = []
        params = {"apiKey": "paper-main"}
        for name in ("start", "ping", "stop"):
            socket.send(json.dumps({"id": name, "method": f"userDataStream.{name}", "params": params}))
            reply = json.loads(socket.recv(timeout=5))
            replies.append(reply["status"])
            params |= reply["result"]

    assert replies == [200, 200, 200]


def test_events_come_without_envelope_on_the_raw_stream_and_with_it_on_the_combined(
    customer: Customer, old_days: PaperProcess
) -> None:
    key = customer.send("POST", PATH).json()["listenKey"]
    with (
        connect(f"{old_days.ws_url}/ws/{key}") as raw,
        connect(f"{old_days.ws_url}/stream?streams={key}") as combined,
        connect(f"{old_days.ws_url}/ws/{key}?timeUnit=MICROSECOND") as fine,
    ):
        placed = customer.ask("POST", "/api/v3/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.001").json()
        plain = json.loads(raw.recv(timeout=5))
        wrapped = json.loads(combined.recv(timeout=5))
        precise = json.loads(fine.recv(timeout=5))

    assert (plain["e"], plain["x"], plain["i"]) == ("executionReport", "NEW", placed["orderId"])
    assert wrapped == {"stream": key, "data": plain}
    assert precise["T"] // 1000 == plain["T"]


def test_a_key_that_nobody_keeps_expires_after_an_hour_and_says_so() -> None:
    clock = Clock()
    hub, user_data = Hub(), UserData(clock)
    keys = ListenKeys(hub, user_data, clock)
    heard: list[bytes] = []

    class Reader:
        def push(self, frame: bytes) -> None:
            heard.append(frame)

    key = msgjson.decode(keys.start(Call({}, account="main")))["listenKey"]
    hub.subscribe(key, Reader(), millis, combined=False)
    clock.offset_us += LIFE_US - 1_000_000
    keys.tick(clock())
    assert keys.ping(Call({"listenKey": key}, account="main")) == b"{}"
    clock.offset_us += LIFE_US - 1_000_000
    keys.tick(clock())
    assert not heard
    clock.offset_us += 1_000_001
    keys.tick(clock())

    told = json.loads(heard[0][heard[0].index(b"{") :])
    assert list(told) == ["e", "E", "listenKey"]
    assert (told["e"], told["listenKey"]) == ("listenKeyExpired", key)
    with pytest.raises(Refused, match="does not exist"):
        keys.ping(Call({"listenKey": key}, account="main"))
