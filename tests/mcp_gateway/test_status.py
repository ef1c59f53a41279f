"""get_system_status answers whatever is down, and says what to do."""

import json
from typing import Any

import msgspec

from services.mcp_gateway.budget import HeardBudget
from services.mcp_gateway.status import Stats, summary
from shared.runtime.bus import Bus
from shared.runtime.clock import now_ms
from shared.runtime.gossip import Gossip
from shared.runtime.responder import RpcRequest
from tests.mcp_gateway.gateways import Gateway, Market

MINUTE_MS = 60_000


async def status_of(gateway: Gateway) -> dict[str, Any]:
    result = await gateway.call("get_system_status")
    assert result["isError"] is False
    return json.loads(result["content"][0]["text"])


def news(scope: str, used: int, *, silent_until_ms: int = 0, start_ms: int | None = None) -> bytes:
    start_ms = now_ms() // MINUTE_MS * MINUTE_MS if start_ms is None else start_ms
    spent = [["REQUEST_WEIGHT", MINUTE_MS, "", start_ms, used, 6000], ["ORDERS", 10_000, "main", start_ms, 3, 100]]
    return msgspec.json.encode({"scope": scope, "silent_until_ms": silent_until_ms, "spent": spent})


async def clock(_: RpcRequest) -> bytes:
    return msgspec.json.encode({"serverTime": now_ms()})


async def test_all_is_well_when_the_exchange_answers(gateway: Gateway, market: Market) -> None:
    market.replies["time"] = clock
    status = await status_of(gateway)
    assert status["ok"] is True, status
    assert (status["environment"], status["problems"]) == ("paper", [])
    assert {"2026-07-28", "2024-11-05"} <= set(status["protocols"])
    assert status["bus"]["round_trip_ms"] > 0
    assert abs(status["exchange"]["clock_ahead_ms"]) < 1000
    assert {"market_data", "mcp_gateway"} <= {service["name"] for service in status["services"]}


async def test_a_clock_that_is_wrong_is_a_problem(gateway: Gateway, market: Market) -> None:
    market.reply("time", b'{"serverTime":1000}')
    status = await status_of(gateway)
    assert status["ok"] is False
    assert "clocks differ" in status["problems"][0]


async def test_without_market_data_the_exchange_is_out_of_reach(gateway: Gateway) -> None:
    status = await status_of(gateway)
    assert status["ok"] is False
    assert status["exchange"]["reachable"] is False
    assert "market_data" in " ".join(status["problems"])


async def test_the_weight_that_others_gossiped_is_told_though_it_was_said_before(
    gateway: Gateway, market: Market, bus: Bus
) -> None:
    market.replies["time"] = clock
    gossip = await Gossip.open(bus, "budget", lambda _: None)
    start_ms = now_ms()
    gossip.tell(news("paper", 1234, start_ms=start_ms, silent_until_ms=start_ms + 30_000))
    await gossip.close()
    status = await status_of(gateway)
    assert (status["exchange"]["used_weight"], status["exchange"]["weight_limit"]) == (1234, 6000)
    assert 20_000 < status["exchange"]["silent_for_ms"] <= 30_000
    assert "silence" in status["problems"][0]


def test_weight_is_heard_of_this_environment_and_this_minute_only() -> None:
    budget = HeardBudget("paper")
    assert budget.used_weight(0) is None
    for told in (b"", b"{}", b"\xff", news("live", 5000)):
        budget.hear(told)
    assert budget.used_weight(0) is None
    budget.hear(news("paper", 10, start_ms=MINUTE_MS))
    budget.hear(news("paper", 900, start_ms=0))
    assert budget.used_weight(MINUTE_MS) == (10, 6000)
    assert budget.used_weight(2 * MINUTE_MS) == (0, 6000)
    assert budget.silent_for_ms(0) == 0


def test_the_instances_of_a_service_are_added_up() -> None:
    endpoint = {"num_requests": 5, "num_errors": 1, "data": {"in_flight": 2, "concurrency": 256}}
    told = [
        msgspec.convert({"name": "market_data", "version": "0.1.0", "endpoints": [endpoint, endpoint]}, Stats),
        msgspec.convert({"name": "market_data", "version": "0.1.0", "endpoints": [endpoint]}, Stats),
        msgspec.convert({"name": "user_data", "version": "0.1.0"}, Stats),
    ]
    first, second = summary(told)
    assert (first.instances, first.requests, first.errors, first.in_flight, first.capacity) == (2, 15, 3, 4, 512)
    assert (second.name, second.capacity) == ("user_data", 0)
