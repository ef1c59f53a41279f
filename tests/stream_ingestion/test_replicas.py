"""Several replicas: they divide the streams, take over from one that dies, hand over without a hole; NATS may die too."""

import asyncio
import json
import signal
from collections import Counter

from services.stream_ingestion.ownership import Member, owner_of, plan
from shared.contract.platform.streams import Book, Latest, List, Read
from tests.stream_ingestion.conftest import SETTINGS, Platform
from tests.stream_ingestion.stream_server import trade
from tests.stream_ingestion.test_unbroken import TRADES, Ticking, numbers
from tests.support.process import ServiceProcess
from tests.support.waiting import eventually

SYMBOLS = tuple(f"s{number}usdt" for number in range(24))
STREAMS = tuple(f"{symbol}@trade" for symbol in SYMBOLS)


def process(platform: Platform, **more: str | int) -> ServiceProcess:
    """A replica in a process of its own."""
    given = SETTINGS | {"nats_url": platform.nats.url, "stream_url": platform.exchange.url} | more
    port = {"stream_ingestion_port": given.pop("port")}
    return ServiceProcess("services.stream_ingestion", **(given | port))


def is_whole(heard: list[bytes]) -> bool:
    found = numbers(heard)
    return found == list(range(found[0], found[-1] + 1))


async def test_replicas_divide_the_streams_and_each_flows_once(platform: Platform) -> None:
    await platform.start(stream_shards=16)
    await platform.subscribe(*STREAMS)
    await platform.start(stream_shards=16)

    def is_divided() -> bool:
        held = [client.names for client in platform.exchange.clients]
        return len(held) == 2 and not held[0] & held[1] and held[0] | held[1] == set(STREAMS) and all(held)

    await eventually(is_divided, within_s=10)
    heard = await platform.listen("binance.md.*.trade")
    for symbol in SYMBOLS:
        await platform.exchange.emit(f"{symbol}@trade", trade(1, symbol.upper()))
    await eventually(lambda: len(heard) == len(SYMBOLS))


async def test_a_replica_that_comes_takes_over_without_a_hole(platform: Platform) -> None:
    await platform.start(stream_shards=1)
    heard = await platform.listen(TRADES)
    await platform.subscribe("btcusdt@trade")
    ticking = Ticking(platform)
    for _ in range(4):  # with one shard it moves, or not, as the hash of a random name will have it
        await platform.start(stream_shards=1)
        seen = len(heard)
        await eventually(lambda seen=seen: len(heard) > seen + 50)
    last = await ticking.stop()
    await eventually(lambda: numbers(heard)[-1] == last)
    assert is_whole(heard)
    assert platform.market.asked["trades.historical"] == 0


async def test_a_replica_that_is_asked_to_stop_hands_over_without_a_hole(platform: Platform) -> None:
    leaving, _ = await platform.start(), await platform.start()
    heard = await platform.listen(TRADES)
    await platform.subscribe("btcusdt@trade")
    ticking = Ticking(platform)
    await eventually(lambda: len(heard) > 20)
    assert await leaving.stop() == 0
    seen = len(heard)
    await eventually(lambda: len(heard) > seen + 20)
    last = await ticking.stop()
    await eventually(lambda: numbers(heard)[-1] == last)
    assert is_whole(heard)
    assert platform.market.asked["trades.historical"] == 0


async def test_a_killed_replica_is_replaced_within_five_seconds_and_the_hole_filled(platform: Platform) -> None:
    async with process(platform, stream_session_s=3, stream_shards=1) as first:
        await first.logged("ready")
        heard = await platform.listen(TRADES)
        await platform.subscribe("btcusdt@trade")
        ticking = Ticking(platform)
        await eventually(lambda: len(heard) > 20)
        async with process(platform, stream_session_s=3, stream_shards=1) as second:
            await second.logged("ready")
            seen = len(heard)
            await eventually(lambda: len(heard) > seen + 50)
            loop = asyncio.get_running_loop()
            carrying = first if carries(first) else second
            carrying.process.send_signal(signal.SIGKILL)
            killed_at, before = loop.time(), numbers(heard)[-1]
            await eventually(lambda: numbers(heard)[-1] > before + 100, within_s=8)
            assert loop.time() - killed_at < 5
            last = await ticking.stop()
            await eventually(lambda: numbers(heard)[-1] == last)
    assert is_whole(heard)


def carries(replica: ServiceProcess) -> bool:
    """Does this process publish the only shard? Its log tells."""
    moves = [json.loads(line) for line in replica.lines if '"shards moved"' in line]
    return bool(moves) and moves[-1]["mine"] == 1


