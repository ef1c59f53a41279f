"""Drills: what was ordered goes wrong, at the request it was drawn for, and again the same for the same seed."""

import json
from collections import Counter
from collections.abc import Generator
from time import perf_counter
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError
from websockets.sync.client import connect

from services.paper_exchange.request_faults import EventFate, EventFaults, RequestFate, RequestFaults
from tests.paper_exchange.accounts.conftest import Operator
from tests.paper_exchange.accounts.customer import Customer, events
from tests.paper_exchange.conftest import PaperProcess

LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001", "price": "50000"}


@pytest.fixture(scope="module")
def drilled() -> Generator[PaperProcess, None, None]:
    """An exchange that only these tests spoil."""
    process = PaperProcess(PAPER_WEIGHT_LIMIT=1_000_000, PAPER_CONNECTION_LIMIT=100_000)
    process.ready()
    yield process
    assert process.stop() == 0


@pytest.fixture
def chief(drilled: PaperProcess) -> Generator[Operator, None, None]:
    """Orders faults, and ends them."""
    chief = Operator(drilled.url)
    yield chief
    chief.do("DELETE", "/faults")
    chief.http.close()


@pytest.fixture
def trader(drilled: PaperProcess) -> Generator[Customer, None, None]:
    customer = Customer(drilled.url)
    yield customer
    customer.ask("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")
    customer.close()


def order(chief: Operator, **requests: Any) -> None:
    chief.do("POST", "/faults", {"requests": requests})


def is_open(trader: Customer, client_id: str) -> bool:
    return client_id in {each["clientOrderId"] for each in trader.ask("GET", "/api/v3/openOrders", symbol="BTCUSDT").json()}


def test_a_reply_is_lost_after_the_order_was_accepted_over_rest(chief: Operator, trader: Customer) -> None:
    order(chief, methods=["order.place"], lose_every=1, times=1)

    with pytest.raises(httpx.HTTPError):
        trader.ask("POST", "/api/v3/order", newClientOrderId="lost", **LIMIT)
    assert is_open(trader, "lost")
    assert trader.ask("POST", "/api/v3/order", newClientOrderId="next", **LIMIT).status_code == 200


def test_a_reply_is_lost_after_the_order_was_accepted_over_the_websocket_api(
    drilled: PaperProcess, chief: Operator, trader: Customer
) -> None:
    order(chief, methods=["order.place"], lose_every=1, times=1)
    with connect(f"{drilled.ws_url}/ws-api/v3") as socket, pytest.raises(ConnectionClosed):
        trader.say(socket, "order.place", newClientOrderId="lost", **LIMIT)

    assert is_open(trader, "lost")


def test_a_connection_breaks_before_anything_was_done(drilled: PaperProcess, chief: Operator, trader: Customer) -> None:
    order(chief, methods=["order.place"], drop_every=1, times=2)
    with pytest.raises(httpx.HTTPError):
        trader.ask("POST", "/api/v3/order", newClientOrderId="never", **LIMIT)
    with connect(f"{drilled.ws_url}/ws-api/v3") as socket, pytest.raises(ConnectionClosedError):
        trader.say(socket, "order.place", newClientOrderId="never", **LIMIT)

    assert not is_open(trader, "never")


def test_a_socket_stays_open_and_is_mute(drilled: PaperProcess, chief: Operator) -> None:
    order(chief, silence_every=1, times=1)
    with connect(f"{drilled.ws_url}/ws-api/v3", ping_interval=None, close_timeout=0.1) as socket:
        for request_id in (1, 2):
            socket.send(json.dumps({"id": request_id, "method": "ping"}))
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.3)
        assert not socket.ping().wait(0.3)


ERRORS = [
    ("-1006", 500, "An unexpected response was received from the message bus. Execution status unknown."),
    ("-1007", 504, "Timeout waiting for response from backend server. Send status unknown; execution status unknown."),
    ("-1008", 503, "Server is currently overloaded with other requests. Please try again in a few minutes."),
    ("502", 502, "An unknown error occurred while processing the request."),
]


@pytest.mark.parametrize(("error", "status", "text"), ERRORS)
def test_an_error_comes_in_the_documented_words(
    drilled: PaperProcess, chief: Operator, trader: Customer, error: str, status: int, text: str
) -> None:
    order(chief, methods=["order.place"], error_every=1, errors=[error])
    over_rest = trader.ask("POST", "/api/v3/order", **LIMIT)
    with connect(f"{drilled.ws_url}/ws-api/v3") as socket:
        over_socket = trader.say(socket, "order.place", **LIMIT)

    code = int(error) if error.startswith("-") else -1000
    assert (over_rest.status_code, over_rest.json()) == (status, {"code": code, "msg": text})
    assert (over_socket["status"], over_socket["error"]) == (status, {"code": code, "msg": text})


def test_of_orders_whose_outcome_is_unknown_some_are_there_and_some_are_not(chief: Operator, trader: Customer) -> None:
    order(chief, methods=["order.place"], error_every=1, errors=["-1007"])
    for number in range(12):
        assert trader.ask("POST", "/api/v3/order", newClientOrderId=f"u{number}", **LIMIT).json()["code"] == -1007
    there = [is_open(trader, f"u{number}") for number in range(12)]

    assert 0 < sum(there) < 12


def test_an_overload_did_nothing(chief: Operator, trader: Customer) -> None:
    order(chief, methods=["order.place"], error_every=1, errors=["-1008"])
    for number in range(6):
        trader.ask("POST", "/api/v3/order", newClientOrderId=f"o{number}", **LIMIT)

    assert not any(is_open(trader, f"o{number}") for number in range(6))


