"""What stream_ingestion can be told."""

from typing import ClassVar

from pydantic import Field

from shared.binance.sockets import Library
from shared.binance.stream_limits import CONNECTS_PER_5_MIN, STREAMS_PER_CONNECTION
from shared.runtime.settings import ExchangeSettings, Port, own


class Settings(ExchangeSettings):
    """Settings of stream_ingestion."""

    service: ClassVar[str] = "stream_ingestion"

    port: Port = own(8002, "Port of stream_ingestion's health, readiness and metrics; 0 takes a free one.")
    stream_library: Library = Field(
        default="auto", description="WebSocket library of the market streams; auto takes the cheapest that can be used."
    )
    streams_per_connection: int = Field(
        default=400, ge=1, le=STREAMS_PER_CONNECTION, description="Market streams on one connection; the exchange allows 1024."
    )
    streams_most: int = Field(default=4000, ge=1, description="Market streams that all callers together may hold.")
    streams_per_holder: int = Field(default=1024, ge=1, description="Market streams that one caller may hold.")
    stream_connects: int = Field(
        default=100,
        ge=1,
        le=CONNECTS_PER_5_MIN,
        description="Attempts to connect in 5 minutes of one replica; the exchange allows an address 300.",
    )
    stream_rotate_s: float = Field(
        default=82_800.0,
        gt=0,
        le=86_000,
        description="Age at which a connection is replaced; the exchange ends it after a day.",
    )
    stream_silent_s: float = Field(
        default=8.0,
        gt=0,
        le=600,
        description="Silence after which a connection has to prove that it listens, or is replaced; "
        "4 periods of a stream on it are enough, and 3 s at least.",
    )
    stream_overlap_s: float = Field(
        default=5.0, gt=0, le=60, description="Seconds that an old and a new connection overlap at most."
    )
    stream_stale_s: float = Field(
        default=60.0, gt=0, le=3600, description="Silence after which a stream counts as stale; at least 20 of its own periods."
    )
    stream_late_s: float = Field(
        default=10.0,
        ge=0,
        description="Age of an event on arrival, by the exchange's clock and ours, from which on its stream counts as stale; "
        "0 for none, as a replay needs.",
    )
    stream_linger_s: float = Field(
        default=30.0, ge=0, le=3600, description="Seconds that a stream flows on after its last lease."
    )
    stream_shards: int = Field(
        default=16, ge=1, le=1024, description="Parts into which replicas divide the streams; the same for all."
    )
    stream_session_s: float = Field(
        default=3.0,
        ge=1,
        le=30,
        description="A replica that has not been heard for so long has lost its streams to the others.",
    )
    stream_keep_s: float = Field(default=600.0, ge=1, description="Seconds that events are kept for reading.")
    stream_keep_each: int = Field(default=10_000, ge=1, description="Events of one stream that are kept for reading.")
    stream_keep_bytes: int = Field(
        default=256 * 1024 * 1024, ge=1024 * 1024, description="Memory for all events that are kept for reading."
    )
    stream_fill_most: int = Field(
        default=10_000, ge=0, description="Events that are fetched to fill one hole; a larger one is only marked."
    )
    book_levels: int = Field(default=1000, ge=5, le=5000, description="Levels a side that a local order book starts with.")
    all_tickers_s: float = Field(
        default=5.0, ge=1, le=60, description="Seconds between two fetches for !ticker@arr, which the exchange sends no more."
    )
    all_tickers_native: bool = Field(
        default=False, description="Take !ticker@arr from the exchange's stream, where an exchange still sends it."
    )