async def test_a_frozen_replica_says_nothing_on_waking_up(platform: Platform) -> None:
    async with process(platform) as frozen, process(platform) as awake:
        await frozen.logged("ready")
        await awake.logged("ready")
        heard = await platform.listen(TRADES)
        await platform.subscribe("btcusdt@trade")
        ticking = Ticking(platform)
        await eventually(lambda: len(heard) > 20)
        for replica in (frozen, awake):
            replica.process.send_signal(signal.SIGSTOP)
            before = numbers(heard)[-1]
            await eventually(lambda before=before: numbers(heard)[-1] > before + 300, within_s=10)
            replica.process.send_signal(signal.SIGCONT)
            seen = len(heard)
            await eventually(lambda seen=seen: len(heard) > seen + 300, within_s=10)
        last = await ticking.stop()
        await eventually(lambda: numbers(heard)[-1] == last)
    assert is_whole(heard)


async def test_a_frozen_replica_tells_which_events_may_have_come_twice(platform: Platform) -> None:
    async with process(platform) as frozen:
        await frozen.logged("ready")
        heard = await platform.listen(TRADES)
        told = await platform.listen(f"{TRADES.replace('.md.', '.health.md.')}.again")
        await platform.subscribe("btcusdt@trade")
        ticking = Ticking(platform)
        await eventually(lambda: len(heard) > 300)
        frozen.process.send_signal(signal.SIGSTOP)
        async with process(platform) as other:
            await other.logged("ready")
            before = numbers(heard)[-1]
            await eventually(lambda: numbers(heard)[-1] > before + 300, within_s=10)
            frozen.process.send_signal(signal.SIGCONT)
            await eventually(lambda: told)
            await ticking.stop()
    span = json.loads(told[0])["missing"]
    assert json.loads(told[0])["filled"]
    assert before - 300 < span["first"] <= before <= span["last"]


async def test_a_frozen_replica_gives_no_book_on_waking_up(platform: Platform) -> None:
    platform.market.book = {"lastUpdateId": 10, "bids": [["100.00", "1.0"]], "asks": [["101.00", "3.0"]]}
    async with process(platform, stream_shards=1) as frozen:
        await frozen.logged("ready")
        await platform.ask(Book(symbol="BTCUSDT"))
        shards = await platform.bus.jetstream.key_value("binance_stream_shards")
        owner = ((await shards.get("0")).value or b"").decode()
        answers = await platform.listen("answers")
        frozen.process.send_signal(signal.SIGSTOP)
        async with process(platform, stream_shards=1) as other:
            await other.logged("ready")
            await eventually(lambda: carries(other), within_s=10)
            await platform.bus.data.publish(
                f"binance.rpc.stream_replica.{owner}.book", b'{"symbol":"BTCUSDT"}', reply="answers"
            )
            await platform.bus.settle()
            frozen.process.send_signal(signal.SIGCONT)
            await eventually(lambda: answers)
    assert json.loads(answers[0])["kind"] == "unavailable"


async def test_whoever_has_a_stream_when_nats_is_back_goes_on_where_it_was(platform: Platform) -> None:
    async with process(platform, stream_shards=1) as first, process(platform, stream_shards=1) as second:
        for replica in (first, second):
            await replica.logged("ready")
        heard, told = await platform.listen(TRADES), await platform.listen(TRADES.replace(".md.", ".health.md."))
        await platform.subscribe("btcusdt@trade")
        ticking = Ticking(platform)
        await eventually(lambda: len(heard) > 500, within_s=10)
        platform.nats.kill()
        last_heard = numbers(heard)[-1]
        carrying, other = (first, second) if carries(first) else (second, first)
        carrying.process.send_signal(signal.SIGKILL)
        await carrying.ended()
        platform.nats.start()
        await eventually(lambda: numbers(heard)[-1] > last_heard + 300, within_s=20)
        last = await ticking.stop()
        await eventually(lambda: numbers(heard)[-1] == last)
        assert carries(other)
    assert set(numbers(heard)) == set(range(numbers(heard)[0], last + 1))
    again = [number for number, count in Counter(numbers(heard)).items() if count > 1]
    filled = [found["missing"] for found in map(json.loads, told) if found.get("filled")]
    assert all(any(hole["first"] <= number <= hole["last"] for hole in filled) for number in again)


async def test_leases_and_streams_survive_the_death_of_nats(platform: Platform) -> None:
    await platform.start()
    heard = await platform.listen(TRADES)
    await platform.subscribe("btcusdt@trade")
    ticking = Ticking(platform)
    await eventually(lambda: len(heard) > 20)
    platform.nats.kill()
    before = ticking.last
    await eventually(lambda: ticking.last > before + 50)
    platform.nats.start()
    await eventually(lambda: numbers(heard)[-1] > ticking.last - 20 and ticking.last > before + 100, within_s=20)
    last = await ticking.stop()
    await eventually(lambda: numbers(heard)[-1] == last)
    assert [lease.stream for lease in (await platform.ask_again(List())).subscriptions] == ["btcusdt@trade"]
    assert set(range(numbers(heard)[0], last + 1)) == set(numbers(heard))
    page = await platform.ask_again(Read(streams=["btcusdt@trade"], limit=1000))
    assert json.loads(bytes(page.events[-1].event))["t"] == last


