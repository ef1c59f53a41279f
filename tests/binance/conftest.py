"""A scripted exchange and clients of it, which are closed when the test ends.

Where the exchange's published signatures lie beside the checkout they judge too; elsewhere the run says what it lacks.
"""

from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
import pytest_asyncio

from shared.binance.client import BinanceClient, TransportName, create_client
from tests.binance.exchange import ScriptedExchange
from tests.contract.reference import REFERENCE

Connect = Callable[..., BinanceClient]

collect_ignore_glob = [] if REFERENCE.is_dir() else ["test_reference_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line about the outside judge."""
    there = "judged too" if REFERENCE.is_dir() else "LEFT OUT (no ../shared/binance)"
    terminalreporter.write_line(f"binance: every published signature of the exchange: {there}")


@pytest_asyncio.fixture
async def exchange() -> AsyncGenerator[ScriptedExchange, None]:
    """An exchange that does nothing but what the test scripts."""
    async with ScriptedExchange() as scripted:
        yield scripted


@pytest_asyncio.fixture
async def connect(exchange: ScriptedExchange) -> AsyncGenerator[Connect, None]:
    """Makes clients of the exchange: `connect("ws_api", key=...)`."""
    opened: list[BinanceClient] = []

    def make(transport: TransportName = "rest", **settings: Any) -> BinanceClient:
        opened.append(create_client(exchange.environment, transport=transport, **settings))
        return opened[-1]

    yield make
    for client in opened:
        await client.close()
