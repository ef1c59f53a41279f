"""Self-trade prevention: what happens when an order meets one of its own account, or of an account of the same trade group.

The taker's mode decides. TRANSFER moves what would have traded between two accounts of a group when both orders say TRANSFER,
and is DECREMENT otherwise. A house of the synthetic market trades with itself as it likes.
"""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.events import OrderUpdated, Prevented
from services.paper_exchange.engine.ledger import lock, touch_pair
from services.paper_exchange.engine.lifecycle import finish
from services.paper_exchange.engine.market import Market
from services.paper_exchange.engine.orders import Order, copied
from services.paper_exchange.engine.records import PreventedMatch
from services.paper_exchange.engine.state import State

_TAKES_FROM_TAKER = frozenset(("EXPIRE_TAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER"))
_TAKES_FROM_MAKER = frozenset(("EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER"))


def is_self_trade(desk: Desk, taker: Order, maker: Order) -> bool:
    """May the two not trade with each other?"""
    if maker.account == taker.account:
        return True
    group = desk.trade_group_id
    return group != -1 and desk.market.desks[maker.account].trade_group_id == group


def prevent(state: State, desk: Desk, taker: Order, maker: Order) -> PreventedMatch:
    """Do to both what the mode says; the record of it.

    Whoever has nothing left ends as EXPIRED_IN_MATCH, the maker out of the book (its level's new total is told by the caller).
    """
    market, mode, price = desk.market, taker.self_trade_prevention, maker.limit
    maker_desk = market.desks[maker.account]
    common = min(taker.remaining, maker.remaining)
    quote = price * common // SCALE
    whole = mode not in ("DECREMENT", "TRANSFER")
    from_taker = (taker.remaining if whole else common) if mode in _TAKES_FROM_TAKER else 0
    from_maker = (maker.remaining if whole else common) if mode in _TAKES_FROM_MAKER else 0
    match_id = market.next_prevented_match_id
    market.next_prevented_match_id = match_id + 1
    record = PreventedMatch(
        market.instrument.symbol,
        match_id,
        taker.order_id,
        market.instrument.symbol,
        maker.order_id,
        desk.trade_group_id,
        mode,
        price,
        from_taker or None,
        from_maker or None,
        state.now_us,
    )
    for each in {desk.account.name: desk, maker_desk.account.name: maker_desk}.values():
        each.prevented.append(record)
    moves = mode == "TRANSFER" and maker.self_trade_prevention == "TRANSFER" and maker.account != taker.account
    told = Prevented(match_id, 0, desk.trade_group_id, 0, market.instrument.symbol, common, price, quote)
    for own_desk, order, counter, lost in ((maker_desk, maker, taker, from_maker), (desk, taker, maker, from_taker)):
        if lost:
            _lose(state, own_desk, order, lost, (common, quote) if moves else (0, 0))
            order.prevented_match_id = match_id
            _report(state, market, order, lost, counter, told)
    return record


def _lose(state: State, desk: Desk, order: Order, lost: int, moved: tuple[int, int]) -> None:
    """Take a prevented quantity from an order and, in a transfer, move what would have traded, without commission."""
    if order.order_list_id >= 0:
        touch_pair(state, desk, order)
        state.changed.append(order)
    order.prevented += lost
    order.update_us = state.now_us
    order.remaining -= lost
    if order.side == "BUY":
        desk.open_buys -= lost
    if order.resting:
        makers = desk.market.book.side(order.side)
        if order.remaining:
            makers.shrink(order, min(order.visible, order.remaining))
        else:
            makers.remove(order)
    if order.locked:
        lock(desk, order)
    base, quote = moved
    given, got = (quote, base) if order.side == "BUY" else (base, quote)
    desk.gives[order.side].free -= given
    desk.gets[order.side].free += got
    state.touch(desk)
    if not order.remaining:
        finish(state, desk, order, "EXPIRED_IN_MATCH")


def _report(state: State, market: Market, order: Order, lost: int, counter: Order, told: Prevented) -> None:
    execution_id = market.next_execution_id
    market.next_execution_id = execution_id + 1
    prevented = Prevented(
        told.prevented_match_id,
        lost,
        told.trade_group_id,
        counter.order_id,
        told.counter_symbol,
        told.execution_quantity,
        told.execution_price,
        told.execution_quote_quantity,
    )
    state.events.append(
        OrderUpdated(copied(order), "TRADE_PREVENTION", execution_id, state.now_us, order.resting, prevented=prevented)
    )
