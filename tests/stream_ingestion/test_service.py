"""The service end to end: leases, live events, reading later, refusals, over a real bus and real sockets."""

import asyncio
import json

import pytest
from msgspec import UNSET

from services.stream_ingestion.cursors import decode_cursor
from shared.contract.errors import Denied, Invalid
from shared.contract.platform.streams import Latest, List, Read, Subscribe, Unsubscribe, UnsubscribeAll
from shared.runtime.clock import now_ms
from tests.stream_ingestion.conftest import Platform
from tests.stream_ingestion.stream_server import kline, text, trade
from tests.support.waiting import eventually


async def test_a_subscription_answers_with_the_first_event_and_everybody_hears_it_live(platform: Platform) -> None:
    await platform.start()
    heard = await platform.listen("binance.md.BTCUSDT.trade")
    asking = asyncio.create_task(platform.ask(Subscribe(streams=["btcusdt@trade"], wait_ms=4000)))
    await eventually(lambda: platform.exchange.subscribed)
    await platform.exchange.emit("btcusdt@trade", trade(7))
    (subscription,) = (await asking).subscriptions
    assert heard == [text(trade(7))]
    assert subscription.latest is not None
    assert bytes(subscription.latest.event) == text(trade(7))
    assert (subscription.subject, subscription.condition.state) == ("binance.md.BTCUSDT.trade", "synced")
    assert subscription.handle.startswith("btcusdt@trade~")


async def test_many_holders_share_one_upstream_subscription_which_ends_after_the_last(platform: Platform) -> None:
    await platform.start()
    for caller in ("one", "two", "one"):
        await platform.subscribe("btcusdt@trade", caller=caller)
    asked = [heard for client in platform.exchange.clients for heard in client.heard if heard["method"] == "SUBSCRIBE"]
    assert [heard["params"] for heard in asked] == [["btcusdt@trade"]]
    assert (await platform.ask(Unsubscribe(stream="btcusdt@trade"), caller="one")).ended == ["btcusdt@trade"]
    assert len((await platform.ask(List(everybody=True))).subscriptions) == 1
    await platform.ask(UnsubscribeAll(), caller="two")
    await eventually(lambda: not platform.exchange.subscribed)


async def test_a_stream_flows_on_for_a_while_after_it_was_unsubscribed(platform: Platform) -> None:
    await platform.start(stream_linger_s=2)
    heard = await platform.listen("binance.md.BTCUSDT.trade")
    await platform.subscribe("btcusdt@trade")
    await platform.exchange.emit("btcusdt@trade", trade(1))
    await eventually(lambda: len(heard) == 1)
    assert (await platform.ask(Unsubscribe(stream="btcusdt@trade"))).ended == ["btcusdt@trade"]
    assert (await platform.ask(Unsubscribe(stream="btcusdt@trade"))).ended == []
    await platform.exchange.emit("btcusdt@trade", trade(2))
    await eventually(lambda: len(heard) == 2)
    await eventually(lambda: not platform.exchange.subscribed)


async def test_a_lease_is_renewed_by_asking_again_and_by_the_handle_ended(platform: Platform) -> None:
    await platform.start()
    (first,) = (await platform.subscribe("btcusdt@trade", lease_seconds=10)).subscriptions
    (second,) = (await platform.subscribe("btcusdt@trade", lease_seconds=60)).subscriptions
    assert second.handle == first.handle
    assert second.ends >= first.ends + 49_000
    with pytest.raises(Invalid, match="somebody else"):
        await platform.ask(Unsubscribe(stream=first.handle), caller="other")
    assert (await platform.ask(Unsubscribe(stream=first.handle))).ended == ["btcusdt@trade"]
    assert (await platform.ask(List())).subscriptions == []


