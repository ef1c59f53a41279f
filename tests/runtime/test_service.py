"""The life of a process: it starts or says in one line why not, tells the truth about itself, and ends in order."""

import asyncio
import json
import signal
import socket

import httpx

from shared.runtime.nats_server import NatsServer
from tests.conftest import ConnectBus
from tests.runtime.conftest import ask
from tests.support.process import ServiceProcess
from tests.support.proxy import TcpProxy
from tests.support.waiting import eventually

MODULE = "tests.support.a_service"
CLOSED_FOR_GOOD = "the bus closed the connection for good; this process ends to be started anew"


async def test_a_service_answers_tells_its_health_and_ends_in_order(nats_server: NatsServer, connect_bus: ConnectBus) -> None:
    bus = await connect_bus(prefix="life")
    async with ServiceProcess(MODULE, nats_url=nats_server.url, subject_prefix="life") as service:
        url = (await service.logged("ready"))["url"]
        assert json.loads(await ask(bus, payload=b'{"text":"a"}')) == {"text": "a"}
        async with httpx.AsyncClient(base_url=url) as http:
            assert (await http.get("/health")).json() == {"service": "a_service", "alive": True}
            ready = await http.get("/ready")
            assert (ready.status_code, ready.json()["checks"]["bus"]["ok"]) == (200, True)
            assert 'binance_answers_total{method="test.read",outcome="ok"} 1.0' in (await http.get("/metrics")).text
        service.process.send_signal(signal.SIGTERM)
        assert await service.ended() == 0
    assert "closed what was opened" in service.lines


async def test_a_request_in_flight_at_sigterm_is_answered(nats_server: NatsServer, connect_bus: ConnectBus) -> None:
    bus = await connect_bus(prefix="drained")
    async with ServiceProcess(MODULE, nats_url=nats_server.url, subject_prefix="drained") as service:
        url = (await service.logged("ready"))["url"]
        held = asyncio.create_task(ask(bus, payload=b'{"text":"hold"}', within_ms=5000))
        async with httpx.AsyncClient(base_url=url) as http:
            await eventually(lambda: _in_flight(http))
            service.process.send_signal(signal.SIGTERM)
            await service.logged("draining")
            assert (await http.get("/ready")).status_code == 503
        assert json.loads(await held) == {"text": "hold"}
        assert await service.ended() == 0


async def _in_flight(http: httpx.AsyncClient) -> bool:
    return "binance_answers_in_flight 1.0" in (await http.get("/metrics")).text


async def test_a_service_is_not_ready_while_nats_is_away_and_ready_again_when_it_is_back(own_nats_server: NatsServer) -> None:
    async with ServiceProcess(MODULE, nats_url=own_nats_server.url) as service:
        url = (await service.logged("ready"))["url"]
        async with httpx.AsyncClient(base_url=url) as http:
            own_nats_server.kill()
            await eventually(lambda: _ready(http, 503))
            assert (await http.get("/ready")).json()["checks"]["bus"]["problem"] == "NATS does not answer"
            assert (await http.get("/health")).status_code == 200
            await asyncio.to_thread(own_nats_server.start)
            await eventually(lambda: _ready(http, 200), within_s=15)


async def test_a_service_is_not_ready_when_nats_hangs(own_nats_server: NatsServer) -> None:
    async with ServiceProcess(MODULE, nats_url=own_nats_server.url) as service:
        url = (await service.logged("ready"))["url"]
        async with httpx.AsyncClient(base_url=url) as http:
            own_nats_server.send_signal(signal.SIGSTOP)
            try:
                assert (await http.get("/ready")).status_code == 503
            finally:
                own_nats_server.send_signal(signal.SIGCONT)
            await eventually(lambda: _ready(http, 200))


async def _ready(http: httpx.AsyncClient, status: int) -> bool:
    return (await http.get("/ready")).status_code == status


async def test_a_connection_closed_for_good_ends_the_process_with_70(nats_proxy: TcpProxy) -> None:
    async with ServiceProcess(MODULE, nats_url=f"nats://127.0.0.1:{nats_proxy.port}") as service:
        await service.logged("ready")
        nats_proxy.say(b"-ERR 'maximum subscriptions exceeded'\r\n")
        assert await service.ended() == 70
        assert "maximum subscriptions" in (await service.logged(CLOSED_FOR_GOOD))["reason"]


async def test_a_wrong_setting_ends_the_start_with_78_and_one_line() -> None:
    async with ServiceProcess(MODULE, concurrency="many", nats_password="hunter2") as service:
        assert await service.ended() == 78
    (line,) = service.lines
    assert line.startswith("a_service: BINANCE_CONCURRENCY: Input should be a valid integer")


async def test_a_missing_bus_ends_the_start_with_69_and_one_line() -> None:
    async with ServiceProcess(MODULE, nats_url="nats://me:hunter2@127.0.0.1:1", nats_wait_s="0.3") as service:
        assert await service.ended() == 69
    (line,) = service.lines
    assert "No NATS server" in line
    assert "BINANCE_NATS_URL" in line
    assert "hunter2" not in line


async def test_a_busy_port_ends_the_start_with_69_and_one_line(nats_server: NatsServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with ServiceProcess(MODULE, nats_url=nats_server.url, a_service_port=port) as service:
            assert await service.ended() == 69
    (line,) = service.lines
    assert f"Port {port}" in line


async def test_a_service_that_cannot_start_says_why_in_one_line(nats_server: NatsServer) -> None:
    async with ServiceProcess(MODULE, nats_url=nats_server.url, cannot="The key does not fit the environment.") as service:
        assert await service.ended() == 78
    assert service.lines == ["a_service: The key does not fit the environment."]
