"""What an account is told of itself: all events, their documented fields, their order, their conditions."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import convert, json
from websockets.sync.client import ClientConnection, connect

from services.paper_exchange.engine.events import OrderUpdated, Prevented
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.user_events import execution_report
from shared.contract.account.events import AccountPosition, BalanceUpdate, ExecutionReport, ExternalLockUpdate, ListStatus
from tests.contract.lossless import lost
from tests.paper_exchange.accounts.conftest import Operator
from tests.paper_exchange.accounts.customer import Customer, events
from tests.paper_exchange.conftest import PaperProcess

ALWAYS = list("eEscSofqpPFgCxXrilzLnNTtIwmMOZYQV")
"""Fields of every execution report, in the order of the documentation; W and v stand among them when they are there."""
MOMENT_US = 1_790_000_000_000_000


@pytest.fixture
def listening(exchange: PaperProcess, operator: Operator, main: Customer, socket: ClientConnection) -> ClientConnection:
    """A socket that hears `main`, which has no open orders."""
    main.ask("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")
    main.say(socket, "userDataStream.subscribe.signature")
    return socket


def payloads(heard: list[Any]) -> list[Any]:
    assert {message["subscriptionId"] for message in heard} == {0}
    assert all(list(message) == ["subscriptionId", "event"] for message in heard)
    return [message["event"] for message in heard]


def test_a_market_order_is_told_step_by_step_and_the_balances_last(main: Customer, listening: ClientConnection) -> None:
    placed = main.ask("POST", "/api/v3/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.003").json()

    told = payloads(events(listening, "outboundAccountPosition"))
    reports, position = told[:-1], told[-1]

    assert [report["x"] for report in reports] == ["NEW"] + ["TRADE"] * len(placed["fills"])
    assert [report["X"] for report in reports][-1] == "FILLED"
    assert {report["i"] for report in reports} == {placed["orderId"]}
    assert [report["t"] for report in reports[1:]] == [fill["tradeId"] for fill in placed["fills"]]
    assert [report["n"] for report in reports[1:]] == [fill["commission"] for fill in placed["fills"]]
    assert (reports[0]["t"], reports[0]["n"], reports[0]["N"], reports[0]["C"]) == (-1, "0", None, "")
    assert [report["M"] for report in reports] == [False] + [True] * len(placed["fills"])
    assert len({(report["E"], report["T"]) for report in told[:-1]}) == 1, "all of one command have one time"
    assert [report["I"] for report in reports] == sorted({report["I"] for report in reports})
    assert reports[-1]["z"] == "0.00300000"
    assert reports[-1]["Z"] == placed["cummulativeQuoteQty"]
    assert [balance["a"] for balance in position["B"]] == ["BTC", "USDT"]
    for report in reports:
        assert [name for name in report if name in ALWAYS] == ALWAYS
        assert not lost(report, ExecutionReport)
        convert(report, ExecutionReport)
    assert not lost(position, AccountPosition)


def test_a_resting_order_and_its_cancel_are_told(main: Customer, listening: ClientConnection) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001", "price": "50000"}
    main.ask("POST", "/api/v3/order", newClientOrderId="first", **order)
    new, locked = payloads(events(listening, "outboundAccountPosition"))
    main.ask("DELETE", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="first", newClientOrderId="second")
    canceled, freed = payloads(events(listening, "outboundAccountPosition"))

    assert (new["x"], new["X"], new["w"], new["c"], new["C"], new["W"]) == ("NEW", "NEW", True, "first", "", new["O"])
    assert locked["B"][1]["l"] == "50.00000000"
    assert (canceled["x"], canceled["X"], canceled["c"], canceled["C"]) == ("CANCELED", "CANCELED", "second", "first")
    assert freed["B"][1]["l"] == "0.00000000"


def test_an_amendment_is_told_as_replaced(main: Customer, listening: ClientConnection) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.002", "price": "50000"}
    order_id = main.ask("POST", "/api/v3/order", **order).json()["orderId"]
    events(listening, "outboundAccountPosition")
    amended = main.ask("PUT", "/api/v3/order/amend/keepPriority", symbol="BTCUSDT", orderId=order_id, newQty="0.001").json()
    told = payloads(events(listening, "outboundAccountPosition"))[0]

    assert (told["x"], told["X"], told["q"]) == ("REPLACED", "NEW", "0.00100000")
    assert told["c"] == amended["amendedOrder"]["clientOrderId"]
    main.ask("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")
    events(listening, "outboundAccountPosition")


def test_an_order_that_expires_says_why(main: Customer, listening: ClientConnection) -> None:
    main.ask(
        "POST", "/api/v3/order", symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="IOC", quantity="0.001", price="50000"
    )
    told = payloads(events(listening, "outboundAccountPosition"))

    assert [report["x"] for report in told[:-1]] == ["NEW", "EXPIRED"]
    assert "eR" not in told[0]
    assert told[1]["eR"] == "UNFILLED_IOC_QUANTITY_EXPIRED"
    assert (told[1]["l"], told[1]["L"], told[1]["Y"], told[1]["t"]) == ("0.00000000", "0.00000000", "0.00000000", -1)


def test_a_list_is_told_with_its_orders(main: Customer, listening: ClientConnection) -> None:
    placed = main.ask(
        "POST",
        "/api/v3/orderList/oco",
        symbol="BTCUSDT",
        side="SELL",
        quantity="0.01",
        aboveType="LIMIT_MAKER",
        abovePrice="190000",
        belowType="STOP_LOSS_LIMIT",
        belowStopPrice="30000",
        belowPrice="29000",
        belowTimeInForce="GTC",
    ).json()
    told = payloads(events(listening, "outboundAccountPosition"))
    main.ask("DELETE", "/api/v3/orderList", symbol="BTCUSDT", orderListId=placed["orderListId"])
    ended = payloads(events(listening, "outboundAccountPosition"))

    lists = [event for event in told if event["e"] == "listStatus"]
    assert [(each["c"], each["l"], each["L"], each["r"]) for each in lists] == [("OCO", "EXEC_STARTED", "EXECUTING", "NONE")]
    assert [member["i"] for member in lists[0]["O"]] == [order["orderId"] for order in placed["orders"]]
    assert {report["i"] for report in told if report["e"] == "executionReport"} == {
        each["orderId"] for each in placed["orders"]
    }
    assert not lost(lists[0], ListStatus)
    assert [(each["l"], each["L"]) for each in ended if each["e"] == "listStatus"] == [("ALL_DONE", "ALL_DONE")]


def test_money_that_moves_is_told(operator: Operator, exchange: PaperProcess) -> None:
    operator.open("mover", balances={"USDT": "100"})
    mover = Customer(exchange.url, "mover")
    with connect(f"{exchange.ws_url}/ws-api/v3") as socket:
        mover.say(socket, "userDataStream.subscribe.signature")
        heard: list[list[Any]] = []
        for path, amount in (("deposits", "5"), ("withdrawals", "2"), ("locks", "10"), ("locks", "-4")):
            operator.do("POST", f"/accounts/mover/{path}", {"asset": "USDT", "amount": amount})
            heard.append(payloads(events(socket, "outboundAccountPosition")))

    assert [[event["e"] for event in each] for each in heard] == [
        ["balanceUpdate", "outboundAccountPosition"],
        ["balanceUpdate", "outboundAccountPosition"],
        ["externalLockUpdate", "outboundAccountPosition"],
        ["externalLockUpdate", "outboundAccountPosition"],
    ]
    assert [each[0]["d"] for each in heard] == ["5.00000000", "-2.00000000", "10.00000000", "-4.00000000"]
    assert [(each[1]["B"][0]["f"], each[1]["B"][0]["l"]) for each in heard][-1] == ("97.00000000", "6.00000000")
    assert not lost(heard[0][0], BalanceUpdate)
    assert not lost(heard[2][0], ExternalLockUpdate)
    mover.close()


def test_times_are_microseconds_where_the_connection_says_so(exchange: PaperProcess, main: Customer) -> None:
    with connect(f"{exchange.ws_url}/ws-api/v3?timeUnit=MICROSECOND") as socket:
        main.say(socket, "userDataStream.subscribe.signature")
        main.ask("POST", "/api/v3/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.001")
        told = payloads(events(socket, "outboundAccountPosition"))

    assert all(report[name] > 10**15 for report in told[:-1] for name in ("E", "T", "O", "W"))
    assert told[-1]["u"] > 10**15


def an_order(**changes: Any) -> Order:
    given: dict[str, Any] = {
        "order_id": 7,
        "account": "main",
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "time_in_force": "GTC",
        "price": 5_000_000_000_000,
        "quantity": 100_000_000,
        "remaining": 100_000_000,
        "visible": 100_000_000,
        "limit": 5_000_000_000_000,
        "client_order_id": "c",
        "self_trade_prevention": "NONE",
        "time_us": MOMENT_US,
        "update_us": MOMENT_US,
        "reserve": 5_000_000_000_000,
    }
    return Order(**given | changes)


def told_of(order: Order, **changes: Any) -> Any:
    given: dict[str, Any] = {"execution_type": "NEW", "execution_id": 1, "time_us": MOMENT_US, "on_book": True}
    return json.decode(execution_report(OrderUpdated(order, **given | changes), MOMENT_US, lambda time_us: time_us // 1000))


PREVENTED = Prevented(3, 300_000_000, 1, 37, "BTCUSDT", 212_345_600, 10_000_001, 21_234_562)
CONDITIONS: list[tuple[str, Callable[[], Any], dict[str, Any]]] = [
    # when, the report, the fields that it adds and their values
    ("a plain order that waits", lambda: told_of(an_order()), {}),
    ("it works", lambda: told_of(an_order(working_us=MOMENT_US)), {"W": MOMENT_US // 1000}),
    ("it will trail", lambda: told_of(an_order(trailing_delta=4)), {"d": 4, "D": -1}),
    ("it trails", lambda: told_of(an_order(trailing_delta=4, trailing_us=MOMENT_US)), {"d": 4, "D": MOMENT_US // 1000}),
    ("a strategy", lambda: told_of(an_order(strategy_id=1, strategy_type=1_000_000)), {"j": 1, "J": 1_000_000}),
    (
        "a prevented match",
        lambda: told_of(
            an_order(prevented_match_id=3, prevented=300_000_000), execution_type="TRADE_PREVENTION", prevented=PREVENTED
        ),
        {
            "v": 3,
            "A": "3.00000000",
            "B": "3.00000000",
            "u": 1,
            "U": 37,
            "Cs": "BTCUSDT",
            "pl": "2.12345600",
            "pL": "0.10000001",
            "pY": "0.21234562",
        },
    ),
    (
        "an allocation",
        lambda: told_of(an_order(used_sor=True, working_floor="SOR"), execution_type="TRADE", allocation_id=1234),
        {"b": "ONE_PARTY_TRADE_REPORT", "a": 1234, "k": "SOR", "uS": True},
    ),
    ("a peg", lambda: told_of(an_order(peg_price_type="PRIMARY_PEG")), {"gP": "PRIMARY_PEG"}),
    (
        "a peg with an offset, chosen",
        lambda: told_of(
            an_order(peg_price_type="MARKET_PEG", peg_offset_type="PRICE_LEVEL", peg_offset_value=5, pegged_price=100_000_000)
        ),
        {"gP": "MARKET_PEG", "gOT": "PRICE_LEVEL", "gOV": 5, "gp": "1.00000000"},
    ),
    (
        "an end with a reason",
        lambda: told_of(an_order(status="EXPIRED", expiry_reason="INSUFFICIENT_LIQUIDITY"), execution_type="EXPIRED"),
        {"eR": "INSUFFICIENT_LIQUIDITY"},
    ),
]


@pytest.mark.parametrize(("report", "added"), [each[1:] for each in CONDITIONS], ids=[each[0] for each in CONDITIONS])
def test_a_conditional_field_is_there_when_its_condition_holds(report: Callable[[], Any], added: dict[str, Any]) -> None:
    told = report()

    assert {name: told[name] for name in told if name not in ALWAYS} == added
    assert not lost(told, ExecutionReport)
