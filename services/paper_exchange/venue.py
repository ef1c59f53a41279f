"""The exchange as a whole: engine, crowd, tapes and charts of all symbols on one axis of time.

Everything happens at a moment that is passed in. `advance` lets the crowd live up to a moment, in the order of the moments at
which its agents act, however large the steps: the same seed, start and orders give the same market, bit for bit.
"""

from collections.abc import Callable, Iterable, Iterator
from heapq import heapify, heapreplace
from random import Random
from typing import Any, Protocol

from services.paper_exchange.block_trades import BlockTrade, block_trades
from services.paper_exchange.candles import Chart
from services.paper_exchange.crowd import MAKERS, TAKERS, Crowd, worth_of_legs
from services.paper_exchange.engine import Engine
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.commands import Command, OpenAccount
from services.paper_exchange.engine.events import Event, Traded
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.order_counts import DEFAULT_LIMITS, OrderLimit
from services.paper_exchange.history import History
from services.paper_exchange.paths import START_S, Path
from services.paper_exchange.reference import MEAN_OF_MIDDLE, SAMPLES, MeanOfMiddle
from services.paper_exchange.symbols import CLOSED_US, EXCHANGE_FILTERS, LISTINGS, SORS, Listing
from services.paper_exchange.tape import MICROS, Tape

MINUTE_US = 60 * MICROS
TAPE_S = 20 * 60
"""Trades there are of the time before the exchange opened: enough for a thousand candles of a second."""
MAX_CATCH_UP_US = 300 * MICROS
"""Of a longer sleep (a suspended machine) only the end is lived through."""
_FIRST_TAKER = -(2**62)


Listener = Callable[[list[Event]], None]
"""Hears what the engine did, in order. What it hears it must not change."""


def routes(listings: Iterable[Listing]) -> tuple[tuple[str, ...], ...]:
    """The groups of symbols over which orders may be routed."""
    listed = {listing.symbol for listing in listings}
    return tuple(symbols for symbols in SORS.values() if listed >= set(symbols))


class Agent(Protocol):
    """Someone who acts now and then."""

    def act(self, now_us: int, /) -> int:
        """Do one thing, and tell after how many microseconds comes the next."""
        ...


