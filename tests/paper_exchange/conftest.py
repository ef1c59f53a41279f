"""A paper exchange as a process of its own for other people's clients, and a market without one for its rules."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from queue import Queue
from typing import Any

import httpx
import pytest

from services.paper_exchange.venue import Venue

ROOT = Path(__file__).resolve().parents[2]
OPENING_US = 1_790_000_000_000_000 // 60_000_000 * 60_000_000
"""A full minute at which the markets of the tests open."""


class PaperProcess:
    """`python -m services.paper_exchange` on a free port."""

    def __init__(self, **settings: str | float) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BINANCE_")}
        given = {"PAPER_PORT": 0, **settings}
        environment = kept | {f"BINANCE_{name}": str(value) for name, value in given.items()}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services.paper_exchange"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
        )
        self._lines: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = ""

    def ready(self) -> dict[str, Any]:
        """Wait until it answers; what it said about that."""
        while True:
            line = self._lines.get(timeout=30)
            assert line, "the process ended before it was ready"
            if line.startswith("{") and (record := json.loads(line))["event"] == "ready":
                self.url = record["url"]
                return record

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        self.process.terminate()
        code = self.process.wait(timeout=15)
        self._reader.join(timeout=5)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    @property
    def ws_url(self) -> str:
        return self.url.replace("http", "ws")

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.put(line)
        self._lines.put("")


@pytest.fixture(scope="session")
def exchange() -> Generator[PaperProcess, None, None]:
    """A paper exchange for the whole session, generous with weight: do not stop it."""
    process = PaperProcess(PAPER_WEIGHT_LIMIT=10_000_000, PAPER_CONNECTION_LIMIT=100_000)
    process.ready()
    yield process
    assert process.stop() == 0


@pytest.fixture
def rest(exchange: PaperProcess) -> Generator[httpx.Client, None, None]:
    """A plain HTTP client at the exchange's address."""
    with httpx.Client(base_url=exchange.url, timeout=10) as client:
        yield client


@pytest.fixture(scope="session")
def market() -> Venue:
    """A market that has lived for two minutes and a bit."""
    venue = Venue("tests", OPENING_US)
    venue.advance(OPENING_US + 130_500_000)
    return venue
