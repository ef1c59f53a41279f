"""How an order is registered and how it ends."""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.ledger import unlock
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.state import State
from services.paper_exchange.engine.words import CONTINGENT, OPEN, ExpiryReason, OrderStatus


def register(desk: Desk, order: Order) -> None:
    """Enter an accepted order into the books of its market and its owner."""
    desk.market.orders[order.order_id] = order
    if desk.reports:
        desk.orders[order.order_id] = desk.open[order.order_id] = order
        desk.by_client_id[order.client_order_id] = order
        desk.algo_orders += order.type in CONTINGENT
        desk.iceberg_orders += order.iceberg_quantity > 0
        if order.side == "BUY":
            desk.open_buys += order.quantity


def finish(state: State, desk: Desk, order: Order, status: OrderStatus, reason: ExpiryReason = "NONE") -> None:
    """End an order: it gives back what is locked and is open no more. It must have left the book and the triggers."""
    assert order.status in OPEN, f"order {order.order_id} ends twice"
    order.status = status
    order.expiry_reason = reason
    order.update_us = state.now_us
    unlock(desk, order)
    del desk.market.orders[order.order_id]
    if desk.reports:
        del desk.open[order.order_id]
        desk.algo_orders -= order.type in CONTINGENT
        desk.iceberg_orders -= order.iceberg_quantity > 0
        if order.side == "BUY":
            desk.open_buys -= order.remaining
    state.touch(desk) if desk.reports else None


def leave_book(state: State, desk: Desk, order: Order) -> None:
    """Take a resting order out of the book, where everyone sees it go."""
    market = desk.market
    level = market.book.side(order.side).remove(order)
    state.level_changed(market, order.side, order.limit, level.total)
