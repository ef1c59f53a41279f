"""How an order is registered and how it ends."""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.ledger import touch_pair, unlock
from services.paper_exchange.engine.orders import Order, copied
from services.paper_exchange.engine.outcomes import Canceled
from services.paper_exchange.engine.state import State
from services.paper_exchange.engine.words import CONTINGENT, OPEN, ExpiryReason, OrderStatus


def register(desk: Desk, order: Order) -> None:
    """Enter an accepted order into the registers of its market and its owner."""
    order_id = order.order_id
    desk.market.orders[order_id] = order
    if desk.reports:
        desk.orders[order_id] = desk.open[order_id] = order
        desk.by_client_id[order.client_order_id] = order
        if order.type in CONTINGENT:
            desk.algo_orders += 1
        if order.iceberg_quantity:
            desk.iceberg_orders += 1
        if order.side == "BUY":
            desk.open_buys += order.quantity


def finish(state: State, desk: Desk, order: Order, status: OrderStatus, reason: ExpiryReason = "NONE") -> None:
    """End an order: it gives back what is locked and is open no more. It must have left the book and the triggers."""
    assert order.status in OPEN, f"order {order.order_id} ends twice"
    assert not order.resting, f"order {order.order_id} ends in the book"
    if order.order_list_id >= 0:
        touch_pair(state, desk, order)
        state.changed.append(order)
    order.status = status
    order.expiry_reason = reason
    order.update_us = state.now_us
    if order.locked:
        unlock(desk, order)
    del desk.market.orders[order.order_id]
    if desk.reports:
        del desk.open[order.order_id]
        if order.type in CONTINGENT:
            desk.algo_orders -= 1
        if order.iceberg_quantity:
            desk.iceberg_orders -= 1
        if order.side == "BUY":
            desk.open_buys -= order.remaining
        if not desk.touched:
            state.touch(desk)


def withdraw(state: State, desk: Desk, order: Order) -> None:
    """Take an order out of the book, where everyone sees it go, or away from the triggers."""
    market = desk.market
    if order.resting:
        level = market.book.side(order.side).remove(order)
        state.level_changed(market, order.side, order.limit, level.total)
    elif order.order_id in market.triggers.waiting:
        market.triggers.remove(order)


def expire(state: State, desk: Desk, order: Order, reason: ExpiryReason) -> None:
    """End an order by the exchange's rules, and tell its owner."""
    withdraw(state, desk, order)
    finish(state, desk, order, "EXPIRED", reason)
    if desk.reports:
        state.report(desk.market, order, "EXPIRED")


def end_canceled(state: State, desk: Desk, order: Order, new_client_order_id: str) -> Canceled:
    """Cancel an open order; from then on it answers to the cancel's own client order id, and its old one is free."""
    original = order.client_order_id
    withdraw(state, desk, order)
    finish(state, desk, order, "CANCELED")
    if not desk.reports:
        return Canceled(order, original)
    order.client_order_id = new_client_order_id or state.new_client_order_id()
    holder = desk.by_client_id.get(order.client_order_id)
    if holder is None or not holder.is_open:
        desk.by_client_id[order.client_order_id] = order
    state.report(desk.market, order, "CANCELED", original_client_order_id=original)
    return Canceled(copied(order), original)
