"""Control messages and their answers, with the documented errors."""

import json
from typing import Any

import pytest

from services.paper_exchange.streams.control import MAX_STREAMS, METHODS, answer


class Connection:
    """What control messages change, and nothing else."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.combined = False

    def subscribe(self, names: list[str]) -> None:
        self.names += [name for name in names if name not in self.names]

    def unsubscribe(self, names: list[str]) -> None:
        self.names = [name for name in self.names if name not in names]

    def combine(self, combined: bool) -> None:
        self.combined = combined


def ask(connection: Connection, message: Any) -> Any:
    return json.loads(answer(connection, message if isinstance(message, str) else json.dumps(message)))


def test_a_client_subscribes_lists_and_unsubscribes() -> None:
    connection = Connection("ethusdt@trade")

    done = ask(connection, {"method": "SUBSCRIBE", "params": ["btcusdt@aggTrade", "btcusdt@depth"], "id": 1})
    listed = ask(connection, {"method": "LIST_SUBSCRIPTIONS", "id": 3})
    undone = ask(connection, {"method": "UNSUBSCRIBE", "params": ["btcusdt@depth", "never@had"], "id": 312})

    assert done == {"result": None, "id": 1}
    assert listed == {"result": ["ethusdt@trade", "btcusdt@aggTrade", "btcusdt@depth"], "id": 3}
    assert undone == {"result": None, "id": 312}
    assert connection.names == ["ethusdt@trade", "btcusdt@aggTrade"]


def test_the_envelope_is_a_property() -> None:
    connection = Connection()

    assert ask(connection, {"method": "GET_PROPERTY", "params": ["combined"], "id": 2}) == {"result": False, "id": 2}
    assert ask(connection, {"method": "SET_PROPERTY", "params": ["combined", True], "id": 5}) == {"result": None, "id": 5}
    assert ask(connection, {"method": "GET_PROPERTY", "params": ["combined"], "id": 2}) == {"result": True, "id": 2}


@pytest.mark.parametrize("request_id", [0, -7, 2**63 - 1, -(2**63), "Az9", "x" * 36, None])
def test_an_id_is_a_number_a_text_or_null(request_id: Any) -> None:
    assert ask(Connection(), {"method": "LIST_SUBSCRIPTIONS", "id": request_id}) == {"result": [], "id": request_id}


EXPECTED = ", ".join(f"`{method}`" for method in METHODS)
ERRORS: list[tuple[Any, dict[str, Any]]] = [
    ({"method": "GET_PROPERTY", "params": ["colour"], "id": 1}, {"code": 0, "msg": "Unknown property", "id": 1}),
    ({"method": "SET_PROPERTY", "params": ["colour", True], "id": 1}, {"code": 0, "msg": "Unknown property", "id": 1}),
    (
        {"method": "SET_PROPERTY", "params": ["combined", "true"], "id": 1},
        {"code": 1, "msg": "Invalid value type: expected Boolean", "id": 1},
    ),
    (
        {"method": "SET_PROPERTY", "params": ["combined"], "id": 1},
        {"code": 1, "msg": "Invalid value type: expected Boolean", "id": 1},
    ),
    (
        {"method": "SET_PROPERTY", "params": [True, "combined"], "id": 1},
        {"code": 2, "msg": "Invalid request: property name must be a string", "id": 1},
    ),
    (
        {"method": "GET_PROPERTY", "id": 1},
        {"code": 2, "msg": "Invalid request: property name must be a string", "id": 1},
    ),
    (
        {"method": "GET_PROPERTY", "params": ["combined", True], "id": 1},
        {"code": 2, "msg": "Invalid request: too many parameters", "id": 1},
    ),
    (
        {"method": "LIST_SUBSCRIPTIONS", "params": ["x"], "id": 1},
        {"code": 2, "msg": "Invalid request: too many parameters", "id": 1},
    ),
    (
        {"method": "LIST_SUBSCRIPTIONS"},
        {"code": 2, "msg": "Invalid request: request ID must be an unsigned integer"},
    ),
    (
        {"method": "LIST_SUBSCRIPTIONS", "id": 1.5},
        {"code": 2, "msg": "Invalid request: request ID must be an unsigned integer"},
    ),
    (
        {"method": "LIST_SUBSCRIPTIONS", "id": "x" * 37},
        {"code": 2, "msg": "Invalid request: request ID must be an unsigned integer"},
    ),
    (
        {"method": "LIST_SUBSCRIPTIONS", "id": 2**63},
        {"code": 2, "msg": "Invalid request: request ID must be an unsigned integer"},
    ),
    (
        '{"params":["btcusdt@trade"],"id":1}',
        {"code": 2, "msg": "Invalid request: missing field `method` at line 1 column 35", "id": 1},
    ),
    (
        '{"id":1,"method":"FOLLOW"}',
        {
            "code": 2,
            "msg": f"Invalid request: unknown variant `FOLLOW`, expected one of {EXPECTED} at line 1 column 25",
            "id": 1,
        },
    ),
    (
        {"method": "SUBSCRIBE", "params": "btcusdt@trade", "id": 1},
        {"code": 2, "msg": "Invalid request: params must be an array of stream names", "id": 1},
    ),
    (
        {"method": "SUBSCRIBE", "params": [7], "id": 1},
        {"code": 2, "msg": "Invalid request: params must be an array of stream names", "id": 1},
    ),
    ("subscribe", {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}),
    ('{"method":\n  nothing}', {"code": 3, "msg": "Invalid JSON: expected value at line 2 column 3"}),
    ("", {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}),
    ("[" * 60_000, {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}),
    ("[]", {"code": 2, "msg": "Invalid request: missing field `method` at line 1 column 2"}),
]


@pytest.mark.parametrize(("message", "reply"), ERRORS, ids=[str(message)[:60] for message, _ in ERRORS])
def test_a_wrong_message_is_answered_with_the_documented_error(message: Any, reply: dict[str, Any]) -> None:
    connection = Connection("btcusdt@trade")

    assert ask(connection, message) == reply
    assert (connection.names, connection.combined) == (["btcusdt@trade"], False)


def test_a_connection_listens_to_1024_streams_at_most() -> None:
    connection = Connection()
    names = [f"s{number}@trade" for number in range(MAX_STREAMS)]
    assert ask(connection, {"method": "SUBSCRIBE", "params": names, "id": 1})["result"] is None

    again = ask(connection, {"method": "SUBSCRIBE", "params": names[:5], "id": 2})
    refused = ask(connection, {"method": "SUBSCRIBE", "params": ["one@more"], "id": 3})

    assert again == {"result": None, "id": 2}
    assert refused["code"] == 2
    assert len(connection.names) == MAX_STREAMS
