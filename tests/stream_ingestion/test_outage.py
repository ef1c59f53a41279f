"""What is told while the exchange is away, mute, forgetful or unwilling, and when nobody receives a stream any more."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.contract.errors import Unavailable
from shared.contract.platform.streams import Book, Latest, Subscribe, Unsubscribe
from tests.stream_ingestion.conftest import Platform
from tests.stream_ingestion.stream_server import depth, trade
from tests.stream_ingestion.test_books import STREAM, snapshot
from tests.stream_ingestion.test_unbroken import Ticking
from tests.support.waiting import eventually

HEALTH = "binance.health.md.BTCUSDT.trade"
HEALTH_OF_DEPTH = "binance.health.md.BTCUSDT.depth.100ms"
LOST = "the connection to the exchange was lost"
NOBODY = "nobody receives it: subscribe to it"


def conditions(told: list[bytes]) -> list[tuple[str, str]]:
    return [(found["state"], found.get("reason", "")) for found in map(json.loads, told)]


def is_told(told: list[bytes], state: str, reason: str = "") -> Callable[[], bool]:
    """Is this what was told last?"""
    return lambda: bool(told) and conditions(told)[-1][0] == state and conditions(told)[-1][1].startswith(reason)


async def condition(platform: Platform, stream: str) -> Any:
    (event,) = (await platform.ask(Latest(streams=[stream]))).events
    return event.condition


async def book(platform: Platform, *, within_ms: int = 5000) -> Any:
    return await platform.ask(Book(symbol="BTCUSDT"), within_ms=within_ms)


async def test_a_lost_connection_is_told_at_once_and_until_something_comes_again(platform: Platform) -> None:
    await platform.start()
    told = await platform.listen(HEALTH)
    await platform.subscribe("btcusdt@trade")
    await platform.exchange.emit("btcusdt@trade", trade(1))
    await eventually(is_told(told, "synced"))
    platform.exchange.unreachable = True
    platform.exchange.cut()
    await eventually(is_told(told, "stale", LOST), within_s=1)
    assert (await condition(platform, "btcusdt@trade")).reason.startswith(LOST)
    platform.exchange.unreachable = False
    await eventually(is_told(told, "stale", f"nothing has come since {LOST}"), within_s=10)
    await eventually(lambda: platform.exchange.subscribed)
    await platform.exchange.emit("btcusdt@trade", trade(2))
    await eventually(is_told(told, "synced"))
    assert len(told) == 5


async def test_a_mute_connection_is_found_within_seconds_where_differences_should_flow(platform: Platform) -> None:
    await platform.start()
    platform.market.book = snapshot(10)
    told = await platform.listen(HEALTH_OF_DEPTH)
    await platform.subscribe(STREAM)
    await book(platform)
    await platform.exchange.emit(STREAM, depth(11, 11))
    await eventually(is_told(told, "synced"))
    (first,) = platform.exchange.clients
    first.mute = True
    await eventually(is_told(told, "stale", "the connection to the exchange is silent"), within_s=6)
    with pytest.raises(Unavailable, match=r"not in step.*is silent"):
        await book(platform, within_ms=600)
    await eventually(lambda: first not in platform.exchange.clients and platform.exchange.subscribed, within_s=10)
    await platform.exchange.emit(STREAM, depth(12, 12))
    await eventually(is_told(told, "synced"))


async def test_a_connection_that_does_not_answer_a_request_is_mute(platform: Platform) -> None:
    await platform.start(stream_silent_s=60)
    told = await platform.listen(HEALTH)
    await platform.subscribe("btcusdt@trade")
    await platform.exchange.emit("btcusdt@trade", trade(1))
    await eventually(is_told(told, "synced"))
    platform.exchange.clients[0].mute = True
    await platform.ask(Subscribe(streams=["ethusdt@trade"], wait_ms=0))
    await eventually(is_told(told, "stale", "nothing has come since"), within_s=10)
    assert [reason for _, reason in conditions(told)][-2] == "the connection to the exchange is silent and does not answer"


async def test_a_quiet_market_is_asked_about_but_nothing_is_told_or_replaced(platform: Platform) -> None:
    await platform.start()
    told = await platform.listen(HEALTH_OF_DEPTH)
    await platform.subscribe(STREAM)
    await platform.exchange.emit(STREAM, depth(11, 11))
    await eventually(is_told(told, "synced"))
    (client,) = platform.exchange.clients
    await eventually(lambda: sum(asked["method"] == "LIST_SUBSCRIPTIONS" for asked in client.heard) >= 2, within_s=10)
    await platform.exchange.emit(STREAM, depth(12, 12))
    assert (await condition(platform, STREAM)).state == "synced"
    assert (platform.exchange.accepted, [state for state, _ in conditions(told)]) == (1, ["stale", "synced"])


async def test_a_stream_that_the_exchange_forgot_while_others_flow_is_found_and_told(platform: Platform) -> None:
    await platform.start()
    platform.market.book = snapshot(10)
    told = await platform.listen(HEALTH_OF_DEPTH)
    await platform.subscribe(STREAM, "btcusdt@trade")
    await platform.exchange.emit(STREAM, depth(11, 11))
    await book(platform)
    platform.market.book = snapshot(20)
    platform.exchange.clients[0].names.discard(STREAM)
    number = 0

    async def others_flow_until(done: Callable[[], bool]) -> None:
        nonlocal number
        while not done():
            number += 1
            await platform.exchange.emit("btcusdt@trade", trade(number))
            await asyncio.sleep(0.02)

    async with asyncio.timeout(10):
        await others_flow_until(is_told(told, "stale", "nothing has come since the exchange forgot"))
    await eventually(lambda: STREAM in platform.exchange.subscribed)
    await eventually(lambda: platform.market.asked["depth"] == 2)
    assert (await book(platform)).last_update_id == 20


async def test_differences_that_stop_while_the_symbol_trades_are_told_and_moved(platform: Platform) -> None:
    await platform.start()
    told = await platform.listen(HEALTH_OF_DEPTH)
    await platform.subscribe(STREAM, "btcusdt@trade")
    await platform.exchange.emit(STREAM, depth(11, 11))
    ticking = Ticking(platform, every_s=0.05)
    await eventually(is_told(told, "stale", "nothing has come for 3 s though its market moves"), within_s=10)
    await eventually(lambda: platform.exchange.accepted == 2, within_s=5)
    await ticking.stop()
    await eventually(lambda: len(platform.exchange.clients) == 1)
    await platform.exchange.emit(STREAM, depth(12, 12))
    await eventually(is_told(told, "synced"))


async def test_a_book_begins_anew_when_its_connection_broke_though_the_market_is_quiet(platform: Platform) -> None:
    await platform.start()
    platform.market.book = snapshot(10)
    await book(platform)
    platform.market.book = snapshot(20)
    platform.exchange.cut()
    await eventually(lambda: platform.exchange.accepted == 2 and platform.exchange.subscribed)
    assert (await book(platform)).last_update_id == 20


async def test_a_book_in_a_quiet_market_needs_no_snapshot_to_change_its_connection(platform: Platform) -> None:
    await platform.start()
    platform.market.book = snapshot(10)
    await book(platform)
    (first,) = platform.exchange.clients
    await platform.exchange.shut_down(first)
    await eventually(lambda: first not in platform.exchange.clients and platform.exchange.subscribed)
    await platform.exchange.emit(STREAM, depth(11, 11))

    async def has_gone_on() -> bool:
        return (await book(platform)).last_update_id == 11

    await eventually(has_gone_on)
    assert platform.market.asked["depth"] == 1


async def test_a_stream_that_is_dropped_says_that_nobody_receives_it(platform: Platform) -> None:
    await platform.start()
    told = await platform.listen(HEALTH)
    await platform.subscribe("btcusdt@trade")
    await platform.exchange.emit("btcusdt@trade", trade(1))
    await eventually(is_told(told, "synced"))
    await platform.ask(Unsubscribe(stream="btcusdt@trade"))
    await eventually(is_told(told, "stale", NOBODY))
    assert (await condition(platform, "btcusdt@trade")).reason == NOBODY
    await platform.subscribe("btcusdt@trade")
    await platform.exchange.emit("btcusdt@trade", trade(2))
    await eventually(is_told(told, "synced"))


async def test_of_a_stream_that_is_handed_over_the_new_owner_has_the_last_word(platform: Platform) -> None:
    leaving, staying = await platform.start(stream_shards=1), await platform.start(stream_shards=1)
    told = await platform.listen(HEALTH)
    await platform.subscribe("btcusdt@trade")
    await platform.exchange.emit("btcusdt@trade", trade(1))
    await eventually(is_told(told, "synced"))
    await leaving.stop()
    await platform.exchange.emit("btcusdt@trade", trade(2))
    await eventually(is_told(told, "synced"))
    assert NOBODY not in [reason for _, reason in conditions(told)]
    await staying.stop()
    await eventually(is_told(told, "stale", "nobody receives it at the moment"))


async def test_only_the_stream_that_the_exchange_refuses_does_not_flow_and_says_so(platform: Platform) -> None:
    platform.exchange.refuses = {"s3usdt@trade": "Invalid request: no such stream"}
    await platform.start()
    names = [f"s{number}usdt@trade" for number in range(8)]
    await platform.ask(Subscribe(streams=names, wait_ms=0))
    told = await platform.listen("binance.health.md.S3USDT.trade")
    await eventually(lambda: platform.exchange.subscribed == set(names) - {"s3usdt@trade"})
    await eventually(is_told(told, "stale", "the exchange refuses: Invalid request: no such stream"))
    (client,) = platform.exchange.clients
    assert sum(asked["method"] == "SUBSCRIBE" for asked in client.heard) <= 7
    assert [client.heard_at[n + 5] - at for n, at in enumerate(client.heard_at[:-5]) if client.heard_at[n + 5] - at < 1] == []
    platform.exchange.refuses.clear()
    platform.exchange.cut()  # a new connection tries again
    await eventually(lambda: platform.exchange.subscribed == set(names), within_s=10)
    await platform.exchange.emit("s3usdt@trade", trade(1, "S3USDT"))
    await eventually(is_told(told, "synced"))


async def test_what_was_refused_is_asked_for_again(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.stream_ingestion.refusals.AGAIN_S", 0.2)
    platform.exchange.refuses = {"ethusdt@trade": "Invalid request: no such stream"}
    await platform.start()
    await platform.ask(Subscribe(streams=["btcusdt@trade", "ethusdt@trade"], wait_ms=0))
    told = await platform.listen("binance.health.md.ETHUSDT.trade")
    await eventually(is_told(told, "stale", "the exchange refuses: Invalid request: no such stream"))
    platform.exchange.refuses.clear()
    await eventually(lambda: "ethusdt@trade" in platform.exchange.subscribed, within_s=10)
    assert platform.exchange.accepted == 1
    await platform.exchange.emit("ethusdt@trade", trade(1, "ETHUSDT"))
    await eventually(is_told(told, "synced"))
