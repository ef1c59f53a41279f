"""Which rows of a history a request gets, and what they show."""

from typing import Any

import pytest

from tests.paper_exchange.trading.floor import OPENING_US, SYMBOL, Floor

OPENING_MS = OPENING_US // 1000
MINUTE_MS = 60_000


@pytest.fixture
def busy(floor: Floor) -> Floor:
    """Five orders of the main customer, a minute apart, each of which trades at once."""
    floor.quote()
    for _ in range(5):
        floor.wait(60)
        floor.main.place("BUY", "MARKET", quantity="0.01")
    return floor


def minutes(rows: list[Any]) -> list[int]:
    return [(row["time"] - OPENING_MS) // MINUTE_MS for row in rows]


PAGES: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [1, 2, 3, 4, 5]),
    ({"limit": 2}, [4, 5]),
    ({"startTime": OPENING_MS + 2 * MINUTE_MS, "limit": 2}, [2, 3]),
    ({"startTime": OPENING_MS + 2 * MINUTE_MS + 1}, [3, 4, 5]),
    ({"endTime": OPENING_MS + 3 * MINUTE_MS, "limit": 2}, [2, 3]),
    ({"endTime": OPENING_MS + 3 * MINUTE_MS - 1}, [1, 2]),
    ({"startTime": OPENING_MS + MINUTE_MS, "endTime": OPENING_MS + 4 * MINUTE_MS, "limit": 3}, [1, 2, 3]),
    ({"startTime": OPENING_MS + 2 * MINUTE_MS, "endTime": OPENING_MS + 2 * MINUTE_MS}, [2]),
    ({"startTime": 1000 * (OPENING_MS + 4 * MINUTE_MS)}, [4, 5]),
    ({"startTime": OPENING_MS + 10 * MINUTE_MS}, []),
]


@pytest.mark.parametrize("method", ["allOrders", "myTrades"])
@pytest.mark.parametrize(("params", "expected"), PAGES)
def test_a_page_by_times(busy: Floor, method: str, params: dict[str, Any], expected: list[int]) -> None:
    assert minutes(busy.main.ask(method, symbol=SYMBOL, **params)) == expected


def test_a_page_from_an_id(busy: Floor) -> None:
    orders, trades = busy.main.ask("allOrders", symbol=SYMBOL), busy.main.ask("myTrades", symbol=SYMBOL)

    assert minutes(busy.main.ask("allOrders", symbol=SYMBOL, orderId=orders[2]["orderId"], limit=2)) == [3, 4]
    assert minutes(busy.main.ask("myTrades", symbol=SYMBOL, fromId=trades[3]["id"])) == [4, 5]
    assert minutes(busy.main.ask("myTrades", symbol=SYMBOL, orderId=orders[1]["orderId"])) == [2]
    assert busy.main.ask("myTrades", symbol=SYMBOL, orderId=orders[1]["orderId"], fromId=trades[4]["id"]) == []


def test_times_decide_where_an_id_is_given_too(busy: Floor) -> None:
    last = busy.main.ask("allOrders", symbol=SYMBOL)[-1]["orderId"]

    assert minutes(busy.main.ask("allOrders", symbol=SYMBOL, orderId=last, startTime=OPENING_MS, limit=1)) == [1]


