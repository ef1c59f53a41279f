"""Reading later, in bulk and by many: a thousand streams, a crowd of waiting readers, events thrown away, late ones."""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import UNSET

from services.stream_ingestion import lateness
from services.stream_ingestion.cursors import decode_cursor
from services.stream_ingestion.ears import Ears
from services.stream_ingestion.waiting import MOST_EACH, Waiting
from shared.contract.errors import RateLimited, Unavailable
from shared.contract.platform.streams import (
    Book,
    Latest,
    List,
    Missing,
    Read,
    StreamPage,
    Subscribe,
    Unsubscribe,
    UnsubscribeAll,
)
from shared.runtime.bus import Bus
from shared.runtime.clock import now_ms
from shared.runtime.endpoint import RpcRequest
from tests.stream_ingestion.conftest import Platform
from tests.stream_ingestion.stream_server import depth, kline, text, trade
from tests.support.waiting import eventually


def names(count: int) -> list[str]:
    return [f"s{number}usdt@trade" for number in range(count)]


async def publish(platform: Platform, *numbers: int, streams: int, padding: str = "") -> list[bytes]:
    """A trade with each of these numbers on so many streams, as a replica publishes them; in order."""
    payloads = [
        (f"binance.md.S{each}USDT.trade", text(trade(number, f"S{each}USDT") | {"x": padding}))
        for number in numbers
        for each in range(streams)
    ]
    for subject, payload in payloads:
        await platform.bus.publish(subject, payload)
    await platform.bus.jetstream.publish("binance.md_barrier", b"")
    await platform.bus.data.flush()
    return [payload for _, payload in payloads]


def ids(page: StreamPage) -> list[int]:
    return [json.loads(bytes(event.event))["t"] for event in page.events]


async def test_the_latest_of_a_thousand_streams_comes_in_one_answer_at_once(platform: Platform) -> None:
    await platform.start()
    await publish(platform, 1, 2, streams=1000)
    asked = Latest(streams=names(1000))
    began = time.perf_counter()
    reply = await platform.ask(asked)
    took_s = time.perf_counter() - began
    assert [event.stream for event in reply.events] == asked.streams
    assert {json.loads(bytes(event.latest.event))["t"] for event in reply.events if event.latest} == {2}
    assert took_s < 1


@pytest.mark.parametrize("streams", [3, 40], ids=["few", "many"])
async def test_streams_are_read_together_page_by_page_in_order_of_arrival(platform: Platform, streams: int) -> None:
    await platform.start()
    await publish(platform, 1, streams=streams)
    page = await platform.ask(Read(streams=names(streams)))
    assert ids(page) == [1] * streams
    published = await publish(platform, *range(2, 7), streams=streams)
    read, more = list[bytes](), True
    while more:
        page = await platform.ask(Read(streams=names(streams), cursor=page.cursor, limit=17))
        assert len(page.events) <= 17
        read += [bytes(event.event) for event in page.events]
        more = page.more
    assert read == published
    page = await platform.ask(Read(streams=names(streams), cursor=page.cursor))
    assert (page.events, page.missing, page.aged_out) == ([], UNSET, UNSET)


@pytest.mark.parametrize("streams", [2, 20], ids=["few", "many"])
async def test_conflated_reading_goes_straight_to_the_newest_and_tells_how_many_were_passed_over(
    platform: Platform, streams: int
) -> None:
    await platform.start()
    await publish(platform, 1, streams=streams)
    begin = await platform.ask(Read(streams=names(streams), conflate=True))
    assert (ids(begin), begin.conflated) == ([1] * streams, 0)
    await publish(platform, *range(2, 102), streams=streams)
    page = await platform.ask(Read(streams=names(streams), cursor=begin.cursor, conflate=True, limit=50))
    assert (ids(page), page.conflated, page.more) == ([101] * streams, 99 * streams, False)
    assert (page.aged_out, page.missing) == (UNSET, UNSET)
    part = await platform.ask(Read(streams=names(streams), cursor=begin.cursor, conflate=True, limit=1))
    rest = await platform.ask(Read(streams=names(streams), cursor=part.cursor, conflate=True))
    assert ids(part) + ids(rest) == [101] * streams
    assert (part.conflated, part.more, rest.conflated) == (99 * streams, True, 0)


