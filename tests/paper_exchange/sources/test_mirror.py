"""The mirror: another paper exchange, followed over real sockets, with a customer's orders in its book."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from services.paper_exchange.engine.amounts import parse
from services.paper_exchange.engine.commands import PlaceOrder
from services.paper_exchange.engine.outcomes import Placed
from services.paper_exchange.settings import PaperSettings
from services.paper_exchange.sources.errors import BadSource
from services.paper_exchange.sources.house import HouseBook
from services.paper_exchange.sources.mirrored_book import MirroredBook
from services.paper_exchange.sources.source import Source
from services.paper_exchange.symbols import LISTINGS
from services.paper_exchange.venue import Venue
from shared.contract.market.events import DepthEvent
from shared.contract.market.models import OrderBook
from tests.paper_exchange.conftest import OPENING_US, PaperProcess
from tests.paper_exchange.sources.conftest import Start, ws
from tests.support.waiting import eventually

WITHIN_S = 30
SYMBOLS = "BTCUSDT,币安人生USDT"


@pytest.fixture
def book() -> MirroredBook:
    venue = Venue("tests", OPENING_US, listings=(), instruments=(LISTINGS[0].instrument,))
    return MirroredBook(HouseBook(venue, "BTCUSDT"))


def changes(first: int, last: int, price: str = "99.00000000") -> DepthEvent:
    return DepthEvent("depthUpdate", 0, "BTCUSDT", first, last, [(price, "1.00000000")], [])


def snapshot(update_id: int) -> OrderBook:
    return OrderBook(update_id, [("98.00000000", "1.00000000")], [("101.00000000", "1.00000000")])


def test_changes_before_the_snapshot_are_kept_and_the_first_may_straddle_it(book: MirroredBook) -> None:
    book.hear(changes(10, 12))
    book.hear(changes(13, 15))
    assert book.last_update_id is None

    book.take(snapshot(14))

    assert book.last_update_id == 15


def test_a_snapshot_from_before_the_first_change_is_of_no_use(book: MirroredBook) -> None:
    book.hear(changes(10, 12))
    book.take(snapshot(8))
    assert book.last_update_id is None
    book.take(snapshot(9))
    assert book.last_update_id == 12


def test_a_hole_asks_for_a_new_snapshot(book: MirroredBook) -> None:
    book.take(snapshot(9))
    book.hear(changes(10, 12))
    book.hear(changes(14, 15))
    assert book.last_update_id is None
    book.take(snapshot(13))
    assert book.last_update_id == 15


def test_what_is_known_already_is_passed_over(book: MirroredBook) -> None:
    book.take(snapshot(20))
    book.hear(changes(10, 12))
    assert book.last_update_id == 20


async def mirrored(start: Start, origin: PaperProcess) -> Any:
    """A mirror that is in step."""
    exchange = await start(
        paper_source="mirror",
        paper_mirror_rest_url=origin.url,
        paper_mirror_stream_url=origin.ws_url,
        paper_mirror_symbols=SYMBOLS,
    )
    async with httpx.AsyncClient(base_url=exchange.url) as client:

        async def is_ready() -> bool:
            return (await client.get("/ready")).status_code == 200

        await eventually(is_ready, within_s=WITHIN_S)
    return exchange


async def test_the_book_of_a_mirror_is_that_of_the_other_exchange(start: Start, exchange: PaperProcess) -> None:
    mirror = await mirrored(start, exchange)
    params = {"symbol": "BTCUSDT", "limit": 1000}
    equal = 0
    async with (
        asyncio.timeout(WITHIN_S),
        httpx.AsyncClient(base_url=exchange.url) as there,
        httpx.AsyncClient(base_url=mirror.url) as here,
        connect(f"{ws(mirror)}/ws/btcusdt@depth@100ms") as changes,
    ):
        while equal < 3:
            await changes.recv()
            shown = (await here.get("/api/v3/depth", params=params)).json()
            followed = mirror.source.mirror.books["BTCUSDT"].last_update_id
            real = (await there.get("/api/v3/depth", params=params)).json()
            if real["lastUpdateId"] != followed:
                continue  # it has moved on
            assert (shown["bids"], shown["asks"]) == (real["bids"], real["asks"])
            equal += 1


async def test_trades_of_the_other_exchange_are_told_here(start: Start, exchange: PaperProcess) -> None:
    mirror = await mirrored(start, exchange)
    async with (
        asyncio.timeout(WITHIN_S),
        connect(f"{exchange.ws_url}/ws/btcusdt@trade") as there,
        connect(f"{ws(mirror)}/ws/btcusdt@trade") as here,
    ):
        real = {(trade["p"], trade["m"]) for trade in [json.loads(await there.recv()) for _ in range(5)]}
        told = {(trade["p"], trade["m"]) for trade in [json.loads(await here.recv()) for _ in range(5)]}
    assert real & told


async def test_an_order_matches_against_the_mirrored_book(start: Start, exchange: PaperProcess) -> None:
    mirror = await mirrored(start, exchange)

    placed = mirror.venue.execute(
        PlaceOrder(account="main", symbol="BTCUSDT", side="BUY", type="MARKET", quantity=parse("0.01"))
    )

    assert isinstance(placed, Placed)
    assert placed.order.status == "FILLED"
    async with httpx.AsyncClient(base_url=mirror.url) as client:
        info = (await client.get("/api/v3/exchangeInfo")).json()
        recent = (await client.get("/api/v3/trades", params={"symbol": "BTCUSDT", "limit": 1000})).json()
    assert [each["symbol"] for each in info["symbols"]] == SYMBOLS.split(",")
    assert len(recent) == 1000


async def test_a_mirror_comes_back_into_step_when_the_other_exchange_was_away(start: Start) -> None:
    origin = PaperProcess()
    origin.ready()
    port = origin.url.rsplit(":", 1)[1]
    try:
        mirror = await mirrored(start, origin)
    finally:
        origin.stop()
    problem = mirror.source.mirror.problem
    await eventually(lambda: any(book.last_update_id is None for book in mirror.source.mirror.books.values()), within_s=5)
    assert "not in step" in await problem()

    again = PaperProcess(PAPER_PORT=port)
    again.ready()

    async def is_in_step() -> bool:
        return not await problem()

    try:
        await eventually(is_in_step, within_s=WITHIN_S)
    finally:
        again.stop()


@pytest.mark.parametrize("settings", [{"paper_mirror_rest_url": "http://127.0.0.1:1"}, {"paper_mirror_symbols": "NOPEUSDT"}])
def test_an_exchange_that_cannot_be_mirrored_is_told_in_one_line(exchange: PaperProcess, settings: dict[str, str]) -> None:
    with pytest.raises(BadSource, match="cannot be mirrored") as caught:
        Source(PaperSettings.load(**{"paper_source": "mirror", "paper_mirror_rest_url": exchange.url, **settings}))
    assert "\n" not in str(caught.value)
