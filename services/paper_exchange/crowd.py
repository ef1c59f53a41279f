"""The crowd: agents that trade the synthetic market among themselves and with whoever comes.

Each open symbol has one crowd with a clock and a luck of its own. At each of its moments it does one thing:

    quote     market makers move their quotes to what the symbol is worth: too dear bids and too cheap asks are taken away,
              new ones come in between, far ones go, so that some hundreds of levels stand on each side
    rest      someone places or withdraws an order somewhere in the book
    take      someone buys or sells at once, now and then in a burst, more likely towards what the symbol is worth

What a symbol is worth comes from its path or, for symbols with legs, from the books of its legs: that is the arbitrage that
keeps cross rates together, also after somebody has moved one of them.
"""

from collections import deque
from collections.abc import Callable
from random import Random

from msgspec import Struct

from services.paper_exchange.engine import Engine
from services.paper_exchange.engine.commands import CancelOrder, PlaceOrder
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.outcomes import Placed
from services.paper_exchange.engine.words import Side, other

MAKERS, TAKERS = "house-makers", "house-takers"
"""The unlimited accounts of the crowd."""
LEVELS = 220
"""Quotes of the makers on each side."""
RESTING = 80
"""Other orders in the book."""
_QUOTE, _REST = 0.42, 0.30
"""Shares of the moments; the others take."""
_BURST = 0.25
_CALM, _BUSY = 0.7, 2.2
_MOOD_US = 90_000_000


class _Quote(Struct, gc=False):
    price: int
    order_id: int


