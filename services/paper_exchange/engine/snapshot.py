"""The whole state as bytes, and back: with the command log since then, it brings the engine back to where it was.

    data = snapshot(engine)                                  # between commands, after `drain`
    engine = restore(data)
    for entry in log: engine.execute(entry.command, entry.time_us)

Books are kept as the queues of their orders, everything else as it is; what follows from the rest (levels, counts, triggers in
wait) is built anew. A snapshot of a restored engine is the same bytes. The form is the JSON of `Saved`, for sums of cheap coins
outgrow the 64 bits of msgpack.
"""

import msgspec
from msgspec import Struct

from services.paper_exchange.engine.accounts import Account, Balance, Desk
from services.paper_exchange.engine.commands import Commission, OpenAccount
from services.paper_exchange.engine.engine import Engine
from services.paper_exchange.engine.filters import (
    ExchangeMaxNumAlgoOrders,
    ExchangeMaxNumIcebergOrders,
    ExchangeMaxNumOrderLists,
    ExchangeMaxNumOrders,
)
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.market import Market, NextIds
from services.paper_exchange.engine.order_counts import OrderLimit
from services.paper_exchange.engine.orders import Order, OrderList
from services.paper_exchange.engine.prices import Bucket, Second
from services.paper_exchange.engine.records import Amendment, Fill, PreventedMatch
from services.paper_exchange.engine.state import State
from services.paper_exchange.engine.words import CONTINGENT

VERSION = 1
ExchangeFilter = ExchangeMaxNumOrders | ExchangeMaxNumAlgoOrders | ExchangeMaxNumIcebergOrders | ExchangeMaxNumOrderLists


class SavedAverage(Struct, frozen=True):
    """One AveragePrice."""

    minutes: int
    last: int
    seconds: list[Second]


class SavedMarket(Struct, frozen=True):
    """One Market. House orders are nowhere else, so they are here; others are named by id."""

    instrument: Instrument
    update_id: int
    last_price: int
    next_ids: NextIds
    open_ids: list[int]
    house_orders: list[Order]
    queues: list[list[int]]
    """Order ids level by level."""
    averages: list[SavedAverage]
    reference: tuple[list[Bucket], int | None, bool] | None
    """Buckets, the external price, was it ever set?"""
    following: list[int]
    """Trailing orders that follow the market, in their order."""


class SavedDesk(Struct, frozen=True):
    """One Desk."""

    symbol: str
    own_commission: Commission | None
    orders: list[Order]
    open_ids: list[int]
    client_ids: dict[str, int]
    trades: list[Fill]
    allocations: list[Fill]
    prevented: list[PreventedMatch]
    amendments: list[Amendment]


class SavedAccount(Struct, frozen=True):
    """One Account with its desks."""

    settings: OpenAccount
    balances: dict[str, Balance]
    external: dict[str, int]
    updated_us: int
    counts: list[int]
    counts_end_us: list[int]
    lists: list[OrderList]
    list_client_ids: dict[str, int]
    desks: list[SavedDesk]


class Saved(Struct, frozen=True):
    """The state."""

    version: int
    now_us: int
    next_list_id: int
    next_client_id: int
    deposits: dict[str, int]
    fees: dict[str, int]
    exchange_filters: list[ExchangeFilter]
    sors: list[tuple[str, ...]]
    order_limits: list[OrderLimit]
    markets: list[SavedMarket]
    accounts: list[SavedAccount]
    open_lists: list[int]
    desk_order: dict[str, list[str]]
    """By symbol: the accounts in the order in which they came to it."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Saved)


def snapshot(engine: Engine) -> bytes:
    """The engine's state. Events must have been drained: they are no part of it."""
    state = engine.state
    assert not state.events, "drain the events before taking a snapshot"
    return _encoder.encode(
        Saved(
            VERSION,
            state.now_us,
            state.next_list_id,
            state.next_client_id,
            state.deposits,
            state.fees,
            [each for each in state.exchange_filters if isinstance(each, ExchangeFilter)],
            list(state.sors),
            list(state.order_limits),
            [_save_market(market) for market in state.markets.values()],
            [_save_account(account) for account in state.accounts.values()],
            list(state.lists),
            {symbol: list(market.desks) for symbol, market in state.markets.items()},
        )
    )


def restore(data: bytes) -> Engine:
    """The engine that a snapshot holds. Raises msgspec.ValidationError on bytes that are no snapshot of this version."""
    saved = _decoder.decode(data)
    if saved.version != VERSION:
        raise msgspec.ValidationError(f"snapshot of version {saved.version}, expected {VERSION}")
    engine = Engine(
        [market.instrument for market in saved.markets],
        exchange_filters=tuple(saved.exchange_filters),
        sors=tuple(saved.sors),
        order_limits=tuple(saved.order_limits),
    )
    state = engine.state
    state.now_us, state.next_list_id, state.next_client_id = saved.now_us, saved.next_list_id, saved.next_client_id
    state.deposits, state.fees = saved.deposits, saved.fees
    for account in saved.accounts:
        _restore_account(state, account)
    lists = {each.order_list_id: each for account in state.accounts.values() for each in account.lists.values()}
    state.lists = {list_id: lists[list_id] for list_id in saved.open_lists}
    for market in saved.markets:
        _restore_market(state, market, saved.desk_order[market.instrument.symbol])
    return engine


