"""What market_data opens, answers and looks after while it lives."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from services.market_data.handlers import Handlers
from services.market_data.reach import Reach
from services.market_data.settings import Settings
from shared.binance.client import BinanceClient, create_client
from shared.binance.limits import Lane
from shared.contract.catalog import owned_by
from shared.contract.errors import ServiceError
from shared.contract.market.operations import Ping
from shared.contract.operation import Owner
from shared.contract.platform.budget import TOPIC
from shared.runtime.clock import monotonic, now_ms
from shared.runtime.gossip import Gossip
from shared.runtime.observe import logger
from shared.runtime.service import Life

PING_TIMEOUT_MS = 2_000
_log = logger("market_data")


@asynccontextmanager
async def serve(life: Life[Settings]) -> AsyncGenerator[None, None]:
    """The resources of market_data: a client of the exchange whose budget is shared with every other process."""
    settings = life.settings
    async with _client(settings) as client:
        gossip = await Gossip.open(life.bus, TOPIC, client.budget.hear)
        client.budget.on_news = gossip.tell
        reach = Reach(lambda: _ping(client), monotonic=monotonic)
        handlers = Handlers(client, reach, refresh_s=settings.exchange_info_refresh_s)
        life.answer(owned_by(Owner.MARKET), handlers.answer)
        life.probe("exchange", lambda: _reachable(client))
        life.steps_aside_while(reach.problem)
        refreshing = asyncio.create_task(_refresh(client, handlers, settings.exchange_info_refresh_s))
        yield
        refreshing.cancel()
        await gossip.close()


@asynccontextmanager
async def _client(settings: Settings) -> AsyncGenerator[BinanceClient, None]:
    client = create_client(settings.exchange, transport=settings.market_transport)
    try:
        yield client
    finally:
        await client.close()


async def _ping(client: BinanceClient) -> bytes:
    return await client.call(Ping(), deadline_ms=now_ms() + PING_TIMEOUT_MS, lane=Lane.ACCOUNT)


async def _reachable(client: BinanceClient) -> str:
    """Why the exchange is not to be reached; empty when it answers now."""
    try:
        await _ping(client)
    except ServiceError as error:
        return error.message
    return ""


async def _refresh(client: BinanceClient, handlers: Handlers, every_s: float) -> None:
    """Keep the exchange's clock measured and its symbols fresh. While the exchange is away the known ones stay."""
    while True:
        await client.measure_clock()  # windows of request weight and ends of bans are told in the exchange's time
        try:
            await handlers.symbols.refresh()
        except ServiceError as error:
            _log.warning("the exchange's symbols could not be fetched", reason=error.message)
        await asyncio.sleep(every_s)
