"""A small recording of our own, in the form of those that lie beside the checkout."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.paper_exchange.symbols import LISTINGS
from tests.paper_exchange.running import Running

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "recordings" / "binance_us"
"""A real exchange's, where it lies beside the checkout."""
collect_ignore_glob = [] if REFERENCE.is_dir() else ["test_reference_*.py"]
START_MS = 1_700_000_000_000
Start = Callable[..., Awaitable[Running]]


def changes(first: int, last: int, bids: list[list[str]], asks: list[list[str]]) -> dict[str, Any]:
    event = {"e": "depthUpdate", "E": START_MS, "s": "BTCUSDT", "U": first, "u": last, "b": bids, "a": asks}
    return {"stream": "btcusdt@depth@100ms", "data": event}


def trade(trade_id: int, price: str, quantity: str) -> dict[str, Any]:
    event = {"e": "trade", "E": START_MS, "s": "BTCUSDT", "t": trade_id, "p": price, "q": quantity, "T": START_MS, "m": False}
    return {"stream": "btcusdt@trade", "data": event}


SNAPSHOT = {
    "lastUpdateId": 101,
    "bids": [["99.00000000", "1.00000000"], ["98.00000000", "2.00000000"]],
    "asks": [["101.00000000", "1.00000000"], ["102.00000000", "2.00000000"]],
}
FRAMES: list[tuple[int, dict[str, Any]]] = [
    (0, changes(100, 101, [["99.00000000", "1.00000000"]], [])),
    (200, changes(102, 102, [["99.50000000", "3.00000000"]], [])),
    (300, trade(7, "101.00000000", "0.25000000")),
    (400, changes(103, 105, [["98.00000000", "0.00000000"]], [["101.00000000", "0.75000000"]])),
]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Two symbols, one snapshot, four frames in 400 ms."""
    info: dict[str, Any] = {"timezone": "UTC", "serverTime": START_MS, "rateLimits": [], "exchangeFilters": []}
    symbols = [listing.instrument.described() for listing in LISTINGS[:2]]
    (tmp_path / "exchange_info.json").write_text(json.dumps(info | {"symbols": symbols}))
    snapshot = {"received_ms": START_MS + 100, "limit": 1000, "body": SNAPSHOT}
    (tmp_path / "depth_BTCUSDT.json").write_text(json.dumps(snapshot))
    lines = [json.dumps({"received_ms": START_MS + at_ms, "frame": frame}) for at_ms, frame in FRAMES]
    (tmp_path / "frames.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest_asyncio.fixture
async def start() -> AsyncGenerator[Start, None]:
    """Starts exchanges in this process: `await start(paper_source="replay", ...)`; they end with the test."""
    started: list[Running] = []

    async def start(**settings: Any) -> Running:
        exchange = Running(**settings)
        await exchange.start()
        started.append(exchange)
        return exchange

    yield start
    for exchange in started:
        await exchange.stop()


def ws(exchange: Running) -> str:
    """Where its sockets are."""
    return exchange.ws_url
