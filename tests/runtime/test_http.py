"""What a process tells over HTTP is the truth."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from shared.runtime.ends import NotToBeHad
from shared.runtime.http import HttpServer, PortBusy, Probes, application
from shared.runtime.metrics import Answered, Metrics


@pytest.fixture
def probes() -> Probes:
    """No questions yet."""
    return Probes("tested")


@pytest_asyncio.fixture
async def http(probes: Probes) -> AsyncGenerator[httpx.AsyncClient, None]:
    """A client of a running server."""
    metrics = Metrics("tested")
    server = HttpServer("127.0.0.1", 0, grace_s=1)
    await server.start(application("tested", probes, metrics))
    async with httpx.AsyncClient(base_url=server.url) as client:
        yield client
    await server.stop()


async def _fine() -> str:
    return ""


async def test_ready_is_the_sum_of_its_checks(probes: Probes, http: httpx.AsyncClient) -> None:
    async def wrong() -> str:
        return "the exchange does not answer"

    probes.add("bus", _fine)
    assert (await http.get("/ready")).json()["ready"] is True
    probes.add("exchange", wrong)
    answer = await http.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["exchange"]["problem"] == "the exchange does not answer"
    assert answer.json()["checks"]["bus"]["ok"] is True


async def test_a_probe_that_fails_is_not_ready_and_tells_no_secret(probes: Probes, http: httpx.AsyncClient) -> None:
    async def fails() -> str:
        raise RuntimeError("hunter2")

    probes.add("exchange", fails)
    answer = await http.get("/ready")
    assert answer.status_code == 503
    assert "hunter2" not in answer.text


async def test_a_probe_that_hangs_is_not_ready_within_a_bound(
    probes: Probes, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs() -> str:
        return await asyncio.get_running_loop().create_future()

    monkeypatch.setattr("shared.runtime.http.PROBE_TIMEOUT_S", 0.05)
    probes.add("exchange", hangs)
    assert (await http.get("/ready")).json()["checks"]["exchange"]["problem"].startswith("no answer within")


async def test_health_says_that_the_process_lives_whatever_the_probes_say(probes: Probes, http: httpx.AsyncClient) -> None:
    async def wrong() -> str:
        return "all is lost"

    probes.add("bus", wrong)
    assert (await http.get("/health")).status_code == 200


async def test_metrics_are_in_the_form_of_prometheus(http: httpx.AsyncClient) -> None:
    answer = await http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'binance_service{service="tested"} 1.0' in answer.text


async def test_a_taken_port_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortBusy, match="cannot be listened on"):
        HttpServer("127.0.0.1", taken.getsockname()[1])


async def test_latencies_are_counted_in_cumulative_buckets() -> None:
    metrics = Metrics("tested")
    answered = metrics.answers["depth"] = Answered()
    for seconds in (0.0004, 0.0005, 0.02, 99.0):
        answered.count("ok", seconds)
    text = metrics.text().decode()
    assert 'binance_answer_seconds_bucket{le="0.0005",method="depth"} 2.0' in text
    assert 'binance_answer_seconds_bucket{le="0.025",method="depth"} 3.0' in text
    assert 'binance_answer_seconds_bucket{le="+Inf",method="depth"} 4.0' in text
    assert 'binance_answers_total{method="depth",outcome="ok"} 4.0' in text


async def test_a_server_that_ends_while_starting_is_told_and_not_waited_for() -> None:
    async def fails(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    server = HttpServer("127.0.0.1", 0)
    with pytest.raises(NotToBeHad, match="cannot start"):
        await asyncio.wait_for(server.start(fails, lifespan="on"), 5)
    await server.stop()


def test_a_process_without_a_bus_shows_nothing_of_one() -> None:
    assert "binance_bus" not in Metrics("alone").text().decode()
    assert "binance_answer" not in Metrics("alone").text().decode()
