"""One WebSocket API connection at a time, replaced before it ends; nothing moves from one to the next."""

import asyncio
import socket
from typing import Any

import pytest

from shared.binance.client import monotonic_ms, wall_ms
from shared.binance.limits import RateBudget
from shared.binance.server_time import ServerClock
from shared.binance.signing import Key
from shared.binance.transport import Lost, NotSent, Request
from shared.binance.ws_api import WsApiTransport
from shared.binance.ws_connection import WsConnection
from shared.contract.account.operations import GetAccount, SubscribeUserDataSigned
from shared.contract.errors import OutcomeUnknown
from shared.contract.market.operations import Depth, Ping
from tests.binance.conftest import Connect
from tests.binance.exchange import Answer, ScriptedExchange, refusal
from tests.binance.words import ED25519, HMAC, ORDER, within
from tests.support.waiting import eventually

SHUTDOWN = {"event": {"e": "serverShutdown", "E": 1770123456789}}
REVOKED = {"id": None, "status": 401, "error": {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}}


def ws_api(exchange: ScriptedExchange, **settings: Any) -> WsApiTransport:
    clock = ServerClock(monotonic_ms, wall_ms)
    return WsApiTransport(exchange.environment.ws_api_url, budget=RateBudget(clock.now_ms), clock=clock, **settings)


def request(key: Key | None = None, timeout_s: float = 5.0) -> Request:
    return Request(GetAccount() if key else Ping(), timeout_s, key, 1_764_000_000_000)


async def test_answers_may_overtake_each_other_on_one_connection(exchange: ScriptedExchange):
    transport = ws_api(exchange)
    late = asyncio.Event()
    exchange.script("depth", Answer({"lastUpdateId": 1}, when=late))
    slow = asyncio.create_task(transport.send(Request(Depth(symbol="BTCUSDT"), 5.0)))
    await exchange.was_asked("depth")

    assert (await transport.send(request())).body == b"{}"
    late.set()

    assert (await slow).body == b'{"lastUpdateId": 1}'
    assert len(exchange.sockets) == 1
    await transport.close()


async def test_an_address_that_cannot_be_reached_is_named_in_the_log(caplog: pytest.LogCaptureFixture):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"ws://127.0.0.1:{taken.getsockname()[1]}/ws-api/v3"
    clock = ServerClock(monotonic_ms, wall_ms)
    transport = WsApiTransport(url, budget=RateBudget(clock.now_ms), clock=clock)
    with pytest.raises(NotSent):
        await transport.send(request())
    assert f"cannot be reached at {url}" in caplog.text
    await transport.close()


async def test_an_ed25519_key_logs_on_once_and_then_only_stamps(exchange: ScriptedExchange):
    transport = ws_api(exchange, session_key=ED25519)
    await transport.send(request(ED25519))
    await transport.send(request(ED25519))
    await transport.send(request(HMAC))

    logon, first, second, other = exchange.asked[-4:]
    assert logon.method == "session.logon"
    assert logon.params["signature"] == ED25519.sign(f"apiKey={ED25519.api_key}&timestamp={logon.params['timestamp']}")
    assert first.params == second.params == {"timestamp": 1_764_000_000_000}
    assert other.params["apiKey"] == HMAC.api_key
    await transport.close()


async def test_a_logon_happens_in_the_exchanges_time(exchange: ScriptedExchange):
    exchange.ahead_ms = 3_600_000
    transport = ws_api(exchange, session_key=ED25519)

    await transport.send(request(ED25519))

    logon = await exchange.was_asked("session.logon")
    assert abs(logon.params["timestamp"] - within(3600)) < 2_000
    await transport.close()


async def test_a_refused_logon_leaves_signing_one_by_one(exchange: ScriptedExchange):
    exchange.script("session.logon", refusal(-4056, "HMAC_SHA256 API key is not supported."))
    transport = ws_api(exchange, session_key=ED25519)

    await transport.send(request(ED25519))

    assert exchange.asked[-1].params["apiKey"] == ED25519.api_key
    await transport.close()


async def test_after_a_revoked_session_requests_are_signed_again(exchange: ScriptedExchange):
    connections: list[WsConnection] = []

    async def keep(connection: WsConnection) -> None:
        connections.append(connection)

    transport = ws_api(exchange, session_key=ED25519, on_open=keep)
    await transport.send(request(ED25519))

    await exchange.tell(REVOKED)
    await eventually(lambda: connections[0].session is None)
    await transport.send(request(ED25519))

    assert "signature" in exchange.asked[-1].params
    await transport.close()


async def test_events_are_handed_on_as_they_came(exchange: ScriptedExchange):
    events: list[tuple[int | None, bytes]] = []

    async def subscribe(connection: WsConnection) -> None:
        await connection.send(Request(SubscribeUserDataSigned(), 5.0, HMAC, 1))

    def hear(subscription: int | None, event: bytes) -> None:
        events.append((subscription, event))

    transport = ws_api(exchange, on_open=subscribe, on_event=hear)
    await transport.send(request())
    await exchange.sockets[0].send_str('{"subscriptionId":0,"event":{"e":"balanceUpdate", "E":1,"d":"0.10"}}')

    await eventually(lambda: bool(events))
    assert events == [(0, b'{"e":"balanceUpdate", "E":1,"d":"0.10"}')]
    assert exchange.methods()[0] == "userDataStream.subscribe.signature"
    await transport.close()