async def test_reading_many_streams_leaves_no_consumer_behind(platform: Platform) -> None:
    await platform.start()
    await publish(platform, 1, streams=20)
    page = await platform.ask(Read(streams=names(20)))
    await publish(platform, 2, streams=20)
    assert len((await platform.ask(Read(streams=names(20), cursor=page.cursor))).events) == 20

    async def is_clean() -> bool:
        return (await platform.bus.jetstream.stream_info("binance_md_events")).state.consumer_count == 0

    await eventually(is_clean)


async def test_a_page_of_large_events_ends_before_it_grows_too_large(platform: Platform) -> None:
    await platform.start()
    await publish(platform, 1, streams=10)
    page = await platform.ask(Read(streams=names(10)))
    await publish(platform, 2, 3, streams=10, padding="x" * 300_000)
    first = await platform.ask(Read(streams=names(10), cursor=page.cursor, limit=1000))
    assert (0 < len(first.events) < 20, first.more) == (True, True)
    count = len(first.events)
    while first.more:
        first = await platform.ask(Read(streams=names(10), cursor=first.cursor, limit=1000))
        count += len(first.events)
    assert count == 20


async def test_reading_many_streams_without_a_cursor_begins_with_the_last_event_of_each(platform: Platform) -> None:
    await platform.start()
    await publish(platform, 1, streams=2)
    await publish(platform, 2, 3, 4, streams=1)
    page = await platform.ask(Read(streams=names(2)))
    assert ids(page) == [1, 4]
    assert not page.more


async def test_events_thrown_away_for_want_of_room_are_told_of_streams_without_numbers_too(platform: Platform) -> None:
    await platform.start(stream_keep_bytes=1024 * 1024)
    subject, stream = "binance.md.BTCUSDT.bookTicker", "btcusdt@bookTicker"

    async def tell(updates: Sequence[int]) -> None:
        for update in updates:
            best = {"u": update, "s": "BTCUSDT", "b": "1", "B": "1", "a": "2", "A": "x" * 50_000}
            await platform.bus.publish(subject, text(best))
        await platform.bus.data.flush()

    async def last() -> int:
        event = (await platform.ask(Latest(streams=[stream]))).events[0].latest
        return json.loads(bytes(event.event))["u"] if event else 0

    async def until_kept(update: int) -> None:
        async def kept() -> bool:
            return await last() == update

        await eventually(kept)

    await tell([1])
    await until_kept(1)
    page = await platform.ask(Read(streams=[stream]))
    await tell([2])
    await until_kept(2)
    page = await platform.ask(Read(streams=[stream], cursor=page.cursor))
    assert not page.aged_out
    await tell(range(3, 40))
    await until_kept(39)
    page = await platform.ask(Read(streams=[stream], cursor=page.cursor, limit=1000))
    assert isinstance(page.aged_out, dict)
    assert page.aged_out[stream].missed is None


async def keep(platform: Platform, subject: str, *events: Any) -> None:
    """Publish as a replica does, and return when all are kept."""
    for event in events:
        await platform.bus.publish(subject, text(event))
    await platform.bus.data.flush()
    await platform.bus.jetstream.publish("binance.md_barrier", b"")


async def test_who_began_before_the_first_event_is_told_what_was_thrown_away(platform: Platform) -> None:
    await platform.start(stream_keep_each=20)
    (subscription,) = (await platform.subscribe("btcusdt@trade")).subscriptions
    await publish_trades(platform, range(1, 51))
    page = await platform.ask(Read(streams=["btcusdt@trade"], cursor=subscription.cursor))
    assert ids(page) == list(range(31, 51))
    assert isinstance(page.aged_out, dict)
    assert list(page.aged_out) == ["btcusdt@trade"]


