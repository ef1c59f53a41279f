"""Accepting an order: checks in the exchange's order, then registration and work.

The request alone, the account and the symbol, the filters, the counts, and last what only the engine can know: a client order
id in use, a stop price on the wrong side, a post-only order that would take, missing funds. Nothing changes before all of it
has passed.
"""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.commands import Leg, PlaceOrder
from services.paper_exchange.engine.filter_checks import check_counts, check_filters
from services.paper_exchange.engine.ledger import lock, need, require
from services.paper_exchange.engine.lifecycle import register
from services.paper_exchange.engine.matching import would_take
from services.paper_exchange.engine.order_rules import check_parameters, check_symbol_allows
from services.paper_exchange.engine.orders import Order, copied
from services.paper_exchange.engine.outcomes import Placed
from services.paper_exchange.engine.pegs import fix_price, peg_price
from services.paper_exchange.engine.refusals import (
    ACTION_DISABLED,
    BAD_STP_MODE,
    DUPLICATE_ORDER,
    MARKET_CLOSED,
    MAY_NOT_TRADE,
    NOT_PERMITTED,
    UNSUPPORTED_COMBINATION,
    WOULD_TAKE,
    WOULD_TRIGGER,
    Refusal,
    filter_failure,
    missing,
)
from services.paper_exchange.engine.reverse_market import quantity_for
from services.paper_exchange.engine.routing import can_route, obtainable
from services.paper_exchange.engine.state import State
from services.paper_exchange.engine.triggers import reached
from services.paper_exchange.engine.words import CONTINGENT, StpMode
from services.paper_exchange.engine.work import work


def place(state: State, desk: Desk, request: PlaceOrder) -> Placed:
    """Accept an order and let it work. Raises Refusal, having changed nothing."""
    if not desk.reports:
        return _place_for_house(state, desk, request)
    order = examined(state, desk, request)
    desk.account.counts.require(1, state.now_us)
    admit(state, desk, order)
    if order.type != "MARKET":
        lock(desk, order)
    desk.market.next_order_id += 1
    desk.account.counts.add(1, state.now_us)
    enter(state, desk, order)
    if order.type in CONTINGENT:
        return Placed(copied(order))
    phase = work(state, desk, order)
    return Placed(copied(order), tuple(phase.fills), tuple(phase.prevented))


def examined(state: State, desk: Desk, request: PlaceOrder) -> Order:
    """The order that a request makes, with all checks passed that need no engine: what `order.test` checks."""
    market = desk.market
    if desk.cleared is not market.instrument:
        check_account(desk)
    check_parameters(request, quote_quantity=request.quote_quantity)
    check_symbol_allows(request, market.instrument, quote_quantity=request.quote_quantity)
    mode = stp_mode(desk, request.self_trade_prevention)
    order = draft(state, desk, request, market.next_order_id, mode, request.quote_quantity)
    if request.sor:
        if request.type not in ("LIMIT", "MARKET") or request.peg_price_type is not None or request.quote_quantity:
            raise Refusal(UNSUPPORTED_COMBINATION)
        if desk.account.settings.prevent_sor or not can_route(state, desk.market):
            raise Refusal(ACTION_DISABLED)
        order.used_sor, order.working_floor = True, "SOR"
    check_filters(state, desk, order)
    check_counts(state, desk, (order,))
    return order


def check_account(desk: Desk) -> None:
    """Raise Refusal when the account may not place orders on the symbol now."""
    settings, instrument = desk.account.settings, desk.market.instrument
    if not settings.can_trade:
        raise Refusal(MAY_NOT_TRADE)
    if not all(any(each in settings.permissions for each in either) for either in instrument.permission_sets):
        raise Refusal(NOT_PERMITTED)
    if instrument.status != "TRADING":
        raise Refusal(MARKET_CLOSED)
    desk.cleared = instrument


def stp_mode(desk: Desk, asked: StpMode | None) -> StpMode:
    """The self-trade prevention mode of a new order. Raises Refusal when the symbol (or the account) does not allow it."""
    instrument = desk.market.instrument
    if asked is None:
        return instrument.default_self_trade_prevention
    if asked not in instrument.allowed_self_trade_prevention:
        raise Refusal(BAD_STP_MODE)
    if asked == "NONE" and desk.account.settings.require_self_trade_prevention:
        raise Refusal(BAD_STP_MODE)
    return asked


def draft(state: State, desk: Desk, leg: Leg, order_id: int, mode: StpMode, quote_quantity: int = 0) -> Order:
    """A new order as the request describes it, in no register yet."""
    market, now_us, price, quantity = desk.market, state.now_us, leg.price, leg.quantity
    order = Order(
        order_id,
        desk.account.name,
        market.instrument.symbol,
        leg.side,
        leg.type,
        leg.time_in_force or "GTC",
        price,
        quantity,
        quantity,
        quantity,
        price,
        leg.client_order_id,
        mode,
        now_us,
        now_us,
        price,
    )
    if leg.strategy_id is not None or leg.strategy_type is not None:
        order.strategy_id, order.strategy_type = leg.strategy_id, leg.strategy_type
    if leg.iceberg_quantity:
        order.iceberg_quantity = leg.iceberg_quantity
    if leg.type in CONTINGENT:
        order.stop_price, order.trailing_delta = leg.stop_price, leg.trailing_delta
        order.reserve = price or leg.stop_price or market.last_price
    if leg.peg_price_type is not None:
        order.peg_price_type = leg.peg_price_type
        order.peg_offset_type, order.peg_offset_value = leg.peg_offset_type, leg.peg_offset_value
    order.quote_quantity = quote_quantity
    return order


