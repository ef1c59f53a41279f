"""Money: locking it for orders, moving it in trades. What leaves one balance enters another or the collected fees."""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.commissions import charge
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.refusals import INSUFFICIENT_BALANCE, Refusal
from services.paper_exchange.engine.state import State


def need(order: Order) -> int:
    """What must be locked for what remains of an order, in the asset it gives.

    A BUY that becomes a market order on its trigger needs its stop price's worth (the documentation is silent).
    """
    if order.side == "SELL":
        return order.remaining
    return (order.limit or order.stop_price or order.trailing_extreme) * order.remaining // SCALE


def lock(desk: Desk, order: Order) -> None:
    """Lock what the order needs. Raises Refusal when it is not there."""
    amount = need(order)
    balance = desk.gives[order.side]
    if balance.free < amount and desk.reports:
        raise Refusal(INSUFFICIENT_BALANCE)
    balance.free -= amount
    balance.locked += amount
    order.locked = amount


def unlock(desk: Desk, order: Order) -> None:
    """Give back all that is locked for an order."""
    amount = order.locked
    if amount:
        balance = desk.gives[order.side]
        balance.free += amount
        balance.locked -= amount
        order.locked = 0


def settle(state: State, desk: Desk, order: Order, quantity: int, quote: int, *, is_maker: bool) -> tuple[int, str | None]:
    """Move one side of a trade after the order's `remaining` was lowered; returns the commission and its asset."""
    side = order.side
    gives, gets = desk.gives[side], desk.gets[side]
    given, got = (quote, quantity) if side == "BUY" else (quantity, quote)
    if order.locked:
        still = need(order)
        released = order.locked - still
        order.locked = still
        gives.locked -= released
        gives.free += released
    gives.free -= given
    if not desk.reports:
        gets.free += got
        return 0, None
    commission, asset, apart = charge(state, desk, side, got, is_maker=is_maker)
    gets.free += got if apart else got - commission
    return commission, asset
