"""One trade: the tape, both orders, both accounts."""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.events import OrderUpdated, Traded
from services.paper_exchange.engine.ledger import settle, touch_pair
from services.paper_exchange.engine.market import Market
from services.paper_exchange.engine.orders import Order, copied
from services.paper_exchange.engine.records import Fill
from services.paper_exchange.engine.state import State


def trade(
    state: State, market: Market, desk: Desk, taker: Order, maker: Order, price: int, quantity: int, fills: list[Fill]
) -> None:
    """Let two orders trade; the taker's fill is added to `fills`."""
    quote, now_us = price * quantity // SCALE, state.now_us
    trade_id = market.next_trade_id
    market.next_trade_id = trade_id + 1
    market.record_trade(now_us, price, quantity, quote)
    if market.triggers.waiting:
        if not market.unseen:
            state.stirred.append(market)
        market.unseen.append(price)
    buyer_is_maker = maker.side == "BUY"
    buyer, seller = (maker, taker) if buyer_is_maker else (taker, maker)
    state.events.append(
        Traded(
            market.instrument.symbol,
            trade_id,
            price,
            quantity,
            quote,
            now_us,
            buyer_is_maker,
            buyer.order_id,
            seller.order_id,
            taker.order_id,
        )
    )
    execute(state, market.desks[maker.account], maker, price, quantity, quote, trade_id, True)
    fill = execute(state, desk, taker, price, quantity, quote, trade_id, False)
    if fill is not None:
        fills.append(fill)


def execute(
    state: State,
    desk: Desk,
    order: Order,
    price: int,
    quantity: int,
    quote: int,
    trade_id: int,
    is_maker: bool,
    allocation_id: int = -1,
) -> Fill | None:
    """One side of a trade or of an allocation: order, money, record, report."""
    if order.order_list_id >= 0:
        touch_pair(state, desk, order)
        state.changed.append(order)
    now_us = state.now_us
    order.remaining -= quantity
    order.executed += quantity
    order.executed_quote += quote
    order.update_us = now_us
    order.status = "PARTIALLY_FILLED"
    commission, asset = settle(state, desk, order, quantity, quote, is_maker)
    if not desk.reports:
        return None
    is_buyer = order.side == "BUY"
    if is_buyer:
        desk.open_buys -= quantity
    if not order.counted:
        order.counted = True
        desk.account.counts.filled(now_us, is_maker=is_maker)
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
        now_us,
        is_buyer,
        is_maker,
        allocation_id,
    )
    (desk.trades if allocation_id < 0 else desk.allocations).append(fill)
    if not desk.touched:
        state.touch(desk)
    market = desk.market
    execution_id = market.next_execution_id
    market.next_execution_id = execution_id + 1
    reported = copied(order)
    if not order.remaining:
        reported.status = "FILLED"
        reported.locked = 0
        reported.resting = False
    state.events.append(
        OrderUpdated(
            reported,
            "TRADE",
            execution_id,
            now_us,
            reported.resting,
            "",
            "NONE",
            quantity,
            price,
            quote,
            commission,
            asset,
            trade_id,
            is_maker,
            allocation_id,
        )
    )
    return fill
