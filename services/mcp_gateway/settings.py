"""What the gateway can be told."""

from typing import ClassVar, get_args, get_type_hints

from pydantic import Field, SecretStr, field_validator

from shared.contract.operation import Tool
from shared.runtime.settings import ExchangeSettings, Names, Port, own

TOOLSETS: tuple[str, ...] = get_args(get_type_hints(Tool)["toolset"])


class Settings(ExchangeSettings):
    """Settings of the MCP gateway."""

    service: ClassVar[str] = "mcp_gateway"

    port: Port = own(8000, "Port of /mcp, /health, /ready and /metrics.")
    mcp_toolsets: Names = Field(default=("market", "streams", "system"), description="Toolsets that agents see.")
    mcp_read_only: bool = Field(default=False, description="Leave out every tool that changes something.")
    mcp_max_result_tokens: int = Field(
        default=25_000, ge=500, le=2_000_000, description="Longest reply to an agent (4 bytes a token); more comes in pages."
    )
    mcp_allowed_hosts: Names = Field(
        default=("127.0.0.1", "localhost", "[::1]"),
        description="Host names under which the endpoint may be called, and whose web pages may call it.",
    )
    mcp_token: SecretStr = Field(default=SecretStr(""), description="Bearer token that HTTP callers must send; empty for none.")
    mcp_start_wait_s: float = Field(
        default=45.0, gt=0, le=600, description="Over stdio with --with-platform: a call waits so long for the platform."
    )

    @field_validator("mcp_toolsets")
    @classmethod
    def _known(cls, toolsets: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(toolsets) - set(TOOLSETS)):
            raise ValueError(f"there is no toolset {unknown[0]!r:.40}; there are {', '.join(TOOLSETS)}")
        return toolsets
