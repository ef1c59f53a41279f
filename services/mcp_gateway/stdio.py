"""The gateway over stdio, for a client that starts it: stdout carries the protocol and nothing else, logs go to stderr.

The list of tools needs no bus; calls find it, or wait for it, or say what to do (`LateBus`).
"""

import asyncio
import os
import secrets
import signal
import sys

import uvloop
from mcp.server.stdio import stdio_server

from services.mcp_gateway import eras, server
from services.mcp_gateway.late_bus import LateBus
from services.mcp_gateway.local_platform import ROOT, LocalPlatform
from services.mcp_gateway.service import calls
from services.mcp_gateway.settings import Settings
from services.mcp_gateway.status import SystemState
from shared.runtime import observe
from shared.runtime.ends import BAD_SETTINGS, FAILED, STOPPED
from shared.runtime.link import Address
from shared.runtime.metrics import Metrics
from shared.runtime.settings import BadSettings

INSTANCE_BYTES = 4
"""Of the mark by which the client of this process is told from others of the same name."""
log = observe.logger("mcp_gateway.stdio")


def run(*, with_platform: bool) -> int:
    """Serve until stdin ends or a signal comes; the exit code (see `runtime.ends`)."""
    os.chdir(ROOT)  # a client starts us anywhere, but we and the platform that we start must read the same `.env`
    try:
        settings = Settings.load()
    except BadSettings as error:
        sys.stderr.write(f"{Settings.service}: {error}\n")
        return BAD_SETTINGS
    observe.configure(settings.service, settings.log_level, settings.log_format)
    for stranger in Settings.strangers():
        log.warning("ignored", setting=str(stranger))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            if runner.run(_serve(settings, LocalPlatform() if with_platform else None)):
                return STOPPED
            code = STOPPED
        except Exception:
            log.exception("the server failed")
            code = FAILED
        # The SDK reads stdin in a thread that nothing but the end of stdin can wake, and Python would wait for it.
        sys.stderr.flush()
        os._exit(code)


async def _serve(settings: Settings, platform: LocalPlatform | None) -> bool:
    """Serve; did stdin end (rather than a signal come)?"""
    metrics = Metrics(settings.service)
    bus = LateBus(
        Address.of(settings, f"{settings.service}/stdio"),
        metrics,
        settings.subject_prefix,
        wait_s=settings.mcp_start_wait_s,
        platform=platform,
    )
    state = SystemState(bus.bus, settings.environment, settings.mcp_toolsets)
    mcp = server.build(calls(settings, bus, metrics, state), settings.environment, instance=secrets.token_hex(INSTANCE_BYTES))
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)

    async def speak() -> None:
        async with stdio_server() as (read, write):
            await eras.serve(mcp, read, write)

    seeking = asyncio.create_task(bus.run())
    speaking = asyncio.create_task(speak())
    stopping = asyncio.create_task(told.wait())
    try:
        await asyncio.wait({seeking, speaking, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await state.close()
        for task in (seeking, stopping):
            task.cancel()
        await asyncio.wait({seeking})
        if platform:
            await platform.stop()
    for task in (seeking, speaking):
        if task.done() and not task.cancelled():
            task.result()
    return speaking.done()
