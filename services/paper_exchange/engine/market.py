"""One symbol: its rules, its book, its orders and its counters."""

from services.paper_exchange.engine.accounts import Account, Desk
from services.paper_exchange.engine.book import Book
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.prices import AveragePrice, ReferencePrice
from services.paper_exchange.engine.triggers import Triggers

_DEFAULT_WINDOW = 5
"""Minutes behind `avgPrice` of a symbol without a filter that says otherwise."""

NextIds = tuple[int, int, int, int, int]
"""Of orders, trades, executions, prevented matches and allocations."""


class Market:
    """The state of one symbol."""

    __slots__ = (
        "_averages",
        "averages",
        "book",
        "desks",
        "instrument",
        "last_price",
        "measures_worth",
        "next_allocation_id",
        "next_execution_id",
        "next_order_id",
        "next_prevented_match_id",
        "next_trade_id",
        "orders",
        "reference",
        "triggers",
        "unseen",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.book = Book()
        self.orders: dict[int, Order] = {}
        """Open orders of all accounts."""
        self.desks: dict[str, Desk] = {}
        self.triggers = Triggers()
        self.unseen: list[int] = []
        """Prices of trades that the triggers have not been shown yet."""
        self.averages = {minutes: AveragePrice(minutes) for minutes in sorted(_windows(instrument))}
        self._averages = tuple(self.averages.values())
        self.measures_worth = tuple(each for each in (instrument.notional, instrument.min_notional) if each is not None)
        """The filters of what an order is worth."""
        self.reference = ReferencePrice(instrument.reference) if instrument.reference is not None else None
        self.last_price = 0
        """Price of the last trade; zero before the first."""
        self.next_order_id = 1
        self.next_trade_id = 1
        self.next_execution_id = 1
        self.next_prevented_match_id = 0
        self.next_allocation_id = 0

    @property
    def next_ids(self) -> NextIds:
        """All numbers that will be given next."""
        return (
            self.next_order_id,
            self.next_trade_id,
            self.next_execution_id,
            self.next_prevented_match_id,
            self.next_allocation_id,
        )

    @next_ids.setter
    def next_ids(self, ids: NextIds) -> None:
        (
            self.next_order_id,
            self.next_trade_id,
            self.next_execution_id,
            self.next_prevented_match_id,
            self.next_allocation_id,
        ) = ids

    def desk(self, account: Account) -> Desk:
        """The account's desk on this symbol, opened when it has none."""
        desk = self.desks.get(account.name)
        if desk is None:
            desk = self.desks[account.name] = account.desks[self.instrument.symbol] = Desk(account, self)
        return desk

    def record_trade(self, now_us: int, price: int, quantity: int, quote: int) -> None:
        """Note what a trade says of the price."""
        self.last_price = price
        for average in self._averages:
            average.add(now_us, price, quantity, quote)
        if self.reference is not None:
            self.reference.add(now_us, price)

    def price_to_measure_by(self, minutes: int, now_us: int) -> int:
        """The reference price where there is one, else the average of the last minutes; zero when nothing ever traded."""
        if self.reference is not None:
            price = self.reference.at(now_us)
            if price is not None:
                return price
        return self.averages[minutes].forget(now_us)


def _windows(instrument: Instrument) -> set[int]:
    filters = (instrument.percent_price, instrument.percent_price_by_side, instrument.min_notional, instrument.notional)
    return {each.avg_price_mins for each in filters if each is not None} or {_DEFAULT_WINDOW}
