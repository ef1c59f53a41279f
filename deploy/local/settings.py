"""What `make run` itself can be told; each service has its own settings beside these."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from shared.runtime.settings import ExchangeSettings, Port


class LocalSettings(ExchangeSettings):
    """The bus that is started, and where everything is kept."""

    service: ClassVar[str] = "local"
    nats_monitor_port: Port = Field(
        default=8222, description="Port of the monitoring of the nats-server that `make run` starts."
    )
    run_folder: Path = Field(
        default=Path(".run"),
        description="Where `make run` keeps logs, the streams of the bus and the paper exchange's accounts.",
    )