async def test_when_a_connection_breaks_an_order_is_unknown_at_once_and_a_read_is_asked_again(
    exchange: ScriptedExchange, connect: Connect
):
    client = connect("ws_api", key=HMAC)
    await client.measure_clock()
    exchange.script("order.place", Answer(act="mute"))
    exchange.script("depth", Answer(act="mute"), Answer({"lastUpdateId": 2}))
    order = asyncio.create_task(client.call(ORDER, deadline_ms=within(30)))
    read = asyncio.create_task(client.call(Depth(symbol="BTCUSDT"), deadline_ms=within(30)))
    await exchange.was_asked("order.place")
    await exchange.was_asked("depth")

    exchange.cut()

    async with asyncio.timeout(5):
        with pytest.raises(OutcomeUnknown):
            await order
        assert await read == b'{"lastUpdateId": 2}'
    assert exchange.methods("time").count("order.place") == 1
    assert [asked.connection for asked in exchange.asked if asked.method == "depth"] == [1, 2]


async def test_an_announced_shutdown_opens_the_next_connection_before_the_last_one_ends(exchange: ScriptedExchange):
    transport = ws_api(exchange)
    late = asyncio.Event()
    exchange.script("depth", Answer({"lastUpdateId": 1}, when=late), Answer({"lastUpdateId": 2}))
    slow = asyncio.create_task(transport.send(Request(Depth(symbol="BTCUSDT"), 5.0)))
    await exchange.was_asked("depth")

    await exchange.tell(SHUTDOWN)
    await eventually(lambda: transport.opened == 2)

    async def moved() -> bool:
        await transport.send(request())
        return exchange.asked[-1].connection == 2

    await eventually(moved)
    assert not exchange.sockets[0].closed
    late.set()
    assert (await slow).body == b'{"lastUpdateId": 1}'
    await eventually(lambda: exchange.sockets[0].closed)
    await transport.close()


async def test_a_connection_is_replaced_before_the_exchange_would_end_it(exchange: ScriptedExchange):
    transport = ws_api(exchange, life_s=0.2, jitter=lambda: 0.0)
    for _ in range(40):
        assert (await transport.send(request())).status == 200

    await eventually(lambda: transport.opened >= 3)
    await eventually(lambda: exchange.sockets[0].closed)
    assert (await transport.send(request())).status == 200
    await transport.close()


async def test_a_silent_connection_is_replaced_after_the_first_request_it_left_unanswered(exchange: ScriptedExchange):
    transport = ws_api(exchange)
    exchange.script("depth", Answer(act="mute"), Answer({"lastUpdateId": 2}))

    with pytest.raises(Lost, match="in time"):
        await transport.send(Request(Depth(symbol="BTCUSDT"), 0.1))

    await eventually(lambda: transport.opened == 2)
    await transport.send(request())
    await transport.close()


async def test_a_frame_that_is_none_replaces_the_connection(exchange: ScriptedExchange):
    transport = ws_api(exchange)
    exchange.script("depth", Answer(act="garbage"))

    with pytest.raises(Lost, match="broke"):
        await transport.send(Request(Depth(symbol="BTCUSDT"), 5.0))

    assert (await transport.send(request())).status == 200
    assert len(exchange.sockets) == 2
    await transport.close()


async def test_a_refused_connection_with_retry_after_silences_the_address(exchange: ScriptedExchange):
    exchange.refuses_sockets = Answer(status=429, headers={"Retry-After": "60"})
    clock = ServerClock(monotonic_ms, wall_ms)
    budget = RateBudget(clock.now_ms)
    transport = WsApiTransport(exchange.environment.ws_api_url, budget=budget, clock=clock)

    for _ in range(2):
        with pytest.raises(NotSent):
            await transport.send(request())

    assert 55_000 < budget.silent_ms() <= 60_000
    assert transport.opened == 0
    await transport.close()


async def test_connecting_again_waits_longer_each_time_and_requests_do_not_hang(exchange: ScriptedExchange):
    exchange.refuses_sockets = Answer(status=503)
    transport = ws_api(exchange)
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    for _ in range(20):
        with pytest.raises(NotSent):
            await transport.send(request())

    assert loop.time() - began_s < 10
    exchange.refuses_sockets = None
    await eventually(lambda: transport.opened == 1, within_s=10)
    assert (await transport.send(request())).status == 200
    await transport.close()


async def test_an_exchange_that_hangs_up_at_once_is_not_stormed(exchange: ScriptedExchange):
    transport = ws_api(exchange)
    exchange.script("ping", Answer(act="drop"))
    loop = asyncio.get_running_loop()
    until_s = loop.time() + 1.0
    while loop.time() < until_s:
        with pytest.raises((Lost, NotSent)):
            await transport.send(request())

    assert transport.opened <= 6
    await transport.close()


async def test_requests_in_flight_are_bounded(exchange: ScriptedExchange):
    transport = ws_api(exchange, max_in_flight=1)
    exchange.script("depth", Answer(act="mute"))
    first = asyncio.create_task(transport.send(Request(Depth(symbol="BTCUSDT"), 1.0)))
    await exchange.was_asked("depth")

    with pytest.raises(NotSent, match="in flight"):
        await transport.send(request(timeout_s=0.05))

    with pytest.raises(Lost):
        await first
    await transport.close()


async def test_after_closing_what_was_in_flight_is_lost_and_nothing_is_left(exchange: ScriptedExchange):
    before = asyncio.all_tasks()
    transport = ws_api(exchange)
    exchange.script("depth", Answer(act="mute"))
    waiting = asyncio.create_task(transport.send(Request(Depth(symbol="BTCUSDT"), 5.0)))
    await exchange.was_asked("depth")

    await transport.close()

    with pytest.raises(Lost):
        await waiting
    exchange.cut()
    await eventually(lambda: all("shared" not in repr(task) for task in asyncio.all_tasks() - before))
