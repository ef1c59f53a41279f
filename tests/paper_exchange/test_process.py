"""The paper exchange as a process: quick to start, orderly to end, plain about what is wrong, and without a bus."""

import asyncio
import json
import subprocess
import sys

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from services.paper_exchange.clock import Clock
from services.paper_exchange.door import Door
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.rest import Message
from services.paper_exchange.venue import Venue
from services.paper_exchange.weights import Limits, Weights
from services.paper_exchange.ws_api import WsApi
from tests.paper_exchange.conftest import ROOT, PaperProcess


def test_it_starts_quickly_lives_and_ends_with_zero_when_asked() -> None:
    process = PaperProcess()
    ready = process.ready()
    with httpx.Client(base_url=process.url) as client, connect(f"{process.ws_url}/ws-api/v3") as socket:
        first = client.get("/api/v3/depth?symbol=BTCUSDT&limit=1").json()["lastUpdateId"]
        while client.get("/api/v3/depth?symbol=BTCUSDT&limit=1").json()["lastUpdateId"] == first:
            pass
        assert client.get("/ready").json()["ready"] is True
        assert client.get("/paper/v1/status").json()["symbols"]["BTCUSDT"]["status"] == "TRADING"
        code = process.stop()
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(timeout=5)

    assert ready["took_ms"] < 10_000
    assert code == 0
    assert caught.value.rcvd is not None


def test_a_busy_port_is_told_in_one_line(exchange: PaperProcess) -> None:
    port = exchange.url.rsplit(":", 1)[1]
    second = PaperProcess(PAPER_PORT=port)

    assert second.process.wait(timeout=30) == 69
    second.stop()


def test_a_wrong_setting_is_told_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "services.paper_exchange"],
        cwd=ROOT,
        env={"BINANCE_PAPER_SPEED": "-1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 78
    assert done.stderr.startswith("paper_exchange: BINANCE_PAPER_SPEED: ")
    assert done.stderr.count("\n") == 1


def test_it_needs_no_bus() -> None:
    program = "import sys, services.paper_exchange.service; sys.exit('nats' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=30, check=False).returncode == 0


async def test_a_connection_ends_after_its_life_and_says_so_first(market: Venue) -> None:
    sent: list[Message] = []
    incoming: list[Message] = [{"type": "websocket.connect"}]
    door = Door(Handlers(market, Limits()), Weights(Limits()), Clock())

    async def receive() -> Message:
        if incoming:
            return incoming.pop()
        return await _never()

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/ws-api/v3", "query_string": b"", "client": ("127.0.0.1", 5)}
    await WsApi(door, life_s=0.05)(scope, receive, send)

    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert json.loads(sent[1]["text"])["event"]["e"] == "serverShutdown"


async def _never() -> Message:
    return await asyncio.get_running_loop().create_future()
