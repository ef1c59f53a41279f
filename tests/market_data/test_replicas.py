"""Replicas: one that cannot reach the exchange does not take requests that another could answer."""

import re
from urllib.parse import urlsplit

import httpx
import pytest

from shared.contract.errors import Unavailable
from shared.runtime.nats_server import NatsServer
from tests.market_data.conftest import MarketData, exchange, market_data
from tests.support.proxy import TcpProxy
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def refusal(market: MarketData) -> str:
    """Why a request is not answered; empty when it is."""
    try:
        await market.ask("depth", b'{"symbol":"BTCUSDT","limit":5}', within_ms=2_500)
    except Unavailable as error:
        return error.message
    return ""


async def answers(market: MarketData, times: int) -> bool:
    """Are so many requests in a row answered?"""
    return not any([await refusal(market) for _ in range(times)])


@pytest.mark.parametrize("transport", ["rest", "ws_api"])
async def test_a_replica_without_the_exchange_leaves_requests_to_one_that_has_it_and_alone_says_what_is_wrong(
    nats_server: NatsServer, transport: str
) -> None:
    prefix = f"aside-{transport}"
    async with exchange() as (_, url), TcpProxy("127.0.0.1", urlsplit(url).port or 0) as proxy:
        through = f"http://127.0.0.1:{proxy.port}"
        async with market_data(through, nats_server.url, prefix, transport) as cut_off:
            async with market_data(url, nats_server.url, prefix, transport) as market:
                assert await answers(market, 20)
                await proxy.refuse()
                proxy.cut()
                await eventually(lambda: answers(market, 20))
                assert await answers(market, 200), "the one that is cut off takes none of them"
            await eventually(lambda: alone(cut_off))
            await proxy.listen()
            await eventually(lambda: answers(cut_off, 20), within_s=20)


async def alone(market: MarketData) -> bool:
    """Does the last replica answer, with what is wrong?"""
    return "The request was not sent" in await refusal(market)


async def test_a_replica_takes_requests_again_when_it_reaches_the_exchange(nats_server: NatsServer) -> None:
    async with exchange() as (_, url), TcpProxy("127.0.0.1", urlsplit(url).port or 0) as proxy:
        through = f"http://127.0.0.1:{proxy.port}"
        async with (
            market_data(through, nats_server.url, "back") as cut_off,
            market_data(url, nats_server.url, "back") as market,
        ):
            await eventually(lambda: takes_requests(cut_off, market))
            await proxy.refuse()
            proxy.cut()
            await eventually(lambda: leaves_requests(cut_off, market))
            await proxy.listen()
            await eventually(lambda: takes_requests(cut_off, market))


async def takes_requests(replica: MarketData, market: MarketData) -> bool:
    """Does this replica answer some of the requests?"""
    before = await taken(replica)
    await answers(market, 20)
    return await taken(replica) > before


async def leaves_requests(replica: MarketData, market: MarketData) -> bool:
    return await answers(market, 20) and not await takes_requests(replica, market)


async def taken(replica: MarketData) -> int:
    """How many requests it has taken, whatever became of them."""
    async with httpx.AsyncClient() as client:
        metrics = (await client.get(f"{replica.own_url}/metrics")).text
    return sum(int(float(number)) for number in re.findall(r'^binance_answers_total{method="depth",.* (\S+)$', metrics, re.M))
