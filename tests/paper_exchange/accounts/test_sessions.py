"""Connections of the WebSocket API: logon, ad hoc keys, subscriptions and their limits, revoked keys."""

import json
from collections.abc import Generator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.sync.client import ClientConnection, connect

from services.paper_exchange import sessions
from services.paper_exchange.call import Call
from services.paper_exchange.clock import Clock
from services.paper_exchange.door import Door
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.keys import Key, Keyring
from services.paper_exchange.sessions import Options, Session
from services.paper_exchange.user_data import UserData
from services.paper_exchange.venue import Venue
from services.paper_exchange.weights import Limits, Weights
from tests.paper_exchange.accounts.conftest import Operator, public_pem
from tests.paper_exchange.accounts.customer import Customer, now_ms, reply
from tests.paper_exchange.accounts.test_authentication import ed25519_signer
from tests.paper_exchange.conftest import PaperProcess


@pytest.fixture
def logger(exchange: PaperProcess, operator: Operator, ed25519: Ed25519PrivateKey) -> Generator[Customer, None, None]:
    """A customer whose key can log on."""
    key = {"apiKey": "logger", "kind": "ED25519", "publicKey": public_pem(ed25519)}
    operator.open("logger", keys=[key], balances={"USDT": "1000"})
    customer = Customer(exchange.url, "logger", ed25519_signer(ed25519))
    yield customer
    customer.close()


def say(socket: ClientConnection, method: str, **params: Any) -> Any:
    """An unsigned request."""
    socket.send(json.dumps({"id": 7, "method": method, "params": params}))
    return reply(socket)


def test_a_logon_tells_who_and_since_when(logger: Customer, socket: ClientConnection) -> None:
    before = say(socket, "session.status")["result"]
    result = logger.say(socket, "session.logon")["result"]

    assert before["apiKey"] is None
    assert before["authorizedSince"] is None
    assert list(result) == ["apiKey", "authorizedSince", "connectedSince", "returnRateLimits", "serverTime", "userDataStream"]
    assert result["apiKey"] == "logger"
    assert before["connectedSince"] == result["connectedSince"] <= result["authorizedSince"] <= result["serverTime"]
    assert result["userDataStream"] is False


def test_who_is_logged_on_needs_no_key_and_no_signature_but_the_time(logger: Customer, socket: ClientConnection) -> None:
    logger.say(socket, "session.logon")

    assert say(socket, "account.status", timestamp=now_ms())["status"] == 200
    assert say(socket, "account.status")["error"]["code"] == -1102
    assert say(socket, "account.status", timestamp=now_ms() - 6000)["error"]["code"] == -1021


def test_a_key_in_a_request_is_taken_for_that_request_alone(logger: Customer, main: Customer, socket: ClientConnection) -> None:
    logger.say(socket, "session.logon")
    as_main = main.say(socket, "account.status", omitZeroBalances="true")["result"]
    as_logger = say(socket, "account.status", timestamp=now_ms(), omitZeroBalances=True)["result"]

    assert len(as_main["balances"]) > len(as_logger["balances"]) == 1
    unsigned = say(socket, "account.status", timestamp=now_ms(), apiKey="paper-main")
    assert unsigned["error"]["code"] == -1102
    assert say(socket, "session.status")["result"]["apiKey"] == "logger"


def test_only_an_ed25519_key_can_log_on(main: Customer, socket: ClientConnection) -> None:
    assert main.say(socket, "session.logon")["error"]["code"] == -1022
    assert say(socket, "session.status")["result"]["apiKey"] is None


def test_a_logout_forgets_the_key_and_keeps_the_connection(logger: Customer, socket: ClientConnection) -> None:
    logger.say(socket, "session.logon")
    result = say(socket, "session.logout")["result"]

    assert (result["apiKey"], result["authorizedSince"]) == (None, None)
    assert say(socket, "account.status", timestamp=now_ms())["error"]["code"] == -2014
    assert say(socket, "ping")["status"] == 200


def test_subscriptions_are_numbered_listed_and_one_an_account(
    logger: Customer, main: Customer, socket: ClientConnection
) -> None:
    assert say(socket, "userDataStream.subscribe")["error"]["code"] == -2014
    logger.say(socket, "session.logon")

    assert say(socket, "userDataStream.subscribe")["result"] == {"subscriptionId": 0}
    assert say(socket, "userDataStream.subscribe")["error"]["code"] == -2035
    assert logger.say(socket, "userDataStream.subscribe.signature")["error"]["code"] == -2035
    assert main.say(socket, "userDataStream.subscribe.signature")["result"] == {"subscriptionId": 1}
    assert say(socket, "session.subscriptions")["result"] == [{"subscriptionId": 0}, {"subscriptionId": 1}]
    assert say(socket, "session.status")["result"]["userDataStream"] is True


def test_a_key_that_is_only_named_subscribes_nobody(logger: Customer, socket: ClientConnection) -> None:
    logger.say(socket, "session.logon")

    assert say(socket, "userDataStream.subscribe", apiKey="paper-main")["error"]["code"] == -2015


