"""Money: locking it for orders, moving it in trades. What leaves one balance enters another or the collected fees.

An order's `locked` is what remains of it: the quantity for a SELL, at its reserve price for a BUY, cut off at the last decimal.
While both legs of an OCO pair wait, their list holds one amount for both, enough for either: only one of them can trade.
(The documentation is silent on both; the exchange's own account views agree.)
"""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.amounts import HALF, SCALE
from services.paper_exchange.engine.commissions import charge
from services.paper_exchange.engine.orders import Order, OrderList
from services.paper_exchange.engine.refusals import INSUFFICIENT_BALANCE, Refusal
from services.paper_exchange.engine.state import State


def need(order: Order) -> int:
    """What must be locked for what remains of an order, in the asset it gives."""
    return order.remaining if order.side == "SELL" else order.reserve * order.remaining // SCALE


def require(desk: Desk, order: Order, amount: int) -> None:
    """Raise Refusal unless so much of the asset that the order gives is free."""
    if desk.gives[order.side].free < amount and desk.reports:
        raise Refusal(INSUFFICIENT_BALANCE)


def lock(desk: Desk, order: Order) -> None:
    """Lock exactly what the order needs now; what is locked above that becomes free."""
    amount = order.remaining if order.side == "SELL" else order.reserve * order.remaining // SCALE
    more = amount - order.locked
    if more:
        balance = desk.gives[order.side]
        balance.free -= more
        balance.locked += more
        order.locked = amount


def unlock(desk: Desk, order: Order) -> None:
    """Give back all that is locked for an order."""
    amount = order.locked
    if amount:
        balance = desk.gives[order.side]
        balance.free += amount
        balance.locked -= amount
        order.locked = 0


def lock_list(desk: Desk, order_list: OrderList, order: Order, amount: int) -> None:
    """Let a list hold this much of the asset that its order gives; what it held above that becomes free."""
    balance = desk.gives[order.side]
    balance.free -= amount - order_list.locked
    balance.locked += amount - order_list.locked
    order_list.locked = amount


def touch_pair(state: State, desk: Desk, order: Order) -> None:
    """A leg of a waiting pair is about to trade or to end: from now on it holds its own funds and its partner none."""
    order_list = state.lists[order.order_list_id]
    if order_list.pair_waits and order.order_id in order_list.pair_ids:
        order_list.pair_waits = False
        lock_list(desk, order_list, order, 0)
        lock(desk, order)
        state.touch(desk)


def settle(state: State, desk: Desk, order: Order, quantity: int, quote: int, is_maker: bool) -> tuple[int, str]:
    """Move one side of a trade after the order's `remaining` was lowered; returns the commission and its asset."""
    side = order.side
    gives, gets = desk.gives[side], desk.gets[side]
    given, got = (quote, quantity) if side == "BUY" else (quantity, quote)
    if order.locked:
        still = order.remaining if side == "SELL" else order.reserve * order.remaining // SCALE
        released = order.locked - still
        order.locked = still
        gives.locked -= released
        given -= released
    gives.free -= given
    if not desk.reports:
        gets.free += got
        return 0, ""
    terms = desk.terms[side][is_maker]
    if terms.is_plain:
        commission, asset, apart = (got * terms.standard + HALF) // SCALE, terms.asset, False
        if commission:
            state.fees[asset] = state.fees.get(asset, 0) + commission
    else:
        commission, asset, apart = charge(state, desk, terms, got)
    gets.free += got if apart else got - commission
    if order.order_list_id >= 0:
        order_list = state.lists[order.order_list_id]
        if order_list.pays_itself and order.order_id == order_list.working_id:
            _keep(order_list, desk, got if apart else got - commission, commission, asset)
    return commission, asset


def _keep(order_list: OrderList, desk: Desk, received: int, commission: int, asset: str) -> None:
    """Lock what the working order of an OPO bought for its pending orders.

    The commission is taken from the free balance instead, when that suffices and the asset is not BNB.
    """
    balance = desk.gets["BUY"]
    if asset == desk.market.instrument.base and asset != "BNB" and balance.free >= received + commission:
        received += commission
    balance.free -= received
    balance.locked += received
    order_list.locked += received
