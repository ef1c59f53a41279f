"""This replica's life in the eyes of the others, and the table of shards: keys of two buckets, changed by compare and set.

The key of a replica lapses when it has not been renewed for `stream_session_s`; from then on others may take its shards. The
replica itself stops earlier, `SAFE` of that time after the moment at which it began its last successful renewal: by its own
clock, so that it is fenced even if it was frozen or cut off. Coming back it is a new member.
"""

import asyncio
import uuid

import msgspec
from nats.js.errors import APIError

from services.stream_ingestion.direct import Direct, keys
from services.stream_ingestion.ownership import Member
from services.stream_ingestion.stores import Stores
from shared.contract.errors import ServiceError
from shared.runtime.bus import Bus

SAFE = 0.75
"""Part of its session for which a replica believes itself alive."""
_LAST = "Nats-Expected-Last-Subject-Sequence"
_decode = msgspec.json.Decoder(Member).decode


class Session:
    """Membership and the shard table."""

    def __init__(self, bus: Bus, direct: Direct, stores: Stores, session_s: float) -> None:
        self.me = uuid.uuid4().hex[:12]
        """Name of this member; another one after the session was lost."""
        self.valid_until = 0.0
        """Until when it surely lives, by the event loop's clock."""
        self.members: dict[str, Member] = {}
        self.owners: dict[int, str] = {}
        self._revisions: dict[int, int] = {}
        self._bus = bus
        self._direct = direct
        self._stores = stores
        self._session_s = session_s
        self._revision = 0
        self._loop = asyncio.get_running_loop()

    async def renew(self, ready: tuple[int, ...], *, leaving: bool) -> bool:
        """Say that we live, and what we are ready for; False if that failed: look at `me`, a lost session has a new name.

        Raises:
            ServiceError: NATS does not answer; the session lasts until `valid_until`.
        """
        began = self._loop.time()
        value = msgspec.json.encode(Member(ready, leaving))
        try:
            self._revision = await self._put(self._stores.members, self.me, value, self._revision)
        except APIError:
            if not await self._was_mine():
                self.me, self._revision, self.valid_until = uuid.uuid4().hex[:12], 0, 0.0
            return False
        self.valid_until = began + self._session_s * SAFE
        return True

    async def _was_mine(self) -> bool:
        """Is our key there all the same? Then a renewal worked whose acknowledgement was lost."""
        subject = self._stores.key(self._stores.members, self.me)
        found = (await self._direct.last(f"KV_{self._stores.members}", [subject])).get(subject)
        if found is None or found.is_gone:
            return False
        self._revision = found.sequence
        return True

    async def look(self) -> None:
        """Read who lives and who has what. Raises ServiceError when NATS does not answer."""
        stores = self._stores
        members, shards = await asyncio.gather(
            self._direct.every(f"KV_{stores.members}", f"$KV.{stores.members}.>"),
            self._direct.every(f"KV_{stores.shards}", f"$KV.{stores.shards}.>"),
        )
        self.members = {name: _decode(message.data) for name, message in keys(members).items()}
        found = keys(shards)
        self.owners = {int(shard): message.data.decode() for shard, message in found.items()}
        self._revisions = {int(shard): message.sequence for shard, message in found.items()}

    async def assign(self, shard: int, owner: str) -> bool:
        """Write a name at a shard; False if somebody else changed it since `look`. Raises ServiceError as `renew`."""
        try:
            revision = await self._put(self._stores.shards, str(shard), owner.encode(), self._revisions.get(shard, 0))
        except APIError:
            return False
        self._revisions[shard] = revision
        self.owners[shard] = owner
        return True

    async def leave(self) -> None:
        """Say that we live no more."""
        self.valid_until = 0.0
        try:
            headers = {"KV-Operation": "DEL", _LAST: str(self._revision)}
            await self._bus.publish_durable(self._stores.key(self._stores.members, self.me), b"", headers=headers)
        except (APIError, ServiceError):
            return  # it lapses by itself

    async def _put(self, bucket: str, key: str, value: bytes, last: int) -> int:
        subject = self._stores.key(bucket, key)
        ack = await self._bus.publish_durable(subject, value, headers={_LAST: str(last)}, timeout_s=self._session_s * SAFE / 2)
        return ack.seq
