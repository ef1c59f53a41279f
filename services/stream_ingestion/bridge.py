"""The hot path alone, for the yardstick: streams of one exchange address onto one NATS server, checked, without leases.

    python -m services.stream_ingestion.bridge --ws ws://127.0.0.1:9000 --nats 127.0.0.1:4222 --streams btcusdt@trade

It runs until it is stopped. Holes are told on stderr, not filled: there is no market_data here.
"""

import argparse
import asyncio
import math
import signal
import sys
from collections.abc import Collection
from typing import cast, get_args

import uvloop
from nats.aio.client import Client

from services.stream_ingestion.carrier import Carrier, Terms
from services.stream_ingestion.channel import Channel, Hole, channel
from services.stream_ingestion.publisher import Publisher, can_join
from services.stream_ingestion.upstream import Upstream
from shared.binance.sockets import Library, connector
from shared.binance.stream_limits import CONNECTS_PER_5_MIN, STREAMS_PER_CONNECTION, Window
from shared.contract.market.streams import find


class _Bridge:
    """Everything that the hot path needs and nothing else."""

    def __init__(self) -> None:
        self.publisher: Publisher | None = None

    def read(self) -> None:
        if self.publisher is not None:
            self.publisher.flush()

    def down(self, carrier: Carrier, reason: str) -> None:
        print(f"connection {reason}", file=sys.stderr, flush=True)

    def replaced(self, carrier: Carrier, reason: str) -> None:
        print(f"connection replaced: {reason}", file=sys.stderr, flush=True)

    def broke(self, channels: Collection[Channel]) -> None:
        """There are no books here."""

    def changed(self, carrier: Carrier) -> None:
        """Nobody asks for conditions here."""

    def began(self, channel: Channel) -> None:
        """Nothing to tell."""

    def restarted(self, channel: Channel) -> None:
        print(f"{channel.name} counts anew", file=sys.stderr, flush=True)

    def hole(self, channel: Channel, hole: Hole) -> bool:
        print(f"{channel.name} lacks {hole.first} to {hole.last}", file=sys.stderr, flush=True)
        return False

    def gave_up(self, channel: Channel, hole: Hole) -> None:
        """Nothing is ever awaited."""


async def run(
    ws: str, nats_url: str, names: list[str], subject: str, library: Library, rotate_after_s: float, streams_each: int
) -> None:
    """Carry the streams until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    nc = Client()
    await nc.connect(nats_url)
    bridge = _Bridge()
    terms = Terms(
        connect=connector(library),
        url=ws,
        max_frame=nc.max_payload,
        rotate_after_s=rotate_after_s,
        silent_after_s=10.0,
        overlap_s=5.0,
        backoff_first_s=0.1,
        backoff_most_s=5.0,
        connects=Window(CONNECTS_PER_5_MIN, 300),
    )
    upstream = Upstream(terms, bridge, streams_each=streams_each)
    publisher = bridge.publisher = Publisher(nc, upstream, joins=await can_join(nc))
    publisher.valid_until = math.inf
    publisher.reopen()
    upstream.want([_channel(name, subject, publisher.lines, bridge) for name in names])
    await stop.wait()
    await upstream.close()
    await nc.drain()


def _channel(name: str, template: str, lines: list[bytes], bridge: _Bridge) -> Channel:
    found = find(name)
    if found is None:
        raise SystemExit(f"There is no stream {name}.")
    stream, symbol, value = found
    kind = name.partition("@")[2].replace("@", "_")
    subject = template.format(symbol=symbol, kind=kind) if template else stream.subject(symbol, value)
    return channel(name, subject, stream, symbol, lines, bridge)


def main() -> None:
    parser = argparse.ArgumentParser(description="Carry market streams onto a NATS server, checked, without leases.")
    parser.add_argument("--ws", required=True, help="stream address of the exchange, such as ws://127.0.0.1:9000")
    parser.add_argument("--nats", required=True, help="host:port or URL of the NATS server")
    parser.add_argument("--streams", required=True, help="names, separated by commas")
    parser.add_argument(
        "--subject", default="", help="template of the subjects with {symbol} and {kind}; default binance.md..."
    )
    parser.add_argument("--library", default="auto", choices=get_args(Library))
    parser.add_argument("--rotate-after-s", type=float, default=80_000.0)
    parser.add_argument("--streams-each", type=int, default=STREAMS_PER_CONNECTION, help="streams on one connection")
    given = parser.parse_args()
    url = given.nats if "://" in given.nats else f"nats://{given.nats}"
    names = given.streams.split(",")
    library = cast(Library, given.library)
    uvloop.run(run(given.ws, url, names, given.subject, library, given.rotate_after_s, given.streams_each))


if __name__ == "__main__":
    main()
