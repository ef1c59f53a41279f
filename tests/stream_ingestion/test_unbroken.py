"""Streams that lose and double nothing: rotations, shutdowns, silence, broken connections, holes filled over REST or told."""

import asyncio
import json
from typing import Any

from shared.contract.errors import Unavailable
from shared.contract.platform.streams import Latest, Read, Unsubscribe
from tests.stream_ingestion.conftest import Platform
from tests.stream_ingestion.stream_server import depth, kline, text, trade
from tests.support.waiting import eventually

TRADES = "binance.md.BTCUSDT.trade"


def numbers(heard: list[bytes]) -> list[int]:
    return [json.loads(payload)["t"] for payload in heard]


class Ticking:
    """Emits trades one after another until it is stopped."""

    def __init__(self, platform: Platform, every_s: float = 0.005) -> None:
        self.last = 0
        self._platform = platform
        self._every_s = every_s
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> int:
        self._task.cancel()
        await asyncio.wait({self._task})
        return self.last

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self.last += 1
            self._platform.market.keep_trades(self.last)
            await self._platform.exchange.emit("btcusdt@trade", trade(self.last))
            tick = asyncio.Event()
            loop.call_later(self._every_s, tick.set)
            await tick.wait()


async def condition(platform: Platform, stream: str) -> Any:
    (event,) = (await platform.ask(Latest(streams=[stream]))).events
    return event.condition


async def test_rotations_lose_and_double_nothing(platform: Platform) -> None:
    await platform.start(stream_rotate_s=0.4)
    heard = await platform.listen(TRADES)
    await platform.subscribe("btcusdt@trade")
    ticking = Ticking(platform)
    await eventually(lambda: platform.exchange.accepted >= 5, within_s=15)
    last = await ticking.stop()
    await eventually(lambda: heard and numbers(heard)[-1] == last)
    assert numbers(heard) == list(range(numbers(heard)[0], last + 1))
    assert platform.market.asked["trades.historical"] == 0
    await eventually(lambda: len(platform.exchange.clients) <= 2)


async def test_an_announced_shutdown_moves_to_another_connection_at_once(platform: Platform) -> None:
    await platform.start()
    heard = await platform.listen(TRADES)
    await platform.subscribe("btcusdt@trade")
    ticking = Ticking(platform)
    (first,) = platform.exchange.clients
    await eventually(lambda: heard)
    await platform.exchange.shut_down(first)
    await eventually(lambda: first not in platform.exchange.clients)
    seen = len(heard)
    await eventually(lambda: len(heard) > seen + 5)
    await ticking.stop()
    assert numbers(heard) == list(range(numbers(heard)[0], numbers(heard)[-1] + 1))


async def test_a_silent_connection_is_replaced_and_its_hole_filled(platform: Platform) -> None:
    await platform.start(stream_silent_s=0.3)
    heard = await platform.listen(TRADES)
    await platform.subscribe("btcusdt@trade")
    ticking = Ticking(platform)
    (first,) = platform.exchange.clients
    await eventually(lambda: heard)
    first.mute = True
    await eventually(lambda: len(platform.exchange.clients) == 2 or first not in platform.exchange.clients, within_s=8)
    silent_at = platform.exchange.accepted
    await eventually(lambda: numbers(heard)[-1] > ticking.last - 20)
    await ticking.stop()
    assert silent_at == 2
    assert numbers(heard) == list(range(numbers(heard)[0], numbers(heard)[-1] + 1))
    assert platform.market.asked["trades.historical"] > 0


async def test_a_quiet_market_is_no_silent_connection(platform: Platform) -> None:
    await platform.start(stream_silent_s=0.2)
    await platform.subscribe("btcusdt@trade")
    (client,) = platform.exchange.clients
    await eventually(lambda: sum(asked["method"] == "LIST_SUBSCRIPTIONS" for asked in client.heard) >= 3)
    assert platform.exchange.accepted == 1


async def test_a_stream_that_the_exchange_forgot_is_subscribed_again(platform: Platform) -> None:
    await platform.start(stream_silent_s=0.2)
    await platform.subscribe("btcusdt@trade")
    (client,) = platform.exchange.clients
    client.names.clear()
    await eventually(lambda: client.names == {"btcusdt@trade"})


async def test_a_single_stream_that_falls_silent_moves_to_another_connection(platform: Platform) -> None:
    await platform.start(stream_stale_s=0.3)
    heard = await platform.listen(TRADES)
    await platform.subscribe("btcusdt@trade", "ethusdt@trade")
    for name in ("btcusdt@trade", "ethusdt@trade"):
        await platform.exchange.emit(name, trade(1, name[:7].upper()))
    ticking = Ticking(platform)  # BTCUSDT lives, ETHUSDT is listed but brings nothing
    await eventually(lambda: platform.exchange.accepted == 2, within_s=10)
    await ticking.stop()
    assert numbers(heard) == list(range(numbers(heard)[0], numbers(heard)[-1] + 1))


async def test_after_a_broken_connection_the_hole_is_filled_in_order(platform: Platform) -> None:
    await platform.start()
    heard = await platform.listen(TRADES)
    await platform.subscribe("btcusdt@trade")
    await platform.exchange.emit("btcusdt@trade", trade(1))
    await eventually(lambda: heard)
    platform.market.keep_trades(2, 3, 4)
    platform.exchange.cut()
    await eventually(lambda: platform.exchange.accepted == 2 and platform.exchange.subscribed)
    for number in (5, 6):
        await platform.exchange.emit("btcusdt@trade", trade(number))
    await eventually(lambda: len(heard) == 6)
    assert numbers(heard) == [1, 2, 3, 4, 5, 6]
    assert json.loads(heard[1]) == {**trade(2), "E": trade(2)["T"] + 1, "T": trade(2)["T"] + 1}


