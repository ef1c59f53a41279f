"""A small fact that all processes should know at once, and those that start later too: used weight, bans, halts.

Each teller has a subject of its own below `<prefix>.health.<topic>`. Publishing there reaches every listener now; a stream in
memory keeps the last word of each teller for those who come later. The subscription is the fast way, reading the stream (at
start, after a reconnect, every `READ_EVERY_S`) the certain one: what was told while a link was down is heard in the end.

    gossip = await Gossip.open(bus, "budget", budget.hear)
    budget.on_news = gossip.tell

Bytes in, bytes out. Hearing must be idempotent and must not lead to telling, or news would echo for ever.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from typing import Self

import msgspec
from nats.aio.msg import Msg
from nats.errors import Error
from nats.js.api import DiscardPolicy, StorageType

from shared.contract import subjects
from shared.contract.errors import ServiceError
from shared.runtime import wire
from shared.runtime.bus import Bus
from shared.runtime.observe import logger

KEEP_S = 3 * 24 * 3600
"""As long as the exchange's longest ban."""
MOST_TELLERS = 1024
READ_EVERY_S = 5.0
READ_TIMEOUT_S = 2.0
_log = logger("runtime.gossip")


class Gossip:
    """One topic, told and heard."""

    def __init__(self, bus: Bus, topic: str, hear: Callable[[bytes], object]) -> None:
        self._bus = bus
        self._hear = hear
        self._stream = f"{bus.prefix.replace('.', '_')}_health_{topic}"
        self._all = f"{subjects.health(topic, prefix=bus.prefix)}.*"
        self._own = subjects.health(topic, uuid.uuid4().hex[:12], prefix=bus.prefix)
        self._news: bytes | None = None
        self._told: bytes | None = None
        self._something_to_tell = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(cls, bus: Bus, topic: str, hear: Callable[[bytes], object]) -> Self:
        """Listen, and hear at once what has been told so far. A bus without JetStream serves those that listen only."""
        gossip = cls(bus, topic, hear)
        await gossip._keep()
        await bus.listen(gossip._all, gossip._receive)
        await bus.settle()
        await gossip.read()
        bus.on_regained(gossip._after_reconnect)
        gossip._tasks = [asyncio.create_task(gossip._tell_latest()), asyncio.create_task(gossip._read_again())]
        return gossip

    def tell(self, news: bytes) -> None:
        """Let the others know. Never waits: when news come faster than they can be sent, only the latest are."""
        self._news = news
        self._something_to_tell.set()

    async def close(self) -> None:
        """Say the last word, if it is not said, and stop reading."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(ServiceError):
            await self._say()

    async def read(self) -> None:
        """Hear the last word of every teller, from the stream."""
        for word in await self._last_words():
            self._hear_safely(word)

    async def _keep(self) -> None:
        try:
            await self._bus.jetstream.add_stream(  # pyright: ignore[reportUnknownMemberType]
                name=self._stream,
                subjects=[self._all],  # a stream for each topic: others below `health` are kept by their own
                storage=StorageType.MEMORY,
                max_msgs_per_subject=1,
                max_msgs=MOST_TELLERS,
                max_age=KEEP_S,
                discard=DiscardPolicy.OLD,
                allow_direct=True,
                description="The last word of each teller.",
            )
        except (Error, TimeoutError) as error:
            _log.warning("news are not kept for those who start later", reason=str(error) or type(error).__name__)

    def _receive(self, subject: str, news: bytes) -> None:
        if subject != self._own:
            self._hear_safely(news)

    def _hear_safely(self, news: bytes) -> None:
        try:
            self._hear(news)
        except Exception:
            _log.exception("news could not be understood")

    async def _say(self) -> None:
        news = self._news
        if news is not None and news is not self._told:
            await self._bus.publish(self._own, news)
            self._told = news

    async def _tell_latest(self) -> None:
        while True:
            await self._something_to_tell.wait()
            self._something_to_tell.clear()
            try:
                await self._say()
            except ServiceError as error:
                _log.warning("news could not be told, later ones will be", reason=error.message)

    async def _after_reconnect(self) -> None:
        """The server may have lost its memory, and we may have missed something."""
        await self._keep()
        self._told = None
        self._something_to_tell.set()
        await self.read()

    async def _read_again(self) -> None:
        while True:
            await asyncio.sleep(READ_EVERY_S)
            await self.read()

    async def _last_words(self) -> list[bytes]:
        """One request for all last messages of the topic (`multi_last`, nats-server 2.11), ended by an empty status message."""
        found: list[bytes] = []
        done = asyncio.Event()

        async def collect(message: Msg) -> None:
            if message.headers and wire.STATUS in message.headers:
                done.set()
            elif (message.headers or {}).get("Nats-Subject") != self._own:
                found.append(message.data)

        inbox = self._bus.commands.new_inbox()
        subscription = await self._bus.commands.subscribe(inbox, cb=collect)  # pyright: ignore[reportUnknownMemberType]
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                ask = msgspec.json.encode({"multi_last": [self._all], "batch": MOST_TELLERS})
                await self._bus.commands.publish(f"$JS.API.DIRECT.GET.{self._stream}", ask, reply=inbox)
                await done.wait()
        except (Error, TimeoutError) as error:
            _log.debug("what was told before could not be read", reason=str(error) or type(error).__name__)
        finally:
            with contextlib.suppress(Error):
                await subscription.unsubscribe()
        return found
