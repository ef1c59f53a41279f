"""The outcomes of a cancel-replace as a client sees them: HTTP status, code, and both halves.

Source: the table of outcomes in the REST documentation, "Cancel an Existing Order and Send a New Order".
"""

from typing import Any

import pytest

from services.paper_exchange.errors import Refused
from tests.paper_exchange.trading.floor import SYMBOL, Floor
from tests.paper_exchange.trading.scenarios import replacement

OK, REFUSED = "ok", "refused"
WOULD_TAKE = {"type": "LIMIT_MAKER", "price": "60010", "timeInForce": None}
UNKNOWN = {"code": -2011, "msg": "Unknown order sent."}
TAKES = {"code": -2010, "msg": "Order would immediately match and take."}
TOO_MANY = {"code": -1015, "msg": "Too many new orders; current limit is 5 orders per 10 SECOND."}
PARTLY, WHOLLY = (-2021, "Order cancel-replace partially failed."), (-2022, "Order cancel-replace failed.")

OUTCOMES: list[tuple[str, str, bool, str, str, int, tuple[int, str] | None, tuple[str, str]]] = [
    # mode, over the order limit does, is it over?, cancel, new order -> status, error, results
    ("STOP_ON_FAILURE", "DO_NOTHING", False, OK, OK, 200, None, ("SUCCESS", "SUCCESS")),
    ("STOP_ON_FAILURE", "DO_NOTHING", False, REFUSED, OK, 400, WHOLLY, ("FAILURE", "NOT_ATTEMPTED")),
    ("STOP_ON_FAILURE", "DO_NOTHING", False, OK, REFUSED, 409, PARTLY, ("SUCCESS", "FAILURE")),
    ("STOP_ON_FAILURE", "CANCEL_ONLY", False, OK, OK, 200, None, ("SUCCESS", "SUCCESS")),
    ("STOP_ON_FAILURE", "CANCEL_ONLY", False, REFUSED, OK, 400, WHOLLY, ("FAILURE", "NOT_ATTEMPTED")),
    ("STOP_ON_FAILURE", "CANCEL_ONLY", False, OK, REFUSED, 409, PARTLY, ("SUCCESS", "FAILURE")),
    ("STOP_ON_FAILURE", "CANCEL_ONLY", True, REFUSED, OK, 429, WHOLLY, ("FAILURE", "NOT_ATTEMPTED")),
    ("STOP_ON_FAILURE", "CANCEL_ONLY", True, OK, OK, 429, PARTLY, ("SUCCESS", "FAILURE")),
    ("ALLOW_FAILURE", "DO_NOTHING", False, OK, OK, 200, None, ("SUCCESS", "SUCCESS")),
    ("ALLOW_FAILURE", "DO_NOTHING", False, REFUSED, REFUSED, 400, WHOLLY, ("FAILURE", "FAILURE")),
    ("ALLOW_FAILURE", "DO_NOTHING", False, REFUSED, OK, 409, PARTLY, ("FAILURE", "SUCCESS")),
    ("ALLOW_FAILURE", "DO_NOTHING", False, OK, REFUSED, 409, PARTLY, ("SUCCESS", "FAILURE")),
    ("ALLOW_FAILURE", "CANCEL_ONLY", False, OK, OK, 200, None, ("SUCCESS", "SUCCESS")),
    ("ALLOW_FAILURE", "CANCEL_ONLY", False, REFUSED, REFUSED, 400, WHOLLY, ("FAILURE", "FAILURE")),
    ("ALLOW_FAILURE", "CANCEL_ONLY", False, REFUSED, OK, 409, PARTLY, ("FAILURE", "SUCCESS")),
    ("ALLOW_FAILURE", "CANCEL_ONLY", False, OK, REFUSED, 409, PARTLY, ("SUCCESS", "FAILURE")),
    ("ALLOW_FAILURE", "CANCEL_ONLY", True, REFUSED, OK, 400, WHOLLY, ("FAILURE", "FAILURE")),
    ("ALLOW_FAILURE", "CANCEL_ONLY", True, OK, OK, 409, PARTLY, ("SUCCESS", "FAILURE")),
]


