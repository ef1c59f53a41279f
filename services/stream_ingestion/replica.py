"""One replica among others: every beat it says that it lives, takes and gives shards, reads the leases, and lets flow what is
wanted of its shards.

Between two beats a nudge on `<prefix>.health.streams` wakes it: a lease was taken or dropped, a shard was given. A nudge that
is lost costs one beat, no more.
"""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Mapping, Set

from nats.aio.msg import Msg
from nats.errors import Error

from services.stream_ingestion import names
from services.stream_ingestion.direct import Direct
from services.stream_ingestion.flow import Flow, Wanted
from services.stream_ingestion.leases import Leases
from services.stream_ingestion.ownership import plan, shard_of
from services.stream_ingestion.session import Session
from services.stream_ingestion.settings import Settings
from services.stream_ingestion.stores import Stores, provide
from shared.contract.errors import ServiceError, Unavailable
from shared.runtime.bus import Bus
from shared.runtime.clock import monotonic, now_ms
from shared.runtime.observe import logger

BEATS_A_SESSION = 4
SWEEP_EVERY_S = 10.0
_log = logger("stream_ingestion.replica")


class Replica:
    """Keeps flow, shards and leases in step. `run` it until it is cancelled, then `hand_over`."""

    def __init__(self, bus: Bus, direct: Direct, stores: Stores, leases: Leases, flow: Flow, settings: Settings) -> None:
        self.session = Session(bus, direct, stores, settings.stream_session_s)
        self.mine: set[int] = set()
        """Shards whose streams are published here."""
        self.problem = "starting"
        """Why it does not work as it should; empty when it does."""
        self._bus = bus
        self._stores = stores
        self._leases = leases
        self._flow = flow
        self._settings = settings
        self._warmed: set[int] = set()
        self._leaving = False
        self._wake = asyncio.Event()
        self._bus_is_new = True
        self._beat_s = settings.stream_session_s / BEATS_A_SESSION
        self._sweep_at = 0.0
        self._turn = asyncio.Lock()
        self._subject = f"{bus.prefix}.health.streams"
        self._on_session: Callable[[str], Awaitable[None]] | None = None

    async def open(self, on_session: Callable[[str], Awaitable[None]]) -> None:
        """Listen for nudges and for the bus coming back, and take part once.

        Args:
            on_session: Is told our name as a member, and every new one.
        """
        self._on_session = on_session
        await on_session(self.session.me)
        await self._bus.subscribe(self._subject, self._on_nudge)
        self._bus.on_regained(self._on_regained)
        await self._beat_safely()

    async def nudge(self) -> None:
        """Wake all replicas, this one at once."""
        self._wake.set()
        with contextlib.suppress(ServiceError):
            await self._bus.publish(self._subject, b"{}")

    async def run(self) -> None:
        """Beat."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._beat_s):
                    await self._wake.wait()
            self._wake.clear()
            await self._beat_safely()

    def owns(self, symbol: str) -> bool:
        """Are the streams of a symbol published here?"""
        return self.shard(symbol) in self.mine

    @property
    def is_alive(self) -> bool:
        """Is our session surely valid? Not on waking up from a freeze: others may have gone on with what we know."""
        return asyncio.get_running_loop().time() < self.session.valid_until

    def shard(self, symbol: str) -> int:
        """The shard of a symbol."""
        return shard_of(symbol, self._settings.stream_shards)

    async def hand_over(self, within_s: float) -> None:
        """Leave: give every shard to a replica that is ready for it, as long as there is one and time."""
        self._leaving = True
        until = monotonic() + within_s
        while self.mine and monotonic() < until:
            await self._beat_safely()
            others = [name for name, member in self.session.members.items() if not member.leaving]
            if not others and not self.problem:
                break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._beat_s / 5):
                    await self._wake.wait()
            self._wake.clear()
        await self._flow.close()
        await self.session.leave()
        await self.nudge()

    async def _beat_safely(self) -> None:
        async with self._turn:
            try:
                await self._beat()
            except (ServiceError, Error, TimeoutError, OSError) as error:
                self.problem = f"NATS: {error}"
                _log.warning("a beat failed", reason=str(error))
            except Exception:
                self.problem = "a beat failed, see the log"
                _log.exception("a beat failed")
            else:
                self.problem = ""
        self._flow.tick()

    async def _beat(self) -> None:
        if self._bus_is_new:
            await provide(self._bus.jetstream, self._stores, self._settings)
            await self._leases.reload()
            self._bus_is_new = False
        await self._live()
        await self._leases.refresh()
        await self._share()
        await self._flow.settle(self._wanted(self.mine, self._warmed))
        now = monotonic()
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP_EVERY_S
            await self._leases.sweep(now_ms(), self._linger_ms, self._streams_of(self.mine, math.inf))

    async def _live(self) -> None:
        """Say that we live; publish again after what happened meanwhile."""
        session, publisher = self.session, self._flow.publisher
        me = session.me
        if not await session.renew(tuple(sorted(self._ready())), leaving=self._leaving) and session.me != me:
            _log.warning("this replica's session lapsed: its streams may be elsewhere by now", mine=len(self.mine))
            self.mine.clear()
            self._warmed.clear()
            await self._flow.forget()
            await session.renew((), leaving=self._leaving)
            if self._on_session is not None:
                await self._on_session(session.me)
        publisher.valid_until = session.valid_until
        self._flow.replica = session.me
        await session.look()
        lost = [shard for shard in self.mine if session.owners.get(shard) not in (session.me, None)]
        if lost:
            self.mine.difference_update(lost)
            await self._flow.settle(self._wanted(self.mine, self._warmed))
        if publisher.is_shut or not publisher.is_open:
            await self._flow.recover()
        self._flow.mark()

    async def _share(self) -> None:
        """Take and give shards."""
        session = self.session
        members = dict(session.members)
        if session.me not in members:
            raise Unavailable("this replica is not seen")
        steps = plan(session.me, members, session.owners, self.mine, self._warmed, self._settings.stream_shards)
        self.mine.difference_update(steps.lose)
        self._warmed.difference_update(steps.cool)
        for shard in steps.claim:
            if await session.assign(shard, session.me):
                self.mine.add(shard)
        self.mine.update(steps.adopt)
        self._warmed.update(steps.warm)
        self._warmed -= self.mine
        if steps.give:
            await self._give(steps.give)
        if steps.warm:
            self._wake.set()  # to be ready soon
        if moved := len(steps.claim) + len(steps.adopt) + len(steps.lose) + len(steps.give):
            _log.info("shards moved", mine=len(self.mine), moved=moved, given=len(steps.give), warm=len(self._warmed))

    async def _give(self, steps: Mapping[int, str]) -> None:
        await self._flow.quiesce(self._streams_of(set(steps), self._linger_ms) & self._flow.channels.keys())
        for shard, owner in steps.items():
            if await self.session.assign(shard, owner):
                self.mine.discard(shard)
        await self.nudge()

    def _ready(self) -> set[int]:
        """Warm shards whose streams all flow."""
        by_shard: dict[int, bool] = dict.fromkeys(self._warmed, True)
        for name in self._streams_of(self._warmed, self._linger_ms):
            shard = self._shard_of_stream(name)
            by_shard[shard] = by_shard[shard] and self._flow.is_ready(name)
        return {shard for shard, is_ready in by_shard.items() if is_ready}

    def _wanted(self, live: Set[int], warm: Set[int]) -> Wanted:
        now = now_ms()
        wanted = self._leases.streams(now, self._linger_ms)
        return Wanted(
            {name: since for name, since in wanted.items() if self._shard_of_stream(name) in live},
            {name for name in wanted if self._shard_of_stream(name) in warm},
            self._leases.books(now, self._linger_ms),
            {name for name in self._flow.channels if name not in wanted and self._shard_of_stream(name) in self.mine},
        )

    def _streams_of(self, shards: Set[int], linger_ms: float) -> set[str]:
        linger = 10**15 if math.isinf(linger_ms) else int(linger_ms)
        return {name for name in self._leases.streams(now_ms(), linger) if self._shard_of_stream(name) in shards}

    def _shard_of_stream(self, name: str) -> int:
        return self.shard(names.symbol_of(name))

    @property
    def _linger_ms(self) -> int:
        return int(self._settings.stream_linger_s * 1000)

    async def _on_nudge(self, _message: Msg) -> None:
        self._wake.set()

    async def _on_regained(self) -> None:
        self._bus_is_new = True
        self._wake.set()
