"""The process is killed (SIGKILL) at random moments under load: what was answered is there, the rest is there whole or not."""

import asyncio
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.paper_exchange.accounts.customer import Customer
from tests.paper_exchange.conftest import PaperProcess

CLIENTS = 4
REFUSED: dict[str, Any] = {}
Answers = dict[str, Any]
"""By client order id: the exchange's answer, or None where it was lost."""


def a_process(folder: Path) -> PaperProcess:
    process = PaperProcess(
        PAPER_STATE=str(folder / "state.db"), PAPER_ORDER_LIMIT=1_000_000, PAPER_WEIGHT_LIMIT=10_000_000, PAPER_SEED="kill"
    )
    process.ready()
    return process


async def trade(url: str, name: str, luck: Random, answers: Answers) -> None:
    """Place, cancel and take as fast as answers come, until the exchange is gone."""
    customer = Customer(url)
    try:
        async with connect(f"{url.replace('http', 'ws')}/ws-api/v3") as socket:
            for number in range(100_000):
                client_id = f"{name}-{number}"
                answers[client_id] = None
                order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.0002"}
                if luck.random() < 0.7:
                    price = str(luck.randrange(30_000, 40_000))
                    order |= {"type": "LIMIT", "timeInForce": "GTC", "price": price, "quantity": "0.001"}
                placed = await said(socket, customer, "order.place", newClientOrderId=client_id, **order)
                answers[client_id] = placed
                if placed is not REFUSED and placed["status"] == "NEW" and (luck.random() < 0.7 or number % 40 > 30):
                    gone = f"gone-{client_id}"
                    answers[gone] = None
                    canceled = await said(
                        socket, customer, "order.cancel", symbol="BTCUSDT", orderId=placed["orderId"], newClientOrderId=gone
                    )
                    answers[gone] = canceled
    except ConnectionClosed:
        pass
    finally:
        customer.close()


async def said(socket: ClientConnection, customer: Customer, method: str, **params: Any) -> Any:
    await socket.send(customer.frame(method, **params))
    reply = json.loads(await socket.recv())
    assert reply["status"] == 200 or reply["error"]["msg"] == "Filter failure: MAX_NUM_ORDERS"
    return reply.get("result", REFUSED)


async def until_killed(process: PaperProcess, round_number: int, answers: Answers) -> None:
    luck = Random(f"kill/{round_number}")
    tasks = [
        asyncio.create_task(trade(process.url, f"r{round_number}c{number}", Random(f"{round_number}/{number}"), answers))
        for number in range(CLIENTS)
    ]
    await asyncio.wait(tasks, timeout=0.4 + luck.random() * 0.8)
    process.process.kill()
    await asyncio.gather(*tasks)


@pytest.mark.timeout(180)
async def test_every_answer_is_true_after_the_process_was_killed_again_and_again(tmp_path: Path) -> None:
    answers: Answers = {}
    for round_number in range(4):
        process = a_process(tmp_path)
        await until_killed(process, round_number, answers)
        process.stop()

    record, account = afterwards(tmp_path)

    orders = {order["orderId"]: order for order in record["orders"]}
    names = {order["clientOrderId"]: order for order in record["orders"]}
    assert len(orders) == len(record["orders"])
    answered = {name: answer for name, answer in answers.items() if answer is not None}
    assert len(answered) > 200
    for name, answer in answered.items():
        if answer is REFUSED:
            assert name not in names
            continue
        there = orders[answer["orderId"]]
        if name.startswith("gone-"):
            assert there["clientOrderId"] == name
            assert there["status"] == "CANCELED"
        else:
            assert there["origQty"] == answer["origQty"]
            assert Decimal(there["executedQty"]) >= Decimal(answer["executedQty"])
            if answer["status"] == "FILLED":
                assert there["cummulativeQuoteQty"] == answer["cummulativeQuoteQty"]
    lost = [name for name in answers if answers[name] is None and name in names]
    assert len(lost) <= 4 * CLIENTS
    agree_with_the_trades(record, account)


def afterwards(folder: Path) -> tuple[Any, Any]:
    """The record of the account, and what it holds."""
    process = a_process(folder)
    with httpx.Client(base_url=process.url) as client:
        record = client.get("/paper/v1/accounts/main/orders").json()
        account = client.get("/paper/v1/accounts/main").json()
    process.stop()
    return record, account


def agree_with_the_trades(record: Any, account: Any) -> None:
    """Orders, trades and balances tell one story, also those whose answer was lost."""
    executed: Counter[int] = Counter()
    balance = {"USDT": Decimal(100_000), "BTC": Decimal(2)}
    for trade in record["trades"]:
        executed[trade["orderId"]] += Decimal(trade["qty"])  # pyright: ignore[reportArgumentType]  a sum, of any number
        sign = 1 if trade["isBuyer"] else -1
        balance["BTC"] += sign * Decimal(trade["qty"])
        balance["USDT"] -= sign * Decimal(trade["quoteQty"])
        balance[trade["commissionAsset"]] -= Decimal(trade["commission"])
    locked = Decimal(0)
    for order in record["orders"]:
        assert Decimal(order["executedQty"]) == executed[order["orderId"]]
        if order["status"] in ("NEW", "PARTIALLY_FILLED"):
            locked += Decimal(order["price"]) * (Decimal(order["origQty"]) - Decimal(order["executedQty"]))
    held = {each["asset"]: (Decimal(each["free"]), Decimal(each["locked"])) for each in account["balances"]}
    assert sum(held["USDT"]) == balance["USDT"]
    assert sum(held["BTC"]) == balance["BTC"]
    assert held["USDT"][1] == locked
    ids = [trade["id"] for trade in record["trades"]]
    assert len(set(ids)) == len(ids)