async def test_a_quiet_stream_that_is_read_now_and_then_has_lost_nothing(platform: Platform) -> None:
    await platform.start(stream_keep_bytes=1024 * 1024)
    (subscription,) = (await platform.subscribe("btcusdt@trade")).subscriptions
    cursor = subscription.cursor
    for number in range(4):  # others' events push out whatever was there when it began
        await keep(platform, "binance.md.ALL.miniTicker", *({"e": number, "x": "x" * 50_000} for _ in range(30)))
        after = decode_cursor(cursor).s

        async def moved(after: int = after) -> bool:
            nonlocal cursor
            cursor = (await platform.ask(Read(streams=["btcusdt@trade"], cursor=cursor))).cursor
            return decode_cursor(cursor).s >= after + 30

        await eventually(moved)
    await publish_trades(platform, [1])
    page = await platform.ask(Read(streams=["btcusdt@trade"], cursor=cursor))
    assert (ids(page), page.aged_out, page.missing) == ([1], UNSET, UNSET)


async def publish_trades(platform: Platform, numbers: Sequence[int]) -> None:
    await keep(platform, "binance.md.BTCUSDT.trade", *map(trade, numbers))


async def test_who_reads_later_is_told_of_holes_in_the_book_and_between_candles(platform: Platform) -> None:
    await platform.start()
    await keep(platform, "binance.md.BTCUSDT.depth.100ms", depth(1, 4), depth(5, 6))
    await keep(platform, "binance.md.BTCUSDT.kline.1m", kline(0, 1), kline(0, 2, closed=True))
    asked = ["btcusdt@depth@100ms", "btcusdt@kline_1m"]
    page = await platform.ask(Read(streams=asked))
    assert page.missing is UNSET
    await keep(platform, "binance.md.BTCUSDT.depth.100ms", depth(7, 9), depth(12, 12), depth(13, 20), depth(31, 31))
    await keep(platform, "binance.md.BTCUSDT.kline.1m", kline(60_000, 3), kline(240_000, 4), kline(240_000, 5))
    page = await platform.ask(Read(streams=asked, cursor=page.cursor))
    assert page.missing == {
        "btcusdt@depth@100ms": [Missing(10, 11), Missing(21, 30)],
        "btcusdt@kline_1m": [Missing(120_000, 239_999)],
    }
    await keep(platform, "binance.md.BTCUSDT.depth.100ms", depth(1, 2), depth(3, 3))  # the exchange counts anew
    assert (await platform.ask(Read(streams=asked, cursor=page.cursor))).missing is UNSET


async def test_symbols_are_believed_while_market_data_is_silent(platform: Platform) -> None:
    await platform.start()
    platform.market.silent = True
    began = time.perf_counter()
    await platform.subscribe("btcusdt@trade", "ethusdt@trade", "bnbusdt@trade")
    assert time.perf_counter() - began < 4


async def test_a_crowd_of_waiting_readers_takes_no_slot_from_anybody(platform: Platform) -> None:
    replica = await platform.start(concurrency=8)
    platform.market.book = {"lastUpdateId": 1, "bids": [["1", "1"]], "asks": [["2", "1"]]}
    await platform.subscribe("btcusdt@trade")
    asked = Read(streams=["btcusdt@trade"], wait_ms=10_000)

    async def read() -> StreamPage:
        while True:
            try:
                return await platform.ask(asked, within_ms=15_000)
            except Unavailable:  # 300 at once are more than 8 slots, until they wait
                await asyncio.sleep(0)

    readers = [asyncio.create_task(read()) for _ in range(300)]
    await eventually(lambda: b"binance_stream_waiting 300.0" in replica.life.metrics.text(), within_s=10)
    began = time.perf_counter()
    await platform.ask(Latest(streams=["btcusdt@trade"]))
    await platform.ask(Book(symbol="BTCUSDT"))
    assert time.perf_counter() - began < 2
    await platform.exchange.emit("btcusdt@trade", trade(1))
    pages = await asyncio.gather(*readers)
    assert {tuple(ids(page)) for page in pages} == {(1,)}


