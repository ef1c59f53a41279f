"""What market_data can be told."""

from typing import ClassVar, Literal

from pydantic import Field

from shared.runtime.settings import ExchangeSettings, Port, own


class Settings(ExchangeSettings):
    """Settings of market_data."""

    service: ClassVar[str] = "market_data"

    port: Port = own(8001, "Port of /health, /ready and /metrics; 0 takes a free one.")
    market_transport: Literal["rest", "ws_api"] = Field(
        default="ws_api",
        description="How public reads travel to the exchange: a WebSocket API connection (faster; what is about all symbols"
        " goes by REST all the same) or REST.",
    )
    exchange_info_refresh_s: float = Field(
        default=60.0, ge=1, le=3600, description="Seconds after which the exchange's symbols and rules are fetched anew."
    )
