"""The parts of the platform on one machine, from the settings: the bus, the paper exchange, the services."""

import sys
from urllib.parse import urlsplit

from deploy.local.part import Listener, Part
from deploy.local.ports import free_port
from deploy.local.settings import LocalSettings
from deploy.services import GATEWAY, PAPER_EXCHANGE, SERVICES, settings_of
from shared.contract.environments import LOOPBACK
from shared.runtime.settings import Settings, names_of

GRACE_BEYOND_DRAIN_S = 3.0
"""What a service needs to end once its last request has."""
ABOUT = {
    "market_data": "public reads of the exchange",
    "stream_ingestion": "market streams",
    "order_execution": "orders",
    "user_data": "accounts and their events",
    GATEWAY: "for AI agents: MCP over Streamable HTTP",
    PAPER_EXCHANGE: "REST, WebSocket API and streams as at Binance",
}


def stages(settings: LocalSettings, *, without_gateway: bool = False) -> list[list[Part]]:
    """What to start, and in which order: nothing talks before the bus is there.

    Raises:
        BadSettings: a service's setting is not allowed.
    """
    paper = settings.environment == "paper"
    names = [name for name in SERVICES if (name != GATEWAY or not without_gateway) and (name != PAPER_EXCHANGE or paper)]
    loaded = {name: settings_of(name).load() for name in names}
    ports = {name: found.port or free_port(found.host) for name, found in loaded.items()}
    variables: dict[str, str] = {}
    if PAPER_EXCHANGE in loaded:
        variables["BINANCE_PAPER_PORT"] = str(ports[PAPER_EXCHANGE])
        if "paper_state" not in loaded[PAPER_EXCHANGE].model_fields_set:
            variables["BINANCE_PAPER_STATE"] = str(settings.run_folder / "paper.db")
    if "log_format" not in settings.model_fields_set:
        variables["BINANCE_LOG_FORMAT"] = "console"  # who runs it in a terminal is a person
    services = [_service(name, found, ports[name], variables) for name, found in loaded.items()]
    nats = _nats(settings)
    return [[nats], services] if nats else [services]


def _nats(settings: LocalSettings) -> Part | None:
    """The embedded server, unless the settings name one elsewhere or a cluster."""
    url = urlsplit(settings.nats_url[0])
    if len(settings.nats_url) > 1 or url.hostname not in LOOPBACK:
        return None
    port, monitor = url.port or 4222, settings.nats_monitor_port
    return Part(
        name="nats",
        command=(
            *(sys.executable, "-m", "shared.runtime.nats_server", "--store", str(settings.run_folder / "nats")),
            *("--host", url.hostname, "--port", str(port), "--monitor-port", str(monitor)),
        ),
        listeners=(
            Listener(url.hostname, port, "BINANCE_NATS_URL"),
            Listener(url.hostname, monitor, "BINANCE_NATS_MONITOR_PORT"),
        ),
        ready_host=url.hostname,
        ready_port=monitor,
        ready_path="/healthz?js-enabled-only=true",
        where=f"nats://{url.hostname}:{port}",
        about=f"the bus, for your programs (monitoring: http://{url.hostname}:{monitor})",
    )


def _service(name: str, settings: Settings, port: int, variables: dict[str, str]) -> Part:
    host = _reachable(settings.host)
    variable = names_of(type(settings), "port")[-1]
    return Part(
        name=name,
        command=(sys.executable, "-m", f"services.{name}"),
        listeners=(Listener(settings.host, port, variable),),
        ready_host=host,
        ready_port=port,
        ready_path="/api/v3/ping" if name == PAPER_EXCHANGE else "/ready",
        where=f"http://{host}:{port}{'/mcp' if name == GATEWAY else ''}",
        about=ABOUT[name],
        variables={**variables, variable: str(port)},
        grace_s=settings.drain_s + GRACE_BEYOND_DRAIN_S,
    )


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("", "0.0.0.0") else host  # noqa: S104