async def test_all_who_wait_for_a_subject_share_one_subscription(bus: Bus) -> None:
    ears = Ears(bus)
    subject = f"{bus.prefix}.md.BTCUSDT.trade"

    async def wait(ready: asyncio.Event) -> None:
        async with ears.on([subject]) as spoke:
            ready.set()
            await spoke.wait()

    ready = [asyncio.Event() for _ in range(20)]
    waiting = [asyncio.create_task(wait(each)) for each in ready]
    await asyncio.gather(*(each.wait() for each in ready))
    assert len(ears) == 1
    waiting[0].cancel()
    await asyncio.wait({waiting[0]})
    assert len(ears) == 1
    await bus.publish(subject, b"1")
    await asyncio.wait_for(asyncio.gather(*waiting[1:]), 5)
    assert len(ears) == 0


def request(caller: str) -> RpcRequest:
    return RpcRequest(Latest(streams=["btcusdt@trade"]), Latest.spec, "", now_ms() + 1000, caller, {})


def test_one_caller_may_not_wait_without_bound() -> None:
    waiting = Waiting()
    held = [waiting.of(request("one")) for _ in range(MOST_EACH)]
    for each in held:
        each.__enter__()
    with pytest.raises(RateLimited) as told, waiting.of(request("one")):
        pass
    assert "waitMs 0" in told.value.hint
    with waiting.of(request("two")):
        pass
    held.pop().__exit__(None, None, None)
    with waiting.of(request("one")):
        pass


async def condition(platform: Platform, stream: str) -> Any:
    return (await platform.ask(Latest(streams=[stream]))).events[0].condition


async def test_what_was_old_when_it_arrived_is_told_as_stale(platform: Platform) -> None:
    await platform.start(stream_late_s=10)
    await platform.subscribe("btcusdt@trade")
    await platform.exchange.emit("btcusdt@trade", trade(1, at_ms=now_ms() - 60_500))

    async def is_told() -> bool:
        found = await condition(platform, "btcusdt@trade")
        return (found.state, found.reason, (found.delay_ms or 0) // 1000) == ("stale", lateness.REASON, 60)

    await eventually(is_told)
    await platform.exchange.emit("btcusdt@trade", trade(2, at_ms=now_ms() - 2))

    async def is_good() -> bool:
        found = await condition(platform, "btcusdt@trade")
        return found.state == "synced" and 0 <= found.delay_ms < 5000

    await eventually(is_good)


async def test_a_book_of_old_changes_is_told_as_stale(platform: Platform) -> None:
    await platform.start(stream_late_s=10)
    platform.market.book = {"lastUpdateId": 10, "bids": [["1", "1"]], "asks": [["2", "1"]]}
    asking = asyncio.create_task(platform.ask(Book(symbol="BTCUSDT")))
    await eventually(lambda: platform.exchange.subscribed)
    await platform.exchange.emit("btcusdt@depth@100ms", depth(11, 11))
    assert (await asking).condition.state == "stale"
    await platform.exchange.emit("btcusdt@depth@100ms", depth(12, 12) | {"E": now_ms()})

    async def is_good() -> bool:
        return (await platform.ask(Book(symbol="BTCUSDT"))).condition.state == "synced"

    await eventually(is_good)


async def test_a_thousand_leases_are_taken_shown_and_ended_by_one_request_each(platform: Platform) -> None:
    await platform.start()
    taken = await platform.ask(Subscribe(streams=names(1000), wait_ms=0))
    assert [subscription.stream for subscription in taken.subscriptions] == names(1000)
    assert len((await platform.ask(List())).subscriptions) == 1000
    assert sorted((await platform.ask(UnsubscribeAll())).ended) == sorted(names(1000))


async def test_a_stream_in_capitals_is_ended_too(platform: Platform) -> None:
    await platform.start()
    await platform.subscribe("btcusdt@trade")
    assert (await platform.ask(Unsubscribe(stream="BTCUSDT@trade"))).ended == ["btcusdt@trade"]
