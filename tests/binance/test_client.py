"""The client over both transports: what it asks, what it answers, and what it never does."""

import asyncio
from typing import Any

import pytest

from shared.binance.client import TransportName, create_client
from shared.binance.limits import Lane, RateBudget
from shared.binance.usage import Usage
from shared.contract.account.operations import CreateListenKey, GetAccount
from shared.contract.errors import Denied, Invalid, OutcomeUnknown, RateLimited, Rejected, ServiceError, Unavailable
from shared.contract.market.operations import Depth, ExchangeInfo, Ping, Ticker24hr
from tests.binance.conftest import Connect
from tests.binance.exchange import Answer, ScriptedExchange, refusal
from tests.binance.words import CANCEL, HMAC, ORDER, within

pytestmark = pytest.mark.parametrize("transport", ["rest", "ws_api"])
BOOK = b'{"lastUpdateId": 1027024, "bids": [["4.00000000", "431.00000000"]], "asks": [], "neu": "\xc3\xbc"}'
NOON_MS = 1_764_072_000_000


def weight(count: int) -> list[dict[str, Any]]:
    return [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000, "count": count}]


async def test_the_exchanges_bytes_pass_through_untouched(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName
):
    exchange.script("depth", Answer(BOOK))

    assert await connect(transport).call(Depth(symbol="１２３４５６", limit=5), deadline_ms=within(5)) == BOOK
    assert {name: str(value) for name, value in exchange.asked[0].params.items()} == {"symbol": "１２３４５６", "limit": "5"}


async def test_a_signed_request_verifies(exchange: ScriptedExchange, connect: Connect, transport: TransportName):
    exchange.ahead_ms = 5_000

    await connect(transport, key=HMAC).call(ORDER, deadline_ms=within(5), lane=Lane.ORDER)

    asked = await exchange.was_asked("order.place")
    if transport == "rest":
        payload, _, signature = asked.text.partition("&signature=")
        assert asked.headers["x-mbx-apikey"] == HMAC.api_key
    else:
        params = {name: value for name, value in asked.params.items() if name != "signature"}
        payload, signature = "&".join(f"{name}={params[name]}" for name in sorted(params)), asked.params["signature"]
    assert signature == HMAC.sign(payload)
    assert abs(int(asked.params["timestamp"]) - (within(0) + 5_000)) < 1_000


async def test_a_refused_timestamp_measures_the_clock_and_is_signed_again_once(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName
):
    client = connect(transport, key=HMAC)
    await client.measure_clock()
    exchange.ahead_ms = 40_000
    exchange.script(
        "order.place", refusal(-1021, "Timestamp for this request is outside of the recvWindow."), Answer({"orderId": 1})
    )

    assert await client.call(ORDER, deadline_ms=within(5)) == b'{"orderId": 1}'

    first, second = await exchange.was_asked("order.place", 1), await exchange.was_asked("order.place", 2)
    assert int(second.params["timestamp"]) - int(first.params["timestamp"]) > 39_000
    assert second.params["signature"] != first.params["signature"]


async def test_a_timestamp_refused_twice_is_an_answer(exchange: ScriptedExchange, connect: Connect, transport: TransportName):
    exchange.script("order.place", refusal(-1021, "Timestamp for this request is outside of the recvWindow."))

    with pytest.raises(ServiceError) as told:
        await connect(transport, key=HMAC).call(ORDER, deadline_ms=within(5))

    assert told.value.code == -1021
    assert exchange.methods("time") == ["order.place", "order.place"]


async def test_an_order_whose_connection_breaks_is_unknown_and_never_sent_again(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName
):
    client = connect(transport, key=HMAC)
    await client.call(Ping(), deadline_ms=within(5))
    exchange.script("order.place", Answer(act="drop"), Answer({"orderId": 1}))
    exchange.script("order.cancel", Answer(act="drop"), Answer({"orderId": 1}))

    for operation in (ORDER, CANCEL):
        with pytest.raises(OutcomeUnknown):
            await client.call(operation, deadline_ms=within(5))

    assert exchange.methods("time") == ["ping", "order.place", "order.cancel"]


async def test_an_order_without_an_answer_is_unknown_at_its_deadline(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName
):
    client = connect(transport, key=HMAC)
    await client.measure_clock()
    exchange.script("order.place", Answer(act="mute"))

    with pytest.raises(OutcomeUnknown):
        await client.call(ORDER, deadline_ms=within(0.2))

    assert exchange.methods("time") == ["order.place"]


