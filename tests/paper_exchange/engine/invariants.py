"""What must hold between any two commands."""

from collections import Counter

from services.paper_exchange.engine import Engine
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.market import Market
from services.paper_exchange.engine.words import CONTINGENT


def check(engine: Engine) -> None:
    """Raise AssertionError with what is broken."""
    assert not engine.state.changed
    assert not engine.state.released
    assert not engine.state.stirred
    for held, deposited in engine.money().values():
        assert held == deposited, "money was made or lost"
    for market in engine.state.markets.values():
        _check_book(market)
        _check_orders(market)
    _check_locked(engine)
    _check_lists(engine)


def _check_book(market: Market) -> None:
    bid, ask = market.book.best("BUY"), market.book.best("SELL")
    assert not (bid and ask) or bid[0] < ask[0], "the book is crossed"
    for side in (market.book.bids, market.book.asks):
        assert side.keys == sorted(side.levels), "a level is out of order"
        for level in side:
            orders = list(level)
            assert len(orders) == level.count > 0
            assert sum(order.visible for order in orders) == level.total > 0
            assert all(0 < order.visible <= order.remaining for order in orders)
            assert all(order.limit == level.price and order.is_open for order in orders)
            assert all(order.order_id in market.orders for order in orders if not order.account.startswith("("))
            if not any(order.iceberg_quantity for order in orders):
                times = [(order.working_us, order.order_id) for order in orders]
                assert [time for time, _ in times] == sorted(time for time, _ in times), "a queue is out of time order"


def _check_orders(market: Market) -> None:
    resting = {order.order_id for side in (market.book.bids, market.book.asks) for level in side for order in level}
    for order in market.orders.values():
        assert order.is_open
        assert order.quantity - order.executed - order.prevented == order.remaining > 0 or order.status == "PENDING_NEW"
        assert order.resting == (order.order_id in resting)
        waits = order.order_id in market.triggers.waiting
        assert waits + order.resting + (order.status == "PENDING_NEW") == 1, "an open order is nowhere, or in two places"
        assert order.status == "PENDING_NEW" or waits or order.working_us >= 0
    for desk in market.desks.values():
        if not desk.reports:
            continue
        opened = [order for order in desk.orders.values() if order.is_open]
        assert opened == list(desk.open.values())
        assert desk.algo_orders == sum(order.type in CONTINGENT for order in opened)
        assert desk.iceberg_orders == sum(order.iceberg_quantity > 0 for order in opened)
        assert desk.open_buys == sum(order.remaining for order in opened if order.side == "BUY")
        for order in desk.orders.values():
            trades = [fill for fill in (*desk.trades, *desk.allocations) if fill.order_id == order.order_id]
            assert order.executed == sum(fill.quantity for fill in trades)
            assert order.executed_quote == sum(fill.quote_quantity for fill in trades)
            assert order.is_open or order.locked == 0


def _check_locked(engine: Engine) -> None:
    for account in engine.state.accounts.values():
        needed: Counter[str] = Counter(account.external)
        for desk in account.desks.values():
            instrument = desk.market.instrument
            for order in desk.market.orders.values():
                if order.account != account.name:
                    continue
                asset = instrument.quote if order.side == "BUY" else instrument.base
                order_list = engine.state.lists.get(order.order_list_id)
                if order.status == "PENDING_NEW" or (order_list and order_list.pair_waits):
                    assert order.locked == 0
                elif order.side == "BUY":
                    assert order.locked == order.reserve * order.remaining // SCALE
                else:
                    assert order.locked == order.remaining
                needed[asset] += order.locked
            for order_list in engine.state.lists.values():
                if (order_list.account, order_list.symbol) == (account.name, instrument.symbol) and order_list.locked:
                    side = desk.open[(order_list.pending_ids or order_list.pair_ids)[0]].side
                    needed[instrument.quote if side == "BUY" else instrument.base] += order_list.locked
        for asset, balance in account.balances.items():
            assert balance.locked == needed[asset], f"{account.name} has {balance.locked} {asset} locked, needs {needed[asset]}"
            assert account.unlimited or balance.free >= 0, f"{account.name} owes {asset}"


def _check_lists(engine: Engine) -> None:
    for account in engine.state.accounts.values():
        for order_list in account.lists.values():
            desk = account.desks[order_list.symbol]
            members = [desk.orders[order_id] for order_id, _ in order_list.orders]
            opened = [order for order in members if order.is_open]
            assert order_list.is_open == bool(opened), "a list is half alive"
            assert order_list.is_open == (order_list.order_list_id in engine.state.lists)
            pair = [order for order in opened if order.order_id in order_list.pair_ids]
            if pair and not order_list.pending_ids:
                assert order_list.pair_waits == (len(pair) == 2), "a pair has lost a leg, or one leg works beside the other"
                assert len(pair) == 2 or all(order.is_working for order in pair)
            ended = [order.expiry_reason for order in members if order.order_id in order_list.pair_ids]
            assert ended.count("OCO_TRIGGER") <= 1, "the legs of a pair ended each other"
            for order in opened:
                assert (order.status == "PENDING_NEW") == (order.order_id in order_list.pending_ids)
            if order_list.pending_ids:
                assert desk.orders[order_list.working_id].is_open
        for desk in account.desks.values():
            assert desk.open_lists == sum(
                each.is_open and each.symbol == desk.market.instrument.symbol for each in account.lists.values()
            )
