"""The words in which the engine's scenarios are told: prices and quantities as text, books and balances as text."""

from collections.abc import Mapping
from typing import Any

from services.paper_exchange.engine import Engine
from services.paper_exchange.engine.amounts import parse, plain
from services.paper_exchange.engine.commands import (
    AmendOrder,
    CancelOrder,
    CancelReplace,
    Leg,
    OpenAccount,
    PlaceOrder,
    PlaceOrderList,
)
from services.paper_exchange.engine.events import Event, ListUpdated, OrderUpdated
from services.paper_exchange.engine.filters import LotSize, PriceFilter
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.outcomes import (
    Amended,
    Canceled,
    CancelReplaced,
    ListCanceled,
    ListPlaced,
    Placed,
    Refused,
)

AMOUNTS = frozenset(("quantity", "price", "stop_price", "iceberg_quantity", "quote_quantity", "new_quantity"))


def amounts(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with their amounts as the engine counts them."""
    return {name: parse(value) if name in AMOUNTS else value for name, value in parameters.items()}


def leg(side: Any, type: Any, **parameters: Any) -> Leg:
    """A member of an order list; LIMIT types are GTC unless told otherwise."""
    if type in ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"):
        parameters.setdefault("time_in_force", "GTC")
    return Leg(side=side, type=type, **amounts(parameters))


def a_coin(symbol: str = "COINUSDT", **changes: Any) -> Instrument:
    """A symbol with round numbers: tick 0.01, step 0.001, no limits in the way of a scenario."""
    free: dict[str, Any] = {
        "price_filter": PriceFilter(min_price=parse("0.01"), max_price=parse("1000000"), tick_size=parse("0.01")),
        "lot_size": LotSize(min_qty=parse("0.001"), max_qty=parse("9000"), step_size=parse("0.001")),
        "notional": None,
        "percent_price_by_side": None,
    }
    named: dict[str, Any] = {"symbol": symbol, "base": symbol.removesuffix("USDT"), "quote": "USDT"}
    return Instrument(**(named | free | changes))


class Exchange:
    """An engine spoken to in text; time moves on by a millisecond with every call."""

    def __init__(self, *instruments: Instrument, **settings: Any) -> None:
        self.instruments = instruments or (a_coin(),)
        self.symbol = self.instruments[0].symbol
        self.engine = Engine(self.instruments, **settings)
        self.now_us = 1_700_000_000_000_000
        self.seen: list[Event] = []

    def with_traders(self, *names: str) -> "Exchange":
        """Accounts with 100 COIN and 10000 USDT each."""
        for name in names:
            self.account(name, COIN="100", USDT="10000")
        self.drain()
        return self

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
        return self.engine.place(self.request(account, side, type, **parameters), self.tick())

    def request(self, account: str, side: Any, type: Any, **parameters: Any) -> PlaceOrder:
        """The request for an order; LIMIT types are GTC unless told otherwise."""
        if type in ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"):
            parameters.setdefault("time_in_force", "GTC")
        parameters.setdefault("symbol", self.symbol)
        return PlaceOrder(account=account, side=side, type=type, **amounts(parameters))

    def placed(self, account: str, side: Any, type: Any, **parameters: Any) -> Placed:
        """Place an order that must be accepted."""
        outcome = self.order(account, side, type, **parameters)
        assert isinstance(outcome, Placed), outcome
        return outcome

    def limit(self, account: str, side: Any, quantity: str, price: str, **parameters: Any) -> Placed:
        """A LIMIT order that must be accepted."""
        return self.placed(account, side, "LIMIT", quantity=quantity, price=price, **parameters)

    def cancel(self, account: str, order_id: int, **parameters: Any) -> Canceled | ListCanceled | Refused:
        """Cancel by order id."""
        parameters.setdefault("symbol", self.symbol)
        return self.engine.cancel(CancelOrder(account=account, order_id=order_id, **parameters), self.tick())

    def amend(self, account: str, order_id: int, new_quantity: str, **parameters: Any) -> Amended | Refused:
        """Amend by order id."""
        request = AmendOrder(
            account=account, symbol=self.symbol, order_id=order_id, new_quantity=parse(new_quantity), **parameters
        )
        return self.engine.amend(request, self.tick())

    def replace(self, account: str, order_id: int, place: PlaceOrder, mode: Any, **parameters: Any) -> CancelReplaced | Refused:
        """Cancel an order and place another."""
        cancel = CancelOrder(account=account, symbol=self.symbol, order_id=order_id)
        return self.engine.cancel_replace(CancelReplace(cancel=cancel, place=place, mode=mode, **parameters), self.tick())

    def order_list(self, account: str, kind: Any, **parameters: Any) -> ListPlaced | Refused:
        """Place an order list."""
        return self.engine.place_order_list(
            PlaceOrderList(account=account, symbol=self.symbol, kind=kind, **parameters), self.tick()
        )

    def placed_list(self, account: str, kind: Any, **parameters: Any) -> ListPlaced:
        """Place an order list that must be accepted."""
        outcome = self.order_list(account, kind, **parameters)
        assert isinstance(outcome, ListPlaced), outcome
        return outcome

    def now(self, outcome: Placed, symbol: str = "") -> Order:
        """The order as it is now."""
        found = self.engine.order(outcome.order.account, symbol or outcome.order.symbol, outcome.order.order_id)
        assert isinstance(found, Order), found
        return found

    def state_of(self, outcome: Placed) -> str:
        """Status and expiry reason of the order now, as `EXPIRED (OCO_TRIGGER)`."""
        order = self.now(outcome)
        return order.status + (f" ({order.expiry_reason})" if order.expiry_reason != "NONE" else "")

    def trade_at(self, price: str, symbol: str = "") -> None:
        """Let two houses trade a little at this price, in a book that is empty there."""
        for name in ("a house", "another house"):
            if self.engine.account(name) is None:
                self.account(name, {"unlimited": True})
        where = symbol or self.symbol
        for name, side in (("a house", "SELL"), ("another house", "BUY")):
            self.limit(name, side, "0.001", price, symbol=where)

    def reports(self) -> list[str]:
        """New execution reports and list statuses, as `id x X` and `list l L`."""
        told: list[str] = []
        for event in self.engine.drain():
            if isinstance(event, OrderUpdated):
                told.append(f"{event.order.order_id} {event.execution_type} {event.order.status}")
            elif isinstance(event, ListUpdated):
                told.append(f"list {event.list_status_type} {event.list_order_status}")
        return told

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
