"""Whatever a client sends, the exchange answers or ends that connection, and goes on for everybody else."""

import contextlib
import json
import socket as plain_socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.paper_exchange.accounts.customer import Customer
from tests.paper_exchange.conftest import PaperProcess

FRAMES: list[str] = [
    "[" * 30_000,
    '{"id":1,"method":"ping","params":' + '{"a":' * 10_000 + "1" + "}" * 10_001,
    '{"id":1,"method":"account.status","params":{"apiKey":"paper-main","timestamp":1e999,"signature":"x"}}',
    '{"id":1,"method":"account.status","params":{"apiKey":"paper-main","timestamp":1,"signature":"\\ud800"}}',
    '{"id":1,"method":"account.status","params":{"apiKey":"\\u0000","timestamp":1,"signature":"x"}}',
    '{"id":1,"method":"account.status","params":{"apiKey":["paper-main"],"timestamp":1,"signature":"x"}}',
    '{"id":1,"method":"account.status","params":{"apiKey":{},"timestamp":{},"signature":{}}}',
    '{"id":123456789012345678901234567890,"method":"ping"}',
    '{"id":1.5,"method":"ping"}',
    '{"id":1,"method":"userDataStream.unsubscribe","params":{"subscriptionId":-1}}',
    '{"id":1,"method":"userDataStream.unsubscribe","params":{"subscriptionId":99999999999999999999}}',
    '{"id":1,"method":"session.logon"}',
    '{"id":1,"method":"session.logon","params":{"apiKey":"paper-main"}}',
    '{"id":1,"method":["order.place"]}',
    '{"id":1,"method":"v3/v3/order.place"}',
    '{"id":1,"method":"ping","params":{"returnRateLimits":"maybe"}}',
    '{"id":1,"method":"ping","params":null}',
    "",
    "null",
    "\u0000",
]
REQUESTS: list[bytes] = [
    b"GET /api/v3/account?signature=%ff&timestamp=%c3%28 HTTP/1.1\r\nX-MBX-APIKEY: paper-main\r\n",
    b"GET /api/v3/account?" + b"a=1&" * 5_000 + b" HTTP/1.1\r\nX-MBX-APIKEY: paper-main\r\n",
    b"GET /api/v3/account HTTP/1.1\r\nX-MBX-APIKEY: \xff\xfe\r\n",
    b"GET /api/v3/account?timestamp=1&signature=&signature= HTTP/1.1\r\nX-MBX-APIKEY: paper-main\r\n",
    b"POST /api/v3/order HTTP/1.1\r\nX-MBX-APIKEY: paper-main\r\nContent-Length: 4\r\n",
    b"POST /paper/v1/accounts HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 4\r\n",
    b"DELETE /paper/v1/accounts/%2e%2e/keys/%00 HTTP/1.1\r\n",
    b"BREW /api/v3/order HTTP/1.1\r\n",
]


@pytest.mark.parametrize("frame", FRAMES, ids=[each[:60].encode("unicode_escape").decode() for each in FRAMES])
def test_a_hostile_frame_is_answered_or_ends_its_connection(exchange: PaperProcess, main: Customer, frame: str) -> None:
    with connect(f"{exchange.ws_url}/ws-api/v3") as socket:
        socket.send(frame)
        with contextlib.suppress(ConnectionClosed):
            reply: Any = json.loads(socket.recv(timeout=5))
            assert set(reply) <= {"id", "status", "result", "error", "rateLimits"}
            assert reply["status"] < 500

    assert main.ask("GET", "/api/v3/account").status_code == 200


@pytest.mark.parametrize("request_", REQUESTS, ids=[each[:40].decode("latin-1") for each in REQUESTS])
def test_a_hostile_request_is_refused(exchange: PaperProcess, main: Customer, request_: bytes) -> None:
    address = urlsplit(exchange.url)
    with plain_socket.create_connection((address.hostname or "", address.port or 0), timeout=5) as raw:
        body = b"\xff\xfe{\x00" if b"Content-Length" in request_ else b""
        raw.sendall(request_ + b"Host: x\r\nConnection: close\r\n\r\n" + body)
        answer = raw.recv(65_536)

    status = int(answer.split(b" ", 2)[1])
    assert 400 <= status < 500
    assert main.ask("GET", "/api/v3/account").status_code == 200
