"""What may be asked of the engine. Asking changes nothing, and what is returned must not be changed."""

from typing import Any

from services.paper_exchange.engine.accounts import Account, Balance, Desk, Terms, terms_of
from services.paper_exchange.engine.book import Book
from services.paper_exchange.engine.commands import Commission
from services.paper_exchange.engine.filters import MaxAsset
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.order_counts import OrderLimit
from services.paper_exchange.engine.orders import Order, OrderList
from services.paper_exchange.engine.outcomes import Refused
from services.paper_exchange.engine.records import Amendment, Fill, PreventedMatch
from services.paper_exchange.engine.refusals import (
    ARCHIVED,
    NO_REFERENCE_PRICE,
    NO_SUCH_ORDER,
    WRONG_CLIENT_ID,
    either_missing,
)
from services.paper_exchange.engine.state import State
from services.paper_exchange.engine.words import Side

ARCHIVED_AFTER_US = 90 * 86_400 * 1_000_000
"""Orders that ended so long ago with nothing filled are archived."""


class Queries:
    """The reading half of the engine."""

    state: State

    def instruments(self) -> list[Instrument]:
        """All symbols."""
        return [market.instrument for market in self.state.markets.values()]

    def instrument(self, symbol: str) -> Instrument | None:
        """One symbol as it is now."""
        market = self.state.markets.get(symbol)
        return market.instrument if market else None

    def book(self, symbol: str) -> Book:
        """The book of a symbol: `levels`, `best`, `update_id`."""
        return self.state.markets[symbol].book

    def last_price(self, symbol: str) -> int:
        """Price of the last trade; zero before the first."""
        return self.state.markets[symbol].last_price

    def average_price(self, symbol: str, now_us: int) -> tuple[int, int]:
        """(minutes, price) of `avgPrice`; the price is zero when the symbol never traded."""
        minutes, average = next(reversed(self.state.markets[symbol].averages.items()))
        return minutes, average.at(now_us)

    def reference_price(self, symbol: str, now_us: int) -> int | Refused | None:
        """The reference price, None while it is unset, or the refusal of a symbol that never had one."""
        reference = self.state.markets[symbol].reference
        return reference.at(now_us) if reference is not None and reference.ever_set else NO_REFERENCE_PRICE

    def account(self, name: str) -> Account | None:
        """An account's settings and balances."""
        return self.state.accounts.get(name)

    def balance(self, account: str, asset: str) -> Balance:
        """What an account holds of an asset."""
        return self.state.accounts[account].balances.get(asset) or Balance()

    def commission(self, account: str, symbol: str) -> Commission:
        """What the account pays on the symbol."""
        desk = self._desk_of(account, symbol)
        return desk.commission if desk else self.state.accounts[account].settings.commission

    def rates_of_order(self, account: str, symbol: str, side: Side) -> tuple[Terms, Terms]:
        """The rates that an order of this side would pay as (maker, taker), those of buyer or seller added in.

        What `order.test` shows with `computeCommissionRates`.
        """
        taker, maker = terms_of(self.commission(account, symbol), self.state.markets[symbol].instrument, side)
        return maker, taker

    def order_counts(self, account: str, now_us: int) -> list[tuple[OrderLimit, int]]:
        """The unfilled order count of every window."""
        return self.state.accounts[account].counts.at(now_us)

    def filters(self, account: str, symbol: str) -> dict[str, list[dict[str, Any]]]:
        """`myFilters`: those of the exchange, of the symbol, and of the account for the symbol's assets."""
        instrument = self.state.markets[symbol].instrument
        limits = self.state.accounts[account].settings.max_assets
        assets = [MaxAsset(asset=asset, limit=limit) for asset, limit in limits if asset in (instrument.base, instrument.quote)]
        return {
            "exchangeFilters": [each.described() for each in self.state.exchange_filters],
            "symbolFilters": instrument.filters(),
            "assetFilters": [each.described() for each in assets],
        }

    def order(self, account: str, symbol: str, order_id: int | None = None, client_order_id: str = "") -> Order | Refused:
        """One order, by its id first; a client order id must then be the order's own."""
        desk = self._desk_of(account, symbol)
        if order_id is not None:
            found = desk.orders.get(order_id) if desk else None
            if found is not None and client_order_id and found.client_order_id != client_order_id:
                return WRONG_CLIENT_ID
        elif client_order_id:
            found = desk.by_client_id.get(client_order_id) if desk else None
        else:
            return either_missing("orderId", "origClientOrderId").refused
        if found is None:
            return NO_SUCH_ORDER
        if not found.is_open and not found.executed and self.state.now_us - found.update_us > ARCHIVED_AFTER_US:
            return ARCHIVED
        return found

    def orders(self, account: str, symbol: str) -> list[Order]:
        """All orders, oldest first."""
        desk = self._desk_of(account, symbol)
        return list(desk.orders.values()) if desk else []

    def open_orders(self, account: str, symbol: str = "") -> list[Order]:
        """Open orders of a symbol (or of all), oldest first."""
        desks = self.state.accounts[account].desks
        if symbol:
            return list(desks[symbol].open.values()) if symbol in desks else []
        return [order for desk in desks.values() for order in desk.open.values()]

    def order_list(self, account: str, order_list_id: int | None = None, list_client_order_id: str = "") -> OrderList | Refused:
        """One order list, by its id first; a client id must then be the list's own."""
        owner = self.state.accounts[account]
        if order_list_id is not None:
            found = owner.lists.get(order_list_id)
            if found is not None and list_client_order_id and found.list_client_order_id != list_client_order_id:
                return WRONG_CLIENT_ID
        elif list_client_order_id:
            found = owner.lists_by_client_id.get(list_client_order_id)
        else:
            return either_missing("orderListId", "origClientOrderId").refused
        return found or NO_SUCH_ORDER

    def order_lists(self, account: str) -> list[OrderList]:
        """All order lists, oldest first."""
        return list(self.state.accounts[account].lists.values())

    def open_order_lists(self, account: str) -> list[OrderList]:
        """Open order lists, oldest first."""
        return [each for each in self.state.lists.values() if each.account == account]

    def trades(self, account: str, symbol: str) -> list[Fill]:
        """The account's trades, oldest first; both sides of a trade with itself."""
        desk = self._desk_of(account, symbol)
        return desk.trades if desk else []

    def allocations(self, account: str, symbol: str) -> list[Fill]:
        """What the smart order router brought the account, oldest first."""
        desk = self._desk_of(account, symbol)
        return desk.allocations if desk else []

    def prevented_matches(self, account: str, symbol: str) -> list[PreventedMatch]:
        """Self-trades that did not happen, oldest first."""
        desk = self._desk_of(account, symbol)
        return desk.prevented if desk else []

    def amendments(self, account: str, symbol: str, order_id: int) -> list[Amendment]:
        """Changes of one order's quantity, oldest first."""
        desk = self._desk_of(account, symbol)
        return [each for each in desk.amendments if each.order_id == order_id] if desk else []

    def money(self) -> dict[str, tuple[int, int]]:
        """By asset: all balances and fees together, and what was deposited less withdrawn. The two are equal, always."""
        held = dict(self.state.fees)
        for account in self.state.accounts.values():
            for asset, balance in account.balances.items():
                held[asset] = held.get(asset, 0) + balance.free + balance.locked
        return {asset: (held.get(asset, 0), self.state.deposits.get(asset, 0)) for asset in held | self.state.deposits}

    def _desk_of(self, account: str, symbol: str) -> Desk | None:
        return self.state.accounts[account].desks.get(symbol)
