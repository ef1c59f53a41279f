"""The exchange's memory, put together: what it remembers when it opens, and what writes on while it lives."""

from services.paper_exchange.accounts import Accounts
from services.paper_exchange.engine import Engine
from services.paper_exchange.engine.order_counts import OrderLimit
from services.paper_exchange.persistence.recorder import Recorder
from services.paper_exchange.persistence.revival import keys, revive
from services.paper_exchange.persistence.store import Store
from services.paper_exchange.symbols import EXCHANGE_FILTERS, LISTINGS, Listing
from services.paper_exchange.venue import routes


class Memory:
    """One state file and the engine that it is about."""

    def __init__(self, path: str, order_limits: tuple[OrderLimit, ...], listings: tuple[Listing, ...] = LISTINGS) -> None:
        """Opens the file; raises BadState."""
        self._store = Store(path)
        instruments = [listing.instrument for listing in listings]
        sors = routes(listings)
        self.engine = revive(
            self._store, instruments, exchange_filters=EXCHANGE_FILTERS, sors=sors, order_limits=order_limits
        ) or Engine(instruments, exchange_filters=EXCHANGE_FILTERS, sors=sors, order_limits=order_limits)
        self.now_us = self.engine.state.now_us
        """Where the exchange's time was; zero when it never lived."""
        self.recorder = Recorder(self.engine, self._store)

    def attend(self, accounts: Accounts) -> None:
        """Give accounts the keys they had, and write what their operator changes."""
        for key in keys(self._store):
            accounts.keys.add(key)
        accounts.together = self.recorder.together
        accounts.on_opened.append(self.recorder.touch)
        accounts.on_key.append(self.recorder.key_added)
        accounts.on_revoked.append(self.recorder.key_revoked)

    def close(self) -> None:
        """Close the file."""
        self._store.close()