def _save_market(market: Market) -> SavedMarket:
    reference = market.reference
    return SavedMarket(
        market.instrument,
        market.book.update_id,
        market.last_price,
        market.next_ids,
        list(market.orders),
        [order for order in market.orders.values() if not market.desks[order.account].reports],
        [[order.order_id for order in level] for side in (market.book.bids, market.book.asks) for level in side],
        [SavedAverage(minutes, average.last, list(average.seconds)) for minutes, average in market.averages.items()],
        (list(reference.buckets), reference.external, reference.ever_set) if reference is not None else None,
        list(market.triggers.trailing),
    )


def _save_account(account: Account) -> SavedAccount:
    return SavedAccount(
        account.settings,
        account.balances,
        account.external,
        account.updated_us,
        account.counts.counts,
        account.counts.ends_us,
        list(account.lists.values()),
        {client_id: each.order_list_id for client_id, each in account.lists_by_client_id.items()},
        [_save_desk(symbol, desk) for symbol, desk in account.desks.items()],
    )


def _save_desk(symbol: str, desk: Desk) -> SavedDesk:
    return SavedDesk(
        symbol,
        desk.commission if desk.own_commission else None,
        list(desk.orders.values()),
        list(desk.open),
        {client_id: order.order_id for client_id, order in desk.by_client_id.items()},
        desk.trades,
        desk.allocations,
        desk.prevented,
        desk.amendments,
    )


def _restore_account(state: State, saved: SavedAccount) -> None:
    account = Account(saved.settings, state.order_limits)
    state.accounts[account.name] = account
    account.balances, account.external, account.updated_us = saved.balances, saved.external, saved.updated_us
    if saved.counts:
        account.counts.counts, account.counts.ends_us = saved.counts, saved.counts_end_us
    account.lists = {each.order_list_id: each for each in saved.lists}
    account.lists_by_client_id = {client_id: account.lists[list_id] for client_id, list_id in saved.list_client_ids.items()}
    for each in saved.desks:
        market = state.markets[each.symbol]
        desk = account.desks[each.symbol] = Desk(account, market)
        if each.own_commission is not None:
            desk.set_commission(each.own_commission)
            desk.own_commission = True
        desk.orders = {order.order_id: order for order in each.orders}
        desk.open = {order_id: desk.orders[order_id] for order_id in each.open_ids}
        desk.by_client_id = {client_id: desk.orders[order_id] for client_id, order_id in each.client_ids.items()}
        desk.trades, desk.allocations = each.trades, each.allocations
        desk.prevented, desk.amendments = each.prevented, each.amendments
        desk.algo_orders = sum(order.type in CONTINGENT for order in desk.open.values())
        desk.iceberg_orders = sum(order.iceberg_quantity > 0 for order in desk.open.values())
        desk.open_buys = sum(order.remaining for order in desk.open.values() if order.side == "BUY")
        desk.open_lists = sum(each.is_open and each.symbol == desk.market.instrument.symbol for each in account.lists.values())


def _restore_market(state: State, saved: SavedMarket, accounts: list[str]) -> None:
    symbol = saved.instrument.symbol
    market = state.markets[symbol]
    market.desks = {name: state.accounts[name].desks[symbol] for name in accounts}
    market.last_price = saved.last_price
    market.next_ids = saved.next_ids
    known = {order.order_id: order for order in saved.house_orders}
    for desk in market.desks.values():
        known |= desk.open
    market.orders = {order_id: known[order_id] for order_id in saved.open_ids}
    for queue in saved.queues:
        for order_id in queue:
            market.book.side(known[order_id].side).add(known[order_id])
    market.book.update_id = saved.update_id
    for kept in saved.averages:
        average = market.averages[kept.minutes]
        average.last = kept.last
        average.seconds.extend(kept.seconds)
        average.quote, average.quantity = sum(each.quote for each in kept.seconds), sum(each.quantity for each in kept.seconds)
    if saved.reference is not None and market.reference is not None:
        buckets, market.reference.external, market.reference.ever_set = saved.reference
        market.reference.buckets.extend(buckets)
    for order_id in saved.following:
        market.triggers.add(known[order_id], saved.last_price, state.now_us)
    for order in market.orders.values():
        waits = order.type in CONTINGENT and not order.is_working and order.status == "NEW"
        if waits and order.order_id not in market.triggers.waiting:
            market.triggers.add(order, saved.last_price, state.now_us)
