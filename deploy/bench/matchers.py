"""Matching engines under the same flow of orders: ours, and the pure-Python ones on PyPI, each behind one small method.

The flow: 70 % limit orders that rest, 20 % cancels of a random resting order, 10 % market orders; seeded. Ours keeps an account
(money reserved, commissions), checks filters and tells events meanwhile; the others keep a book.
"""

import logging
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Literal, NamedTuple, Protocol

from services.paper_exchange.engine import Engine
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.commands import CancelOrder, Commission, OpenAccount, PlaceOrder, Rates
from services.paper_exchange.engine.filters import MaxNumOrders
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.order_counts import OrderLimit

MIDDLE = 6_000_000
"""Price around which orders rest, in ticks of a hundredth."""
LEVELS = 500
"""Standard deviation of their distance from it, in ticks."""
CHUNK = 1_000
MANY = 10**9
DECADE = datetime(2020, 1, 1)  # noqa: DTZ001 - order-matching wants a naive time


class Act(NamedTuple):
    """One act of the flow; `order` numbers orders from 0, cancels name one."""

    kind: Literal["rest", "cancel", "take"]
    buy: bool
    price: int
    lots: int
    order: int


def flow(count: int, resting: int) -> list[Act]:
    """So many acts, after so many limit orders that fill the book."""
    dice, live, acts, orders = random.Random(1), list[int](), list[Act](), 0
    for number in range(resting + count):
        luck = dice.random() if number >= resting else 0.0
        if luck < 0.7:
            buy, away = dice.random() < 0.5, int(abs(dice.gauss(0, 1)) * LEVELS) + 1
            acts.append(Act("rest", buy, MIDDLE - away if buy else MIDDLE + away, dice.randrange(1, 100), orders))
            live.append(orders)
            orders += 1
        elif luck < 0.9:
            chosen = dice.randrange(len(live))
            live[chosen], live[-1] = live[-1], live[chosen]
            acts.append(Act("cancel", False, 0, 0, live.pop()))
        else:
            acts.append(Act("take", dice.random() < 0.5, 0, dice.randrange(1, 200), orders))
            orders += 1
    return acts


class Matcher(Protocol):
    """An engine under test."""

    def prepare(self, act: Act) -> Callable[[], object]:
        """The act as a call of the engine, with whatever a caller would have made beforehand."""
        ...

    def end(self) -> None:
        """Stop what runs beside it."""


class Ours(Matcher):
    """The paper exchange's engine, one account, commissions on."""

    def __init__(self) -> None:
        limits = (OrderLimit("SECOND", 10, MANY), OrderLimit("DAY", 1, MANY))
        coin = Instrument(symbol="BTCUSDT", base="BTC", quote="USDT", max_num_orders=MaxNumOrders(max_num_orders=MANY))
        self._engine = Engine([coin], order_limits=limits)
        rates = Commission(standard=Rates(maker=100_000, taker=100_000))
        self._engine.open_account(OpenAccount(account="bench", commission=rates), 1)
        for asset in ("BTC", "USDT"):
            self._engine.deposit("bench", asset, MANY**2, 1)
        self._now_us = 1

    def prepare(self, act: Act) -> Callable[[], object]:
        self._now_us += 100
        now_us, engine = self._now_us, self._engine
        if act.kind == "cancel":
            cancel = CancelOrder(account="bench", symbol="BTCUSDT", order_id=act.order + 1)
            return lambda: (engine.cancel(cancel, now_us), engine.drain())
        rests = act.kind == "rest"
        order = PlaceOrder(
            account="bench",
            symbol="BTCUSDT",
            side="BUY" if act.buy else "SELL",
            type="LIMIT" if rests else "MARKET",
            quantity=act.lots * SCALE // 1000,
            price=act.price * SCALE // 100,
            time_in_force="GTC" if rests else None,
        )
        return lambda: (engine.place(order, now_us), engine.drain())


