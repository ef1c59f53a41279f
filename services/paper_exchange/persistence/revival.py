"""From the rows of a state file to an engine with its customers, in which the house has yet to open.

The engine's own snapshot form is put together from the rows and restored: books with customers' orders in their rank, triggers,
lists, counters. What the house held and the fees that were collected are the house's; deposits are counted anew, so that money
adds up again.
"""

from collections import defaultdict
from collections.abc import Iterable

from msgspec import DecodeError, json

from services.paper_exchange.engine import Engine
from services.paper_exchange.engine.commands import Commission
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.order_counts import OrderLimit
from services.paper_exchange.engine.orders import Order, OrderList
from services.paper_exchange.engine.records import Amendment, Fill, PreventedMatch
from services.paper_exchange.engine.snapshot import (
    VERSION,
    ExchangeFilter,
    Saved,
    SavedAccount,
    SavedDesk,
    SavedMarket,
    restore,
)
from services.paper_exchange.keys import Key
from services.paper_exchange.persistence.forms import AccountRow, CounterRow, SymbolRow, encode
from services.paper_exchange.persistence.store import BadState, Store

MARGIN = 10_000
"""Numbers of orders, trades and book updates go on so much higher: the house used some after they were last written."""
_account, _symbol, _counters = json.Decoder(AccountRow), json.Decoder(SymbolRow), json.Decoder(CounterRow)
_order, _list, _commission = json.Decoder(Order), json.Decoder(OrderList), json.Decoder(Commission)
_RECORDS = {
    "trades": json.Decoder(Fill).decode,
    "allocations": json.Decoder(Fill).decode,
    "prevented": json.Decoder(PreventedMatch).decode,
    "amendments": json.Decoder(Amendment).decode,
}


def keys(store: Store) -> list[Key]:
    """The keys of all accounts."""
    decode = json.Decoder(Key).decode
    return [decode(value) for (value,) in store.read("SELECT value FROM keys")]


def revive(
    store: Store,
    instruments: Iterable[Instrument],
    *,
    sors: tuple[tuple[str, ...], ...],
    order_limits: tuple[OrderLimit, ...],
    exchange_filters: tuple[ExchangeFilter, ...] = (),
) -> Engine | None:
    """The engine that the rows describe, or None where nothing was ever written; raises BadState."""
    try:
        found = store.read("SELECT value FROM meta WHERE name = 'counters'")
        if not found:
            return None
        saved = _saved(store, list(instruments), _counters.decode(found[0][0]), exchange_filters, sors, order_limits)
    except DecodeError as error:
        raise BadState(f"The state {store.path!r} cannot be read: {error}.") from None
    return restore(encode(saved))


def _saved(
    store: Store,
    instruments: list[Instrument],
    counters: CounterRow,
    exchange_filters: tuple[ExchangeFilter, ...],
    sors: tuple[tuple[str, ...], ...],
    order_limits: tuple[OrderLimit, ...],
) -> Saved:
    accounts = {name: _account.decode(value) for name, value in store.read("SELECT name, value FROM accounts ORDER BY name")}
    orders: dict[tuple[str, str], list[Order]] = defaultdict(list)
    for (value,) in store.read("SELECT value FROM orders ORDER BY symbol, id"):
        order = _order.decode(value)
        orders[order.account, order.symbol].append(order)
    lists: dict[str, list[OrderList]] = defaultdict(list)
    for (value,) in store.read("SELECT value FROM lists ORDER BY id"):
        each = _list.decode(value)
        lists[each.account].append(each)
    desks = _desks(store, orders)
    unlisted = {desk.symbol for owned in desks.values() for desk in owned} - {each.symbol for each in instruments}
    if unlisted:
        raise BadState(f"The state {store.path!r} has orders on {', '.join(sorted(unlisted))}, which is not listed here.")
    deposits: dict[str, int] = {}
    for account in accounts.values():
        for asset, balance in account.balances.items():
            deposits[asset] = deposits.get(asset, 0) + balance.free + balance.locked
    symbols = {symbol: _symbol.decode(value) for symbol, value in store.read("SELECT symbol, value FROM symbols")}
    return Saved(
        VERSION,
        counters.now_us,
        counters.next_list_id,
        counters.next_client_id,
        deposits,
        {},
        list(exchange_filters),
        list(sors),
        list(order_limits),
        [_market(each, symbols.get(each.symbol), orders) for each in instruments],
        [_revived(row, lists[name], desks[name], len(order_limits)) for name, row in accounts.items()],
        [each.order_list_id for owned in lists.values() for each in owned if each.is_open],
        {
            each.symbol: [name for name in accounts if any(desk.symbol == each.symbol for desk in desks[name])]
            for each in instruments
        },
    )


def _desks(store: Store, orders: dict[tuple[str, str], list[Order]]) -> dict[str, list[SavedDesk]]:
    names: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for account, symbol, name, order_id in store.read("SELECT account, symbol, name, id FROM names"):
        names[account, symbol][name] = order_id
    records: dict[tuple[str, str], dict[str, list[object]]] = defaultdict(lambda: defaultdict(list))
    for account, symbol, kind, value in store.read("SELECT account, symbol, kind, value FROM records ORDER BY number"):
        records[account, symbol][kind].append(_RECORDS[kind](value))
    commissions = {
        (account, symbol): _commission.decode(value)
        for account, symbol, value in store.read("SELECT account, symbol, value FROM commissions")
    }
    desks: dict[str, list[SavedDesk]] = defaultdict(list)
    for account, symbol in sorted({*orders, *names, *records, *commissions}):
        owned = orders.get((account, symbol), [])
        kept = records[account, symbol]
        desks[account].append(
            SavedDesk(
                symbol,
                commissions.get((account, symbol)),
                owned,
                [order.order_id for order in owned if order.is_open],
                names[account, symbol],
                kept["trades"],  # pyright: ignore[reportArgumentType]  decoded as what the kind says
                kept["allocations"],  # pyright: ignore[reportArgumentType]
                kept["prevented"],  # pyright: ignore[reportArgumentType]
                kept["amendments"],  # pyright: ignore[reportArgumentType]
            )
        )
    return desks


def _revived(row: AccountRow, lists: list[OrderList], desks: list[SavedDesk], limits: int) -> SavedAccount:
    fits = len(row.counts) == limits
    return SavedAccount(
        row.settings,
        row.balances,
        row.external,
        row.updated_us,
        row.counts if fits else [],
        row.counts_end_us if fits else [],
        lists,
        {each.list_client_order_id: each.order_list_id for each in lists},
        desks,
    )


def _market(instrument: Instrument, row: SymbolRow | None, orders: dict[tuple[str, str], list[Order]]) -> SavedMarket:
    symbol = instrument.symbol
    row = row or SymbolRow(0, 0, (1, 1, 1, 0, 0))
    waiting = [order for (_, traded), owned in orders.items() if traded == symbol for order in owned if order.is_open]
    waiting.sort(key=lambda order: (order.working_us, order.order_id))
    order_id, trade_id, execution_id, match_id, allocation_id = row.next_ids
    return SavedMarket(
        instrument,
        row.update_id + MARGIN,
        row.last_price,
        (order_id + MARGIN, trade_id + MARGIN, execution_id, match_id, allocation_id),
        sorted(order.order_id for order in waiting),
        [],
        [[order.order_id for order in waiting if order.resting]],
        [],
        None,
        [order.order_id for order in waiting if order.trailing_us >= 0 and not order.is_working],
    )
