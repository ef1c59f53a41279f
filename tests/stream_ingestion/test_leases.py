"""Leases: who holds a stream, since when, until when."""

from services.stream_ingestion.direct import Direct
from services.stream_ingestion.leases import Leases
from services.stream_ingestion.stores import Stores
from shared.runtime.clock import now_ms
from tests.stream_ingestion.conftest import Platform


async def test_a_stream_flows_since_the_lease_that_let_it_whoever_takes_it_on_while_it_lingers(platform: Platform) -> None:
    await platform.start()
    direct = Direct(platform.bus)
    await direct.open()
    leases, stream, began = Leases(platform.bus, direct, Stores("binance"), linger_ms=30_000), "ethusdt@trade", now_ms()
    since = [
        (await leases.take(stream, holder, 10, began + after_ms)).since - began
        for holder, after_ms in (("one", 0), ("one", 20_000), ("two", 45_000), ("one", 84_000), ("one", 130_000))
    ]
    assert since == [0, 0, 0, 0, 130_000]
