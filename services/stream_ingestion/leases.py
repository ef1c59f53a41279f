"""Who holds which stream, until when. Leases are keys of a bucket on disk: they survive every process and NATS itself.

The bucket is a log with one entry a key; each replica reads on from the last sequence it has seen, so that looking for
changes costs what changed. That a lease has lapsed everybody reckons from the time it says.
"""

import hashlib
from collections.abc import Iterable

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from nats.js.errors import APIError

from services.stream_ingestion.direct import Direct
from services.stream_ingestion.stores import Stores
from shared.contract.errors import Invalid
from shared.runtime.bus import Bus

PAGE = 1000
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


class Lease(Struct, frozen=True, omit_defaults=True):
    """One holder's claim on a stream."""

    stream: str
    holder: str
    seconds: int
    since: int
    """From when on its stream has flowed without a break (Unix ms)."""
    ends: int
    """When it lapses (Unix ms)."""
    book: bool = False
    """Is a local order book wanted as well?"""

    @property
    def handle(self) -> str:
        """What a caller may call it."""
        return f"{self.stream}~{_digest(self.holder)}"

    @property
    def key(self) -> str:
        """Its key in the bucket."""
        return key(self.stream, self.holder)

    def is_due(self, now_ms: int) -> bool:
        """Has it run so far that reading should renew it?"""
        return self.ends - now_ms < self.seconds * 1000 * 2 // 3


def key(stream: str, holder: str) -> str:
    """The key of a lease: the stream's name in the letters that a key may have, and a digest of the holder's."""
    plain = "".join(letter if letter in _PLAIN else "".join(f"={byte:02X}" for byte in letter.encode()) for letter in stream)
    return f"{plain}.{_digest(holder)}"


def stream_of(handle: str, holder: str) -> str:
    """The stream that a handle or a name means.

    Raises:
        Invalid: it is the handle of another holder's lease.
    """
    name, _, digest = handle.partition("~")
    if digest and digest != _digest(holder):
        raise Invalid(
            f"{handle!r:.100} is the handle of somebody else's subscription.",
            hint=f"Name the stream itself, {name}, or a handle of yours: list_active_subscriptions shows them.",
        )
    return name


def _digest(holder: str) -> str:
    return hashlib.blake2b(holder.encode(), digest_size=6).hexdigest()


_decode = msgspec.json.Decoder(Lease).decode


class Leases:
    """All leases, as far as they have been read."""

    def __init__(self, bus: Bus, direct: Direct, stores: Stores, linger_ms: int) -> None:
        """`linger_ms`: so long a stream flows on after its last lease."""
        self._bus = bus
        self._linger_ms = linger_ms
        self._direct = direct
        self._stores = stores
        self._known: dict[str, tuple[Lease, int]] = {}
        self._keys: dict[str, set[str]] = {}
        """Of each stream the keys of its leases."""
        self._seen = 0

    async def refresh(self) -> None:
        """Read what has changed.

        Raises:
            Unavailable: NATS does not answer.
        """
        while True:
            page = await self._direct.page(f"KV_{self._stores.leases}", f"$KV.{self._stores.leases}.>", self._seen + 1, PAGE)
            for message in page.messages:
                name = message.subject.split(".", 2)[2]
                self._seen = message.sequence
                if message.is_gone:
                    self._forget(name)
                else:
                    self._remember(_decode(message.data), message.sequence)
            if not page.pending or not page.messages:
                return

    async def reload(self) -> None:
        """Forget and read everything: the bucket may be another one than before. Raises as `refresh`."""
        self._known.clear()
        self._keys.clear()
        self._seen = 0
        await self.refresh()

    def of(self, holder: str, now_ms: int) -> list[Lease]:
        """The leases of one holder."""
        return [lease for lease, _ in self._known.values() if lease.holder == holder and lease.ends > now_ms]

    def all(self, now_ms: int) -> list[Lease]:
        """Every lease."""
        return [lease for lease, _ in self._known.values() if lease.ends > now_ms]

    def find(self, stream: str, holder: str, now_ms: int) -> Lease | None:
        """The lease of a holder on a stream."""
        found = self._known.get(key(stream, holder))
        return found[0] if found and found[0].ends > now_ms else None

    def streams(self, now_ms: int, linger_ms: int) -> dict[str, int]:
        """Streams that are wanted, with the time from which on they have been wanted without a break."""
        found: dict[str, int] = {}
        for lease, _ in self._known.values():
            if lease.ends + linger_ms > now_ms:
                found[lease.stream] = min(lease.since, found.get(lease.stream, lease.since))
        return found

    def books(self, now_ms: int, linger_ms: int) -> set[str]:
        """Streams from which a local order book is wanted."""
        return {lease.stream for lease, _ in self._known.values() if lease.book and lease.ends + linger_ms > now_ms}

    async def take(self, stream: str, holder: str, seconds: int, now_ms: int, *, book: bool = False) -> Lease:
        """Take or renew a lease; it never gets shorter by that.

        Raises:
            Unavailable, OutcomeUnknown: the bus does not take it; try again.
        """
        before = self.find(stream, holder, now_ms)
        lease = Lease(
            stream,
            holder,
            max(seconds, before.seconds if before else 0),
            self._flows_since(stream, now_ms),
            max(now_ms + seconds * 1000, before.ends if before else 0),
            book or (before is not None and before.book),
        )
        ack = await self._bus.publish_durable(self._subject(lease.key), msgspec.json.encode(lease))
        self._remember(lease, ack.seq)
        return lease

    def _flows_since(self, stream: str, now_ms: int) -> int:
        """Since when a stream flows without a break, whoever holds it; a lease that lingers has not let it stop."""
        leases = (self._known[name][0] for name in self._keys.get(stream, ()))
        return min((lease.since for lease in leases if lease.ends + self._linger_ms > now_ms), default=now_ms)

    async def end(self, stream: str, holder: str, now_ms: int) -> bool:
        """Let a lease lapse; False if there was none. The stream lingers, as after any lease. Raises as `take`."""
        before = self.find(stream, holder, now_ms)
        if before is None:
            return False
        lease = replace(before, ends=now_ms)
        ack = await self._bus.publish_durable(self._subject(lease.key), msgspec.json.encode(lease))
        self._remember(lease, ack.seq)
        return True

    async def sweep(self, now_ms: int, linger_ms: int, mine: Iterable[str]) -> None:
        """Delete leases on these streams that lapsed; one that was renewed meanwhile stays. Raises as `take`."""
        streams = set(mine)
        for name, (lease, revision) in list(self._known.items()):
            if lease.stream in streams and lease.ends + linger_ms <= now_ms:
                headers = {"KV-Operation": "DEL", "Nats-Expected-Last-Subject-Sequence": str(revision)}
                try:
                    await self._bus.publish_durable(self._subject(name), b"", headers=headers)
                except APIError:
                    continue  # renewed by its holder: the next refresh brings it
                self._forget(name)

    def _remember(self, lease: Lease, sequence: int) -> None:
        self._known[lease.key] = (lease, sequence)
        self._keys.setdefault(lease.stream, set()).add(lease.key)

    def _forget(self, name: str) -> None:
        if found := self._known.pop(name, None):
            keys = self._keys[found[0].stream]
            keys.discard(name)
            if not keys:
                del self._keys[found[0].stream]

    def _subject(self, name: str) -> str:
        return self._stores.key(self._stores.leases, name)
