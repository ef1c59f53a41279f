"""One command is enough: over stdio the gateway starts the whole platform, and takes it along when it goes."""

from pathlib import Path

from tests.mcp_gateway.gateways import HANDSHAKES
from tests.mcp_gateway.stdio import Stdio
from tests.support.local_platform import DOWN_WITHIN_S, LocalPlatform
from tests.support.waiting import eventually


async def test_a_call_waits_for_the_platform_and_its_end_leaves_no_process(tmp_path: Path) -> None:
    platform = LocalPlatform(tmp_path)
    stdio = await Stdio.start(platform.settings, "--with-platform")
    try:
        await stdio.initialize(HANDSHAKES[-1])
        assert len((await stdio.ask("tools/list"))["tools"]) >= 20
        price = await stdio.call("get_price", {"symbol": "BTCUSDT"})
        assert price["symbol"] == "BTCUSDT"
        status = await stdio.call("get_system_status")
        assert status["ok"] is True, status
        assert len((await stdio.call("get_order_book", {"symbol": "BTCUSDT", "limit": 5}))["bids"]) == 5
        assert (await stdio.call("get_price", {"symbol": "NOPEUSDT"}))["kind"] in ("invalid", "rejected")
        assert await stdio.end() == (0, b"")
    finally:
        await stdio.kill()
    assert platform.processes() == {}


async def test_a_gateway_that_is_killed_takes_its_platform_along(tmp_path: Path) -> None:
    platform = LocalPlatform(tmp_path)
    stdio = await Stdio.start(platform.settings, "--with-platform")
    await stdio.initialize(HANDSHAKES[-1])
    assert "serverTime" in await stdio.call("get_server_time")
    assert len(platform.processes()) > 2
    await stdio.kill()
    await eventually(lambda: not platform.processes(), within_s=DOWN_WITHIN_S)