async def test_a_cursor_from_before_the_death_of_nats_is_told_what_it_missed(platform: Platform) -> None:
    await platform.start()
    heard = await platform.listen(TRADES)
    await platform.subscribe("btcusdt@trade")
    for number in (1, 2, 3):
        await platform.exchange.emit("btcusdt@trade", trade(number))
    await eventually(lambda: len(heard) == 3)
    page = await platform.ask(Read(streams=["btcusdt@trade"]))
    for number in (4, 5):
        await platform.exchange.emit("btcusdt@trade", trade(number))
    await eventually(lambda: len(heard) == 5)
    platform.nats.kill()
    platform.nats.start()

    async def flows() -> bool:
        (event,) = (await platform.ask_again(Latest(streams=["btcusdt@trade"]))).events
        return event.condition.reason != "nobody receives it: subscribe to it"

    await eventually(flows, within_s=20)
    platform.market.keep_trades(*range(1, 10))
    await platform.exchange.emit("btcusdt@trade", trade(8))
    late = await platform.ask(Read(streams=["btcusdt@trade"], cursor=page.cursor, wait_ms=4000))
    read = [json.loads(bytes(event.event))["t"] for event in late.events]
    missed = dict(late.aged_out or {})
    assert read[0] == 4 or missed["btcusdt@trade"].missed == read[0] - 4


async def test_a_cursor_on_several_streams_repeats_nothing_after_the_death_of_nats(platform: Platform) -> None:
    streams = ["btcusdt@trade", "ethusdt@trade"]
    await platform.start()
    platform.market.keep_trades(*range(1, 20))
    (subscription, _) = (await platform.subscribe(*streams)).subscriptions
    read, cursor = list[tuple[str, int]](), subscription.cursor

    async def reads(stream: str, number: int) -> bool:
        nonlocal cursor
        page = await platform.ask_again(Read(streams=streams, limit=3, cursor=cursor))
        cursor = page.cursor
        read.extend((event.stream, json.loads(bytes(event.event))["t"]) for event in page.events)
        return (stream, number) in read

    for number in range(1, 6):
        for stream in streams:
            await platform.exchange.emit(stream, trade(number, stream[:7].upper()))
    for stream in streams:
        await eventually(lambda stream=stream: reads(stream, 5))
    platform.nats.kill()
    platform.nats.start()
    await eventually(lambda: platform.exchange.accepted == 2 and platform.exchange.subscribed == set(streams), within_s=20)
    await platform.exchange.emit("ethusdt@trade", trade(6, "ETHUSDT"))
    await eventually(lambda: reads("ethusdt@trade", 6), within_s=20)
    await platform.exchange.emit("btcusdt@trade", trade(8))
    await eventually(lambda: reads("btcusdt@trade", 8), within_s=20)
    assert sorted(read) == [("btcusdt@trade", n) for n in range(1, 9)] + [("ethusdt@trade", n) for n in range(1, 7)]


def test_the_hash_divides_evenly_and_moves_only_what_it_must() -> None:
    before = {shard: owner_of(shard, ["a", "b", "c"]) for shard in range(300)}
    after = {shard: owner_of(shard, ["a", "b"]) for shard in range(300)}
    assert all(60 < list(before.values()).count(name) < 140 for name in "abc")
    assert all(after[shard] == owner for shard, owner in before.items() if owner != "c")


def test_a_shard_is_given_only_to_a_replica_that_is_ready() -> None:
    other = next(name for name in map(str, range(100)) if owner_of(0, ["me", name]) == name)
    waiting = plan("me", {"me": Member(), other: Member()}, {0: "me"}, {0}, set(), 1)
    ready = plan("me", {"me": Member(), other: Member(ready=(0,))}, {0: "me"}, {0}, set(), 1)
    assert (dict(waiting.give), dict(ready.give)) == ({}, {0: other})
    assert plan(other, {"me": Member(), other: Member()}, {0: "me"}, set(), set(), 1).warm == (0,)
    assert plan(other, {other: Member()}, {0: "me"}, set(), set(), 1).claim == (0,)


def test_a_replica_that_leaves_is_given_nothing_and_gives_all() -> None:
    members = {"me": Member(leaving=True), "you": Member(ready=(0, 1))}
    steps = plan("me", members, {0: "me", 1: "me"}, {0, 1}, set(), 2)
    assert dict(steps.give) == {0: "you", 1: "you"}
