"""Settings of the paper exchange."""

from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from services.paper_exchange.account_forms import forms
from services.paper_exchange.faults import order_of
from shared.contract.environments import PAPER_PORT
from shared.runtime.settings import PAPER_PORT_IS, Names, Port, Settings, own


class PaperSettings(Settings):
    """What the paper exchange can be told; the names begin with BINANCE_PAPER_."""

    service: ClassVar[str] = "paper_exchange"
    word: ClassVar[str] = "paper"

    port: Port = own(PAPER_PORT, PAPER_PORT_IS)
    paper_source: Literal["synthetic", "replay", "mirror"] = Field(
        default="synthetic", description="Where prices come from: made here, a recording, or another exchange."
    )
    paper_seed: str = Field(default="1", max_length=64, description="The same seed makes the same synthetic market.")
    paper_speed: float = Field(
        default=1.0,
        gt=0,
        le=100,
        description="How fast the agents of the synthetic market live, or a recording is replayed, as a multiple of real time.",
    )
    paper_recording: str = Field(default="", description="Folder of the recording that is replayed.")
    paper_replay_start: Literal["subscriber", "operator"] = Field(
        default="subscriber",
        description="What a replay begins with: the first subscriber of a stream, or POST /paper/v1/replay/start.",
    )
    paper_mirror_rest_url: str = Field(
        default="https://data-api.binance.vision", description="REST address of the exchange that is mirrored."
    )
    paper_mirror_stream_url: str = Field(
        default="wss://data-stream.binance.vision", description="Stream address of the exchange that is mirrored."
    )
    paper_mirror_symbols: Names = Field(
        default=("BTCUSDT", "ETHUSDT", "BNBUSDT"), min_length=1, max_length=75, description="Symbols that are mirrored."
    )
    paper_start_ms: int = Field(
        default=0, ge=0, description="Where the synthetic market's time begins (Unix ms) and goes on from; 0 is now."
    )
    paper_weight_limit: int = Field(
        default=6000, ge=1, description="Request weight that an address may spend in a minute; raise it for benchmarks."
    )
    paper_connection_limit: int = Field(
        default=300, ge=1, description="WebSocket connections that an address may open in five minutes."
    )
    paper_order_limit: int = Field(
        default=50, ge=1, description="Orders that an account may place in ten seconds (3,200 times as many in a day)."
    )
    paper_life_s: float = Field(
        default=86_400, gt=0, le=86_400, description="Seconds after which a WebSocket connection is ended."
    )
    paper_retired_streams: bool = Field(
        default=False, description="Serve `!ticker@arr`, which Binance retired on 2026-03-26, as it was."
    )
    paper_ping_s: float = Field(default=20, gt=0, le=3600, description="Seconds between pings on a WebSocket connection.")
    paper_pong_s: float = Field(
        default=60, gt=0, le=3600, description="Seconds that a client has to answer a ping before its connection is ended."
    )
    paper_listen_keys: bool = Field(
        default=False, description="Serve listen keys, which Binance retired on 2026-02-20, as they were."
    )
    paper_state: str = Field(
        default="", description="SQLite file in which accounts, orders and trades survive a restart; empty: nowhere."
    )
    paper_accounts: str = Field(
        default="",
        description="Accounts beside `main`: a JSON list, or a file with one, in the form of POST /paper/v1/accounts.",
    )

    paper_operator_token: SecretStr = Field(
        default=SecretStr(""), description="Bearer token of the routes under /paper/v1/; empty: whoever reaches the port may."
    )

    paper_faults: str = Field(
        default="", description="What goes wrong from the start, for drills: the JSON object that POST /paper/v1/faults takes."
    )

    @field_validator("paper_faults")
    @classmethod
    def _orderable(cls, value: str) -> str:
        order_of(value)
        return value

    @field_validator("paper_accounts")
    @classmethod
    def _readable(cls, value: str) -> str:
        forms(value)
        return value
