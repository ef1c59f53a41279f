"""The paper exchange as a process: quick to start, orderly to end, plain about what is wrong, and without a bus."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.paper_exchange.conftest import ROOT, PaperProcess


def test_it_starts_quickly_lives_and_ends_with_zero_when_asked() -> None:
    process = PaperProcess()
    ready = process.ready()
    with httpx.Client(base_url=process.url) as client, connect(f"{process.ws_url}/ws-api/v3") as socket:
        first = client.get("/api/v3/depth?symbol=BTCUSDT&limit=1").json()["lastUpdateId"]
        while client.get("/api/v3/depth?symbol=BTCUSDT&limit=1").json()["lastUpdateId"] == first:
            pass
        told = client.get("/ready").json()
        assert (told["service"], told["ready"]) == (client.get("/health").json()["service"], True) == ("paper_exchange", True)
        assert "binance_bus" not in client.get("/metrics").text
        assert client.get("/paper/v1/status").json()["symbols"]["BTCUSDT"]["status"] == "TRADING"
        code = process.stop()
        told = json.loads(socket.recv(timeout=5))
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(timeout=5)

    assert ready["took_ms"] < 10_000
    assert code == 0
    assert told["event"]["e"] == "serverShutdown"
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


def test_a_state_that_cannot_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "paper.db").write_bytes(b"not a database, whatever its name says" * 100)
    process = PaperProcess(PAPER_STATE=str(tmp_path / "paper.db"))

    assert process.process.wait(timeout=30) == 69
    process.stop()


def test_it_needs_no_bus() -> None:
    program = "import sys, services.paper_exchange.service; sys.exit('nats' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=30, check=False).returncode == 0


def test_a_connection_ends_after_its_life_and_says_so_first() -> None:
    process = PaperProcess(PAPER_LIFE_S=0.6)
    process.ready()
    with connect(f"{process.ws_url}/ws-api/v3") as socket:
        told = json.loads(socket.recv(timeout=5))
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(timeout=5)
    process.stop()

    assert told["event"]["e"] == "serverShutdown"
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1001
