"""An exchange without a crowd: the books hold what the tests put there, and time stands still unless it is moved."""

import pytest

from tests.paper_exchange.trading.floor import Floor


@pytest.fixture
def floor() -> Floor:
    return Floor()
