"""What orders cost an address, and how long it has to wait: where outcomes decide that, not parameters."""

from typing import Any

import pytest

from services.paper_exchange.call import Call
from services.paper_exchange.clock import Clock
from services.paper_exchange.door import Admitted, Door
from services.paper_exchange.errors import Refused
from services.paper_exchange.weights import Limits, Weights
from shared.contract.catalog import BY_METHOD
from tests.paper_exchange.trading.floor import OPENING_US, SYMBOL, Floor

HERE = "127.0.0.1"
BUY = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "59000"}


class FloorClock(Clock):
    """Time stands still unless the floor waits."""

    def __init__(self, floor: Floor) -> None:
        super().__init__()
        self._venue = floor.venue

    def __call__(self) -> int:
        return self._venue.now_us


class Counter:
    """The floor's door, and what has been paid at it."""

    def __init__(self, floor: Floor) -> None:
        self._clock = FloorClock(floor)
        self._weights = Weights(Limits())
        self._door = Door(floor.handlers, self._weights, self._clock)

    @property
    def paid(self) -> int:
        return self._weights.used(HERE, self._clock())

    def ask(self, method: str, *, ws_api: bool = False, **given: Any) -> None:
        """A request of the account `main`; raises Refused."""
        spec = BY_METHOD[method]
        call = Call(given, ws_api=ws_api, account="main")
        self._door.answer(spec, Admitted(call, spec.weight.of(given)), HERE)

    def refusal(self, method: str, **given: Any) -> Refused:
        with pytest.raises(Refused) as caught:
            self.ask(method, **given)
        return caught.value


def test_an_amendment_costs_four_and_nothing_when_the_order_ends_by_it(floor: Floor) -> None:
    counter = Counter(floor)
    order = floor.main.limit("BUY", "60000", "0.01")
    floor.other.limit("SELL", "60000", "0.004")

    counter.ask("order.amend.keepPriority", symbol=SYMBOL, orderId=order["orderId"], newQty="0.008")
    after_first = counter.paid
    counter.ask("order.amend.keepPriority", symbol=SYMBOL, orderId=order["orderId"], newQty="0.003")

    assert (after_first, counter.paid) == (4, 4)
    assert floor.main.status(order["orderId"])["status"] == "EXPIRED"


@pytest.mark.parametrize("ws_api", [False, True])
def test_a_replacement_too_many_tells_both_halves_and_how_long_to_wait(ws_api: bool) -> None:
    floor = Floor(orders_in_ten_seconds=1)
    counter = Counter(floor)
    order = floor.main.limit("BUY", "59000", "0.01")

    no = counter.refusal(
        "order.cancelReplace",
        ws_api=ws_api,
        **BUY,
        quantity="0.02",
        cancelReplaceMode="STOP_ON_FAILURE",
        orderRateLimitExceededMode="CANCEL_ONLY",
        cancelOrderId=order["orderId"],
    )

    assert (no.code, no.status) == (-2021, 429)
    assert no.data["newOrderResponse"]["code"] == -1015
    assert no.retry_after_s == 10


def test_a_list_for_which_there_is_not_room_enough_waits_as_long_as_an_order() -> None:
    floor = Floor(orders_in_ten_seconds=2)
    floor.main.limit("BUY", "59000", "0.01")
    counter = Counter(floor)

    no = counter.refusal(
        "orderList.place.oco",
        symbol=SYMBOL,
        side="SELL",
        quantity="0.01",
        aboveType="LIMIT_MAKER",
        abovePrice="61000",
        belowType="STOP_LOSS",
        belowStopPrice="59000",
    )

    assert (no.code, no.status, no.retry_after_s) == (-1015, 429, 10)
    assert OPENING_US % 10_000_000 == 0
