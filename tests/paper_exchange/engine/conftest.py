"""The words in which the engine's scenarios are told: prices and quantities as text, books and balances as text."""

from collections.abc import Mapping
from typing import Any

import pytest

from services.paper_exchange.engine import Engine
from services.paper_exchange.engine.amounts import parse, plain
from services.paper_exchange.engine.commands import CancelOrder, OpenAccount, PlaceOrder
from services.paper_exchange.engine.events import Event
from services.paper_exchange.engine.filters import LotSize, PriceFilter
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.outcomes import Canceled, Placed, Refused

AMOUNTS = frozenset(("quantity", "price", "stop_price", "iceberg_quantity", "quote_quantity"))


def a_coin(symbol: str = "COINUSDT", **changes: Any) -> Instrument:
    """A symbol with round numbers: tick 0.01, step 0.001, no limits in the way of a scenario."""
    free: dict[str, Any] = {
        "price_filter": PriceFilter(min_price=parse("0.01"), max_price=parse("1000000"), tick_size=parse("0.01")),
        "lot_size": LotSize(min_qty=parse("0.001"), max_qty=parse("9000"), step_size=parse("0.001")),
        "notional": None,
        "percent_price_by_side": None,
    }
    return Instrument(symbol=symbol, base=symbol.removesuffix("USDT"), quote="USDT", **{**free, **changes})


class Exchange:
    """An engine spoken to in text; time moves on by a millisecond with every call."""

    def __init__(self, *instruments: Instrument) -> None:
        self.instruments = instruments or (a_coin(),)
        self.symbol = self.instruments[0].symbol
        self.engine = Engine(self.instruments)
        self.now_us = 1_700_000_000_000_000
        self.seen: list[Event] = []

    def tick(self, milliseconds: int = 1) -> int:
        """Move time on."""
        self.now_us += milliseconds * 1000
        return self.now_us

    def account(self, name: str, settings: Mapping[str, Any] | None = None, **balances: str) -> None:
        """An account with these balances."""
        self.engine.open_account(OpenAccount(account=name, **(settings or {})), self.tick())
        for asset, amount in balances.items():
            self.engine.deposit(name, asset, parse(amount), self.tick())

    def order(self, account: str, side: Any, type: Any, **parameters: Any) -> Placed | Refused:
        """Place an order; LIMIT is GTC unless told otherwise."""
        given: dict[str, Any] = {name: parse(value) if name in AMOUNTS else value for name, value in parameters.items()}
        if type == "LIMIT":
            given.setdefault("time_in_force", "GTC")
        given.setdefault("symbol", self.symbol)
        return self.engine.place(PlaceOrder(account=account, side=side, type=type, **given), self.tick())

    def placed(self, account: str, side: Any, type: Any, **parameters: Any) -> Placed:
        """Place an order that must be accepted."""
        outcome = self.order(account, side, type, **parameters)
        assert isinstance(outcome, Placed), outcome
        return outcome

    def limit(self, account: str, side: Any, quantity: str, price: str, **parameters: Any) -> Placed:
        """A LIMIT order that must be accepted."""
        return self.placed(account, side, "LIMIT", quantity=quantity, price=price, **parameters)

    def cancel(self, account: str, order_id: int, **parameters: Any) -> Canceled | Refused:
        """Cancel by order id."""
        parameters.setdefault("symbol", self.symbol)
        return self.engine.cancel(CancelOrder(account=account, order_id=order_id, **parameters), self.tick())

    def book(self, symbol: str = "") -> dict[str, list[str]]:
        """The book as `quantity @ price`, best first."""
        book = self.engine.book(symbol or self.symbol)
        return {
            "bids": [f"{plain(quantity)} @ {plain(price)}" for price, quantity in book.levels("BUY")],
            "asks": [f"{plain(quantity)} @ {plain(price)}" for price, quantity in book.levels("SELL")],
        }

    def money(self, account: str) -> dict[str, str]:
        """Balances as `free` or `free + locked`; empty ones are left out."""
        found = self.engine.account(account)
        assert found is not None
        return {
            asset: plain(balance.free) + (f" + {plain(balance.locked)}" if balance.locked else "")
            for asset, balance in found.balances.items()
            if balance.free or balance.locked
        }

    def fills(self, outcome: Placed) -> list[str]:
        """A reply's fills as `quantity @ price`."""
        return [f"{plain(fill.quantity)} @ {plain(fill.price)}" for fill in outcome.fills]

    def drain(self) -> list[Event]:
        """New events."""
        return self.engine.drain()


@pytest.fixture
def exchange() -> Exchange:
    """COINUSDT, with alice and bob holding 100 COIN and 10000 USDT each."""
    exchange = Exchange()
    for name in ("alice", "bob"):
        exchange.account(name, COIN="100", USDT="10000")
    exchange.drain()
    return exchange