def test_an_end_of_a_subscription_is_told_and_its_number_not_given_again(main: Customer, socket: ClientConnection) -> None:
    main.say(socket, "userDataStream.subscribe.signature")
    socket.send(json.dumps({"id": 2, "method": "userDataStream.unsubscribe", "params": {"subscriptionId": 0}}))
    told = json.loads(socket.recv(timeout=5))
    answered = json.loads(socket.recv(timeout=5))

    assert told["subscriptionId"] == 0
    assert told["event"]["e"] == "eventStreamTerminated"
    assert (answered["status"], answered["result"]) == (200, {})
    assert say(socket, "userDataStream.unsubscribe")["error"]["code"] == -2036
    assert main.say(socket, "userDataStream.subscribe.signature")["result"] == {"subscriptionId": 1}
    assert say(socket, "userDataStream.unsubscribe", subscriptionId=0)["error"]["code"] == -2036
    assert say(socket, "userDataStream.unsubscribe")["result"] == {}


def test_a_logout_ends_the_subscription_of_the_logon_alone(logger: Customer, main: Customer, socket: ClientConnection) -> None:
    logger.say(socket, "session.logon")
    say(socket, "userDataStream.subscribe")
    main.say(socket, "userDataStream.subscribe.signature")
    socket.send(json.dumps({"id": 3, "method": "session.logout"}))
    told = json.loads(socket.recv(timeout=5))

    assert (told["subscriptionId"], told["event"]["e"]) == (0, "eventStreamTerminated")
    assert reply(socket)["result"]["userDataStream"] is True
    assert say(socket, "session.subscriptions")["result"] == [{"subscriptionId": 1}]


def test_a_revoked_key_is_told_at_the_next_request_and_ends_what_it_heard(
    exchange: PaperProcess, operator: Operator, ed25519: Ed25519PrivateKey, socket: ClientConnection
) -> None:
    key = {"apiKey": "leaver", "kind": "ED25519", "publicKey": public_pem(ed25519)}
    operator.open("leaver", keys=[key])
    leaver = Customer(exchange.url, "leaver", ed25519_signer(ed25519))
    leaver.say(socket, "session.logon")
    say(socket, "userDataStream.subscribe")

    operator.do("DELETE", "/accounts/leaver/keys/leaver")
    told = json.loads(socket.recv(timeout=5))
    refused = say(socket, "ping")

    assert told["event"]["e"] == "eventStreamTerminated"
    assert refused["id"] is None
    assert refused["status"] == 401
    assert refused["error"] == {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
    assert say(socket, "ping")["status"] == 200
    assert leaver.ask("GET", "/api/v3/account").json()["code"] == -2015
    leaver.close()


def test_an_order_tells_the_unfilled_orders_of_its_account(exchange: PaperProcess, operator: Operator) -> None:
    operator.open("counted", balances={"USDT": "1000"})
    counted = Customer(exchange.url, "counted")
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001", "price": "50000"}
    with connect(f"{exchange.ws_url}/ws-api/v3") as socket:
        placed = counted.say(socket, "order.place", **order)
        refused = counted.say(socket, "order.place", **order | {"quantity": "5"})
        canceled = counted.say(socket, "order.cancel", symbol="BTCUSDT", orderId=placed["result"]["orderId"])
    over_rest = counted.ask("POST", "/api/v3/order", **order)

    kinds = [(each["rateLimitType"], each["interval"], each["intervalNum"], each["count"]) for each in placed["rateLimits"]]
    assert kinds[:2] == [("ORDERS", "SECOND", 10, 1), ("ORDERS", "DAY", 1, 1)]
    assert kinds[2][0] == "REQUEST_WEIGHT"
    assert refused["status"] == 400
    assert [each["rateLimitType"] for each in refused["rateLimits"]] == ["ORDERS", "ORDERS", "REQUEST_WEIGHT"]
    assert [each["rateLimitType"] for each in canceled["rateLimits"]] == ["REQUEST_WEIGHT"]
    assert over_rest.headers["x-mbx-order-count-1d"] == "2"
    assert "x-mbx-order-count-10s" in over_rest.headers
    counted.close()


def test_a_successful_order_weighs_nothing_and_a_refused_one_does(exchange: PaperProcess, main: Customer) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001", "price": "50000"}

    answers = [main.http.get("/api/v3/ping")]
    answers += [main.ask("POST", "/api/v3/order", **each) for each in (order, order | {"quantity": "9000"})]
    used = [int(answer.headers["x-mbx-used-weight-1m"]) for answer in answers]

    # The minute may end in between; then there is nothing to compare.
    assert used[1] - used[0] == 0 or used[1] < used[0]
    assert used[2] - used[1] == 1 or used[2] < used[1]
    main.ask("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")


def test_a_connection_has_so_many_subscriptions_in_its_life(market: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MAX_EVER", 3)
    clock = Clock()
    door = Door(Handlers(market, Limits()), Weights(Limits()), clock, Keyring())
    session = Session(door, UserData(clock), "127.0.0.1", Options(), lambda _text: None)
    call = Call({}, key=Key("k", "main", "HMAC", "s"))
    for number in range(3):
        assert session.subscribe_signed(call) == b'{"subscriptionId":%d}' % number
        session.unsubscribe(call)

    with pytest.raises(Exception, match="Maximum subscription ID reached") as caught:
        session.subscribe_signed(call)
    assert getattr(caught.value, "code", None) == -2042
