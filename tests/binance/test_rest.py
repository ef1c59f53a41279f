"""REST over httpx's interface: what leaves is what was signed, and it leaves once."""

import asyncio
import gzip
from typing import Any

import httpx
import pytest

from shared.binance.http1 import Http1Transport
from shared.binance.rest import RestTransport
from shared.binance.transport import Lost, NotSent, Request
from shared.contract.account.operations import Logon
from shared.contract.errors import Invalid, OutcomeUnknown, Unavailable
from shared.contract.market.operations import Depth, ExchangeInfo, Ping
from shared.contract.operation import Operation
from shared.contract.trading.operations import AmendOrder
from tests.binance.conftest import Connect
from tests.binance.exchange import Answer, ScriptedExchange
from tests.binance.words import CANCEL, HMAC, ORDER, within

AMEND = AmendOrder(symbol="BTCUSDT", order_id=1, new_qty="0.005")


def rest(exchange: ScriptedExchange, max_connections: int = 64) -> RestTransport:
    return RestTransport(exchange.environment.rest_url, http=Http1Transport(max_connections=max_connections))


async def test_lists_and_other_scripts_arrive_percent_encoded(exchange: ScriptedExchange, connect: Connect):
    await connect().call(ExchangeInfo(symbols=["BTCUSDT", "币安人生USDT"], show_permission_sets=False), deadline_ms=within(5))

    (asked,) = exchange.asked
    assert asked.text.isascii()
    assert asked.params == {"symbols": '["BTCUSDT","币安人生USDT"]', "showPermissionSets": "false"}


async def test_an_address_with_a_path_before_the_api_keeps_it(exchange: ScriptedExchange):
    transport = RestTransport(exchange.environment.rest_url + "/mirror")

    await transport.send(Request(Ping(), 5.0))

    assert exchange.methods() == ["/mirror/api/v3/ping"]
    await transport.close()


async def test_a_connection_is_used_again(exchange: ScriptedExchange, connect: Connect):
    client = connect()
    for _ in range(5):
        await client.call(Ping(), deadline_ms=within(5))

    assert len({asked.connection for asked in exchange.asked}) == 1


async def test_connections_are_bounded_and_a_request_that_finds_none_was_not_sent(exchange: ScriptedExchange):
    transport = rest(exchange, max_connections=1)
    hold = asyncio.Event()
    exchange.script("depth", Answer(when=hold))
    first = asyncio.create_task(transport.send(Request(Depth(symbol="BTCUSDT"), 5.0)))
    await exchange.was_asked("depth")

    with pytest.raises(NotSent, match="busy"):
        await transport.send(Request(Ping(), 0.05))
    hold.set()

    assert (await first).status == 200
    assert (await transport.send(Request(Ping(), 5.0))).status == 200
    await transport.close()


async def test_a_compressed_body_arrives_as_the_exchange_wrote_it(exchange: ScriptedExchange, connect: Connect):
    body = b'{"timezone":"UTC","symbols":[]}'
    exchange.script("exchangeInfo", Answer(gzip.compress(body), headers={"Content-Encoding": "gzip"}))

    assert await connect().call(ExchangeInfo(), deadline_ms=within(5)) == body
    assert "gzip" in exchange.asked[0].headers["accept-encoding"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(act="garbage"),
        Answer(b'{"orderId":1}', act="cut"),
        Answer(b"not gzip", headers={"Content-Encoding": "gzip"}),
    ],
)
@pytest.mark.parametrize("operation", [ORDER, CANCEL, AMEND])
async def test_whatever_breaks_an_answer_leaves_a_change_unknown_and_unrepeated(
    exchange: ScriptedExchange, connect: Connect, operation: Operation[Any], answer: Answer
):
    """PUT and DELETE too: some HTTP clients send those again by themselves."""
    client = connect(key=HMAC)
    await client.call(Ping(), deadline_ms=within(5))
    exchange.script("order.place", answer)
    exchange.script("order.cancel", answer)
    exchange.script("order.amend.keepPriority", answer)

    with pytest.raises(OutcomeUnknown):
        await client.call(operation, deadline_ms=within(5))

    assert len(exchange.methods("time", "ping")) == 1


async def test_a_broken_answer_does_not_spoil_the_next(exchange: ScriptedExchange, connect: Connect):
    client = connect()
    exchange.script("depth", Answer(act="mute"), Answer(b'{"lastUpdateId":2}'))
    with pytest.raises(Unavailable):
        await client.call(Depth(symbol="BTCUSDT"), deadline_ms=within(0.1))

    assert await client.call(Depth(symbol="BTCUSDT"), deadline_ms=within(5)) == b'{"lastUpdateId":2}'


async def test_a_connection_that_the_exchange_closed_meanwhile_is_not_used(exchange: ScriptedExchange, connect: Connect):
    client = connect(key=HMAC)
    exchange.script("ping", Answer(headers={"Connection": "close"}))
    await client.call(Ping(), deadline_ms=within(5))

    assert await client.call(ORDER, deadline_ms=within(5)) == b"{}"


async def test_what_the_rest_api_does_not_offer_is_told(exchange: ScriptedExchange):
    with pytest.raises(Invalid, match="REST API"):
        await rest(exchange).send(Request(Logon(), 1.0))


async def test_after_closing_what_was_in_flight_is_lost(exchange: ScriptedExchange):
    transport = rest(exchange)
    exchange.script("depth", Answer(act="mute"))
    waiting = asyncio.create_task(transport.send(Request(Depth(symbol="BTCUSDT"), 5.0)))
    await exchange.was_asked("depth")

    await transport.close()

    with pytest.raises(Lost):
        await waiting


@pytest.mark.parametrize("http", [httpx.AsyncHTTPTransport, Http1Transport])
async def test_any_httpx_transport_will_do(exchange: ScriptedExchange, connect: Connect, http: type[httpx.AsyncBaseTransport]):
    client = connect(http=http(), key=HMAC)
    exchange.script("order.place", Answer(act="drop"))

    assert await client.call(Depth(symbol="币安人生USDT"), deadline_ms=within(5)) == b"{}"
    with pytest.raises(OutcomeUnknown):
        await client.call(ORDER, deadline_ms=within(5))


async def test_our_http_transport_works_under_a_client_of_httpx(exchange: ScriptedExchange):
    async with httpx.AsyncClient(transport=Http1Transport()) as client:
        response = await client.post(f"{exchange.environment.rest_url}/api/v3/order?a=1", content=b"b=2")

    assert (response.status_code, response.json()) == (200, {})
    assert exchange.asked[0].params == {"a": "1"}


def test_it_works_on_the_loop_of_the_standard_library_too():
    async def ask() -> bytes:
        async with ScriptedExchange() as exchange:
            transport = rest(exchange)
            reply = await transport.send(Request(Ping(), 5.0))
            await transport.close()
            return reply.body

    assert asyncio.run(ask()) == b"{}"
