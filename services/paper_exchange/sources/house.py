"""A book that is kept elsewhere, as orders of the house: customers' orders queue among them and trade with them.

What a customer took from a level stays taken until the level changes elsewhere, too. A trade that happened elsewhere happens
here between orders of the house, so that tapes, candles and stop orders see it; customers' orders that are better placed get
their share of it.
"""

from collections.abc import Iterable

from services.paper_exchange.crowd import MAKERS, TAKERS
from services.paper_exchange.engine.amounts import parse
from services.paper_exchange.engine.commands import CancelOrder, PlaceOrder
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.outcomes import Placed
from services.paper_exchange.engine.words import Side, TimeInForce, other
from services.paper_exchange.venue import Venue
from shared.contract.market.models import Level

Levels = Iterable[tuple[int, int]]
"""(price, quantity), in units of 1e-8."""


class HouseBook:
    """The book of one symbol as it is elsewhere."""

    def __init__(self, venue: Venue, symbol: str) -> None:
        self._venue = venue
        self._engine = venue.engine
        self._market = venue.engine.state.markets[symbol]
        self._symbol = symbol
        self._wanted: dict[Side, dict[int, int]] = {"BUY": {}, "SELL": {}}
        """Quantities as they are elsewhere, by price."""
        self._orders: dict[Side, dict[int, list[int]]] = {"BUY": {}, "SELL": {}}
        """Ids of the orders of the house, by price, oldest first."""

    def reset(self, bids: Levels, asks: Levels) -> None:
        """Take this for the whole book."""
        new: dict[Side, dict[int, int]] = {"BUY": dict(bids), "SELL": dict(asks)}
        gone = {side: [(price, 0) for price in self._wanted[side] if price not in new[side]] for side in new}
        self.change([*gone["BUY"], *new["BUY"].items()], [*gone["SELL"], *new["SELL"].items()])

    def change(self, bids: Levels, asks: Levels) -> None:
        """These levels have these quantities now; zero removes."""
        sides: tuple[tuple[Side, Levels], ...] = (("BUY", bids), ("SELL", asks))
        changes: list[tuple[Side, int, int]] = [(side, price, quantity) for side, levels in sides for price, quantity in levels]
        # First what shrinks, so that the house does not trade with itself while its book moves.
        for shrinks in (True, False):
            for side, price, quantity in changes:
                if (quantity < self._wanted[side].get(price, 0)) is shrinks:
                    self._set(side, price, quantity)
        self._venue.absorb()

    def trade(self, price: int, quantity: int, *, buyer_is_maker: bool) -> None:
        """Somebody traded elsewhere."""
        maker: Side = "BUY" if buyer_is_maker else "SELL"
        taker = other(maker)
        book = self._market.book
        against = book.best(taker)
        crosses = against is not None and (price <= against[0] if maker == "SELL" else price >= against[0])
        extra = None if crosses else self._place(MAKERS, maker, price, quantity, "GTC")
        touched = [each for each in self._wanted[maker] if (each >= price if maker == "BUY" else each <= price)]
        self._place(TAKERS, taker, price, quantity, "IOC")
        if extra is not None:
            self._cancel(extra.order_id)
        for each in touched:
            self._set(maker, each, self._wanted[maker][each])
        self._venue.absorb()

    def _set(self, side: Side, price: int, quantity: int) -> None:
        """Have the house show so much at a price."""
        if quantity:
            self._wanted[side][price] = quantity
        else:
            self._wanted[side].pop(price, None)
        open_orders = self._market.orders
        ids = [order_id for order_id in self._orders[side].pop(price, ()) if order_id in open_orders]
        shown = sum(open_orders[order_id].remaining for order_id in ids)
        while shown > quantity:
            order_id = ids.pop()
            shown -= open_orders[order_id].remaining
            self._cancel(order_id)
        if shown < quantity:
            placed = self._place(MAKERS, side, price, quantity - shown, "GTC")
            if placed is not None:
                ids.append(placed.order_id)
        if ids:
            self._orders[side][price] = ids

    def _place(self, account: str, side: Side, price: int, quantity: int, time_in_force: TimeInForce) -> Order | None:
        """The order, if it rests."""
        outcome = self._engine.place(
            PlaceOrder(
                account=account,
                symbol=self._symbol,
                side=side,
                type="LIMIT",
                price=price,
                quantity=quantity,
                time_in_force=time_in_force,
            ),
            self._venue.now_us,
        )
        return outcome.order if isinstance(outcome, Placed) and outcome.order.is_open else None

    def _cancel(self, order_id: int) -> None:
        self._engine.cancel(CancelOrder(account=MAKERS, symbol=self._symbol, order_id=order_id), self._venue.now_us)


def amounts(levels: Iterable[Level]) -> list[tuple[int, int]]:
    """Levels as the exchange writes them, in units of 1e-8."""
    return [(parse(price), parse(quantity)) for price, quantity in levels]
