"""`make run`: up within its time, alive whatever dies, and gone without a trace."""

import signal
import socket
from collections.abc import Callable

from mcp import Client

from deploy.services import SERVICES
from tests.support.local_platform import LocalPlatform
from tests.support.waiting import eventually

SECOND_START_WITHIN_S = 10.0


async def test_a_killed_service_comes_back_and_ctrl_c_leaves_no_process(own_platform: LocalPlatform) -> None:
    async with own_platform:
        victim = own_platform.process_of("services.market_data")
        own_platform.screen = ""
        own_platform.kill(victim)
        await own_platform.shows("market_data died (killed by SIGKILL)")
        await own_platform.shows(f"{'market_data':{max(map(len, SERVICES))}}  ready after")
        assert own_platform.process_of("services.market_data") != victim
        async with Client(own_platform.mcp_url) as client:
            assert not (await client.call_tool("get_price", {"symbol": "BTCUSDT"})).is_error
        assert await own_platform.end(signal.SIGINT) == 0
    assert "Stopped; no process is left." in own_platform.screen
    assert own_platform.processes() == {}


async def test_the_bus_may_die_too(own_platform: LocalPlatform) -> None:
    async with own_platform:
        own_platform.screen = ""
        (server,) = (pid for pid, command in own_platform.processes().items() if "nats-server" in command)
        own_platform.kill(server)
        await own_platform.shows("nats died (killed by SIGKILL)")

        async def answers() -> bool:
            async with Client(own_platform.mcp_url) as client:
                return not (await client.call_tool("get_price", {"symbol": "BTCUSDT"})).is_error

        await eventually(answers, within_s=30)


async def test_the_second_start_takes_less_than_ten_seconds(
    own_platform: LocalPlatform, record_property: Callable[[str, object], None]
) -> None:
    async with own_platform:
        pass
    async with own_platform:
        took_s = float((await own_platform.shows("Ready after ")).split()[0])
    record_property("second_start_s", took_s)
    assert took_s < SECOND_START_WITHIN_S


async def test_a_supervisor_killed_with_signal_9_leaves_no_process(own_platform: LocalPlatform) -> None:
    async with own_platform:
        assert len(own_platform.processes()) >= 5
        await own_platform.end(signal.SIGKILL)
        await eventually(lambda: own_platform.processes() == {})


async def test_a_busy_port_is_told_in_one_line_before_anything_starts(own_platform: LocalPlatform) -> None:
    with socket.create_server(("127.0.0.1", own_platform.ports["mcp_gateway"])):
        await own_platform.start()
        assert await own_platform.ended() == 1
    (line,) = own_platform.screen.splitlines()
    assert line.startswith(f"Port {own_platform.ports['mcp_gateway']} (mcp_gateway) is held by ")
    assert line.endswith("set BINANCE_MCP_GATEWAY_PORT.")
    assert not (own_platform.folder / "logs").exists()


async def test_a_wrong_setting_is_told_in_one_line(own_platform: LocalPlatform) -> None:
    own_platform.more = {"BINANCE_ENVIRONMENT": "moon"}
    await own_platform.start()
    assert await own_platform.ended() == 1
    (line,) = own_platform.screen.splitlines()
    assert line.startswith("BINANCE_ENVIRONMENT: ")
    assert "testnet" in line


async def test_quietly_it_says_ready_and_ends_with_the_program_that_started_it(own_platform: LocalPlatform) -> None:
    own_platform.arguments = ("--quiet", "--without-gateway")
    await own_platform.start()
    assert await own_platform.shows("ready ") == own_platform.nats_url
    assert not any("mcp_gateway" in command for command in own_platform.processes().values())
    own_platform.close_its_input()
    assert await own_platform.ended() == 0
    assert own_platform.screen == f"ready {own_platform.nats_url}\n"
    assert own_platform.processes() == {}
