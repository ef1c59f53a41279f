"""Fixtures of the engine's tests."""

import pytest

from tests.paper_exchange.engine.floor import Exchange


@pytest.fixture
def exchange() -> Exchange:
    """COINUSDT, with alice and bob holding 100 COIN and 10000 USDT each."""
    return Exchange().with_traders("alice", "bob")
