"""What stream_ingestion keeps in NATS.

In memory: events and conditions for reading, which replicas live, and who carries what. On disk: the leases, and how far each
stream got.
"""

from typing import Any

from msgspec import Struct
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from services.stream_ingestion.settings import Settings
from shared.contract.platform.streams import LEASE_MOST_S

CONDITIONS_KEPT_S = 24 * 3600
CONDITIONS_EACH = 100
SMALL = 64 * 1024 * 1024


class Stores(Struct, frozen=True):
    """Names of streams and buckets; each begins with the subject prefix, so that two platforms may share a server."""

    prefix: str

    @property
    def _head(self) -> str:
        return self.prefix.replace(".", "_")

    @property
    def events(self) -> str:
        """Stream of `<prefix>.md.>`."""
        return f"{self._head}_md_events"

    @property
    def barrier(self) -> str:
        """Subject whose messages the stream of events acknowledges, behind all that the same connection sent before."""
        return f"{self.prefix}.md_barrier"

    @property
    def conditions(self) -> str:
        """Stream of `<prefix>.health.md.>`."""
        return f"{self._head}_md_conditions"

    @property
    def leases(self) -> str:
        """Bucket of leases on streams."""
        return f"{self._head}_stream_leases"

    @property
    def members(self) -> str:
        """Bucket of living replicas; a key lapses with its session."""
        return f"{self._head}_stream_members"

    @property
    def shards(self) -> str:
        """Bucket of who carries which part of the streams."""
        return f"{self._head}_stream_shards"

    @property
    def marks(self) -> str:
        """Bucket of how far the streams of each part got."""
        return f"{self._head}_stream_marks"

    def key(self, bucket: str, key: str) -> str:
        """The subject of a key."""
        return f"$KV.{bucket}.{key}"

    def configurations(self, settings: Settings) -> tuple[StreamConfig, ...]:
        """What has to be there."""
        return (
            StreamConfig(
                name=self.events,
                subjects=[f"{self.prefix}.md.>", self.barrier],
                storage=StorageType.MEMORY,
                max_age=settings.stream_keep_s,
                max_msgs_per_subject=settings.stream_keep_each,
                max_bytes=settings.stream_keep_bytes,
                discard=DiscardPolicy.OLD,
                allow_direct=True,
            ),
            StreamConfig(
                name=self.conditions,
                subjects=[f"{self.prefix}.health.md.>"],
                storage=StorageType.MEMORY,
                max_age=CONDITIONS_KEPT_S,
                max_msgs_per_subject=CONDITIONS_EACH,
                max_bytes=SMALL,
                discard=DiscardPolicy.OLD,
                allow_direct=True,
            ),
            self._bucket(self.leases, StorageType.FILE, 2 * LEASE_MOST_S),
            self._bucket(self.members, StorageType.MEMORY, settings.stream_session_s),
            self._bucket(self.shards, StorageType.MEMORY, 0),
            self._bucket(self.marks, StorageType.FILE, 0),
        )

    def _bucket(self, name: str, storage: StorageType, age_s: float) -> StreamConfig:
        """As nats-py would create a bucket, so that `nats kv` can look into it."""
        return StreamConfig(
            name=f"KV_{name}",
            subjects=[f"$KV.{name}.>"],
            storage=storage,
            max_age=age_s,
            max_msgs_per_subject=1,
            max_bytes=SMALL,
            discard=DiscardPolicy.NEW,
            allow_direct=True,
            allow_rollup_hdrs=True,
            deny_delete=True,
        )


async def provide(js: JetStreamContext, stores: Stores, settings: Settings) -> None:
    """Make sure that everything is there, and as the settings want it."""
    manager: Any = js  # its methods are typed in part
    for wanted in stores.configurations(settings):
        assert wanted.name
        try:
            found = (await js.stream_info(wanted.name)).config
        except NotFoundError:
            await manager.add_stream(wanted)
            continue
        bounds = ("max_age", "max_msgs_per_subject", "max_bytes", "subjects")
        if any(getattr(found, name) != getattr(wanted, name) for name in bounds):
            await manager.update_stream(wanted)
