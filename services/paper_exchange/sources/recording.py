"""A recording of an exchange: a folder with what it sent.

exchange_info.json     the body of GET /api/v3/exchangeInfo
depth_<SYMBOL>.json    {"received_ms", "body"}: GET /api/v3/depth
frames.jsonl           {"received_ms", "frame"} a line, in order; the frame is a combined stream's envelope
"""

from pathlib import Path

import msgspec
from msgspec import Raw, Struct, json

from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.sources.errors import BadSource
from shared.contract.market.models import OrderBook


class Frame(Struct, frozen=True):
    """A message of a stream."""

    at_ms: int
    stream: str
    envelope: bytes
    """The whole message as it came, and what was in it."""
    payload: bytes


class Snapshot(Struct, frozen=True):
    """A book as it was read."""

    body: bytes
    book: OrderBook


class Recording(Struct, frozen=True):
    """All of it."""

    exchange_info: bytes
    instruments: tuple[Instrument, ...]
    snapshots: dict[str, Snapshot]
    """By symbol."""
    frames: list[Frame]


class _Line(Struct, frozen=True):
    received_ms: int
    frame: Raw


class _Envelope(Struct, frozen=True):
    stream: str
    data: Raw


class _Read(Struct, frozen=True):
    body: Raw


def load(folder: Path) -> Recording:
    """Read a recording.

    Raises:
        BadSource: it is none.
    """
    try:
        info = (folder / "exchange_info.json").read_bytes().strip()
        described = json.decode(info)["symbols"]
        lines = [json.decode(line, type=_Line) for line in (folder / "frames.jsonl").read_bytes().splitlines() if line.strip()]
        frames = [_frame(line) for line in lines]
        snapshots = {file.stem.removeprefix("depth_"): _snapshot(file.read_bytes()) for file in folder.glob("depth_*.json")}
        instruments = tuple(Instrument.of(symbol) for symbol in described)
    except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise BadSource(f"{folder} holds no recording of an exchange: {type(error).__name__}: {error}") from None
    return Recording(info, instruments, snapshots, sorted(frames, key=lambda frame: frame.at_ms))


def _frame(line: _Line) -> Frame:
    envelope = json.decode(line.frame, type=_Envelope)
    return Frame(line.received_ms, envelope.stream, bytes(line.frame), bytes(envelope.data))


def _snapshot(content: bytes) -> Snapshot:
    body = json.decode(content, type=_Read).body
    return Snapshot(bytes(body), json.decode(body, type=OrderBook))
