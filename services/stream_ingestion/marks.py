"""How far each stream surely got, on disk: after a death of NATS, whose memory keeps the events, nobody else could say.

Each replica writes it for its shards, once a beat, as it was a beat before: what was published by then the bus had time to hand
to those who listen. Whoever has a shard when NATS is back goes on from there, so that everything later comes again, told as
fetched, and nothing is lost without a word.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Raw
from nats.errors import Error

from services.stream_ingestion import names
from services.stream_ingestion.direct import Direct
from services.stream_ingestion.ownership import shard_of
from services.stream_ingestion.stores import Stores
from shared.contract.errors import ServiceError
from shared.runtime.bus import Bus

_decode = msgspec.json.Decoder(dict[str, Raw]).decode


class Marks:
    """A key for each shard: footprints of the last events (`Channel.footprint`), by stream."""

    def __init__(self, bus: Bus, direct: Direct, stores: Stores, shards: int) -> None:
        self._bus = bus
        self._direct = direct
        self._stores = stores
        self._shards = shards
        self._written: dict[int, bytes] = {}

    async def write(self, footprints: Mapping[str, bytes]) -> None:
        """Write what has changed; what cannot be written now the next beat writes."""
        by_shard: dict[int, dict[str, Raw]] = defaultdict(dict)
        for name, footprint in footprints.items():
            by_shard[self._shard(name)][name] = Raw(footprint)
        for shard, found in by_shard.items():
            value = msgspec.json.encode(found)
            if self._written.get(shard) != value:
                try:
                    await self._bus.publish_durable(self._key(shard), value)
                except (Error, ServiceError):
                    return
                self._written[shard] = value

    async def read(self, streams: Iterable[str]) -> dict[str, tuple[bytes, int]]:
        """Of each stream, where it is known, the footprint and when it was written (Unix ms). Raises Unavailable."""
        wanted = set(streams)
        keys = sorted({self._key(self._shard(name)) for name in wanted})
        found: dict[str, tuple[bytes, int]] = {}
        for stored in (await self._direct.last(f"KV_{self._stores.marks}", keys)).values():
            found.update((name, (bytes(raw), stored.time_ms)) for name, raw in _decode(stored.data).items() if name in wanted)
        return found

    def forget(self) -> None:
        """Believe nothing to be written: the bucket may be another one, or somebody else may have written."""
        self._written.clear()

    def _shard(self, stream: str) -> int:
        return shard_of(names.symbol_of(stream), self._shards)

    def _key(self, shard: int) -> str:
        return self._stores.key(self._stores.marks, str(shard))
