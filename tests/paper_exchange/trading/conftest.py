"""An exchange without a crowd for the rules, and a real one with a market and many accounts for other people's clients."""

import json
from collections.abc import Callable, Generator
from typing import Any

import pytest

from tests.paper_exchange.conftest import PaperProcess
from tests.paper_exchange.trading.floor import Floor

ACCOUNTS = 200
BALANCES = {"USDT": "10000000", "USDC": "1000000", "BTC": "20", "ETH": "100", "BNB": "100"}


@pytest.fixture
def floor() -> Floor:
    return Floor()


@pytest.fixture(scope="session")
def venue() -> Generator[PaperProcess, None, None]:
    """A paper exchange with accounts `trader-0` and so on, whose limits nobody reaches, and a `whale` that can move prices."""
    process = PaperProcess(
        PAPER_WEIGHT_LIMIT=10_000_000,
        PAPER_CONNECTION_LIMIT=100_000,
        PAPER_ORDER_LIMIT=100_000,
        PAPER_ACCOUNTS=json.dumps(
            [_account(f"trader-{number}", BALANCES) for number in range(ACCOUNTS)]
            + [_account("whale", {"BTC": "1000000", "ETH": "1000000", "USDT": "10000000000"})]
        ),
    )
    process.ready()
    yield process
    assert process.stop() == 0


@pytest.fixture(scope="session")
def next_trader() -> Callable[[], str]:
    """The name of an account that nobody has used yet; its key is named so too."""
    numbers = iter(range(ACCOUNTS))
    return lambda: f"trader-{next(numbers)}"


def _account(name: str, balances: dict[str, str]) -> dict[str, Any]:
    return {"account": name, "balances": balances, "keys": [{"apiKey": name, "secret": f"{name}-secret"}]}