def test_order_lists_by_id_and_by_time(floor: Floor) -> None:
    floor.quote()
    for number in range(3):
        floor.wait(60)
        floor.main.ask(
            "orderList.place.oto",
            symbol=SYMBOL,
            listClientOrderId=f"list-{number}",
            workingType="LIMIT",
            workingTimeInForce="GTC",
            workingSide="BUY",
            workingPrice="50000",
            workingQuantity="0.5",
            pendingType="MARKET",
            pendingSide="SELL",
            pendingQuantity="0.5",
        )

    def names(**params: int) -> list[str]:
        return [each["listClientOrderId"] for each in floor.main.ask("allOrderLists", ws_api=False, micros=False, **params)]

    assert names() == ["list-0", "list-1", "list-2"]
    assert names(limit=1) == ["list-2"]
    assert names(fromId=1, limit=1) == ["list-1"]
    assert names(startTime=OPENING_MS + 2 * MINUTE_MS) == ["list-1", "list-2"]
    assert names(endTime=OPENING_MS + 2 * MINUTE_MS) == ["list-0", "list-1"]
    floor.main.ask("orderList.cancel", symbol=SYMBOL, listClientOrderId="list-1")
    assert [each["orderListId"] for each in floor.main.ask("openOrderLists.status")] == [0, 2]


def test_both_sides_of_a_trade_with_oneself_are_seen(floor: Floor) -> None:
    floor.main.limit("BUY", "60000", "0.5")
    floor.main.limit("SELL", "60000", "0.5")

    first, second = floor.main.ask("myTrades", symbol=SYMBOL)

    assert first["id"] == second["id"]
    assert {first["isBuyer"], second["isBuyer"]} == {first["isMaker"], second["isMaker"]} == {True, False}


def test_an_order_that_ended_unfilled_is_archived_after_ninety_days(floor: Floor) -> None:
    filled = floor.main.limit("BUY", "60000", "0.5")["orderId"]
    floor.other.limit("SELL", "60000", "0.5")
    unfilled = floor.main.limit("BUY", "50000", "0.5")["orderId"]
    floor.main.ask("order.cancel", symbol=SYMBOL, orderId=unfilled)
    floor.venue.engine.advance(OPENING_US + 91 * 86_400 * 1_000_000)

    assert floor.main.status(filled)["status"] == "FILLED"
    assert floor.main.told("order.status", symbol=SYMBOL, orderId=unfilled) == (
        -2026,
        "Order was canceled or expired with no executed qty over 90 days ago and has been archived.",
    )


def test_prevented_matches_are_found_by_either_order(floor: Floor) -> None:
    makers = [floor.main.limit("BUY", "60000", "0.1")["orderId"] for _ in range(3)]
    taker = floor.main.limit("SELL", "60000", "0.3", selfTradePreventionMode="EXPIRE_MAKER")["orderId"]

    def found(**params: int) -> list[tuple[int, int]]:
        rows = floor.main.ask("myPreventedMatches", ws_api=False, micros=False, symbol=SYMBOL, **params)
        return [(each["preventedMatchId"], each["makerOrderId"]) for each in rows]

    assert found(orderId=taker) == [(0, makers[0]), (1, makers[1]), (2, makers[2])]
    assert found(orderId=makers[1]) == [(1, makers[1])]
    assert found(orderId=taker, fromPreventedMatchId=1, limit=1) == [(1, makers[1])]
    assert found(preventedMatchId=2) == [(2, makers[2])]


def test_amendments_from_an_execution_on(floor: Floor) -> None:
    order_id = floor.main.limit("BUY", "50000", "0.5")["orderId"]
    for quantity in ("0.4", "0.3", "0.2"):
        floor.main.ask("order.amend.keepPriority", symbol=SYMBOL, orderId=order_id, newQty=quantity)
    rows = floor.main.ask("order.amendments", symbol=SYMBOL, orderId=order_id)

    later = floor.main.ask("order.amendments", symbol=SYMBOL, orderId=order_id, fromExecutionId=rows[1]["executionId"])

    assert [(each["origQty"], each["newQty"]) for each in rows] == [
        ("0.50000000", "0.40000000"),
        ("0.40000000", "0.30000000"),
        ("0.30000000", "0.20000000"),
    ]
    assert later == rows[1:]


def test_times_may_be_microseconds(busy: Floor) -> None:
    (trade,) = busy.main.ask("myTrades", symbol=SYMBOL, limit=1, micros=True)

    assert trade["time"] == OPENING_US + 5 * 60_000_000
