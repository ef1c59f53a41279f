"""Too many unfilled orders: -1015 with the time to wait, in all windows, over both interfaces."""

from collections.abc import Generator

import pytest
from websockets.sync.client import connect

from tests.paper_exchange.accounts.customer import Customer
from tests.paper_exchange.conftest import PaperProcess

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001", "price": "50000"}


@pytest.fixture(scope="module")
def strict() -> Generator[PaperProcess, None, None]:
    """An exchange where three orders in ten seconds are enough."""
    process = PaperProcess(PAPER_ORDER_LIMIT=3)
    process.ready()
    yield process
    process.stop()


def test_one_order_too_many_is_told_when_there_is_room_again(strict: PaperProcess) -> None:
    customer = Customer(strict.url)
    # Windows are aligned to the clock: one of two in a row holds four orders.
    answers = [customer.ask("POST", "/api/v3/order", **ORDER) for _ in range(8)]
    refused = next(answer for answer in answers if answer.status_code != 200)
    with connect(f"{strict.ws_url}/ws-api/v3") as socket:
        replies = [customer.say(socket, "order.place", **ORDER) for _ in range(8)]
    told = next(reply for reply in replies if reply["status"] != 200)
    customer.close()

    assert refused.status_code == 429
    assert refused.json() == {"code": -1015, "msg": "Too many new orders; current limit is 3 orders per 10 SECOND."}
    assert 1 <= int(refused.headers["retry-after"]) <= 10
    assert told["status"] == 429
    assert told["error"]["code"] == -1015
    data = told["error"]["data"]
    assert 0 < data["retryAfter"] - data["serverTime"] <= 10_000
    assert data["retryAfter"] % 10_000 == 0
