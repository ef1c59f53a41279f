"""Amend keep priority: an open order is made smaller and keeps its place in the queue.

Amending a leg of a pair that waits changes both legs. An order of which nothing is left by the amendment (the new quantity is
not above what was executed and prevented) expires: the documentation only hints at it.
"""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.cancellation import find_open
from services.paper_exchange.engine.commands import AmendOrder
from services.paper_exchange.engine.filter_checks import check_notional, check_quantity
from services.paper_exchange.engine.ledger import lock, lock_list
from services.paper_exchange.engine.lifecycle import expire
from services.paper_exchange.engine.list_rules import pair_need
from services.paper_exchange.engine.orders import Order, OrderList, copied, copied_list
from services.paper_exchange.engine.outcomes import Amended, Refused
from services.paper_exchange.engine.records import Amendment
from services.paper_exchange.engine.refusals import (
    ACTION_DISABLED,
    DUPLICATE_ORDER,
    MARKET_CLOSED,
    NO_AMEND,
    NO_CHANGE,
    NO_INCREASE,
    NO_OPO_AMEND,
    Refusal,
    filter_failure,
    missing,
)
from services.paper_exchange.engine.state import State
from services.paper_exchange.engine.words import PRICED

_AMEND_REJECTED = -2038


def amend(state: State, desk: Desk, request: AmendOrder) -> Amended:
    """Lower the quantity of an open order. Raises Refusal, having changed nothing."""
    if not desk.reports:
        raise Refusal(ACTION_DISABLED)
    if request.new_quantity <= 0:
        raise missing("newQty")
    try:
        order = _examined(state, desk, request)
    except Refusal as refusal:
        raise Refusal(Refused(_AMEND_REJECTED, refusal.refused.message)) from None
    order_list = state.lists.get(order.order_list_id)
    orders = [order, *_partners(desk, order_list, order)]
    original_id, original_quantity = order.client_order_id, order.quantity
    order.amends += 1
    _name(desk, order, request.new_client_order_id or state.new_client_order_id())
    for each in orders:
        _cut(state, desk, each, request.new_quantity)
    if order_list is not None and order_list.pair_waits:
        lock_list(desk, order_list, order, pair_need(orders))
    state.touch(desk)
    execution_id = 0
    for each in orders:
        told = state.report(desk.market, each, "REPLACED", original_client_order_id=original_id if each is order else "")
        execution_id = execution_id or told
    desk.amendments.append(
        Amendment(
            order.symbol,
            order.order_id,
            execution_id,
            original_id,
            order.client_order_id,
            original_quantity,
            request.new_quantity,
            state.now_us,
        )
    )
    if order_list is not None and order.client_order_id != original_id:
        _tell_name(state, order_list, order)
    if not order.remaining:
        expire(state, desk, order, "NONE")
    return Amended(copied(order), original_id, execution_id, copied_list(order_list) if order_list is not None else None)


def _examined(state: State, desk: Desk, request: AmendOrder) -> Order:
    instrument = desk.market.instrument
    if not instrument.amend_allowed:
        raise Refusal(NO_AMEND)
    if instrument.status not in ("TRADING", "CANCEL_ONLY"):
        raise Refusal(MARKET_CLOSED)
    order = find_open(desk, request.order_id, request.client_order_id)
    order_list = state.lists.get(order.order_list_id)
    if order_list is not None and order_list.pays_itself and order.order_id in order_list.pending_ids:
        raise Refusal(NO_OPO_AMEND)
    quantity = request.new_quantity
    if quantity == order.quantity:
        raise Refusal(NO_CHANGE)
    if quantity > order.quantity:
        raise Refusal(NO_INCREASE)
    most = instrument.max_num_order_amends
    if most is not None and order.amends >= most.max_num_order_amends:
        raise filter_failure("MAX_NUM_ORDER_AMENDS")
    check_quantity(instrument, order, quantity)
    if order.limit or order.price or order.type not in PRICED:
        check_notional(state, desk, order, order.limit or order.price, quantity)
    holder = desk.by_client_id.get(request.new_client_order_id)
    if holder is not None and holder is not order and holder.is_open:
        raise Refusal(DUPLICATE_ORDER)
    return order


def _partners(desk: Desk, order_list: OrderList | None, order: Order) -> list[Order]:
    """The other leg of an order's pair."""
    if order_list is None or order.order_id not in order_list.pair_ids:
        return []
    return [desk.open[other] for other in order_list.pair_ids if other in desk.open and other != order.order_id]


def _name(desk: Desk, order: Order, client_order_id: str) -> None:
    """Let an order go by another client order id; its old one is free."""
    if desk.by_client_id.get(order.client_order_id) is order:
        del desk.by_client_id[order.client_order_id]
    order.client_order_id = client_order_id
    desk.by_client_id[client_order_id] = order


def _cut(state: State, desk: Desk, order: Order, quantity: int) -> None:
    lost = min(order.quantity - quantity, order.remaining)
    order.quantity -= lost
    order.remaining -= lost
    order.update_us = state.now_us
    if order.side == "BUY":
        desk.open_buys -= lost
    if order.resting and order.remaining < order.visible:
        level = desk.market.book.side(order.side).shrink(order, order.remaining)
        state.level_changed(desk.market, order.side, order.limit, level.total)
    else:
        order.visible = min(order.visible, order.remaining)
    if order.locked:
        lock(desk, order)


def _tell_name(state: State, order_list: OrderList, order: Order) -> None:
    order_list.orders = tuple(
        (order_id, order.client_order_id if order_id == order.order_id else client_id)
        for order_id, client_id in order_list.orders
    )
    order_list.list_status_type = "UPDATED"
    state.report_list(order_list)
    order_list.list_status_type = "EXEC_STARTED"
