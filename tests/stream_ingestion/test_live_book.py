"""What `book` tells of a market that moves, reckoned anew from the depth of the paper exchange at the same update."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio

from shared.contract.platform.streams import Book, LocalOrderBook
from shared.contract.primitives import Side
from shared.runtime.bus import Bus
from shared.runtime.clock import now_ms
from shared.runtime.nats_server import NatsServer
from tests.conftest import ConnectBus
from tests.stream_ingestion.asking import ask
from tests.support.process import ServiceProcess
from tests.support.waiting import eventually

SYMBOL = "BTCUSDT"
Levels = list[tuple[str, str]]


class Exchange:
    """The paper exchange, as anybody sees it over REST."""

    def __init__(self, http: httpx.AsyncClient, bus: Bus) -> None:
        self.bus = bus
        self._http = http

    async def depth(self) -> dict[str, Any]:
        return (await self._http.get("/api/v3/depth", params={"symbol": SYMBOL, "limit": 5000})).json()

    async def both(self, asked: Book) -> tuple[LocalOrderBook, dict[str, Any]]:
        """The local book and the exchange's, of the same update."""

        async def meet() -> tuple[LocalOrderBook, dict[str, Any]] | None:
            book, theirs = await ask(self.bus, asked), await self.depth()
            return (book, theirs) if book.last_update_id == theirs["lastUpdateId"] else None

        found: tuple[LocalOrderBook, dict[str, Any]] | None = await eventually(meet, within_s=30)
        assert found
        return found


@pytest_asyncio.fixture
async def exchange(own_nats_server: NatsServer, connect_bus: ConnectBus) -> AsyncGenerator[Exchange, None]:
    async with AsyncExitStack() as stack:
        limits = {"paper_weight_limit": 1_000_000, "paper_connection_limit": 10_000}
        paper = await stack.enter_async_context(ServiceProcess("services.paper_exchange", paper_port=0, **limits))
        url: str = (await paper.logged("ready", within_s=30))["url"]
        where = urlsplit(url).netloc
        given: dict[str, str | int] = {
            "nats_url": own_nats_server.url,
            "rest_url": url,
            "ws_api_url": f"ws://{where}/ws-api/v3",
            "stream_url": f"ws://{where}",
        }
        for name in ("market_data", "stream_ingestion"):
            process = ServiceProcess(f"services.{name}", **given, **{f"{name}_port": 0})
            await (await stack.enter_async_context(process)).logged("ready", within_s=30)
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url))
        yield Exchange(http, await connect_bus(url=own_nats_server.url))


def cost(levels: Levels, quantity: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """(filled, paid or received, worst price) of taking so much."""
    filled, notional, worst = Decimal(0), Decimal(0), Decimal(0)
    for price, available in levels:
        taken = min(quantity - filled, Decimal(available))
        if not taken:
            break
        filled, notional, worst = filled + taken, notional + taken * Decimal(price), Decimal(price)
    return filled, notional, worst


async def test_a_book_of_a_living_market_is_the_exchanges_level_by_level_with_sequence_age_and_state(
    exchange: Exchange,
) -> None:
    book, theirs = await exchange.both(Book(symbol=SYMBOL, limit=5000))
    assert (book.bids, book.asks) == (theirs["bids"], theirs["asks"])
    assert (book.condition.state, book.condition.reason) == ("synced", "")
    assert book.condition.age_ms is not None
    assert 0 <= now_ms() - book.received_time - book.condition.age_ms < 1000

    async def has_moved() -> LocalOrderBook | None:
        later = await ask(exchange.bus, Book(symbol=SYMBOL, limit=3))
        return later if later.last_update_id > book.last_update_id and later.event_time else None

    later = await eventually(has_moved)
    assert later
    assert (len(later.bids), len(later.asks)) == (3, 3)
    assert later.condition.delay_ms is not None
    assert -50 < later.condition.delay_ms < 2000
    assert later.received_time >= book.received_time


async def test_cumulative_levels_of_a_living_market_add_up(exchange: Exchange) -> None:
    book, theirs = await exchange.both(Book(symbol=SYMBOL, limit=100, cumulative=True))
    for ours, side in ((book.bids, theirs["bids"][:100]), (book.asks, theirs["asks"][:100])):
        assert [level[:2] for level in ours] == side
        total = Decimal(0)
        for level in ours:
            total += Decimal(level[1])
            assert Decimal(level[2]) == total


@pytest.mark.parametrize("side", ["BUY", "SELL"])
async def test_what_a_size_costs_in_a_living_market_is_the_sum_over_the_exchanges_levels(
    exchange: Exchange, side: Side
) -> None:
    first = await exchange.depth()
    best, second = (Decimal(first["asks" if side == "BUY" else "bids"][place][1]) for place in (0, 1))
    everything = sum(Decimal(quantity) for _, quantity in first["asks" if side == "BUY" else "bids"])
    for size in (best / 2, best, best + second / 2, everything / 2, everything * 2):
        quantity = f"{size:.8f}"
        book, theirs = await exchange.both(Book(symbol=SYMBOL, limit=1, side=side, quantity=quantity))
        filled, notional, worst = cost(theirs["asks" if side == "BUY" else "bids"], Decimal(quantity))
        fill = book.fill
        assert fill
        assert (fill.side, fill.quantity) == (side, quantity)
        assert (Decimal(fill.filled), Decimal(fill.notional), Decimal(fill.worst_price)) == (filled, notional, worst)
        assert abs(Decimal(fill.average_price) - notional / filled) <= Decimal("0.000000005")