class Crowd:
    """The agents of one symbol."""

    def __init__(
        self,
        engine: Engine,
        instrument: Instrument,
        worth: Callable[[int], float],
        lots_a_trade: int,
        trades_a_second: float,
        seed: str,
    ) -> None:
        """`worth` tells the price, in units of 1e-8, that the symbol deserves at a moment (microseconds)."""
        self._engine = engine
        self._symbol = instrument.symbol
        self._worth = worth
        self._tick, self._step = instrument.tick, instrument.step
        self._lots = lots_a_trade
        market_lot = instrument.market_lot_size
        self._most_lots = (market_lot.max_qty if market_lot else instrument.lot_size.max_qty) // self._step
        self._luck = Random(f"{seed}/crowd/{instrument.symbol}")
        self._pace_us = 1e6 * (1 - _QUOTE - _REST) / (trades_a_second / (1 + _BURST) / 1.25)
        self._mood = 1.0
        self._mood_until_us = 0
        self._quotes: dict[Side, deque[_Quote]] = {"BUY": deque(), "SELL": deque()}
        """The makers' quotes, best last."""
        self._others: deque[int] = deque()

    def open(self, now_us: int) -> None:
        """Fill the book."""
        for side in ("BUY", "SELL"):
            price = self._best(side, self._worth(now_us))
            far: list[int] = []
            for _ in range(LEVELS):
                far.append(price)
                price = self._further(side, price, len(far))
            for price in reversed(far):
                self._add(side, price, now_us, best=True)
        for _ in range(RESTING):
            self._rest(now_us)

    def act(self, now_us: int) -> int:
        """Do one thing, and tell after how many microseconds comes the next."""
        luck = self._luck
        if now_us >= self._mood_until_us:
            self._mood = _CALM if luck.random() < 0.75 else _BUSY
            self._mood_until_us = now_us + round(luck.expovariate(1 / _MOOD_US))
        kind = luck.random()
        if kind < _QUOTE:
            self._quote(now_us)
        elif kind < _QUOTE + _REST:
            self._rest(now_us)
        elif self._take(now_us):
            return round(luck.uniform(1_000, 60_000))
        return 1 + round(luck.expovariate(self._mood / self._pace_us))

    def _best(self, side: Side, worth: float) -> int:
        """The price at which makers begin to quote: a fraction of a basis point away, more in busy times."""
        sign = -1 if side == "BUY" else 1
        away = worth * (0.000001 + 0.000004 * self._luck.random()) * (4 if self._mood > 1 else 1)
        ticks = (worth + sign * away) / self._tick
        return max(1, int(ticks) if side == "BUY" else int(ticks) + 1) * self._tick

    def _further(self, side: Side, price: int, depth: int) -> int:
        """The next level behind one: a tick near the top, wider apart far from it."""
        span = price * (0.000004 + 0.0000012 * depth) / self._tick
        ticks = 1 + int(span * 2 * self._luck.random() * self._luck.random())
        return max(self._tick, price + (ticks if side == "SELL" else -ticks) * self._tick)

    def _amount(self, scale: float) -> int:
        """A quantity: most are small, a few are large."""
        lots = self._lots * scale * (self._luck.random() + self._luck.expovariate(1.2) ** 2)
        return min(max(1, int(lots)), self._most_lots) * self._step

    def _quote(self, now_us: int) -> None:
        worth = self._worth(now_us)
        for side in ("BUY", "SELL"):
            sign = 1 if side == "BUY" else -1
            quotes, best = self._quotes[side], self._best(side, worth)
            orders = self._engine.state.markets[self._symbol].orders
            while quotes and ((quotes[-1].price - best) * sign > 0 or quotes[-1].order_id not in orders):
                self._cancel(quotes.pop().order_id, now_us)
            top = quotes[-1].price if quotes else self._further(side, best, LEVELS)
            if (best - top) * sign > 0:
                between = [top + (best - top) * step // 4 // self._tick * self._tick for step in (1, 2, 3)]
                for price in sorted(
                    {price for price in between if 0 < (price - top) * sign < (best - top) * sign}, reverse=side == "SELL"
                ):
                    if self._luck.random() < 0.5:
                        self._add(side, price, now_us, best=True)
                self._add(side, best, now_us, best=True)
            while len(quotes) > LEVELS:
                self._cancel(quotes.popleft().order_id, now_us)
            # A quote that does not stay (somebody's large order took it, the symbol is halted) is not tried again at once.
            while quotes and len(quotes) < LEVELS and quotes[0].price > self._tick:
                had = len(quotes)
                self._add(side, self._further(side, quotes[0].price, had), now_us, best=False)
                if len(quotes) == had:
                    break

    def _add(self, side: Side, price: int, now_us: int, *, best: bool) -> None:
        depth = len(self._quotes[side])
        scale = 1.5 if best else 3 + depth / 40
        placed = self._place(MAKERS, side, self._amount(scale), now_us, price)
        if placed is None:
            return
        quotes = self._quotes[side]
        if best:
            quotes.append(_Quote(price, placed))
        else:
            quotes.appendleft(_Quote(price, placed))

    def _rest(self, now_us: int) -> None:
        if len(self._others) >= RESTING:
            self._cancel(self._others.popleft(), now_us)
            return
        side: Side = "BUY" if self._luck.random() < 0.5 else "SELL"
        best = self._engine.book(self._symbol).best(side)
        if best is None:
            return
        away = int(best[0] * 0.0015 * self._luck.random() * self._luck.random() / self._tick)
        price = max(self._tick, best[0] + (away if side == "SELL" else -away) * self._tick)
        placed = self._place(MAKERS, side, self._amount(1.2), now_us, price)
        if placed is not None:
            self._others.append(placed)
            if len(self._others) < RESTING // 2:
                self._rest(now_us)

    def _take(self, now_us: int) -> bool:
        """Trade at once; tells whether someone follows."""
        luck, book = self._luck, self._engine.book(self._symbol)
        bid, ask = book.best("BUY"), book.best("SELL")
        if bid is None or ask is None:
            return False
        middle = (bid[0] + ask[0]) / 2
        pull = (self._worth(now_us) - middle) / middle * 1500
        side: Side = "BUY" if luck.random() < 0.5 + max(-0.3, min(0.3, pull)) else "SELL"
        against = ask if side == "BUY" else bid
        quantity = self._amount(1.0)
        if luck.random() < 0.85:
            quantity = min(quantity, against[1])
        if luck.random() < 0.9:
            self._place(TAKERS, side, quantity, now_us, against[0], ioc=True)
        else:
            self._place(TAKERS, side, quantity, now_us, 0)
        return luck.random() < _BURST

    def _place(self, account: str, side: Side, quantity: int, now_us: int, price: int, *, ioc: bool = False) -> int | None:
        """The id of the order, if it rests."""
        outcome = self._engine.place(
            PlaceOrder(
                account=account,
                symbol=self._symbol,
                side=side,
                type="LIMIT" if price else "MARKET",
                price=price,
                quantity=quantity,
                time_in_force=("IOC" if ioc else "GTC") if price else None,
            ),
            now_us,
        )
        return outcome.order.order_id if isinstance(outcome, Placed) and outcome.order.is_open else None

    def _cancel(self, order_id: int, now_us: int) -> None:
        self._engine.cancel(CancelOrder(account=MAKERS, symbol=self._symbol, order_id=order_id), now_us)


def worth_of_legs(engine: Engine, base: str, quote: str | None, rate: float) -> Callable[[int], float]:
    """What a symbol with legs is worth: the middle of one book over that of the other."""

    def worth(_now_us: int) -> float:
        top = middle(engine, base) * rate
        return top if quote is None else top / middle(engine, quote) * 1e8

    return worth


def middle(engine: Engine, symbol: str) -> float:
    """Between the best bid and the best ask, or the last price where a side is empty."""
    bid, ask = (engine.book(symbol).best(side) for side in ("BUY", other("BUY")))
    if bid is None or ask is None:
        return float(engine.last_price(symbol))
    return (bid[0] + ask[0]) / 2
