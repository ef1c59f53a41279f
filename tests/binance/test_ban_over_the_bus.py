"""Two processes, one address: when the first is banned the second stops, and so does one that starts later."""

import pytest

from shared.binance.client import BinanceClient
from shared.binance.limits import Lane
from shared.contract.errors import RateLimited
from shared.contract.market.operations import Depth, Ping
from shared.runtime.bus import Bus
from shared.runtime.gossip import Gossip
from tests.binance.conftest import Connect
from tests.binance.exchange import ScriptedExchange, refusal
from tests.binance.words import CANCEL, HMAC, within
from tests.conftest import ConnectBus
from tests.support.waiting import eventually


async def process(client: BinanceClient, bus: Bus) -> Gossip:
    """What a service does with its client's budget."""
    gossip = await Gossip.open(bus, "budget", client.budget.hear)
    client.budget.on_news = gossip.tell
    return gossip


async def test_a_second_process_stops_when_the_first_is_banned(
    exchange: ScriptedExchange, connect: Connect, connect_bus: ConnectBus, bus: Bus
):
    first, second, later = connect(key=HMAC), connect(key=HMAC), connect(key=HMAC)
    gossips = [await process(first, bus), await process(second, await connect_bus(prefix=bus.prefix))]
    await second.call(Ping(), deadline_ms=within(5))
    exchange.script("depth", refusal(-1003, "Way too much request weight used.", 418, headers={"Retry-After": "120"}))

    with pytest.raises(RateLimited):
        await first.call(Depth(symbol="BTCUSDT"), deadline_ms=within(5))
    await eventually(lambda: second.budget.silent_ms() > 0)
    gossips.append(await process(later, await connect_bus(prefix=bus.prefix)))
    before = len(exchange.asked)

    for client in (second, later):
        for operation, lane in ((Ping(), Lane.DATA), (CANCEL, Lane.CANCEL)):
            with pytest.raises(RateLimited) as refused:
                await client.call(operation, deadline_ms=within(5), lane=lane)
            assert (refused.value.retry_after_ms or 0) > 110_000
    assert len(exchange.asked) == before
    for gossip in gossips:
        await gossip.close()
