"""Hears what happens and writes what it changed for customers, before anybody is told.

Every change of a customer's order, list or balance comes with an event that names it; the row is then written as the engine
holds it now, at the end of the command. Only a trailing order moves without an event: those that follow the market are looked
at each time.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from services.paper_exchange.engine import Engine
from services.paper_exchange.engine.accounts import Account, Desk
from services.paper_exchange.engine.events import Event, LevelChanged, ListUpdated, OrderUpdated, Traded
from services.paper_exchange.engine.market import Market
from services.paper_exchange.keys import Key
from services.paper_exchange.persistence.forms import AccountRow, CounterRow, SymbolRow, encode
from services.paper_exchange.persistence.store import Changes, Store

RECORDS = ("trades", "allocations", "prevented", "amendments")
"""What desks keep of the past; it only ever grows."""


class Recorder:
    """Writes the customers of one engine to one store."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._state = engine.state
        self._store = store
        self._accounts: dict[str, None] = {}
        self._orders: dict[tuple[str, str, int], None] = {}
        """(account, symbol, order id) of orders that changed."""
        self._names: dict[tuple[str, str, str], None] = {}
        self._lists: dict[tuple[str, int], None] = {}
        self._keys: dict[str, Key | None] = {}
        """New ones, and None for those that are gone."""
        self._waits = False
        self._written: dict[tuple[str, str, str], int] = {}
        """(account, symbol, kind of record): so many are in the store."""
        self._trailing: dict[tuple[str, int], tuple[str, int, int]] = {}
        for account in self._state.accounts.values():
            for symbol, desk in account.desks.items():
                for kind in RECORDS:
                    self._written[account.name, symbol, kind] = len(getattr(desk, kind))

    def hear(self, events: list[Event]) -> None:
        """Write what these events changed; the venue calls it before anybody else."""
        for event in events:
            match event:
                case Traded() | LevelChanged():
                    pass
                case OrderUpdated():
                    self._note(event)
                case ListUpdated():
                    self._lists[event.account, event.order_list_id] = None
                case _ if not self._state.accounts[event.account].unlimited:
                    self._accounts[event.account] = None
                case _:
                    pass
        moved = self._has_trailing()
        if moved or self._accounts or self._orders or self._lists:
            self.save()

    def tick(self) -> None:
        """Write where the numbers and the time stand; called about once a second (see `revival.MARGIN`)."""
        self._store.write(self._numbers(self._state.markets))

    def touch(self, account: str) -> None:
        """Write an account of which something changed without an event: its settings, its rates."""
        self._accounts[account] = None
        self.save()

    def key_added(self, key: Key) -> None:
        """Write a key."""
        self._keys[key.api_key] = key
        self.save()

    def key_revoked(self, key: Key) -> None:
        """Forget a key."""
        self._keys[key.api_key] = None
        self.save()

    @contextmanager
    def together(self) -> Generator[None, None, None]:
        """Write everything that happens meanwhile in one transaction, at the end."""
        self._waits = True
        try:
            yield
        finally:
            self._waits = False
            self.save()

    def save(self) -> None:
        """Write what is noted, in one transaction; what cannot be written stays noted."""
        if self._waits:
            return
        changes = Changes()
        self._put_lists(changes)
        desks = self._put_orders(changes)
        grown = self._put_records(changes, desks)
        self._put_names(changes)
        self._put_accounts(changes)
        self._put_keys(changes)
        numbers = self._numbers({symbol: desk.market for (_, symbol), desk in desks.items()})
        changes.symbols, changes.meta = numbers.symbols, numbers.meta
        self._store.write(changes)
        self._written |= grown
        for noted in (self._accounts, self._orders, self._names, self._lists, self._keys):
            noted.clear()

    def _put_lists(self, changes: Changes) -> None:
        """The lists, of which all members have changed with them."""
        for account, list_id in self._lists:
            order_list = self._state.accounts[account].lists[list_id]
            changes.lists.append((list_id, encode(order_list)))
            for member, _ in order_list.orders:
                self._orders[account, order_list.symbol, member] = None

    def _put_orders(self, changes: Changes) -> dict[tuple[str, str], Desk]:
        """The orders; tells the desks that they are on, by account and symbol."""
        desks: dict[tuple[str, str], Desk] = {}
        for account, symbol, order_id in self._orders:
            desk = desks[account, symbol] = self._state.accounts[account].desks[symbol]
            order = desk.orders.get(order_id)
            if order is not None:
                changes.orders.append((symbol, order_id, encode(order)))
        return desks

    def _put_records(self, changes: Changes, desks: dict[tuple[str, str], Desk]) -> dict[tuple[str, str, str], int]:
        """The records that desks have got since they were last looked at; tells how many each of them has now."""
        grown: dict[tuple[str, str, str], int] = {}
        for (account, symbol), desk in desks.items():
            for kind in RECORDS:
                rows, key = getattr(desk, kind), (account, symbol, kind)
                changes.records += [(account, symbol, kind, encode(row)) for row in rows[self._written.get(key, 0) :]]
                grown[key] = len(rows)
        return grown

    def _put_names(self, changes: Changes) -> None:
        for account, symbol, name in self._names:
            order = self._state.accounts[account].desks[symbol].by_client_id.get(name)
            if order is None:
                # An amended order gives its old name up.
                changes.no_names.append((account, symbol, name))
            else:
                changes.names.append((account, symbol, name, order.order_id))

    def _put_accounts(self, changes: Changes) -> None:
        for account in self._accounts:
            owner = self._state.accounts[account]
            changes.accounts.append((account, encode(_account(owner))))
            own = ((symbol, desk.commission) for symbol, desk in owner.desks.items() if desk.own_commission)
            changes.commissions += [(account, symbol, encode(commission)) for symbol, commission in own]

    def _put_keys(self, changes: Changes) -> None:
        for api_key, key in self._keys.items():
            if key is None:
                changes.no_keys.append((api_key,))
            else:
                changes.keys.append((api_key, encode(key)))

    def _numbers(self, markets: Mapping[str, Market]) -> Changes:
        state = self._state
        counters = CounterRow(state.now_us, state.next_list_id, state.next_client_id)
        return Changes(
            symbols=[(symbol, encode(_symbol(market))) for symbol, market in markets.items()],
            meta=[("counters", encode(counters))],
        )

    def _note(self, event: OrderUpdated) -> None:
        order = event.order
        self._orders[order.account, order.symbol, order.order_id] = None
        self._accounts[order.account] = None
        for name in (order.client_order_id, event.original_client_order_id):
            if name:
                self._names[order.account, order.symbol, name] = None
        if order.order_list_id >= 0:
            self._lists[order.account, order.order_list_id] = None
        if event.prevented is not None:
            # The other side has a record of it too, even where it lost nothing and is told nothing.
            other = self._state.markets[event.prevented.counter_symbol].orders.get(event.prevented.counter_order_id)
            if other is not None and not self._state.accounts[other.account].unlimited:
                self._orders[other.account, other.symbol, other.order_id] = None

    def _has_trailing(self) -> bool:
        """Has an order that trails the market moved? Note it then."""
        trailing = {
            (symbol, order_id): (order.account, order.trailing_us, order.trailing_extreme)
            for symbol, market in self._state.markets.items()
            for order_id, order in market.triggers.trailing.items()
        }
        moved = trailing.items() - self._trailing.items()
        self._trailing = trailing
        for (symbol, order_id), (account, _, _) in moved:
            self._orders[account, symbol, order_id] = None
        return bool(moved)


def _account(account: Account) -> AccountRow:
    counts = account.counts
    return AccountRow(account.settings, account.balances, account.external, account.updated_us, counts.counts, counts.ends_us)


def _symbol(market: Market) -> SymbolRow:
    return SymbolRow(market.book.update_id, market.last_price, market.next_ids)
