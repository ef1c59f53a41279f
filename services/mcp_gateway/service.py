"""The gateway over HTTP: the SDK's app behind sessions, fast path and guard, on the application that every service has."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from mcp.server.transport_security import TransportSecuritySettings

from services.mcp_gateway import server
from services.mcp_gateway.calls import Asks, Calls
from services.mcp_gateway.fast_path import FastPath
from services.mcp_gateway.guard import Guard
from services.mcp_gateway.sessions import Sessions
from services.mcp_gateway.settings import Settings
from services.mcp_gateway.status import SystemState
from services.mcp_gateway.tools import SPECS, tools
from shared.contract.platform.operations import GetSystemStatus
from shared.runtime.bus import Bus
from shared.runtime.metrics import Metrics
from shared.runtime.service import Life

PATH = "/mcp"
MAX_BODY_BYTES = 256 * 1024
"""The longest sane call, 500 symbols by name, has 12 kB."""


def calls(settings: Settings, bus: Asks, metrics: Metrics, state: SystemState) -> Calls:
    """The tools that these settings serve, asking over this bus."""
    return Calls(
        tools(SPECS, settings.mcp_toolsets, read_only=settings.mcp_read_only),
        bus,
        metrics,
        prefix=settings.subject_prefix,
        deadline_ms=settings.deadline_ms,
        max_result_tokens=settings.mcp_max_result_tokens,
        concurrency=settings.concurrency,
        local={GetSystemStatus.spec.method: state.told},
    )


@asynccontextmanager
async def serve(life: Life[Settings]) -> AsyncGenerator[None, None]:
    """Open the endpoint; see `runtime.service`."""
    settings = life.settings
    state = SystemState(_given(life.bus), settings.environment, settings.mcp_toolsets)
    answers = calls(settings, life.bus, life.metrics, state)
    mcp = server.build(answers, settings.environment)
    # json_response=False: a caller that hangs up cancels its call, and progress is not dropped; quick replies are JSON anyway.
    endpoint = mcp.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        json_response=False,
        max_request_body_size=MAX_BODY_BYTES,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # the guard has decided
    )
    life.app.mount("/", endpoint)
    life.app.add_middleware(Sessions, path=PATH, max_body_bytes=MAX_BODY_BYTES)
    life.app.add_middleware(
        FastPath,
        calls=answers,
        path=PATH,
        max_body_bytes=MAX_BODY_BYTES,
        meta=server.meta(settings.environment),
        server_info=mcp.server_info_stamp,
    )
    life.app.add_middleware(Guard, path=PATH, hosts=settings.mcp_allowed_hosts, token=settings.mcp_token.get_secret_value())
    async with mcp.session_manager.run():
        yield
    await state.close()


def _given(bus: Bus) -> Callable[[], Awaitable[Bus]]:
    async def given() -> Bus:
        return bus

    return given
