"""The paper exchange put together: its market, its ways in, and the heartbeat that lets the market live."""

import asyncio
import contextlib

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.paper_exchange.account_forms import MAIN, forms
from services.paper_exchange.accounts import Accounts
from services.paper_exchange.clock import Clock
from services.paper_exchange.door import Door
from services.paper_exchange.faults import Faults, order_of
from services.paper_exchange.front import Front
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.keys import Keyring
from services.paper_exchange.listen_keys import ListenKeys
from services.paper_exchange.operator_api import OperatorApi
from services.paper_exchange.persistence.memory import Memory
from services.paper_exchange.rest import Rest
from services.paper_exchange.settings import PaperSettings
from services.paper_exchange.sources.source import Source
from services.paper_exchange.streams.market_streams import MarketStreams
from services.paper_exchange.user_data import UserData
from services.paper_exchange.venue import Venue
from services.paper_exchange.weights import Limits, Weights, order_limits
from services.paper_exchange.ws_api import WsApi

HEARTBEAT_S = 0.05
"""The market lives in steps of this length; what it does does not depend on it."""


class PaperExchange:
    """Everything that a paper exchange is but its port.

    Raises, when it is made:
        BadSource, BadState: what it should live by cannot be read.
    """

    def __init__(self, settings: PaperSettings, operator: FastAPI, registry: CollectorRegistry) -> None:
        """`operator` gets the operator's routes, `registry` the numbers."""
        limits = Limits(
            weight=settings.paper_weight_limit,
            connections=settings.paper_connection_limit,
            orders=order_limits(settings.paper_order_limit),
        )
        self.source = Source(settings)
        keeps = bool(settings.paper_state) and self.source.is_synthetic
        self._memory = Memory(settings.paper_state, limits.orders) if keeps else None
        self.clock = _clock(settings.paper_start_ms * 1000, self._memory.now_us if self._memory else 0)
        self.venue = Venue(
            settings.paper_seed,
            self.clock(),
            speed=settings.paper_speed,
            order_limits=limits.orders,
            engine=self._memory.engine if self._memory else None,
            listeners=[self._memory.recorder.hear] if self._memory else [],
            **self.source.venue_options,
        )
        weights, keys = Weights(limits), Keyring()
        self.accounts = Accounts(self.venue, keys)
        if self._memory is not None:
            self._memory.attend(self.accounts)
        for form in (MAIN, *forms(settings.paper_accounts)):
            # Who was there before stays as the operator left it.
            if form.account not in self.accounts.names:
                self.accounts.open(form)
        self.streams = MarketStreams(
            self.venue,
            weights,
            self.clock,
            life_s=settings.paper_life_s,
            publishes=self.source.publishes,
            serves_retired=settings.paper_retired_streams,
        )
        self.source.join(self.venue, self.streams.hub)
        handlers = Handlers(self.venue, limits)
        self.faults = Faults(handlers)
        fates = self.faults.fates
        user_data = UserData(self.clock, fates)
        self.venue.listeners.append(user_data.hear)
        self.listen_keys = ListenKeys(self.streams.hub, user_data, self.clock)
        instead = {**self.source.answers, **(self.listen_keys.answers if settings.paper_listen_keys else {})}
        door = Door(handlers, weights, self.clock, keys, instead)
        self.ws_api = WsApi(door, user_data, fates, life_s=settings.paper_life_s)
        self.accounts.on_revoked.append(self.ws_api.revoked)
        self.probes = {"market": self._lives, **self.source.probes}
        """What makes it ready."""
        self.streams.show_on(registry)
        operator_api = OperatorApi(
            handlers, self.accounts, settings.paper_operator_token.get_secret_value(), source=settings.paper_source
        )
        operator_api.add_routes(operator)
        self.faults.on_streams.append(self.streams.connections.order)
        self.faults.order(order_of(settings.paper_faults))
        for method, route in (("GET", self.faults.shown), ("POST", self.faults.ordered), ("DELETE", self.faults.ended)):
            operator_api.add(operator, method, "/faults", route)
        for (method, path), route in self.source.routes.items():
            operator_api.add(operator, method, path, route)
        operator_api.add(operator, "POST", "/symbols/{symbol}/blockTrades", self.streams.block_desk.trade)
        self.front = Front(Rest(door, fates), self.ws_api, self.streams.connections, operator)
        """What takes the requests."""
        self._heart: asyncio.Task[None] | None = None

    def start(self) -> asyncio.Task[None]:
        """Let the market live; the task that it lives by."""
        self.venue.advance(self.clock())
        self.source.start()
        self._heart = asyncio.create_task(self._beat())
        return self._heart

    async def announce_end(self) -> None:
        """Tell every connection that the exchange is about to go."""
        self.streams.announce_end()
        self.ws_api.announce_end()

    async def stop(self) -> None:
        """Let the market end, and remember it."""
        await self.source.stop()
        if self._heart is not None:
            self._heart.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._heart
        if self._memory is not None:
            self._memory.close()

    async def _beat(self) -> None:
        write_us = 0
        while True:
            now_us = self.clock()
            self.venue.advance(now_us)
            self.streams.tick(now_us)
            self.listen_keys.tick(now_us)
            if self._memory is not None and now_us >= write_us:
                self._memory.recorder.tick()
                write_us = now_us + 1_000_000
            await asyncio.sleep(HEARTBEAT_S)

    async def _lives(self) -> str:
        late_s = (self.clock() - self.venue.now_us) / 1e6
        return "" if late_s < 2 else f"the market is {late_s:.1f} s behind"


def _clock(start_us: int, reached_us: int) -> Clock:
    """The clock: the wall's, or one that begins at `start_us`; it goes on from where the exchange already was."""
    clock = Clock()
    offset_us = start_us - clock() if start_us else 0
    return Clock(max(offset_us, reached_us - clock()) if start_us or reached_us > clock() else 0)
