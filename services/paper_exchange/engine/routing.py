"""The smart order router: one order over the books of several symbols with the same base asset and quotes at par.

The router walks the best prices over all books; at the same price the order's own book comes first. In another book the house
of the router trades as a taker like anyone, with the symbol's own trade, and passes what it got on to the order at the same
price as an allocation, paid in the quote asset of the order's symbol. Fills from the own book are trades (the text of the
documentation; its samples show allocations even there). The router's house may owe one quote asset and own another.

Self-trade prevention guards the own book only; in other books the counterpart is the router's house (not documented).
"""

from collections.abc import Iterable, Iterator
from heapq import merge

from services.paper_exchange.engine.accounts import Account, Desk
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.commands import OpenAccount
from services.paper_exchange.engine.execution import execute
from services.paper_exchange.engine.market import Market
from services.paper_exchange.engine.matching import Phase, crosses, prospects, take
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.price_range import price_range
from services.paper_exchange.engine.state import State

HOUSE = "(smart order router)"
"""The account that stands between two books; no client can name it."""


def other_markets(state: State, market: Market) -> list[Market]:
    """The other books that an order of this symbol may be routed to."""
    symbol = market.instrument.symbol
    group = next((symbols for symbols in state.sors if symbol in symbols), ())
    markets = (state.markets[other] for other in group if other != symbol)
    return [other for other in markets if other.instrument.status == "TRADING"]


def can_route(state: State, market: Market) -> bool:
    """Is the symbol part of a router's group?"""
    return any(market.instrument.symbol in symbols for symbols in state.sors)


def obtainable(state: State, desk: Desk, order: Order) -> tuple[int, int]:
    """(quantity, quote quantity) that the order would get now, from all books when it is routed."""
    offers: Iterable[tuple[int, int, bool]] = prospects(state, desk, order)
    if order.used_sor:
        sign = 1 if order.side == "BUY" else -1
        others = (_offers(other, order) for other in other_markets(state, desk.market))
        offers = merge(offers, *others, key=lambda each: each[0] * sign)
    left, filled, quote = order.remaining, 0, 0
    for price, offered, trades in offers:
        quantity = min(left, offered)
        left -= quantity
        if trades:
            filled += quantity
            quote += price * quantity // SCALE
        if not left:
            break
    return filled, quote


def _offers(market: Market, order: Order) -> Iterator[tuple[int, int, bool]]:
    for level in market.book.opposite(order.side):
        if not crosses(order, level.price):
            return
        for maker in level:
            yield level.price, maker.remaining, True


def take_routed(state: State, desk: Desk, order: Order, phase: Phase) -> None:
    """The taker phase of a routed order."""
    markets = [desk.market, *other_markets(state, desk.market)]
    while order.remaining and order.is_open and not phase.out_of_range:
        best: Market | None = None
        best_key = 0
        for market in markets:
            side = market.book.opposite(order.side)
            if side.keys and (best is None or side.keys[-1] > best_key) and crosses(order, abs(side.keys[-1])):
                best, best_key = market, side.keys[-1]
        if best is None:
            return
        price = abs(best_key)
        if best is desk.market:
            order.working_floor = "EXCHANGE"
            take(state, desk, order, phase, until=price)
        else:
            order.working_floor = "SOR"
            _allocate(state, desk, order, best, price, phase)


def _allocate(state: State, desk: Desk, order: Order, market: Market, price: int, phase: Phase) -> None:
    """Have the house take one level of another book, and pass it on."""
    bought = _order_of_house(state, market, order, price)
    market.next_order_id += 1
    take(state, market.desk(_house(state)), bought, Phase(price_range(state, market, order.side)), until=price)
    quantity = bought.executed
    if not quantity:
        phase.out_of_range = True
        return
    quote = price * quantity // SCALE
    own = desk.market.desk(_house(state))
    given, got = (quantity, quote) if order.side == "BUY" else (quote, quantity)
    own.gets[order.side].free -= given
    own.gives[order.side].free += got
    allocation_id = desk.market.next_allocation_id
    desk.market.next_allocation_id = allocation_id + 1
    fill = execute(state, desk, order, price, quantity, quote, -1, False, allocation_id)
    if fill is not None:
        phase.fills.append(fill)


def _house(state: State) -> Account:
    house = state.accounts.get(HOUSE)
    if house is None:
        house = state.accounts[HOUSE] = Account(OpenAccount(account=HOUSE, unlimited=True), state.order_limits)
    return house


def _order_of_house(state: State, market: Market, order: Order, price: int) -> Order:
    quantity, now_us = order.remaining, state.now_us
    return Order(
        market.next_order_id,
        HOUSE,
        market.instrument.symbol,
        order.side,
        "LIMIT",
        "IOC",
        price,
        quantity,
        quantity,
        quantity,
        price,
        "",
        "NONE",
        now_us,
        now_us,
        price,
    )