@pytest.mark.parametrize(
    "answer", [refusal(-1007, "Timeout waiting for response.", 504), Answer(b'"oops"', 503), Answer(act="garbage")]
)
async def test_an_unclear_answer_to_an_order_is_unknown(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName, answer: Answer
):
    exchange.script("order.place", answer)

    with pytest.raises(OutcomeUnknown):
        await connect(transport, key=HMAC).call(ORDER, deadline_ms=within(5))

    assert exchange.methods("time") == ["order.place"]


async def test_a_read_whose_connection_breaks_is_asked_once_more(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName
):
    exchange.script("depth", Answer(act="drop"), Answer(BOOK))

    assert await connect(transport).call(Depth(symbol="BTCUSDT"), deadline_ms=within(5)) == BOOK
    assert exchange.methods() == ["depth", "depth"]


async def test_a_read_whose_connection_always_breaks_is_unavailable(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName
):
    exchange.script("depth", Answer(act="drop"))

    with pytest.raises(Unavailable):
        await connect(transport).call(Depth(symbol="BTCUSDT"), deadline_ms=within(5))

    assert exchange.methods() == ["depth", "depth"]


async def test_a_mute_exchange_is_unavailable_at_the_deadline(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName
):
    exchange.script("depth", Answer(act="mute"))
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    with pytest.raises(Unavailable):
        await connect(transport).call(Depth(symbol="BTCUSDT"), deadline_ms=within(0.3))

    assert 0.25 < loop.time() - began_s < 1.5


async def test_an_exchange_that_is_down_is_unavailable_at_once(transport: TransportName):
    async with ScriptedExchange() as gone:
        address = gone.environment
    client = create_client(address, transport=transport, key=HMAC)
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    for operation in (Ping(), ORDER):
        with pytest.raises(Unavailable, match="not sent"):
            await client.call(operation, deadline_ms=within(10))

    assert loop.time() - began_s < 5
    await client.close()


async def test_nothing_is_sent_after_its_deadline(exchange: ScriptedExchange, connect: Connect, transport: TransportName):
    with pytest.raises(Unavailable, match="deadline"):
        await connect(transport, key=HMAC).call(ORDER, deadline_ms=within(-0.001))

    assert exchange.asked == []


@pytest.mark.parametrize(("status", "code"), [(429, -1003), (418, -1003)])
async def test_after_a_ban_no_request_leaves_any_process(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName, status: int, code: int
):
    first_hears, second_hears = list[bytes](), list[bytes]()
    first, second = (
        connect(transport, key=HMAC, on_news=first_hears.append),
        connect(transport, key=HMAC, on_news=second_hears.append),
    )
    await second.call(Ping(), deadline_ms=within(5))
    times = {"serverTime": 1659142907531, "retryAfter": 1659142907531 + 60_000}
    exchange.script(
        "depth", refusal(code, "Way too much request weight used.", status, headers={"Retry-After": "60"}, data=times)
    )
    with pytest.raises(RateLimited) as told:
        await first.call(Depth(symbol="BTCUSDT"), deadline_ms=within(5))
    before = len(exchange.asked)

    for news in first_hears:
        second.budget.hear(news)
    for client in (first, second):
        for operation, lane in ((Ping(), Lane.DATA), (CANCEL, Lane.CANCEL)):
            with pytest.raises(RateLimited) as refused:
                await client.call(operation, deadline_ms=within(5), lane=lane)
            assert 55_000 < (refused.value.retry_after_ms or 0) <= 60_000

    assert told.value.code == code
    assert told.value.retry_after_ms == 60_000
    assert len(exchange.asked) == before


async def test_a_ban_that_does_not_say_how_long_is_obeyed_too(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName
):
    client = connect(transport)
    exchange.script("depth", Answer(b'"stop"', 418))

    with pytest.raises(RateLimited) as told:
        await client.call(Depth(symbol="BTCUSDT"), deadline_ms=within(5))

    assert 110_000 < (told.value.retry_after_ms or 0) <= 120_000
    assert client.budget.delay_ms(1, lane=Lane.CANCEL) > 110_000


async def test_a_short_ban_is_waited_out_when_the_deadline_allows(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName
):
    client = connect(transport)
    client.budget.silence(300)

    assert await client.call(Ping(), deadline_ms=within(5)) == b"{}"
    assert client.budget.silent_ms() == 0