async def test_reading_goes_on_from_the_cursor_without_loss(platform: Platform) -> None:
    await platform.start()
    (subscription,) = (await platform.subscribe("btcusdt@trade")).subscriptions
    for number in range(1, 8):
        await platform.exchange.emit("btcusdt@trade", trade(number))
    cursor, read = subscription.cursor, list[int]()
    while len(read) < 7:
        page = await platform.ask(Read(streams=["btcusdt@trade"], cursor=cursor, limit=3, wait_ms=2000))
        read += [json.loads(bytes(event.event))["t"] for event in page.events]
        cursor = page.cursor
    assert read == list(range(1, 8))
    empty = await platform.ask(Read(streams=["btcusdt@trade"], cursor=cursor))
    assert (empty.events, empty.more, empty.cursor) == ([], False, cursor)


async def test_a_read_waits_for_the_next_event(platform: Platform) -> None:
    await platform.start()
    (subscription,) = (await platform.subscribe("btcusdt@trade")).subscriptions
    reading = asyncio.create_task(platform.ask(Read(streams=["btcusdt@trade"], cursor=subscription.cursor, wait_ms=4000)))
    await asyncio.wait({reading}, timeout=0.2)
    await platform.exchange.emit("btcusdt@trade", trade(1))
    assert len((await reading).events) == 1


async def test_one_cursor_reads_several_streams_in_order_of_arrival(platform: Platform) -> None:
    await platform.start()
    streams = ["btcusdt@trade", "ethusdt@trade"]
    (subscription, _) = (await platform.subscribe(*streams)).subscriptions
    heard = await platform.listen("binance.md.*.trade")
    for number in range(1, 4):
        await platform.exchange.emit("btcusdt@trade", trade(number))
        await platform.exchange.emit("ethusdt@trade", trade(number, "ETHUSDT"))
    await eventually(lambda: len(heard) == 6)
    events, cursor, more = list[bytes](), subscription.cursor, True
    while more:
        page = await platform.ask(Read(streams=streams, cursor=cursor, limit=2))
        events += [bytes(event.event) for event in page.events]
        cursor, more = page.cursor, page.more
    assert events == heard


async def test_streams_that_go_on_while_they_are_read_together_lose_nothing(platform: Platform) -> None:
    await platform.start()
    streams, numbers = [f"s{count}usdt@trade" for count in range(12)], range(1, 301)
    (subscription, *_) = (await platform.subscribe(*streams)).subscriptions
    read: dict[str, list[int]] = {stream: [] for stream in streams}

    async def flow() -> None:
        for number in numbers:
            for stream in streams:
                await platform.exchange.emit(stream, trade(number, stream.partition("@")[0].upper()))
            await asyncio.sleep(0.002)

    flowing = asyncio.create_task(flow())
    cursor, more = subscription.cursor, True
    async with asyncio.timeout(60):
        while more or not all(got and got[-1] == numbers[-1] for got in read.values()):
            page = await platform.ask(Read(streams=streams, cursor=cursor, limit=1000, wait_ms=2000))
            assert page.missing is UNSET
            for event in page.events:
                read[event.stream].append(json.loads(bytes(event.event))["t"])
            cursor, more = page.cursor, page.more
    await flowing
    assert read == {stream: [*numbers] for stream in streams}


async def test_a_subscription_of_a_stream_that_flows_reads_on_behind_the_event_it_shows(platform: Platform) -> None:
    await platform.start()
    await platform.subscribe("btcusdt@trade")
    over = asyncio.Event()

    async def flow() -> None:
        number = 0
        while not over.is_set():
            await platform.exchange.emit("btcusdt@trade", trade(number := number + 1))
            await asyncio.sleep(0)

    flowing = asyncio.create_task(flow())
    for _ in range(50):
        (subscription,) = (await platform.ask(Subscribe(streams=["btcusdt@trade"]))).subscriptions
        assert subscription.latest is not None
        shown = json.loads(bytes(subscription.latest.event))["t"]
        assert decode_cursor(subscription.cursor).n == {"btcusdt@trade": shown}
    over.set()
    await flowing


