"""The service as `$SRV.PING|INFO|STATS` and `nats micro ls` tell of it: one endpoint an operation, with what really happened.

nats.micro itself would know only how long it took to start a task.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from nats.aio.client import Client
from nats.micro.service import EndpointInfo, EndpointStats, Service, ServiceConfig, ServiceInfo, ServiceStats

from shared.contract.operation import Spec
from shared.runtime import wire
from shared.runtime.endpoint import Endpoint


def of_a_replica(prefix: str, *, able: bool) -> dict[str, str]:
    """What `$SRV.PING` tells of a replica: below which prefix it answers, and whether it can do its work now (`standby`)."""
    return {"subjects": prefix, "able": "yes" if able else "no"}


class Listed(Service):
    """The service as `$SRV.INFO` and `$SRV.STATS` tell of it: one endpoint an operation, with what really happened."""

    def __init__(
        self, nc: Client, config: ServiceConfig, endpoints: Mapping[str, Endpoint], load: Callable[[], dict[str, int]]
    ) -> None:
        super().__init__(nc, config)
        self._config = config
        self._answered = endpoints
        self._load = load
        self._since = datetime.now(UTC)

    def info(self) -> ServiceInfo:
        return ServiceInfo(
            id=self.id,
            name=self._config.name,
            version=self._config.version,
            description=f"{self._config.name} of the Binance MCP Server",
            endpoints=[
                EndpointInfo(_endpoint_name(endpoint), subject, self._config.name, _metadata(endpoint.spec))
                for subject, endpoint in self._answered.items()
            ],
        )

    def stats(self) -> ServiceStats:
        return ServiceStats(
            id=self.id,
            name=self._config.name,
            version=self._config.version,
            started=self._since,
            endpoints=[self._stats_of(subject, endpoint) for subject, endpoint in self._answered.items()],
        )

    def _stats_of(self, subject: str, endpoint: Endpoint) -> EndpointStats:
        answered = endpoint.answered
        busy_ns = int(answered.seconds * 1e9)
        return EndpointStats(
            name=_endpoint_name(endpoint),
            subject=subject,
            queue_group=self._config.name,
            num_requests=answered.total,
            num_errors=answered.total - answered.outcomes["ok"],
            processing_time=busy_ns,
            average_processing_time=busy_ns // max(1, answered.total),
            data={"outcomes": dict(answered.outcomes), **self._load()},
        )


def _metadata(spec: Spec) -> dict[str, str]:
    return {
        "method": spec.method,
        "summary": spec.summary,
        "command": str(wire.is_command(spec)).lower(),
        "weight": spec.weight.describe(),
    }


def _endpoint_name(endpoint: Endpoint) -> str:
    return endpoint.spec.method.replace(".", "-")