def admit(state: State, desk: Desk, order: Order) -> None:
    """The engine's own checks of a new order. Raises Refusal."""
    check_duplicate(desk, order)
    if order.quote_quantity:
        order.quantity = order.remaining = order.visible = quantity_for(state, desk, order)
        check_filters(state, desk, order)
    check_entry(state, desk, order)


def check_duplicate(desk: Desk, order: Order) -> None:
    """Raise Refusal when another open order has the client order id."""
    if order.client_order_id:
        holder = desk.by_client_id.get(order.client_order_id)
        if holder is not None and holder.is_open and holder.client_order_id == order.client_order_id:
            raise Refusal(DUPLICATE_ORDER)


def check_entry(state: State, desk: Desk, order: Order) -> None:
    """May the order enter the book, or wait for its trigger, now, and are its funds free? Raises Refusal."""
    market = desk.market
    if order.type not in CONTINGENT:
        check_working(state, desk, order)
        return
    if order.stop_price and market.last_price and reached(order, market.last_price):
        raise Refusal(WOULD_TRIGGER)
    if order.peg_price_type is not None and not order.reserve:
        order.reserve = peg_price(market, order)
    require(desk, order, need(order))


def check_working(state: State, desk: Desk, order: Order) -> None:
    """May the order begin to work now, and are its funds free? Chooses the price of a pegged order. Raises Refusal."""
    if order.peg_price_type is not None:
        fix_price(desk.market, order)
        check_filters(state, desk, order)
    if order.type == "LIMIT_MAKER" and would_take(desk, order):
        raise Refusal(WOULD_TAKE)
    if order.limit:
        require(desk, order, need(order))
        return
    if not _surely_pays(desk, order):
        # Not enough for all that the book would give a market order: refused, not filled in part.
        filled, quote = obtainable(state, desk, order)
        require(desk, order, quote if order.side == "BUY" else filled)


def _surely_pays(desk: Desk, order: Order) -> bool:
    """Does a look at the levels alone show that a market order can be paid? What they hide can only make a BUY cheaper."""
    free, left, cost = desk.gives[order.side].free, order.remaining, 0
    if order.side == "SELL":
        return free >= left
    if order.used_sor or order.self_trade_prevention != "NONE":
        return False
    for level in desk.market.book.asks:
        quantity = min(left, level.total)
        cost += level.price * quantity // SCALE
        left -= quantity
        if not left:
            return cost <= free
    return False


def enter(state: State, desk: Desk, order: Order) -> None:
    """Register an admitted order and tell of it; a contingent one waits for its trigger from now on."""
    if not order.client_order_id:
        order.client_order_id = state.new_client_order_id()
    register(desk, order)
    state.touch(desk)
    if order.type in CONTINGENT:
        desk.market.triggers.add(order, desk.market.last_price, state.now_us)
    else:
        order.working_us = state.now_us
    state.report(desk.market, order, "NEW")


_HOUSE_TYPES = frozenset(("LIMIT", "LIMIT_MAKER", "MARKET"))


def _place_for_house(state: State, desk: Desk, request: PlaceOrder) -> Placed:
    """The short way of a house of the synthetic market: tick and lot, then work."""
    market = desk.market
    instrument = market.instrument
    if request.type not in _HOUSE_TYPES:
        raise Refusal(ACTION_DISABLED)
    if request.quantity <= 0:
        raise missing("quantity")
    if request.type != "MARKET" and (request.price <= 0 or request.price % instrument.price_filter.tick_size):
        raise filter_failure("PRICE_FILTER")
    if request.quantity % instrument.lot_size.step_size:
        raise filter_failure("LOT_SIZE")
    if instrument.status != "TRADING":
        raise Refusal(MARKET_CLOSED)
    now_us, quantity, price = state.now_us, request.quantity, request.price
    order = Order(
        market.next_order_id,
        desk.account.name,
        instrument.symbol,
        request.side,
        request.type,
        request.time_in_force or "GTC",
        price,
        quantity,
        quantity,
        quantity,
        price,
        request.client_order_id,
        "NONE",
        now_us,
        now_us,
        price,
        working_us=now_us,
    )
    if request.type == "LIMIT_MAKER" and would_take(desk, order):
        raise Refusal(WOULD_TAKE)
    market.next_order_id += 1
    lock(desk, order)
    market.orders[order.order_id] = order
    work(state, desk, order)
    return Placed(order)
