"""Placing and canceling order lists.

A list is told of before its members (listStatus, then an executionReport each); at its end the members come first. It adds as
many orders to the open orders and to the unfilled order count as it has members (contradiction 6: the REST page, not the
WebSocket page).
"""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.commands import CancelOrderList, PlaceOrderList
from services.paper_exchange.engine.entry import admit, check_duplicate, enter
from services.paper_exchange.engine.filter_checks import check_counts, check_filters
from services.paper_exchange.engine.ledger import lock, lock_list, require
from services.paper_exchange.engine.lifecycle import end_canceled, register
from services.paper_exchange.engine.list_life import conclude
from services.paper_exchange.engine.list_rules import check_pair_entry, check_pair_prices, members, pair_need
from services.paper_exchange.engine.order_rules import check_parameters, check_symbol_allows
from services.paper_exchange.engine.orders import Order, OrderList, copied, copied_list
from services.paper_exchange.engine.outcomes import Canceled, ListCanceled, ListPlaced, Placed
from services.paper_exchange.engine.placement import check_account, draft, stp_mode
from services.paper_exchange.engine.refusals import ACTION_DISABLED, DUPLICATE_ORDER, UNKNOWN_ORDER, Refusal
from services.paper_exchange.engine.state import State
from services.paper_exchange.engine.words import CONTINGENT
from services.paper_exchange.engine.work import work


def place_list(state: State, desk: Desk, request: PlaceOrderList) -> ListPlaced:
    """Accept an order list as a whole. Raises Refusal, having changed nothing."""
    orders = _examined(state, desk, request)
    if request.kind == "OCO":
        check_pair_entry(desk, orders)
        require(desk, orders[0], pair_need(orders))
        return _start_pair(state, desk, _opened(state, desk, request, orders), orders)
    admit(state, desk, orders[0])
    lock(desk, orders[0])
    return _start_working(state, desk, _opened(state, desk, request, orders), orders)


def _opened(state: State, desk: Desk, request: PlaceOrderList, orders: list[Order]) -> OrderList:
    """The list, entered into all registers and told of; its members follow."""
    account, list_id = desk.account, state.next_list_id
    for order in orders:
        order.order_list_id = list_id
        order.client_order_id = order.client_order_id or state.new_client_order_id()
    legs = [order.order_id for order in (orders if request.kind == "OCO" else orders[1:])]
    order_list = OrderList(
        list_id,
        account.name,
        desk.market.instrument.symbol,
        request.kind,
        "OCO" if request.kind == "OCO" else "OTO",
        request.list_client_order_id or state.new_client_order_id(),
        state.now_us,
        tuple((order.order_id, order.client_order_id) for order in orders),
        state.now_us,
        pair_ids=tuple(legs) if len(legs) > 1 else (),
    )
    state.next_list_id = list_id + 1
    desk.market.next_order_id += len(orders)
    account.counts.add(len(orders), state.now_us)
    state.lists[list_id] = account.lists[list_id] = order_list
    account.lists_by_client_id[order_list.list_client_order_id] = order_list
    desk.open_lists += 1
    state.report_list(order_list)
    return order_list


def _start_pair(state: State, desk: Desk, order_list: OrderList, legs: list[Order]) -> ListPlaced:
    lock_list(desk, order_list, legs[0], pair_need(legs))
    order_list.pair_waits = True
    for leg in legs:
        enter(state, desk, leg)
        if leg.type not in CONTINGENT:
            work(state, desk, leg)
    return ListPlaced(copied_list(order_list), tuple(Placed(copied(leg)) for leg in legs))


def _start_working(state: State, desk: Desk, order_list: OrderList, orders: list[Order]) -> ListPlaced:
    working, *pending = orders
    order_list.working_id = working.order_id
    order_list.pending_ids = tuple(order.order_id for order in pending)
    enter(state, desk, working)
    for order in pending:
        order.status = "PENDING_NEW"
        register(desk, order)
        state.report(desk.market, order, "NEW")
    phase = work(state, desk, working)
    placed = Placed(copied(working), tuple(phase.fills), tuple(phase.prevented))
    return ListPlaced(copied_list(order_list), (placed, *(Placed(copied(order)) for order in pending)))


def _examined(state: State, desk: Desk, request: PlaceOrderList) -> list[Order]:
    """The orders that the request makes, with all checks passed but those that need the engine."""
    if not desk.reports:
        raise Refusal(ACTION_DISABLED)
    check_account(desk)
    legs = members(desk, request)
    mode = stp_mode(desk, request.self_trade_prevention)
    orders: list[Order] = []
    for index, (prefix, leg) in enumerate(legs):
        check_parameters(leg, prefix, quantity_follows=request.kind in ("OPO", "OPOCO") and index > 0)
        check_symbol_allows(leg, desk.market.instrument)
        order = draft(state, desk, leg, desk.market.next_order_id + index, mode)
        check_filters(state, desk, order)
        orders.append(order)
    check_counts(state, desk, tuple(orders), lists=1)
    desk.account.counts.require(len(orders), state.now_us)
    if request.kind in ("OTOCO", "OPOCO"):
        check_pair_prices(orders[1:])
    holder = desk.account.lists_by_client_id.get(request.list_client_order_id)
    if holder is not None and holder.is_open:
        raise Refusal(DUPLICATE_ORDER)
    ids = [order.client_order_id for order in orders if order.client_order_id]
    if len(set(ids)) < len(ids):
        raise Refusal(DUPLICATE_ORDER)
    for order in orders:
        check_duplicate(desk, order)
    return orders


def cancel_list(state: State, desk: Desk, request: CancelOrderList) -> ListCanceled:
    """Cancel a whole list. Raises Refusal, having changed nothing."""
    account = desk.account
    if request.order_list_id is not None:
        found = account.lists.get(request.order_list_id)
        if found is not None and request.list_client_order_id not in ("", found.list_client_order_id):
            found = None
    else:
        found = account.lists_by_client_id.get(request.list_client_order_id)
    if found is None or not found.is_open or found.symbol != desk.market.instrument.symbol:
        raise Refusal(UNKNOWN_ORDER)
    return end_list(state, desk, found, request.new_client_order_id)


def end_list(state: State, desk: Desk, order_list: OrderList, new_client_order_id: str) -> ListCanceled:
    """End a list by its owner's wish; all its members then answer to the cancel's one client order id."""
    new_client_order_id = new_client_order_id or state.new_client_order_id()
    held = order_list.pending_ids
    canceled: list[Canceled] = []
    order_list.pending_ids = ()
    for order_id, _ in order_list.orders:
        order = desk.open.get(order_id)
        if order is not None:
            if order_id in held and order_list.locked:
                lock_list(desk, order_list, order, 0)
            canceled.append(end_canceled(state, desk, order, new_client_order_id))
    conclude(state, desk, order_list)
    return ListCanceled(copied_list(order_list), tuple(canceled))
