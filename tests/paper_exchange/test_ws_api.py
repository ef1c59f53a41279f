"""The WebSocket API: envelopes, ids, limits, refusals, and what ends a connection."""

import json
from collections.abc import Generator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.paper_exchange.conftest import PaperProcess


@pytest.fixture
def socket(exchange: PaperProcess) -> Generator[ClientConnection, None, None]:
    with connect(f"{exchange.ws_url}/ws-api/v3") as connection:
        yield connection


def ask(socket: ClientConnection, request: Any) -> Any:
    socket.send(request if isinstance(request, str | bytes) else json.dumps(request))
    return json.loads(socket.recv(timeout=5))


@pytest.mark.parametrize("request_id", [1, -5, 2**53, "a-1", "币安", "", None])
def test_a_request_gets_its_own_id_back(socket: ClientConnection, request_id: Any) -> None:
    reply = ask(socket, {"id": request_id, "method": "time"})

    assert reply["id"] == request_id
    assert reply["status"] == 200
    assert reply["result"]["serverTime"] > 1_700_000_000_000


def test_a_reply_tells_the_limits_unless_they_are_unwanted(socket: ClientConnection) -> None:
    told = ask(socket, {"id": 1, "method": "ping"})
    untold = ask(socket, {"id": 2, "method": "ping", "params": {"returnRateLimits": False}})

    assert list(told) == ["id", "status", "result", "rateLimits"]
    limit = told["rateLimits"][0]
    assert (limit["rateLimitType"], limit["interval"], limit["intervalNum"]) == ("REQUEST_WEIGHT", "MINUTE", 1)
    assert limit["count"] >= 3
    assert list(untold) == ["id", "status", "result"]


def test_the_address_sets_unit_and_limits_for_the_connection(exchange: PaperProcess) -> None:
    with connect(f"{exchange.ws_url}/ws-api/v3?timeUnit=MICROSECOND&returnRateLimits=false") as socket:
        assert ask(socket, {"id": 1, "method": "time"})["result"]["serverTime"] > 10**15
        assert "rateLimits" not in ask(socket, {"id": 2, "method": "ping"})
        assert "rateLimits" in ask(socket, {"id": 3, "method": "ping", "params": {"returnRateLimits": True}})


def test_a_wrong_time_unit_in_the_address_refuses_the_connection(exchange: PaperProcess) -> None:
    with pytest.raises(InvalidStatus) as caught:
        connect(f"{exchange.ws_url}/ws-api/v3?timeUnit=HOUR")
    assert json.loads(caught.value.response.body)["code"] == -1194


def test_a_method_may_carry_a_version(socket: ClientConnection) -> None:
    assert ask(socket, {"id": 1, "method": "v3/depth", "params": {"symbol": "BTCUSDT", "limit": 1}})["status"] == 200


def test_numbers_may_come_as_numbers_or_texts_and_lists_as_lists(socket: ClientConnection) -> None:
    for limit in (5, "5"):
        params: dict[str, Any] = {"symbol": "BTCUSDT", "limit": limit}
        assert len(ask(socket, {"id": 1, "method": "depth", "params": params})["result"]["bids"]) == 5
    prices = ask(socket, {"id": 2, "method": "ticker.price", "params": {"symbols": ["BTCUSDT", "币安人生USDT"]}})
    assert [each["symbol"] for each in prices["result"]] == ["BTCUSDT", "币安人生USDT"]


REFUSALS: list[tuple[Any, Any, int, str]] = [
    ("{", None, -1135, "Invalid JSON Request"),
    ("[]", None, -1135, "Invalid JSON Request"),
    ({"id": {"a": 1}, "method": "ping"}, None, -1135, "Invalid JSON Request"),
    ({"id": 1, "method": "depth", "params": []}, 1, -1135, "Invalid 'params' in JSON request; expected an object."),
    ({"id": 1, "method": "no.such"}, 1, -1020, "This operation is not supported."),
    ({"id": 1}, 1, -1102, "Mandatory parameter 'method' was not sent, was empty/null, or malformed."),
    ({"id": 1, "method": "depth", "params": {"symbol": "NOPE"}}, 1, -1121, "Invalid symbol."),
    ({"id": 1, "method": "klines", "params": {"symbol": "BTCUSDT", "interval": 5}}, 1, -1120, "Invalid interval."),
    (
        {"id": 1, "method": "depth", "params": {"symbol": {"a": 1}}},
        1,
        -1102,
        "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.",
    ),
    (
        {"id": 1, "method": "depth", "params": {"symbol": "BTCUSDT", "foo": 1}},
        1,
        -1104,
        "Not all sent parameters were read; read '1' parameter(s) but was sent '2'.",
    ),
    (
        {"id": 1, "method": "referencePrice", "params": {"symbol": "BTCUSDT"}},
        1,
        -2043,
        "This symbol doesn't have a reference price.",
    ),
]


@pytest.mark.parametrize(("request_", "request_id", "code", "text"), REFUSALS, ids=[str(each[0])[:50] for each in REFUSALS])
def test_a_wrong_frame_is_refused_and_the_connection_goes_on(
    socket: ClientConnection, request_: Any, request_id: Any, code: int, text: str
) -> None:
    reply = ask(socket, request_)

    assert (reply["id"], reply["status"]) == (request_id, 400)
    assert reply["error"] == {"code": code, "msg": text}
    assert ask(socket, {"id": "next", "method": "ping"})["status"] == 200


def test_a_binary_frame_ends_the_connection(socket: ClientConnection) -> None:
    socket.send(b'{"id":1,"method":"ping"}')

    with pytest.raises(ConnectionClosed) as caught:
        socket.recv(timeout=5)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1003


def test_a_frame_over_the_limit_ends_the_connection(socket: ClientConnection) -> None:
    socket.send('{"id":"' + "x" * 70_000 + '"}')

    with pytest.raises(ConnectionClosed) as caught:
        socket.recv(timeout=5)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1009


def test_a_connection_elsewhere_is_refused(exchange: PaperProcess) -> None:
    with pytest.raises(InvalidStatus) as caught:
        connect(f"{exchange.ws_url}/ws-api/v2")
    assert caught.value.response.status_code == 404


def test_exchange_info_tells_the_connection_limit_here_only(socket: ClientConnection) -> None:
    limits = ask(socket, {"id": 1, "method": "exchangeInfo", "params": {"symbol": "BTCUSDT"}})["result"]["rateLimits"]

    assert [each["rateLimitType"] for each in limits][-1] == "CONNECTIONS"
