"""The life of an order list after its placement.

pair      a leg trades, works or ends          the other leg ends, OCO_TRIGGER
working   filled                               the pending orders are released: they enter as new orders do
working   expired                              the pending orders end, OTO_PHASE_ONE_EXPIRED
released  cannot be placed (funds, filters)    it ends, REJECTED
list      no member open                       ALL_DONE
"""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.amounts import down
from services.paper_exchange.engine.entry import begin, check_entry
from services.paper_exchange.engine.filter_checks import check_filters
from services.paper_exchange.engine.ledger import lock, lock_list, require
from services.paper_exchange.engine.lifecycle import expire
from services.paper_exchange.engine.list_rules import check_pair_entry, pair_need
from services.paper_exchange.engine.orders import Order, OrderList
from services.paper_exchange.engine.refusals import Refusal
from services.paper_exchange.engine.state import State
from services.paper_exchange.engine.words import CONTINGENT
from services.paper_exchange.engine.work import work


def follow(state: State, order: Order) -> None:
    """Let a list act on what happened to one of its members."""
    order_list = state.lists.get(order.order_list_id)
    if order_list is None:
        return
    desk = state.markets[order_list.symbol].desks[order_list.account]
    if order.expiry_reason != "OCO_TRIGGER" and (order.executed or order.prevented or not order.is_open):
        end_partner(state, desk, order)
    if order.order_id == order_list.working_id and order_list.pending_ids:
        if order.status == "FILLED":
            if order_list not in state.released:
                state.released.append(order_list)
        elif not order.is_open:
            end_pending(state, desk, order_list)
    conclude(state, desk, order_list)


def end_partner(state: State, desk: Desk, order: Order) -> None:
    """End the other leg of a pair, if it is open."""
    order_list = state.lists[order.order_list_id]
    if order.order_id in order_list.pair_ids:
        for partner_id in order_list.pair_ids:
            partner = desk.open.get(partner_id)
            if partner is not None and partner is not order:
                expire(state, desk, partner, "OCO_TRIGGER")


def end_pending(state: State, desk: Desk, order_list: OrderList) -> None:
    """The working order is gone before it was filled: so are the pending ones, and what was bought for them is free."""
    pending = [desk.open[order_id] for order_id in order_list.pending_ids]
    order_list.pending_ids = ()
    lock_list(desk, order_list, pending[0], 0)
    for order in pending:
        expire(state, desk, order, "OTO_PHASE_ONE_EXPIRED")


def conclude(state: State, desk: Desk, order_list: OrderList) -> None:
    """Close a list without open members, and tell its owner."""
    if any(order_id in desk.open for order_id, _ in order_list.orders):
        return
    order_list.list_status_type = order_list.list_order_status = "ALL_DONE"
    del state.lists[order_list.order_list_id]
    desk.open_lists -= 1
    state.report_list(order_list)


def release(state: State, order_list: OrderList) -> None:
    """The working order is filled: the pending orders enter, as new orders do."""
    desk = state.markets[order_list.symbol].desks[order_list.account]
    pending = [desk.open[order_id] for order_id in order_list.pending_ids]
    order_list.pending_ids = ()
    received = order_list.locked
    lock_list(desk, order_list, pending[0], 0)
    state.touch(desk)
    try:
        for order in pending:
            if order_list.pays_itself:
                order.quantity = order.remaining = order.visible = _sellable(desk, order, received)
            if order_list.pays_itself or order.peg_price_type is not None:
                check_filters(state, desk, order)
        if order_list.pair_ids:
            check_pair_entry(desk, pending)
            require(desk, pending[0], pair_need(pending))
        else:
            check_entry(state, desk, pending[0])
    except Refusal:
        for order in pending:
            expire(state, desk, order, "REJECTED")
        return
    if order_list.pair_ids:
        lock_list(desk, order_list, pending[0], pair_need(pending))
        order_list.pair_waits = True
    elif pending[0].type != "MARKET":
        lock(desk, pending[0])
    for order in pending:
        _enter(state, desk, order)


def _enter(state: State, desk: Desk, order: Order) -> None:
    order.status = "NEW"
    order.update_us = state.now_us
    begin(state, desk, order)
    if order.type not in CONTINGENT:
        work(state, desk, order)


def _sellable(desk: Desk, order: Order, received: int) -> int:
    """What an OPO's pending order sells: what was received, rounded down to the lot."""
    instrument = desk.market.instrument
    market_lot = instrument.market_lot_size
    return down(received, max(instrument.step, market_lot.step_size if order.type == "MARKET" and market_lot else 0))
