"""What the gateway answers itself: how the platform is, in one reply."""

from msgspec import UNSET, Struct, UnsetType

from shared.contract.operation import Operation, Owner, Tool, operation
from shared.contract.weights import Fixed


class BusStatus(Struct, frozen=True, omit_defaults=True):
    """The bus as the gateway reaches it."""

    reachable: bool
    round_trip_ms: float | UnsetType = UNSET


class ServiceStatus(Struct, frozen=True):
    """A service by what its instances tell of themselves."""

    name: str
    version: str
    instances: int
    requests: int
    errors: int
    in_flight: int
    capacity: int
    """Requests that all instances together work on at once."""


class ExchangeStatus(Struct, frozen=True, omit_defaults=True):
    """The exchange as market_data reaches it."""

    reachable: bool
    round_trip_ms: float | UnsetType = UNSET
    """From the gateway to the exchange and back."""
    clock_ahead_ms: int | UnsetType = UNSET
    """The exchange's clock less ours, exact to half of the round trip."""
    used_weight: int | UnsetType = UNSET
    """Request weight used in this minute, as far as it was heard of."""
    weight_limit: int | UnsetType = UNSET
    silent_for_ms: int | UnsetType = UNSET
    """Nothing may be sent for so long: a limit was broken or the address is banned."""


class SystemStatus(Struct, frozen=True):
    """The state of the platform."""

    ok: bool
    environment: str
    """The exchange that all replies are about: paper, testnet, demo, live or us."""
    version: str
    """Of the gateway."""
    protocols: list[str]
    """Versions of MCP that it speaks."""
    problems: list[str]
    """What is wrong and what to do; empty when all is well."""
    bus: BusStatus
    exchange: ExchangeStatus
    services: list[ServiceStatus]


@operation(
    "system.status",
    ws_api=False,
    owner=Owner.GATEWAY,
    weight=Fixed(1),
    tool=Tool("get_system_status", "System status", toolset="system"),
)
class GetSystemStatus(Operation[SystemStatus], frozen=True):
    """Health of this platform: environment, services, bus, exchange, clock difference, request weight used, problems."""