@pytest.mark.parametrize(("mode", "over_mode", "over", "cancel", "new", "status", "error", "results"), OUTCOMES)
def test_a_cancel_replace_ends_as_documented(
    mode: str,
    over_mode: str,
    over: bool,
    cancel: str,
    new: str,
    status: int,
    error: tuple[int, str] | None,
    results: tuple[str, str],
) -> None:
    floor = Floor(orders_in_ten_seconds=5)
    floor.quote()
    order_id = floor.main.limit("BUY", "50000", "0.5")["orderId"]
    if over:
        for _ in range(4):
            floor.main.limit("BUY", "50000", "0.5")
    changes: dict[str, Any] = WOULD_TAKE if new == REFUSED else {}
    request = replacement(
        cancelReplaceMode=mode,
        orderRateLimitExceededMode=over_mode,
        cancelOrderId=order_id if cancel == OK else 4711,
        **changes,
    )

    heard, body = answer(floor, request)

    assert heard == (status, error)
    assert (body["cancelResult"], body["newOrderResult"]) == results
    assert body["cancelResponse"] == UNKNOWN if cancel == REFUSED else body["cancelResponse"]["status"] == "CANCELED"
    expected = {"SUCCESS": None, "NOT_ATTEMPTED": None, "FAILURE": TOO_MANY if over else TAKES}[results[1]]
    if results[1] == "SUCCESS":
        assert body["newOrderResponse"]["status"] == "NEW"
    else:
        assert body["newOrderResponse"] == expected
    assert floor.main.status(order_id)["status"] == ("CANCELED" if cancel == OK else "NEW")


def answer(floor: Floor, request: dict[str, Any]) -> tuple[tuple[int, tuple[int, str] | None], Any]:
    try:
        return (200, None), floor.main.ask("order.cancelReplace", **request)
    except Refused as no:
        return (no.status, (no.code, no.msg)), no.data


def test_over_the_limit_nothing_is_done_unless_asked_for() -> None:
    floor = Floor(orders_in_ten_seconds=5)
    order_id, *_ = [floor.main.limit("BUY", "50000", "0.5")["orderId"] for _ in range(5)]

    no = floor.main.refusal("order.cancelReplace", **replacement(cancelOrderId=order_id))

    assert (no.status, {"code": no.code, "msg": no.msg}, no.data) == (429, TOO_MANY, None)
    assert floor.main.status(order_id)["status"] == "NEW"


def test_the_detail_of_the_new_order_is_as_asked_for(floor: Floor) -> None:
    for shape, fields in (("ACK", 5), ("RESULT", 16), ("FULL", 17)):
        order_id = floor.main.limit("BUY", "50000", "0.5")["orderId"]
        body = floor.main.ask("order.cancelReplace", **replacement(cancelOrderId=order_id, newOrderRespType=shape))

        assert len(body["newOrderResponse"]) == fields


def test_replacing_a_member_cancels_its_list(floor: Floor) -> None:
    floor.quote()
    pair = floor.main.ask(
        "orderList.place.oco",
        symbol=SYMBOL,
        side="SELL",
        quantity="0.5",
        aboveType="LIMIT_MAKER",
        abovePrice="70000",
        belowType="STOP_LOSS",
        belowStopPrice="50000",
    )

    body = floor.main.ask("order.cancelReplace", **replacement(cancelOrderId=pair["orders"][0]["orderId"]))

    assert body["cancelResponse"]["orderListId"] == pair["orderListId"]
    assert [each["status"] for each in body["cancelResponse"]["orderReports"]] == ["CANCELED", "CANCELED"]
    assert body["newOrderResponse"]["orderListId"] == -1


def test_the_new_order_may_take_the_id_of_the_canceled_one(floor: Floor) -> None:
    floor.main.limit("BUY", "50000", "0.5", newClientOrderId="same")

    body = floor.main.ask(
        "order.cancelReplace",
        **replacement(cancelOrigClientOrderId="same", newClientOrderId="same", cancelNewClientOrderId="c"),
    )

    assert body["newOrderResponse"]["clientOrderId"] == "same"
    assert (body["cancelResponse"]["origClientOrderId"], body["cancelResponse"]["clientOrderId"]) == ("same", "c")
