"""Local order books through the service: kept from the stream, given only while they can be trusted."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from msgspec import UNSET

from shared.contract.errors import Unavailable
from shared.contract.platform.streams import Book, List
from tests.stream_ingestion.conftest import Platform
from tests.stream_ingestion.stream_server import depth
from tests.support.waiting import eventually

STREAM = "btcusdt@depth@100ms"


def snapshot(last: int) -> dict[str, object]:
    return {
        "lastUpdateId": last,
        "bids": [["100.00", "1.0"], ["99.00", "2.0"]],
        "asks": [["101.00", "3.0"], ["102.00", "4.0"]],
    }


async def test_asking_for_a_book_keeps_it_from_then_on(platform: Platform) -> None:
    await platform.start()
    platform.market.book = snapshot(10)
    asking = asyncio.create_task(platform.ask(Book(symbol="BTCUSDT", limit=1, cumulative=True)))
    await eventually(lambda: platform.exchange.subscribed == {STREAM})
    await platform.exchange.emit(STREAM, depth(10, 11, bids=[["100.00", "5.0"]]))
    book = await asking
    assert (book.last_update_id, book.condition.state) == (11, "synced")
    assert (book.bids, book.asks) == ([["100.00", "5.0", "5.0"]], [["101.00", "3.0", "3.0"]])
    assert [lease.stream for lease in (await platform.ask(List())).subscriptions] == [STREAM]


async def test_a_book_tells_what_a_size_costs(platform: Platform) -> None:
    await platform.start()
    platform.market.book = snapshot(10)
    asking = asyncio.create_task(platform.ask(Book(symbol="BTCUSDT", side="BUY", quantity="5")))
    await eventually(lambda: platform.exchange.subscribed)
    await platform.exchange.emit(STREAM, depth(11, 11))
    fill = (await asking).fill
    assert fill
    assert (Decimal(fill.filled), Decimal(fill.notional)) == (5, 507)
    assert (fill.average_price, fill.worst_price) == ("101.40000000", "102.00")


async def test_the_book_of_a_quiet_market_needs_no_event(platform: Platform) -> None:
    await platform.start()
    platform.market.book = snapshot(10)
    book = await platform.ask(Book(symbol="BTCUSDT"))
    assert (book.last_update_id, book.event_time) == (10, 0)


async def test_a_book_that_is_not_in_step_is_never_given(platform: Platform) -> None:
    await platform.start()
    platform.market.book = snapshot(10)
    asking = asyncio.create_task(platform.ask(Book(symbol="BTCUSDT")))
    await eventually(lambda: platform.exchange.subscribed)
    await platform.exchange.emit(STREAM, depth(11, 11))
    await asking
    await platform.exchange.emit(STREAM, depth(15, 16))
    with pytest.raises(Unavailable, match="not in step"):
        await platform.ask(Book(symbol="BTCUSDT"), within_ms=1000)
    platform.market.book = snapshot(16)
    book = await platform.ask(Book(symbol="BTCUSDT"))
    assert book.last_update_id == 16


async def test_a_book_that_has_not_changed_for_long_says_so(platform: Platform) -> None:
    await platform.start(stream_stale_s=0.2)
    platform.market.book = snapshot(10)

    async def is_stale() -> bool:
        book = await platform.ask(Book(symbol="BTCUSDT"))
        return book.condition.state == "stale" and (book.condition.age_ms or 0) > 200

    await eventually(is_stale)


async def test_a_book_whose_stream_is_cut_off_is_not_given(platform: Platform) -> None:
    await platform.start()
    platform.market.book = snapshot(10)
    await platform.ask(Book(symbol="BTCUSDT"))
    platform.exchange.unreachable = True
    platform.exchange.cut()
    await eventually(lambda: not platform.exchange.clients)
    with pytest.raises(Unavailable, match="not in step"):
        await platform.ask(Book(symbol="BTCUSDT"), within_ms=1000)


async def test_any_replica_gives_a_book_that_another_one_keeps(platform: Platform) -> None:
    await platform.start()
    await platform.start()
    platform.market.book = snapshot(10)
    asking = asyncio.create_task(platform.ask(Book(symbol="BTCUSDT")))
    await eventually(lambda: platform.exchange.subscribed)
    await platform.exchange.emit(STREAM, depth(11, 11))
    assert (await asking).last_update_id == 11
    books = await asyncio.gather(*(platform.ask(Book(symbol="BTCUSDT")) for _ in range(10)))
    assert {book.last_update_id for book in books} == {11}


DEEP: dict[str, Any] = {
    "lastUpdateId": 10,
    "bids": [[f"{100 - level}.00", "1.0"] for level in range(8)],
    "asks": [[f"{101 + level}.00", "1.0"] for level in range(8)],
}


async def test_a_book_grows_as_deep_as_is_asked_for(platform: Platform) -> None:
    await platform.start(book_levels=5)
    platform.market.book = DEEP
    shallow = await platform.ask(Book(symbol="BTCUSDT", limit=3))
    assert (len(shallow.bids), shallow.bids_known_to, shallow.asks_known_to) == (3, UNSET, UNSET)
    deep = await platform.ask(Book(symbol="BTCUSDT", limit=100))
    assert (deep.bids, deep.asks) == (DEEP["bids"], DEEP["asks"])
    assert (deep.bids_known_to, deep.asks_known_to) == (UNSET, UNSET)
    assert platform.market.asked["depth"] == 2


async def test_a_book_that_has_lost_levels_is_filled_up_for_who_asks_for_them(platform: Platform) -> None:
    await platform.start(book_levels=5)
    platform.market.book = DEEP
    await platform.ask(Book(symbol="BTCUSDT", limit=5))
    platform.market.book = DEEP | {"lastUpdateId": 11, "bids": DEEP["bids"][1:]}
    await platform.exchange.emit(STREAM, depth(11, 11, bids=[["100.00", "0.0"]]))

    async def changed() -> bool:
        return (await platform.ask(Book(symbol="BTCUSDT", limit=1))).last_update_id == 11

    await eventually(changed)
    book = await platform.ask(Book(symbol="BTCUSDT", limit=5))
    assert (book.bids, book.bids_known_to) == (DEEP["bids"][1:6], UNSET)


async def test_a_book_grows_again_for_who_asks_for_more_at_once(platform: Platform) -> None:
    await platform.start(book_levels=5)
    platform.market.book = DEEP
    depths = [len((await platform.ask(Book(symbol="BTCUSDT", limit=limit))).bids) for limit in (5, 6, 8)]
    assert depths == [5, 6, 8]


async def test_a_size_that_goes_beyond_what_is_known_lets_the_book_grow(platform: Platform) -> None:
    await platform.start(book_levels=5)
    platform.market.book = DEEP
    await platform.ask(Book(symbol="BTCUSDT", limit=1))
    book = await platform.ask(Book(symbol="BTCUSDT", limit=1, side="SELL", quantity="7"))
    assert book.fill
    assert (Decimal(book.fill.filled), book.fill.worst_price, book.bids_known_to) == (7, "94.00", UNSET)


async def test_where_more_cannot_be_known_the_answer_says_where_it_ends(platform: Platform) -> None:
    await platform.start(book_levels=5)
    platform.market.book = DEEP
    await platform.ask(Book(symbol="BTCUSDT", limit=1))
    platform.market.fails = Unavailable("no exchange")
    await platform.exchange.emit(STREAM, depth(11, 11, bids=[["90.00", "9.0"]], asks=[["101.00", "0.0"]]))

    async def changed() -> bool:
        return (await platform.ask(Book(symbol="BTCUSDT", limit=1))).last_update_id == 11

    await eventually(changed)
    book = await platform.ask(Book(symbol="BTCUSDT", limit=6, side="BUY", quantity="6"))
    assert (book.bids, book.bids_known_to) == (DEEP["bids"][:5], "96.00")
    assert (book.asks, book.asks_known_to) == (DEEP["asks"][1:5], "105.00")
    assert book.fill
    assert Decimal(book.fill.filled) == 4