@pytest.mark.parametrize(("kind", "status"), [("limit_every", 429), ("ban_every", 418)])
def test_limits_and_bans_say_how_long(drilled: PaperProcess, chief: Operator, trader: Customer, kind: str, status: int) -> None:
    order(chief, methods=["ping"], retry_after_s=7, **{kind: 1})
    over_rest = trader.http.get("/api/v3/ping")
    with connect(f"{drilled.ws_url}/ws-api/v3") as socket:
        socket.send(json.dumps({"id": 1, "method": "ping"}))
        over_socket = json.loads(socket.recv(timeout=5))
        if status == 418:
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=5)

    assert (over_rest.status_code, over_rest.headers["retry-after"], over_rest.json()["code"]) == (status, "7", -1003)
    assert (over_socket["status"], over_socket["error"]["code"]) == (status, -1003)
    data = over_socket["error"]["data"]
    assert data["retryAfter"] - data["serverTime"] == 7000


def test_latency_delays_every_request_and_keeps_their_order(drilled: PaperProcess, chief: Operator, trader: Customer) -> None:
    order(chief, latency_ms=80, jitter_ms=40)
    started = perf_counter()
    trader.http.get("/api/v3/ping")
    with connect(f"{drilled.ws_url}/ws-api/v3") as socket:
        asked = perf_counter()
        for request_id in range(5):
            socket.send(json.dumps({"id": request_id, "method": "ping"}))
        replies = [json.loads(socket.recv(timeout=5))["id"] for _ in range(5)]

    assert asked - started >= 0.08
    assert 0.08 <= perf_counter() - asked < 0.4
    assert replies == [0, 1, 2, 3, 4]


def test_user_events_come_late_twice_or_never(drilled: PaperProcess, chief: Operator, trader: Customer) -> None:
    def told(**faults: Any) -> list[str]:
        chief.do("POST", "/faults", {"events": faults})
        with connect(f"{drilled.ws_url}/ws-api/v3") as socket:
            trader.say(socket, "userDataStream.subscribe.signature")
            trader.ask("POST", "/api/v3/order", **LIMIT)
            chief.do("POST", "/faults", {"events": {}})
            chief.do("POST", "/accounts/main/deposits", {"asset": "DOGE", "amount": "1"})
            heard = [message["event"]["e"] for message in events(socket, "balanceUpdate")]
            return heard + (
                [json.loads(socket.recv(timeout=5))["event"]["e"] for _ in range(3)] if "late_every" in faults else []
            )

    report, position = "executionReport", "outboundAccountPosition"
    assert told() == [report, position, "balanceUpdate"]
    assert told(double_every=1) == [report, report, position, position, "balanceUpdate"]
    assert told(lose_every=1) == ["balanceUpdate"]
    assert told(late_every=1, late_ms=300) == ["balanceUpdate", position, report, position]


def test_connections_to_the_websocket_api_rotate(drilled: PaperProcess, chief: Operator) -> None:
    order(chief, rotate_s=0.4)
    with connect(f"{drilled.ws_url}/ws-api/v3") as socket:
        told = json.loads(socket.recv(timeout=5))
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(timeout=5)

    assert told["event"]["e"] == "serverShutdown"
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1001


def test_faults_are_shown_and_ended(chief: Operator) -> None:
    order(chief, seed="7", lose_every=3)
    shown = chief.do("GET", "/faults")
    ended = chief.do("DELETE", "/faults")

    assert (shown["requests"]["seed"], shown["requests"]["lose_every"]) == ("7", 3)
    assert ended["requests"]["lose_every"] == 0


def test_faults_can_be_ordered_by_a_setting() -> None:
    process = PaperProcess(PAPER_FAULTS='{"requests": {"methods": ["time"], "limit_every": 1, "times": 1}}')
    process.ready()
    statuses = [httpx.get(f"{process.url}/api/v3/time").status_code for _ in range(2)]
    process.stop()

    assert statuses == [429, 200]


def drawn(seed: str, count: int = 2000) -> list[str]:
    fate = RequestFate(RequestFaults(seed=seed, lose_every=50, error_every=20, limit_every=100, latency_ms=5, jitter_ms=5))
    return [
        f"{fault.kind} {fault.error} {fault.is_done} {fault.delay_s}" for fault in (fate.next("ping") for _ in range(count))
    ]


def test_the_same_seed_gives_the_same_faults() -> None:
    assert drawn("a") == drawn("a")
    assert drawn("a") != drawn("b")


def test_faults_come_as_often_as_ordered_and_for_the_methods_that_are_meant() -> None:
    kinds = Counter(each.split()[0] for each in drawn("a"))
    fate = RequestFate(RequestFaults(methods=("order.place",), lose_every=1, times=3))

    assert 20 <= kinds["lost"] <= 80
    assert 60 <= kinds["error"] <= 160
    assert 8 <= kinds["limited"] <= 40
    assert [fate.next(name).kind for name in ("ping", "order.place", "order.place", "ping", "order.place", "order.place")] == [
        "none",
        "lost",
        "lost",
        "none",
        "lost",
        "none",
    ]


def test_event_faults_follow_their_seed() -> None:
    faults = EventFaults(late_every=3, double_every=5, lose_every=7, late_ms=500)
    first, second = EventFate(faults), EventFate(faults)
    drawn = [first.next() for _ in range(500)]

    assert drawn == [second.next() for _ in range(500)]
    assert set(drawn) == {(), (0.0,), (0.5,), (0.0, 0.0), (0.5, 0.5)}
