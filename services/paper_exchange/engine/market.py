"""One symbol: its rules, its book, its orders and its counters."""

from services.paper_exchange.engine.accounts import Account, Desk
from services.paper_exchange.engine.book import Book
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.orders import Order


class Market:
    """The state of one symbol."""

    __slots__ = (
        "book",
        "desks",
        "instrument",
        "last_price",
        "next_allocation_id",
        "next_execution_id",
        "next_order_id",
        "next_prevented_match_id",
        "next_trade_id",
        "orders",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.book = Book()
        self.orders: dict[int, Order] = {}
        """Open orders of all accounts."""
        self.desks: dict[str, Desk] = {}
        self.last_price = 0
        """Price of the last trade; zero before the first."""
        self.next_order_id = 1
        self.next_trade_id = 1
        self.next_execution_id = 1
        self.next_prevented_match_id = 0
        self.next_allocation_id = 0

    def desk(self, account: Account) -> Desk:
        """The account's desk on this symbol, opened when it has none."""
        desk = self.desks.get(account.name)
        if desk is None:
            desk = self.desks[account.name] = account.desks[self.instrument.symbol] = Desk(account, self)
        return desk