class Venue:
    """One exchange."""

    def __init__(
        self,
        seed: str,
        start_us: int,
        *,
        speed: float = 1.0,
        listings: tuple[Listing, ...] = LISTINGS,
        order_limits: tuple[OrderLimit, ...] = DEFAULT_LIMITS,
        instruments: tuple[Instrument, ...] = (),
        engine: Engine | None = None,
        listeners: Iterable[Listener] = (),
    ) -> None:
        """Opens at the last full minute before `start_us`; `speed` is how fast the crowd lives.

        `instruments` are listed without a market and a past: what happens to them comes from elsewhere (`sources`).
        With an `engine` in which customers are already there it opens at the last full second, around their orders.
        """
        self.seed, self.speed = seed, speed
        unit_us = MINUTE_US if engine is None else MICROS
        self.start_us = self.now_us = start_us // unit_us * unit_us
        self.listings = {listing.symbol: listing for listing in listings}
        listed = (*(listing.instrument for listing in listings), *instruments)
        self.engine = engine or Engine(
            listed, exchange_filters=EXCHANGE_FILTERS, sors=routes(listings), order_limits=order_limits
        )
        self.charts: dict[str, Chart] = {}
        self.blocks: dict[str, list[BlockTrade]] = {}
        self._paths: dict[str, Path] = {}
        for listing in listings:
            self._list(listing)
        for instrument in instruments:
            self.charts[instrument.symbol] = Chart(None, Tape(START_S, 1))
            self.blocks[instrument.symbol] = []
        self.listeners = list(listeners)
        self.tells_each_act = False
        """Do listeners want to hear of every act of the crowd by itself? It costs some microseconds an act."""
        self._agenda: list[tuple[int, int, Agent]] = []
        """Who acts next: the moment, a number that orders equal moments, and the agent."""
        self._open(start_us)

    @property
    def instruments(self) -> dict[str, Instrument]:
        """The symbols, in the order in which they are listed."""
        return {symbol: market.instrument for symbol, market in self.engine.state.markets.items()}

    def advance(self, now_us: int) -> None:
        """Let the crowd live up to this moment."""
        agenda = self._agenda
        floor = now_us - MAX_CATCH_UP_US
        while agenda and agenda[0][0] <= now_us:
            moment, order, agent = agenda[0]
            moment = max(moment, floor)
            pause = max(1, round(agent.act(moment) / self.speed))
            heapreplace(agenda, (moment + pause, order, agent))
            if self.tells_each_act:
                self.absorb()
        self.engine.advance(now_us)
        self.now_us = max(self.now_us, now_us)
        self.absorb()

    def execute(self, command: Command) -> Any:
        """Carry out what a customer or the operator orders, now: the one way to the engine for everybody but the crowd.

        Returns the outcome (`engine.outcomes`); everyone who listens has heard of it by then.
        """
        outcome = self.engine.execute(command, self.now_us)
        self.absorb()
        return outcome

    def absorb(self) -> list[Event]:
        """Write what the engine did since the last time on the tapes, and tell those who listen."""
        events = self.engine.drain()
        charts = self.charts
        for event in events:
            if type(event) is Traded:
                tape = charts[event.symbol].tape
                tape.add(event.time_us, event.price, event.quantity, event.buyer_is_maker, event.taker_order_id)
        for listener in self.listeners:
            listener(events)
        return events

    def _path(self, listing: Listing) -> Path:
        path = self._paths.get(listing.asset.name)
        if path is None:
            path = self._paths[listing.asset.name] = Path(self.seed, listing.asset)
        return path

    def _worth(self, symbol: str, time_us: int) -> float:
        """What a symbol is worth by the paths alone, in units of 1e-8."""
        listing = self.listings[symbol]
        legs = listing.legs
        if legs is None:
            return self._path(listing).at(time_us) * SCALE
        worth = self._worth(legs.base, time_us) * legs.rate
        return worth if legs.quote is None else worth / self._worth(legs.quote, time_us) * SCALE

    def _list(self, listing: Listing) -> None:
        instrument, symbol = listing.instrument, listing.symbol
        start_us = self.start_us if listing.is_open else CLOSED_US
        tape_us = (start_us - TAPE_S * MICROS) // MINUTE_US * MINUTE_US if listing.is_open else start_us
        path = self._path(listing)
        rate = self._worth(symbol, tape_us) / SCALE / path.at(tape_us)
        history = History(symbol, path, instrument.tick, instrument.step, listing.habits, rate=rate)
        tape_s = tape_us // MICROS
        market = self.engine.state.markets[symbol]
        tape = Tape(tape_s, max(history.next_id(tape_s), market.next_trade_id))
        self.charts[symbol] = Chart(history, tape, None if listing.is_open else CLOSED_US // MICROS)
        self.blocks[symbol] = block_trades(self.seed, symbol, instrument, history, tape_s)
        if listing.is_open:
            self._fill(listing, tape)
            market.next_trade_id = tape.next_id
            # What the filters measure prices by has begun before the opening, too.
            for index in range(len(tape)):
                trade = tape.trade(index)
                market.record_trade(trade.time_us, trade.price, trade.quantity, trade.quote)

    def _fill(self, listing: Listing, tape: Tape) -> None:
        """Put the trades of the last minutes before the opening on the tape."""
        luck = Random(f"{self.seed}/tape/{listing.symbol}/{tape.start_s}")
        tick, step = listing.instrument.tick, listing.instrument.step
        habits, taker = listing.habits, _FIRST_TAKER
        worth = self._worth(listing.symbol, tape.start_s * MICROS)
        for second in range(tape.start_s, self.start_us // MICROS):
            ending = self._worth(listing.symbol, (second + 1) * MICROS)
            count = max(1, round(habits.trades_a_second * (0.4 + 1.2 * luck.random())))
            for moment in sorted(luck.randrange(MICROS) for _ in range(count)):
                buyer_is_maker = luck.random() < 0.5
                price = worth + (ending - worth) * moment / MICROS
                ticks = int(price / tick) + (0 if buyer_is_maker else 1)
                lots = habits.lots_a_trade * (luck.random() + luck.expovariate(1.2) ** 2) / 1.9
                if luck.random() < 0.8:
                    taker += 1
                tape.add(second * MICROS + moment, ticks * tick, max(1, int(lots)) * step, buyer_is_maker, taker)
            worth = ending

    def _open(self, start_us: int) -> None:
        now_us = self.start_us
        for account in (MAKERS, TAKERS):
            self.engine.open_account(OpenAccount(account=account, unlimited=True), now_us)
        for order, listing in enumerate(listing for listing in self.listings.values() if listing.is_open):
            legs = listing.legs
            crowd = Crowd(
                self.engine,
                listing.instrument,
                worth_of_legs(self.engine, legs.base, legs.quote, legs.rate) if legs else self._by_path(listing),
                listing.habits.lots_a_trade,
                listing.habits.trades_a_second,
                self.seed,
            )
            crowd.open(now_us)
            self._agenda.append((now_us + 1, order, crowd))
        self._agenda += [(now_us, -order, agent) for order, agent in enumerate(self._references(), start=1)]
        heapify(self._agenda)
        self.advance(start_us)

    def _references(self) -> Iterator[MeanOfMiddle]:
        for symbol, market in self.engine.state.markets.items():
            rule = market.instrument.reference
            if rule is None or rule.bucket_count or market.reference is None:
                continue
            market.reference.set(None)
            if rule.external_id == MEAN_OF_MIDDLE:
                seconds = range(self.start_us - SAMPLES * MICROS, self.start_us, MICROS)
                yield MeanOfMiddle(self.engine, symbol, [round(self._worth(symbol, moment)) for moment in seconds])

    def _by_path(self, listing: Listing) -> Callable[[int], float]:
        path, start_us, speed = self._path(listing), self.start_us, self.speed

        def worth(now_us: int) -> float:
            return path.at(start_us + round((now_us - start_us) * speed)) * SCALE

        return worth