async def test_a_stream_is_read_by_the_handle_of_its_subscription_too(platform: Platform) -> None:
    await platform.start()
    (subscription,) = (await platform.subscribe("btcusdt@trade")).subscriptions
    heard = await platform.listen("binance.md.BTCUSDT.trade")
    await platform.exchange.emit("btcusdt@trade", trade(1))
    await eventually(lambda: heard)
    streams = [subscription.handle, "btcusdt@trade"]
    page = await platform.ask(Read(streams=streams, cursor=subscription.cursor, wait_ms=2000))
    assert [event.stream for event in page.events] == ["btcusdt@trade"]
    (latest,) = (await platform.ask(Latest(streams=streams))).events
    assert latest.latest == page.events[0]
    (renewed,) = (await platform.ask(Subscribe(streams=streams))).subscriptions
    assert renewed.handle == subscription.handle
    with pytest.raises(Invalid, match="somebody else"):
        await platform.ask(Read(streams=streams), caller="other")


async def test_a_reader_hears_nothing_twice_of_what_a_frozen_replica_sent_late(platform: Platform) -> None:
    await platform.start()
    (subscription,) = (await platform.subscribe("btcusdt@trade")).subscriptions
    at_ms, read, cursor = now_ms() - 60_000, list[int](), subscription.cursor
    for number in (1, 2, 3, 4, 2, 3, 5, 4, 6):
        await platform.bus.publish("binance.md.BTCUSDT.trade", text(trade(number, at_ms=at_ms)))
    await platform.bus.settle()

    async def has_read(count: int) -> bool:
        nonlocal cursor
        page = await platform.ask(Read(streams=["btcusdt@trade"], cursor=cursor, limit=3))
        read.extend(json.loads(bytes(event.event))["t"] for event in page.events)
        cursor = page.cursor
        return len(read) >= count

    await eventually(lambda: has_read(6))
    assert read == [1, 2, 3, 4, 5, 6]
    for number in (1, 2):  # the exchange counts anew
        await platform.bus.publish("binance.md.BTCUSDT.trade", text(trade(number, at_ms=now_ms())))
    await eventually(lambda: has_read(8))
    assert read[6:] == [1, 2]


async def test_reading_without_a_cursor_begins_with_the_last_event(platform: Platform) -> None:
    await platform.start()
    await platform.subscribe("btcusdt@trade")
    heard = await platform.listen("binance.md.*.trade")
    for number in range(1, 4):
        await platform.exchange.emit("btcusdt@trade", trade(number))
    await eventually(lambda: len(heard) == 3)
    page = await platform.ask(Read(streams=["btcusdt@trade"]))
    assert [bytes(event.event) for event in page.events] == heard[-1:]


async def test_conflated_reading_gives_the_last_of_each_stream_and_says_how_many_were_left_out(platform: Platform) -> None:
    await platform.start()
    (subscription,) = (await platform.subscribe("btcusdt@trade")).subscriptions
    heard = await platform.listen("binance.md.BTCUSDT.trade")
    for number in range(1, 6):
        await platform.exchange.emit("btcusdt@trade", trade(number))
    await eventually(lambda: len(heard) == 5)
    page = await platform.ask(Read(streams=["btcusdt@trade"], cursor=subscription.cursor, conflate=True))
    assert [json.loads(bytes(event.event))["t"] for event in page.events] == [5]
    assert page.conflated == 4


async def test_a_reader_who_comes_too_late_is_told_how_many_events_aged_out(platform: Platform) -> None:
    await platform.start(stream_keep_each=3)
    await platform.subscribe("btcusdt@trade")
    heard = await platform.listen("binance.md.BTCUSDT.trade")
    await platform.exchange.emit("btcusdt@trade", trade(1))
    await eventually(lambda: heard)
    page = await platform.ask(Read(streams=["btcusdt@trade"]))
    for number in range(2, 12):
        await platform.exchange.emit("btcusdt@trade", trade(number))
    await eventually(lambda: len(heard) == 11)
    late = await platform.ask(Read(streams=["btcusdt@trade"], cursor=page.cursor))
    assert [json.loads(bytes(event.event))["t"] for event in late.events] == [9, 10, 11]
    assert isinstance(late.aged_out, dict)
    told = late.aged_out["btcusdt@trade"]
    assert (told.missed, told.since) == (7, page.events[0].received_time)


