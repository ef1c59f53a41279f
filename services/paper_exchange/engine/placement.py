"""Accepting an order and letting it work: checks, then registration, taker phase, and what becomes of the rest."""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.commands import PlaceOrder
from services.paper_exchange.engine.ledger import lock
from services.paper_exchange.engine.lifecycle import finish, register
from services.paper_exchange.engine.matching import fillable, take, would_take
from services.paper_exchange.engine.orders import Order, copied
from services.paper_exchange.engine.outcomes import Placed
from services.paper_exchange.engine.records import Fill
from services.paper_exchange.engine.refusals import (
    DUPLICATE_ORDER,
    INSUFFICIENT_BALANCE,
    MARKET_CLOSED,
    NOTHING_WORTH,
    WOULD_TAKE,
    Refusal,
    filter_failure,
    missing,
)
from services.paper_exchange.engine.state import State
from services.paper_exchange.engine.words import ExpiryReason


def place(state: State, desk: Desk, request: PlaceOrder) -> Placed:
    """Accept an order and run its taker phase. Raises Refusal, having changed nothing."""
    order = accepted(state, desk, request)
    register(desk, order)
    if desk.reports:
        state.report(desk.market, order, "NEW")
        state.touch(desk)
    fills = work(state, desk, order)
    return Placed(copied(order), tuple(fills)) if desk.reports else Placed(order)


def accepted(state: State, desk: Desk, request: PlaceOrder) -> Order:
    """The order that a request makes, checked and funded but not yet registered."""
    market, instrument = desk.market, desk.market.instrument
    if instrument.status != "TRADING":
        raise Refusal(MARKET_CLOSED)
    side, type, price, quantity = request.side, request.type, request.price, request.quantity
    is_market = type == "MARKET"
    if quantity <= 0:
        raise missing("quantity")
    if not is_market:
        if price <= 0:
            raise missing("price")
        if not instrument.price_filter.allows(price):
            raise filter_failure("PRICE_FILTER")
        if price * quantity < SCALE:
            raise Refusal(NOTHING_WORTH)
    if not instrument.lot_size.allows(quantity):
        raise filter_failure("LOT_SIZE")
    client_order_id = request.client_order_id
    if desk.reports:
        holder = desk.by_client_id.get(client_order_id)
        if holder is not None and holder.is_open:
            raise Refusal(DUPLICATE_ORDER)
        if not client_order_id:
            client_order_id = state.new_client_order_id()
    now = state.now_us
    order = Order(
        market.next_order_id,
        desk.account.name,
        instrument.symbol,
        side,
        type,
        request.time_in_force or "GTC",
        price,
        quantity,
        quantity,
        quantity,
        price,
        client_order_id,
        request.self_trade_prevention or instrument.default_self_trade_prevention,
        now,
        now,
        working_us=now,
    )
    if is_market:
        if desk.reports:
            filled, quote = fillable(desk, order)
            if desk.gives[side].free < (quote if side == "BUY" else filled):
                raise Refusal(INSUFFICIENT_BALANCE)
    else:
        if type == "LIMIT_MAKER" and would_take(desk, order):
            raise Refusal(WOULD_TAKE)
        lock(desk, order)
    market.next_order_id += 1
    return order


def work(state: State, desk: Desk, order: Order) -> list[Fill]:
    """Let an order that has come to work trade, rest or expire."""
    fills: list[Fill] = []
    reason: ExpiryReason
    if order.time_in_force == "FOK" and fillable(desk, order)[0] < order.remaining:
        reason = "UNFILLED_FOK_ORDER_EXPIRED"
    else:
        if would_take(desk, order):
            fills = take(state, desk, order)
        if not order.remaining:
            finish(state, desk, order, "FILLED")
            return fills
        if order.limit and order.time_in_force == "GTC":
            rest(state, desk, order)
            return fills
        reason = "UNFILLED_IOC_QUANTITY_EXPIRED" if order.limit else "INSUFFICIENT_LIQUIDITY"
    finish(state, desk, order, "EXPIRED", reason)
    if desk.reports:
        state.report(desk.market, order, "EXPIRED")
    return fills


def rest(state: State, desk: Desk, order: Order) -> None:
    """Queue an order in the book."""
    order.visible = min(order.iceberg_quantity, order.remaining) if order.iceberg_quantity else order.remaining
    market = desk.market
    level = market.book.side(order.side).add(order)
    state.level_changed(market, order.side, order.limit, level.total)
