"""The taker phase: an order meets the other side of the book in price-time priority.

A trade happens at the resting order's price. What the taker does not get is left to the caller: it rests, or it expires.
Where the next slice of an iceberg queues is not documented; here it goes to the end, as anything new does.
"""

from collections.abc import Iterator

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.execution import trade
from services.paper_exchange.engine.lifecycle import finish
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.price_range import price_range
from services.paper_exchange.engine.records import Fill, PreventedMatch
from services.paper_exchange.engine.self_trade import is_self_trade, prevent
from services.paper_exchange.engine.state import State


class Phase:
    """One taker phase: within which prices it trades, and what it came to."""

    __slots__ = ("fills", "highest", "lowest", "out_of_range", "prevented")

    def __init__(self, borders: tuple[int, int] = (0, 0)) -> None:
        """`borders` are those of `price_range`, which hold for the whole phase, whatever its own trades do to the reference."""
        self.lowest, self.highest = borders
        self.fills: list[Fill] = []
        self.prevented: list[PreventedMatch] = []
        self.out_of_range = False
        """Did the next match lie outside the price range?"""


def crosses(order: Order, price: int) -> bool:
    """May the order trade at this price? An order without a limit may at any."""
    return not order.limit or (price <= order.limit if order.side == "BUY" else price >= order.limit)


def would_take(desk: Desk, order: Order) -> bool:
    """Would it meet an order at once?"""
    level = desk.market.book.opposite(order.side).best()
    return level is not None and crosses(order, level.price)


def prospects(state: State, desk: Desk, order: Order) -> Iterator[tuple[int, int, bool]]:
    """(price, quantity, does it trade?) of the orders it would meet now; what it may not trade with only shrinks it."""
    market, mode = desk.market, order.self_trade_prevention
    guarded = mode != "NONE" and desk.reports
    lowest, highest = price_range(state, market, order.side)
    for level in market.book.opposite(order.side):
        price = level.price
        if not crosses(order, price) or price < lowest or (highest and price > highest):
            return
        for maker in level:
            if not guarded or not is_self_trade(desk, order, maker):
                yield price, maker.remaining, True
            elif mode in ("EXPIRE_TAKER", "EXPIRE_BOTH"):
                return
            elif mode != "EXPIRE_MAKER":
                yield price, maker.remaining, False


def take(state: State, desk: Desk, order: Order, phase: Phase, until: int = 0) -> None:
    """Trade as long as there is something to trade with, up to the order's limit, or the price `until`."""
    market, is_buy = desk.market, order.side == "BUY"
    makers = market.book.opposite(order.side)
    limit = until or order.limit
    guarded = order.self_trade_prevention != "NONE" and desk.reports
    lowest, highest = phase.lowest, phase.highest
    while order.remaining:
        level = makers.best()
        if level is None:
            return
        price = level.price
        if limit and (price > limit if is_buy else price < limit):
            return
        if price < lowest or (highest and price > highest):
            phase.out_of_range = True
            return
        shown = level.total
        while order.remaining and level.count:
            maker = level.first()
            if guarded and is_self_trade(desk, order, maker):
                phase.prevented.append(prevent(state, desk, order, maker))
                continue
            quantity = maker.visible if maker.visible < order.remaining else order.remaining
            trade(state, market, desk, order, maker, price, quantity, phase.fills)
            maker.visible -= quantity
            level.total -= quantity
            if not maker.remaining:
                makers.remove(maker)
                finish(state, market.desks[maker.account], maker, "FILLED")
            elif not maker.visible:
                maker.visible = min(maker.iceberg_quantity, maker.remaining)
                makers.requeue(maker, level)
        if level.total != shown:
            state.level_changed(market, makers.side, price, level.total)