async def test_a_hole_that_cannot_be_filled_is_told_to_readers_and_on_the_bus(platform: Platform) -> None:
    await platform.start()
    heard = await platform.listen(TRADES)
    told = await platform.listen("binance.health.md.BTCUSDT.trade")
    (subscription,) = (await platform.subscribe("btcusdt@trade")).subscriptions
    platform.market.fails = Unavailable("The exchange is away.")
    for number in (1, 4, 5):
        await platform.exchange.emit("btcusdt@trade", trade(number))
    await eventually(lambda: len(heard) == 3)
    await eventually(lambda: "gap" in [json.loads(message)["state"] for message in told])
    gap = next(found for found in map(json.loads, told) if found["state"] == "gap")
    assert gap["missing"] == {"first": 2, "last": 3}
    page = await platform.ask(Read(streams=["btcusdt@trade"], cursor=subscription.cursor))
    assert [(hole.first, hole.last) for hole in dict(page.missing or {})["btcusdt@trade"]] == [(2, 3)]
    assert (await condition(platform, "btcusdt@trade")).state == "gap"


async def test_a_hole_of_which_the_exchange_keeps_a_part_is_told_for_the_rest(platform: Platform) -> None:
    await platform.start()
    heard = await platform.listen(TRADES)
    await platform.subscribe("btcusdt@trade")
    platform.market.keep_trades(3)
    for number in (1, 5):
        await platform.exchange.emit("btcusdt@trade", trade(number))
    await eventually(lambda: len(heard) == 3)
    assert numbers(heard) == [1, 3, 5]
    found = await condition(platform, "btcusdt@trade")
    assert (found.state, found.missing.first, found.missing.last) == ("gap", 2, 4)


async def test_a_hole_larger_than_may_be_fetched_is_only_told(platform: Platform) -> None:
    await platform.start(stream_fill_most=1000)
    heard = await platform.listen(TRADES)
    await platform.subscribe("btcusdt@trade")
    for number in (1, 5000):
        await platform.exchange.emit("btcusdt@trade", trade(number))
    await eventually(lambda: len(heard) == 2)
    assert platform.market.asked["trades.historical"] == 0
    assert (await condition(platform, "btcusdt@trade")).state == "gap"


async def test_missing_candles_are_fetched(platform: Platform) -> None:
    await platform.start()
    heard = await platform.listen("binance.md.BTCUSDT.kline.1m")
    await platform.subscribe("btcusdt@kline_1m")
    minutes = [minute * 60_000 for minute in range(1, 5)]
    platform.market.candles = [[at, "1", "2", "0.5", "1.5", "9", at + 59_999, "9", 3, "4", "4", "0"] for at in minutes]
    await platform.exchange.emit("btcusdt@kline_1m", kline(minutes[0], minutes[0] + 1000))
    await platform.exchange.emit("btcusdt@kline_1m", kline(minutes[3], minutes[3] + 1000))
    await eventually(lambda: len(heard) == 5)
    candles = [json.loads(payload)["k"] for payload in heard]
    assert [(candle["t"], candle["x"]) for candle in candles] == [
        (minutes[0], False),
        *((minute, True) for minute in minutes[:3]),
        (minutes[3], False),
    ]
    assert (candles[1]["c"], candles[1]["f"], candles[1]["i"]) == ("1.5", -1, "1m")


async def test_a_hole_in_differences_of_the_book_is_told(platform: Platform) -> None:
    await platform.start()
    heard = await platform.listen("binance.md.BTCUSDT.depth")
    await platform.subscribe("btcusdt@depth")
    for first, last in ((1, 3), (6, 7)):
        await platform.exchange.emit("btcusdt@depth", depth(first, last))
    await eventually(lambda: len(heard) == 2)
    assert heard[1] == text(depth(6, 7))
    found = await condition(platform, "btcusdt@depth")
    assert (found.state, found.missing.first, found.missing.last) == ("gap", 4, 5)


async def test_a_stream_that_falls_silent_is_stale_with_its_age(platform: Platform) -> None:
    await platform.start(stream_stale_s=0.3)
    told = await platform.listen("binance.health.md.BTCUSDT.trade")
    await platform.subscribe("btcusdt@trade")
    await platform.exchange.emit("btcusdt@trade", trade(1))
    states = lambda: [json.loads(message)["state"] for message in told]  # noqa: E731
    await eventually(lambda: states()[-2:] == ["synced", "stale"])
    found = await condition(platform, "btcusdt@trade")
    assert found.state == "stale"
    assert found.age_ms >= 300


async def test_an_exchange_that_cannot_be_reached_is_tried_again(platform: Platform) -> None:
    platform.exchange.unreachable = True
    await platform.start()
    heard = await platform.listen(TRADES)
    subscribing = asyncio.create_task(platform.subscribe("btcusdt@trade"))
    await asyncio.wait({subscribing}, timeout=0.5)
    platform.exchange.unreachable = False
    await subscribing
    await platform.exchange.emit("btcusdt@trade", trade(1))
    await eventually(lambda: heard)


async def test_streams_that_end_during_a_move_leave_no_connection_behind(platform: Platform) -> None:
    await platform.start(stream_overlap_s=60.0)
    await platform.subscribe("btcusdt@trade")
    (first,) = platform.exchange.clients
    await platform.exchange.shut_down(first)
    await eventually(lambda: len(platform.exchange.clients) == 2)
    await platform.ask(Unsubscribe(stream="btcusdt@trade"))
    await eventually(lambda: not platform.exchange.clients)