async def test_the_latest_of_many_streams_comes_in_one_answer(platform: Platform) -> None:
    await platform.start()
    streams = ["btcusdt@trade", "btcusdt@kline_1m", "ethusdt@trade"]
    await platform.subscribe(*streams)
    heard = await platform.listen("binance.md.>")
    await platform.exchange.emit("btcusdt@trade", trade(1))
    await platform.exchange.emit("btcusdt@trade", trade(2))
    await platform.exchange.emit("btcusdt@kline_1m", kline(60_000, 61_000))
    await eventually(lambda: len(heard) == 3)
    found = {event.stream: event for event in (await platform.ask(Latest(streams=streams))).events}
    latest = found["btcusdt@trade"].latest
    assert latest is not None
    assert bytes(latest.event) == text(trade(2))
    assert found["btcusdt@kline_1m"].condition.state == "synced"
    assert (found["ethusdt@trade"].latest, found["ethusdt@trade"].condition.state) == (None, "stale")


async def test_what_nobody_receives_says_so(platform: Platform) -> None:
    await platform.start()
    (event,) = (await platform.ask(Latest(streams=["btcusdt@trade"]))).events
    assert event.condition.reason == "nobody receives it: subscribe to it"


@pytest.mark.parametrize(
    ("stream", "hint"),
    [
        ("btcusdt@trades", "Did you mean btcusdt@trade"),
        ("btcusdt@kline_2m", "1s, 1m, 3m"),
        ("btcusdt@depth7", "5, 10, 20"),
        ("btcusdt@depth@250ms", "@depth@100ms"),
        ("btcusdt@ticker_2h", "1h, 4h, 1d"),
        ("!trades@arr", "!miniTicker@arr"),
        ("btcusdt", "btcusdt@trade"),
        ("nopeusdt@trade", ""),
    ],
)
async def test_a_wrong_stream_is_refused_with_what_is_allowed(platform: Platform, stream: str, hint: str) -> None:
    await platform.start()
    with pytest.raises(Invalid) as told:
        await platform.ask(Subscribe(streams=[stream], wait_ms=0))
    assert hint in told.value.hint


async def test_a_symbol_in_capitals_means_the_same_stream(platform: Platform) -> None:
    await platform.start()
    reply = await platform.ask(Subscribe(streams=["BTCUSDT@trade"], wait_ms=0))
    assert reply.subscriptions[0].stream == "btcusdt@trade"


async def test_streams_over_the_limit_are_refused_with_the_limit(platform: Platform) -> None:
    await platform.start(streams_per_holder=2)
    with pytest.raises(Denied, match="3 streams are more than the 2"):
        await platform.ask(Subscribe(streams=[f"{base}usdt@trade" for base in ("btc", "eth", "bnb")], wait_ms=0))


async def test_streams_spread_over_connections_when_one_is_full(platform: Platform) -> None:
    await platform.start(streams_per_connection=2)
    await platform.subscribe(*(f"{base}usdt@trade" for base in ("btc", "eth", "bnb", "sol", "xrp")))
    assert sorted(len(client.names) for client in platform.exchange.clients) == [1, 2, 2]


async def test_the_retired_stream_of_all_tickers_is_made_from_rest(platform: Platform) -> None:
    platform.market.tickers = [
        {
            "symbol": "BTCUSDT",
            "priceChange": "1",
            "priceChangePercent": "0.1",
            "weightedAvgPrice": "60000",
            "prevClosePrice": "59999",
            "lastPrice": "60000.00",
            "lastQty": "1",
            "bidPrice": "59999",
            "bidQty": "1",
            "askPrice": "60001",
            "askQty": "1",
            "openPrice": "59999",
            "highPrice": "61000",
            "lowPrice": "58000",
            "volume": "10",
            "quoteVolume": "600000",
            "openTime": 1,
            "closeTime": 2,
            "firstId": 1,
            "lastId": 5,
            "count": 5,
        }
    ]
    await platform.start()
    reply = await platform.ask(Subscribe(streams=["!ticker@arr"], wait_ms=4000))
    latest = reply.subscriptions[0].latest
    assert latest is not None
    (event,) = json.loads(bytes(latest.event))
    assert (event["e"], event["s"], event["c"], event["L"]) == ("24hrTicker", "BTCUSDT", "60000.00", 5)
    assert not platform.exchange.clients
