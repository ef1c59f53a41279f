"""The taker phase: an order meets the other side of the book in price-time priority.

A trade happens at the resting order's price. What the taker does not get is left to the caller: it rests, or it expires.
"""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.events import OrderUpdated, Traded
from services.paper_exchange.engine.ledger import settle
from services.paper_exchange.engine.lifecycle import finish
from services.paper_exchange.engine.market import Market
from services.paper_exchange.engine.orders import Order, copied
from services.paper_exchange.engine.records import Fill
from services.paper_exchange.engine.state import State


def crosses(order: Order, price: int) -> bool:
    """May the order trade at this price? An order without a limit may at any."""
    return not order.limit or (price <= order.limit if order.side == "BUY" else price >= order.limit)


def would_take(desk: Desk, order: Order) -> bool:
    """Would it trade at once?"""
    level = desk.market.book.opposite(order.side).best()
    return level is not None and crosses(order, level.price)


def fillable(desk: Desk, order: Order) -> tuple[int, int]:
    """(quantity, quote quantity) that the book would give the order now."""
    left, quote = order.remaining, 0
    for level in desk.market.book.opposite(order.side):
        if not left or not crosses(order, level.price):
            break
        for maker in level:
            quantity = min(left, maker.remaining)
            left -= quantity
            quote += level.price * quantity // SCALE
            if not left:
                break
    return order.remaining - left, quote


def take(state: State, desk: Desk, order: Order) -> list[Fill]:
    """Trade as long as there is something to trade with; the order's own fills."""
    market = desk.market
    makers = market.book.opposite(order.side)
    fills: list[Fill] = []
    while order.remaining:
        level = makers.best()
        if level is None or not crosses(order, level.price):
            break
        price = level.price
        while order.remaining and level.count:
            maker = level.first()
            quantity = maker.visible if maker.visible < order.remaining else order.remaining
            maker.visible -= quantity
            level.total -= quantity
            trade(state, market, desk, order, maker, price, quantity, fills)
            if not maker.remaining:
                makers.remove(maker)
                maker_desk = market.desks[maker.account]
                finish(state, maker_desk, maker, "FILLED")
            elif not maker.visible:
                # Where a refilled slice queues is not documented; here it goes to the end, as anything new does.
                maker.visible = min(maker.iceberg_quantity, maker.remaining)
                makers.requeue(maker, level)
        state.level_changed(market, makers.side, price, level.total)
    return fills


def trade(
    state: State, market: Market, desk: Desk, taker: Order, maker: Order, price: int, quantity: int, fills: list[Fill]
) -> None:
    """One trade: both orders, both accounts, the tape."""
    quote = price * quantity // SCALE
    trade_id = market.next_trade_id
    market.next_trade_id = trade_id + 1
    market.last_price = price
    buyer_is_maker = maker.side == "BUY"
    buyer, seller = (maker, taker) if buyer_is_maker else (taker, maker)
    state.events.append(
        Traded(
            market.instrument.symbol,
            trade_id,
            price,
            quantity,
            quote,
            state.now_us,
            buyer_is_maker,
            buyer.order_id,
            seller.order_id,
            taker.order_id,
        )
    )
    _execute(state, market.desks[maker.account], maker, trade_id, price, quantity, quote, is_maker=True)
    fill = _execute(state, desk, taker, trade_id, price, quantity, quote, is_maker=False)
    if fill is not None:
        fills.append(fill)


def _execute(
    state: State, desk: Desk, order: Order, trade_id: int, price: int, quantity: int, quote: int, *, is_maker: bool
) -> Fill | None:
    """One side of a trade: order, money, record, report."""
    now = state.now_us
    order.remaining -= quantity
    order.executed += quantity
    order.executed_quote += quote
    order.update_us = now
    commission, asset = settle(state, desk, order, quantity, quote, is_maker=is_maker)
    if asset is None:
        return None
    if order.side == "BUY":
        desk.open_buys -= quantity
    fill = Fill(
        order.symbol,
        trade_id,
        order.order_id,
        order.order_list_id,
        price,
        quantity,
        quote,
        commission,
        asset,
        now,
        order.side == "BUY",
        is_maker,
    )
    desk.trades.append(fill)
    if not desk.touched:
        state.touch(desk)
    market = desk.market
    execution_id = market.next_execution_id
    market.next_execution_id = execution_id + 1
    reported = copied(order)
    reported.status = "PARTIALLY_FILLED" if order.remaining else "FILLED"
    order.status = "PARTIALLY_FILLED"
    state.events.append(
        OrderUpdated(
            reported,
            "TRADE",
            execution_id,
            now,
            order.resting and order.remaining > 0,
            "",
            "NONE",
            quantity,
            price,
            quote,
            commission,
            asset,
            trade_id,
            is_maker,
        )
    )
    return fill
