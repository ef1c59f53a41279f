"""What the operator can do, and what nobody else can."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from services.paper_exchange.account_forms import BadOrder, forms
from tests.paper_exchange.accounts.conftest import Operator
from tests.paper_exchange.accounts.customer import Customer
from tests.paper_exchange.conftest import ROOT, PaperProcess


def test_the_exchange_opens_with_the_account_that_everyone_has(exchange: PaperProcess, operator: Operator) -> None:
    described = operator.do("GET", "/accounts/main")

    assert {each["asset"] for each in described["balances"]} == {"USDT", "BTC", "ETH", "BNB", "SOL"}
    assert described["keys"] == [
        {"apiKey": "paper-main", "kind": "HMAC", "permissions": ["TRADE", "USER_DATA", "USER_STREAM"], "ips": []}
    ]
    assert "secret" not in httpx.get(f"{exchange.url}/paper/v1/accounts").text


def test_an_account_is_opened_funded_and_charged_as_told(exchange: PaperProcess, operator: Operator) -> None:
    commission = {"standard": {"maker": "0.0002", "taker": "0.0004"}, "discount": {"enabledForAccount": True}}
    operator.open("rich", balances={"USDT": "5000.5", "BTC": "1"}, commission=commission, permissions=["SPOT", "TRD_GRP_1"])
    rich = Customer(exchange.url, "rich")
    account = rich.ask("GET", "/api/v3/account", omitZeroBalances="true").json()
    operator.do("PUT", "/accounts/rich/commission/BTCUSDT", {"standard": {"maker": "0", "taker": "0"}})
    rates = [
        rich.ask("GET", "/api/v3/account/commission", symbol=symbol).json()["standardCommission"]["taker"]
        for symbol in ("BTCUSDT", "ETHUSDT")
    ]

    assert account["commissionRates"]["taker"] == "0.00040000"
    assert account["permissions"] == ["SPOT", "TRD_GRP_1"]
    assert {each["asset"]: each["free"] for each in account["balances"]} == {"USDT": "5000.50000000", "BTC": "1.00000000"}
    assert rates == ["0.00000000", "0.00040000"]
    rich.close()


def test_opening_an_account_again_changes_its_settings_and_keeps_its_money(operator: Operator) -> None:
    operator.open("again", balances={"USDT": "10"})
    operator.open("again", balances={"USDT": "10"}, tradeGroupId=5)
    described = operator.do("GET", "/accounts/again")

    assert described["balances"] == [{"asset": "USDT", "free": "10.00000000", "locked": "0.00000000"}]
    assert described["tradeGroupId"] == 5


WRONG: list[tuple[str, str, Any, str]] = [
    ("POST", "/accounts", {"account": "a b"}, "matching regex"),
    ("POST", "/accounts", {"account": "house-makers"}, "crowd"),
    ("POST", "/accounts", {"account": "x", "balances": {"USDT": "-1"}}, "matching regex"),
    ("POST", "/accounts", {"account": "x", "keys": [{"apiKey": "k"}]}, "needs a secret"),
    ("POST", "/accounts", {"account": "x", "keys": [{"apiKey": "k", "publicKey": "no"}]}, "PEM"),
    ("POST", "/accounts", {"account": "x", "keys": [{"apiKey": "paper-main", "secret": "s"}]}, "belongs to another account"),
    ("POST", "/accounts", {"account": "x", "keys": [{"apiKey": "k", "secret": "s", "ips": ["here"]}]}, "neither an IP address"),
    ("POST", "/accounts", {"account": "x", "color": "red"}, "color"),
    ("POST", "/accounts/nobody/deposits", {"asset": "USDT", "amount": "1"}, "no account"),
    ("POST", "/accounts/main/deposits", {"asset": "USDT", "amount": "0"}, "more than zero"),
    ("POST", "/accounts/main/deposits", {"asset": "DUST", "amount": "999999999999"}, "more than a balance can hold"),
    ("POST", "/accounts/main/withdrawals", {"asset": "USDT", "amount": "999999999"}, "insufficient balance"),
    ("POST", "/accounts/main/locks", {"asset": "USDT", "amount": "-1"}, "insufficient balance"),
    ("DELETE", "/accounts/main/keys/nothing", None, "has no key"),
    ("PUT", "/accounts/main/commission/NOPE", {}, "Invalid symbol"),
    ("PUT", "/symbols/NOPE/status", {"status": "HALT"}, "Invalid symbol"),
    ("PUT", "/symbols/BTCUSDT/status", {"status": "SLEEP"}, "Invalid enum"),
    ("POST", "/faults", {"requests": {"lose_every": -1}}, "lose_every"),
]


@pytest.mark.parametrize(("method", "path", "body", "text"), WRONG)
def test_what_cannot_be_done_is_told(operator: Operator, method: str, path: str, body: Any, text: str) -> None:
    assert text in operator.do(method, path, body, status=400)["error"]


def test_a_halted_symbol_takes_no_orders_until_it_trades_again(operator: Operator, main: Customer) -> None:
    order = {"symbol": "ADAUSDT", "side": "BUY", "type": "MARKET", "quantity": "100"}
    operator.do("PUT", "/symbols/ADAUSDT/status", {"status": "HALT"})
    refused = main.ask("POST", "/api/v3/order", **order)
    told = [main.http.get("/api/v3/exchangeInfo", params={"symbol": "ADAUSDT"}).json()["symbols"][0]["status"]]
    operator.do("PUT", "/symbols/ADAUSDT/status", {"status": "TRADING"})
    told.append(main.http.get("/api/v3/exchangeInfo", params={"symbol": "ADAUSDT"}).json()["symbols"][0]["status"])

    assert told == ["HALT", "TRADING"]
    assert refused.json() == {"code": -2010, "msg": "Market is closed."}
    assert main.ask("POST", "/api/v3/order", **order).json()["status"] == "FILLED"


def test_the_full_record_holds_every_order_and_trade(operator: Operator, main: Customer) -> None:
    placed = main.ask("POST", "/api/v3/order", symbol="ETHUSDT", side="BUY", type="MARKET", quantity="0.01").json()
    waits = {"symbol": "ETHUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.02", "price": "1700"}
    order_id = main.ask("POST", "/api/v3/order", **waits).json()["orderId"]
    main.ask("PUT", "/api/v3/order/amend/keepPriority", symbol="ETHUSDT", orderId=order_id, newQty="0.01")
    main.ask("DELETE", "/api/v3/order", symbol="ETHUSDT", orderId=order_id)
    record = operator.do("GET", "/accounts/main/orders")

    assert placed["orderId"] in [order["orderId"] for order in record["orders"] if order["symbol"] == "ETHUSDT"]
    trades = [trade["id"] for trade in record["trades"] if trade["orderId"] == placed["orderId"]]
    assert trades == [fill["tradeId"] for fill in placed["fills"]]
    (change,) = (each for each in record["amendments"] if each["orderId"] == order_id)
    assert (change["origQty"], change["newQty"]) == ("0.02000000", "0.01000000")


def test_the_house_of_the_router_is_nobody_to_the_operator(operator: Operator, main: Customer) -> None:
    main.ask("POST", "/api/v3/sor/order", symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.01")

    names = {each["account"] for each in operator.do("GET", "/accounts")}

    assert not names & {"(smart order router)", "house-makers", "house-takers"}


def test_a_clock_that_is_off_is_off_for_times_and_timestamps_alone(exchange: PaperProcess) -> None:
    process = PaperProcess()
    process.ready()
    operator, customer = Operator(process.url), Customer(process.url)
    operator.do("PUT", "/clock", {"aheadMs": 30_000})
    told = customer.http.get("/api/v3/time").json()["serverTime"]
    with connect(f"{process.ws_url}/ws-api/v3") as socket:
        socket.send('{"id": 1, "method": "session.status"}')
        status = json.loads(socket.recv(timeout=5))["result"]
    ordered = operator.do("GET", "/faults")["clock"]
    refused = customer.ask("GET", "/api/v3/account")
    accepted = customer.ask("GET", "/api/v3/account", timestamp=told)
    operator.do("DELETE", "/faults")
    again = customer.ask("GET", "/api/v3/account")
    process.stop()

    assert told <= status["connectedSince"] <= status["serverTime"]
    assert ordered == {"ahead_ms": 30_000}
    assert refused.json()["code"] == -1021
    assert (accepted.status_code, again.status_code) == (200, 200)
    operator.http.close()
    customer.close()


def test_a_token_keeps_others_out() -> None:
    process = PaperProcess(PAPER_OPERATOR_TOKEN="open sesame")
    process.ready()
    with httpx.Client(base_url=process.url) as client:
        closed = [
            client.get("/paper/v1/accounts").status_code,
            client.post("/paper/v1/faults", headers={"Authorization": "Bearer x"}).status_code,
        ]
        opened = client.get("/paper/v1/accounts", headers={"Authorization": "Bearer open sesame"}).status_code
        others = client.get("/ready").status_code
    process.stop()

    assert (closed, opened, others) == ([401, 401], 200, 200)


def test_accounts_come_from_settings_or_from_a_file(tmp_path: Path) -> None:
    described = [{"account": "hedge", "balances": {"USDT": "1"}, "keys": [{"apiKey": "hedge", "secret": "hedge-secret"}]}]
    file = tmp_path / "accounts.json"
    file.write_text(json.dumps(described))

    process = PaperProcess(PAPER_ACCOUNTS=json.dumps(described))
    process.ready()
    hedge = Customer(process.url, "hedge")
    account = hedge.ask("GET", "/api/v3/account", omitZeroBalances="true").json()
    process.stop()

    assert account["balances"][0]["free"] == "1.00000000"
    assert forms(str(file)) == forms(json.dumps(described))
    for wrong in ("[1]", "no-such-file", '[{"account": ""}]'):
        with pytest.raises(BadOrder):
            forms(wrong)
    hedge.close()


def test_wrong_accounts_end_the_process_with_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "services.paper_exchange"],
        cwd=ROOT,
        env={"BINANCE_PAPER_ACCOUNTS": "[{}]"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 78
    assert done.stderr.startswith("paper_exchange: BINANCE_PAPER_ACCOUNTS: not a list of accounts")