async def test_too_many_orders_stop_orders_but_not_cancels(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName
):
    client = connect(transport, key=HMAC, account="main")
    text = "Too many new orders; current limit is 50 orders per 1 DAY."
    exchange.script("order.place", refusal(-1015, text, 429))
    for _ in range(2):
        with pytest.raises(RateLimited) as told:
            await client.call(ORDER, deadline_ms=within(5), lane=Lane.ORDER)
        assert told.value.retry_after_ms
    await client.call(CANCEL, deadline_ms=within(5), lane=Lane.CANCEL)

    assert exchange.methods("time") == ["order.place", "order.cancel"]


async def test_the_budget_follows_what_the_exchange_counts(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName
):
    client = connect(transport, budget=RateBudget(lambda: NOON_MS))
    exchange.script("ping", Answer(headers={"X-MBX-USED-WEIGHT-1M": "4799"}, limits=weight(4799)))
    await client.call(Ping(), deadline_ms=within(5))

    (window,) = client.budget.windows
    assert (window.used, window.in_flight) == (4799, 0)
    with pytest.raises(RateLimited) as told:
        await client.call(Depth(symbol="BTCUSDT"), deadline_ms=within(5))
    assert (told.value.retry_after_ms or 0) >= 60_000
    assert exchange.methods() == ["ping"]


async def test_every_way_out_settles_the_budget(exchange: ScriptedExchange, connect: Connect, transport: TransportName):
    client = connect(transport)
    exchange.script("depth", Answer(act="mute"))
    for _ in range(3):
        with pytest.raises(Unavailable):
            await client.call(Depth(symbol="BTCUSDT"), deadline_ms=within(0.05))
    task = asyncio.create_task(client.call(Depth(symbol="BTCUSDT"), deadline_ms=within(5)))
    await exchange.was_asked("depth", 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert client.budget.windows[0].in_flight == 0


async def test_limits_are_learned_from_exchange_info(exchange: ScriptedExchange, connect: Connect, transport: TransportName):
    client = connect(transport)
    limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 1200}
    exchange.script("exchangeInfo", Answer({"timezone": "UTC", "rateLimits": [limit], "symbols": []}))

    await client.call(ExchangeInfo(), deadline_ms=within(5))

    assert client.budget.windows[0].limit == 1200


async def test_without_a_key_signed_requests_are_denied_here(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName
):
    with pytest.raises(Denied, match="API key"):
        await connect(transport).call(GetAccount(), deadline_ms=within(5))

    assert exchange.asked == []


async def test_a_retired_operation_is_answered_here_with_what_replaced_it(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName
):
    with pytest.raises(Rejected) as told:
        await connect(transport, key=HMAC).call(CreateListenKey(), deadline_ms=within(5))

    assert "userDataStream.subscribe" in told.value.hint
    assert exchange.asked == []


async def test_an_exchange_that_still_has_listen_keys_can_be_asked(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName
):
    client = connect(transport, key=HMAC, sends_retired=True)
    exchange.script("userDataStream.start", Answer({"listenKey": "abc"}))
    if transport == "ws_api":
        with pytest.raises(Invalid, match="WebSocket API"):
            await client.call(CreateListenKey(), deadline_ms=within(5))
        return

    assert await client.call(CreateListenKey(), deadline_ms=within(5)) == b'{"listenKey": "abc"}'
    assert exchange.asked[0].headers["x-mbx-apikey"] == HMAC.api_key
    assert exchange.asked[0].text == ""


async def test_many_requests_at_once_get_their_own_answers(
    exchange: ScriptedExchange, connect: Connect, transport: TransportName
):
    client = connect(transport)
    client.budget.learn([Usage("REQUEST_WEIGHT", 60_000, None, 10**6)])
    symbols = [f"S{number}" for number in range(200)]
    late = asyncio.Event()
    exchange.script("ticker.24hr", *(Answer({"n": number}, when=late if number % 2 else None) for number in range(200)))

    calls = [asyncio.create_task(client.call(Ticker24hr(symbol=symbol), deadline_ms=within(10))) for symbol in symbols]
    await exchange.was_asked("ticker.24hr", 20)
    late.set()
    answers = await asyncio.gather(*calls)

    asked = [asked.params["symbol"] for asked in exchange.asked]
    assert sorted(asked) == sorted(symbols)
    assert [answers[symbols.index(symbol)] for symbol in asked] == [b'{"n": %d}' % number for number in range(200)]


async def test_clients_of_one_process_share_a_budget(exchange: ScriptedExchange, connect: Connect, transport: TransportName):
    first = connect(transport, budget=RateBudget(lambda: NOON_MS))
    second = connect(transport, budget=first.budget, clock=first.clock)

    await first.call(Ping(), deadline_ms=within(5))
    await second.call(Ping(), deadline_ms=within(5))

    assert first.budget.windows[0].used >= 2
