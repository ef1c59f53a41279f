"""The tool get_system_status: asked when something seems wrong, so it answers whatever is down, and soon."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable

import msgspec
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS
from msgspec import UNSET, Struct
from msgspec.structs import replace
from nats.aio.msg import Msg

from services.mcp_gateway.budget import HeardBudget
from services.mcp_gateway.server import VERSION
from services.mcp_gateway.tools import SPECS
from shared.contract import subjects
from shared.contract.catalog import BY_METHOD
from shared.contract.errors import ServiceError
from shared.contract.market.models import ServerTime
from shared.contract.operation import Owner
from shared.contract.platform.budget import TOPIC
from shared.contract.platform.operations import BusStatus, ExchangeStatus, ServiceStatus, SystemStatus
from shared.runtime.bus import Bus, BusUnavailable
from shared.runtime.clock import monotonic, now_ms
from shared.runtime.gossip import Gossip

GATHER_S = 0.25
"""Services that have not told their state by then are not up."""
EXCHANGE_DEADLINE_MS = 3000
CLOCK_TOLERANCE_MS = 1000
"""Signed requests are refused (-1021) when our clock is further ahead of the exchange's."""
ANSWERED_BY = {
    Owner.MARKET: "market_data",
    Owner.STREAM: "stream_ingestion",
    Owner.TRADE: "order_execution",
    Owner.ACCOUNT: "user_data",
}
"""The services behind the tools."""


class _Load(Struct, frozen=True):
    in_flight: int = 0
    concurrency: int = 0


class _Endpoint(Struct, frozen=True):
    num_requests: int = 0
    num_errors: int = 0
    data: _Load = _Load()


class Stats(Struct, frozen=True):
    """What one instance of a service tells at $SRV.STATS."""

    name: str
    version: str
    endpoints: list[_Endpoint] = []


_stats = msgspec.json.Decoder(Stats)
_server_time = msgspec.json.Decoder(ServerTime)


class SystemState:
    """Asks bus, services and exchange how they are."""

    def __init__(self, bus: Callable[[], Awaitable[Bus]], environment: str, toolsets: Collection[str]) -> None:
        self._bus = bus
        self._environment = environment
        self._needed = needed(toolsets)
        self._budget = HeardBudget(environment)
        self._gossip: tuple[Bus, Gossip] | None = None
        self._opening = asyncio.Lock()

    async def told(self) -> bytes:
        """A `SystemStatus` in JSON; never an error."""
        try:
            bus = await self._bus()
        except ServiceError as error:
            return self._tell(BusStatus(False), ExchangeStatus(False), (), f"{error.message} {error.hint}".strip())
        trip_s = await bus.round_trip_s()
        if trip_s is None:
            return self._tell(BusStatus(False), ExchangeStatus(False), (), "The bus does not answer: is NATS running?")
        await self._listen(bus)
        told, (exchange, problem) = await asyncio.gather(_gather(bus), _exchange(bus))
        return self._tell(BusStatus(True, round(trip_s * 1000, 2)), self._with_budget(exchange), summary(told), problem)

    async def close(self) -> None:
        """Listen no more."""
        if self._gossip:
            await self._gossip[1].close()
            self._gossip = None

    async def _listen(self, bus: Bus) -> None:
        """Hear the news of the budget from now on, and at once what was told last."""
        async with self._opening:
            if self._gossip and self._gossip[0] is bus:
                return
            await self.close()
            with contextlib.suppress(BusUnavailable):
                self._gossip = (bus, await Gossip.open(bus, TOPIC, self._budget.hear))

    def _with_budget(self, exchange: ExchangeStatus) -> ExchangeStatus:
        now = now_ms()
        used, limit = self._budget.used_weight(now) or (UNSET, UNSET)
        return replace(
            exchange, used_weight=used, weight_limit=limit or UNSET, silent_for_ms=self._budget.silent_for_ms(now) or UNSET
        )

    def _tell(self, bus: BusStatus, exchange: ExchangeStatus, services: Iterable[ServiceStatus], problem: str) -> bytes:
        services = list(services)
        up = {service.name for service in services}
        problems = [problem] if problem else []
        if bus.reachable:
            problems += [f"{name} is not running: start it (make run)." for name in self._needed if name not in up]
        if isinstance(exchange.clock_ahead_ms, int) and abs(exchange.clock_ahead_ms) > CLOCK_TOLERANCE_MS:
            problems.append(f"The clocks differ by {abs(exchange.clock_ahead_ms)} ms: set this machine's clock (NTP).")
        if isinstance(exchange.silent_for_ms, int):
            problems.append(f"The exchange wants silence for {exchange.silent_for_ms} ms more: a limit was broken. Wait.")
        status = SystemStatus(
            ok=not problems,
            environment=self._environment,
            version=VERSION,
            protocols=[*MODERN_PROTOCOL_VERSIONS, *HANDSHAKE_PROTOCOL_VERSIONS],
            problems=problems,
            bus=bus,
            exchange=exchange,
            services=services,
        )
        return msgspec.json.encode(status)


def needed(toolsets: Collection[str]) -> list[str]:
    """The services without which tools of these toolsets do not work."""
    owners = {spec.owner for spec in SPECS if spec.tool and spec.tool.toolset in toolsets}
    return [name for owner, name in ANSWERED_BY.items() if owner in owners]


def summary(told: Iterable[Stats]) -> list[ServiceStatus]:
    """The services by name, each with its instances added up."""
    by_name: dict[str, list[Stats]] = {}
    for stats in told:
        by_name.setdefault(stats.name, []).append(stats)
    return [_service(name, instances) for name, instances in sorted(by_name.items())]


def _service(name: str, instances: list[Stats]) -> ServiceStatus:
    endpoints = [endpoint for stats in instances for endpoint in stats.endpoints]
    loads = [stats.endpoints[0].data for stats in instances if stats.endpoints]  # an instance tells its load with each endpoint
    return ServiceStatus(
        name=name,
        version=max(stats.version for stats in instances),
        instances=len(instances),
        requests=sum(endpoint.num_requests for endpoint in endpoints),
        errors=sum(endpoint.num_errors for endpoint in endpoints),
        in_flight=sum(load.in_flight for load in loads),
        capacity=sum(load.concurrency for load in loads),
    )


async def _gather(bus: Bus) -> list[Stats]:
    told: list[Stats] = []

    async def hear(message: Msg) -> None:
        told.append(_stats.decode(message.data))

    inbox = bus.data.new_inbox()
    subscription = await bus.subscribe(inbox, hear)
    try:
        await bus.data.publish("$SRV.STATS", b"", reply=inbox)
        await asyncio.sleep(GATHER_S)
    finally:
        await subscription.unsubscribe()
    return told


async def _exchange(bus: Bus) -> tuple[ExchangeStatus, str]:
    sent_ms, started = now_ms(), monotonic()
    subject = subjects.rpc(BY_METHOD["time"], prefix=bus.prefix)
    try:
        body = await bus.request(subject, b"{}", deadline_ms=sent_ms + EXCHANGE_DEADLINE_MS)
        server_time = _server_time.decode(body).server_time
    except ServiceError as error:
        return ExchangeStatus(False), f"The exchange is out of reach: {error.message} {error.hint}".strip()
    except msgspec.MsgspecError:
        return ExchangeStatus(False), "The exchange did not tell its time."
    trip_ms = (monotonic() - started) * 1000
    return ExchangeStatus(True, round(trip_ms, 2), round(server_time - sent_ms - trip_ms / 2)), ""
