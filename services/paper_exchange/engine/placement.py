"""Accepting an order: checks in the exchange's order, then registration and work.

The request alone, the account and the symbol, the filters, the counts, and last (`entry`) what only the engine can know.
Nothing changes before all of it has passed.
"""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.commands import Leg, PlaceOrder
from services.paper_exchange.engine.entry import admit, enter
from services.paper_exchange.engine.filter_checks import check_counts, check_filters
from services.paper_exchange.engine.house import place_for_house
from services.paper_exchange.engine.ledger import lock
from services.paper_exchange.engine.order_rules import check_parameters, check_symbol_allows
from services.paper_exchange.engine.orders import Order, copied
from services.paper_exchange.engine.outcomes import Placed
from services.paper_exchange.engine.refusals import (
    ACTION_DISABLED,
    BAD_STP_MODE,
    MARKET_CLOSED,
    MAY_NOT_TRADE,
    NOT_PERMITTED,
    UNSUPPORTED_COMBINATION,
    Refusal,
)
from services.paper_exchange.engine.routing import can_route
from services.paper_exchange.engine.state import State
from services.paper_exchange.engine.words import CONTINGENT, StpMode
from services.paper_exchange.engine.work import work


def place(state: State, desk: Desk, request: PlaceOrder) -> Placed:
    """Accept an order and let it work. Raises Refusal, having changed nothing."""
    if not desk.reports:
        return place_for_house(state, desk, request)
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
