"""Paper exchanges in the test's own process, whose insides a test may look into."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from services.paper_exchange.exchange import PaperExchange
from services.paper_exchange.service import serve
from services.paper_exchange.settings import PaperSettings
from services.paper_exchange.sources.source import Source
from services.paper_exchange.streams.market_streams import MarketStreams
from services.paper_exchange.venue import Venue
from shared.runtime.service import Life


class Running:
    """One exchange on a free port, alive as its process would be."""

    def __init__(self, **settings: Any) -> None:
        self._life = Life(PaperSettings.load(**{"port": 0, "paper_connection_limit": 100_000, **settings}))
        self._living: asyncio.Task[int] | None = None
        self._exchange: PaperExchange | None = None

    async def start(self) -> None:
        """Return when it answers; raises as `Life.live` does."""
        up = asyncio.Event()
        living = self._living = asyncio.create_task(self._life.live(self._serve, on_ready=up.set))
        waiting = asyncio.create_task(up.wait())
        await asyncio.wait({living, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if living.done():
            living.result()

    async def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._life.stopping.set()
        if self._living is not None:
            assert await asyncio.wait_for(self._living, 10) == 0

    @property
    def url(self) -> str:
        return self._life.url

    @property
    def ws_url(self) -> str:
        return self.url.replace("http", "ws")

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def venue(self) -> Venue:
        return self._inside.venue

    @property
    def source(self) -> Source:
        return self._inside.source

    @property
    def streams(self) -> MarketStreams:
        return self._inside.streams

    @property
    def _inside(self) -> PaperExchange:
        assert self._exchange is not None, "start it first"
        return self._exchange

    @asynccontextmanager
    async def _serve(self, life: Life[PaperSettings]) -> AsyncGenerator[None, None]:
        async with serve(life) as self._exchange:
            yield