def peer(module: str) -> Any:
    """A peer's module, imported where it is measured: only `make bench` installs the peers."""
    return import_module(module)


class FastLob(Matcher):
    """fastlob 0.0; it has no market orders: a limit far through the book stands for one."""

    def __init__(self) -> None:
        logging.disable(logging.CRITICAL)
        self._lib = peer("fastlob")
        self._book = self._lib.Orderbook("bench", start=True)
        self._ids: dict[int, str] = {}

    def prepare(self, act: Act) -> Callable[[], object]:
        lib, ids = self._lib, self._ids
        if act.kind == "cancel":
            return lambda: self._book.cancel(ids[act.order])
        side = lib.OrderSide.BID if act.buy else lib.OrderSide.ASK
        price = act.price or (MIDDLE * 2 if act.buy else MIDDLE // 2)

        def place() -> None:
            order = lib.OrderParams(side, price / 100, act.lots / 10, lib.OrderType.GTC)
            ids[act.order] = self._book(order).orderid()

        return place

    def end(self) -> None:
        self._book.stop()


class LightMatching(Matcher):
    """lightmatchingengine 2019.1; the rest of a market order stays in its book at price 0."""

    def __init__(self) -> None:
        self._engine = peer("lightmatchingengine.lightmatchingengine").LightMatchingEngine()
        self._ids: dict[int, int] = {}

    def prepare(self, act: Act) -> Callable[[], object]:
        if act.kind == "cancel":
            return lambda: self._engine.cancel_order(self._ids[act.order], "X")

        def place() -> None:
            order, _ = self._engine.add_order("X", act.price, act.lots, 1 if act.buy else 2)
            self._ids[act.order] = order.order_id

        return place


class OrderMatching(Matcher):
    """order-matching 0.12."""

    def __init__(self) -> None:
        peer("loguru").logger.remove()
        self._lib = tuple(peer(f"order_matching.{name}") for name in ("enums", "order", "orders"))
        self._engine = peer("order_matching.matching_engine").MatchingEngine(seed=1)
        self._now = DECADE

    def prepare(self, act: Act) -> Callable[[], object]:
        self._now += timedelta(microseconds=1)
        now, engine, (enums, order, orders) = self._now, self._engine, self._lib
        if act.kind == "cancel":
            return lambda: engine.cancel_order(str(act.order))
        side = enums.Side.BUY if act.buy else enums.Side.SELL
        given = {"side": side, "size": act.lots / 1000, "timestamp": now, "order_id": str(act.order), "trader_id": "x"}

        def place() -> None:
            if act.kind == "rest":
                made = order.LimitOrder(price=act.price / 100, price_number_of_digits=2, **given)
            else:
                made = order.MarketOrder(**given)
            engine.place(orders.Orders([made]))
            engine.match(timestamp=now)

        return place


MATCHERS: dict[str, type[Matcher]] = {
    "ours": Ours,
    "fastlob": FastLob,
    "lightmatchingengine": LightMatching,
    "order-matching": OrderMatching,
}


def measure(name: str, count: int, resting: int) -> dict[str, float]:
    """Processor time an act, over `count` acts on a book of `resting` orders; the median of pieces of `CHUNK` acts."""
    matcher = MATCHERS[name]()
    calls = [matcher.prepare(act) for act in flow(count, resting)]
    for call in calls[:resting]:
        _quietly(call)
    pieces: list[float] = []
    for first in range(resting, resting + count, CHUNK):
        began = time.process_time()
        for call in calls[first : first + CHUNK]:
            _quietly(call)
        pieces.append((time.process_time() - began) / CHUNK)
    matcher.end()
    middle = sorted(pieces)[len(pieces) // 2]
    return {"us": middle * 1e6, "per_s": 1 / middle}


def _quietly(call: Callable[[], object]) -> None:
    """A cancel may come too late, since engines fill orders in their own ways: each says so in its own way."""
    try:
        call()
    except (KeyError, ValueError, AssertionError):
        return
