"""The client that calls listeners straight from the read: `listen` and `take`.

`direct_parser` cuts the messages out of what was read. That leans on fields of nats-py that are private; `go_direct` proves
before anybody listens that they are as they have to be. Where they are not, `listen` and `take` subscribe the public way: the
same is heard, at several times the cost. nats-py's own counters (`stats`, `delivered`) do not know of what goes the direct
way.
"""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol, TypeAlias

from msgspec import Struct
from nats.aio.msg import Msg

from shared.runtime import direct_parser
from shared.runtime.direct_parser import DirectParser, Hear
from shared.runtime.mended_client import MendedClient, named
from shared.runtime.observe import logger

PENDING_MSGS = 65536
PENDING_BYTES = 64 * 1024 * 1024
"""Behind which a subscriber is too slow: the newest are dropped then. The direct way has no queue that could grow."""
_PRIVATE = ("_ps", "_sid", "_process_msg", "_remove_sub")
"""What this leans on."""
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_log = logger("runtime.direct_client")


class Message(Struct, frozen=True, gc=False):
    """What somebody said on the bus."""

    subject: str
    reply: str
    """Where an answer is awaited, or empty."""
    data: bytes
    headers: Mapping[str, str]


Take: TypeAlias = Callable[[Message], None]
"""As `Hear`, for who needs the reply subject or headers."""


class Listening(Protocol):
    """A subscription, to be ended."""

    async def unsubscribe(self) -> None:
        """Hear nothing more from now on."""

    async def drain(self) -> None:
        """Hear what was sent until now, and nothing more."""


class DirectClient(MendedClient):
    """The client that our connections use."""

    def __init__(self) -> None:
        super().__init__()
        self._takes: dict[int, Take] = {}
        self._ps = self._parser = DirectParser(self)
        self._is_direct = False

    async def go_direct(self) -> bool:
        """Serve `listen` and `take` the direct way from now on, if nats-py is as it has to be."""
        fits = all(hasattr(self, name) for name in _PRIVATE) and self._ps is self._parser
        self._is_direct = fits and await direct_parser.fits()
        return self._is_direct

    async def listen(self, subject: str, hear: Hear, queue: str = "") -> Listening:
        """Call `hear(subject, payload)` with every message, straight from the read. What it raises is logged."""

        def take(message: Message) -> None:
            hear(message.subject, message.data)

        _check_plain(hear)
        return await self._join(subject, queue, take, hear)

    async def take(self, subject: str, take: Take, queue: str = "") -> Listening:
        """As `listen`, with reply subject and headers."""
        _check_plain(take)
        return await self._join(subject, queue, take, None)

    async def _join(self, subject: str, queue: str, take: Take, hear: Hear | None) -> Listening:
        async def publicly(message: Msg) -> None:
            _call(take, Message(message.subject, message.reply, message.data, message.headers or _NO_HEADERS))

        subscribing = self.subscribe(  # pyright: ignore[reportUnknownMemberType]
            subject, queue=queue, cb=publicly, pending_msgs_limit=PENDING_MSGS, pending_bytes_limit=PENDING_BYTES
        )
        if not self._is_direct:
            return await subscribing
        sid = self._sid + 1  # of the subscription, whose messages may arrive before `subscribing` is done
        self._takes[sid] = take
        self._parser.is_direct = True
        if hear is not None:
            self._parser.listen(sid, hear)
        try:
            return await subscribing
        except BaseException:
            self._forget(sid)
            raise

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        take = self._takes.get(sid)
        if take is None:
            await super()._process_msg(sid, subject, reply, data, headers)  # pyright: ignore[reportArgumentType]
        else:
            found = headers_of(headers) if headers else _NO_HEADERS
            _call(take, Message(subject.decode(errors="replace"), reply.decode(errors="replace"), data, found))

    def _remove_sub(self, sid: int, max_msgs: int = 0) -> None:
        self._forget(sid)
        super()._remove_sub(sid, max_msgs)

    def _forget(self, sid: int) -> None:
        if self._takes.pop(sid, None) is not None:
            self._parser.forget(sid)


def headers_of(raw: bytes) -> dict[str, str]:
    """Headers by name, as nats-py gives them: what the server itself says of a message is called `Status`."""
    first, _, lines = raw.partition(b"\r\n")
    _version, _, said = first.partition(b" ")
    if not said:
        return named(lines)
    status, _, description = said.decode(errors="replace").partition(" ")
    found = {"Status": status} if status.isdigit() else {}
    if description:
        found["Description"] = description
    return found | named(lines)


def _call(take: Take, message: Message) -> None:
    try:
        take(message)
    except (Exception, asyncio.CancelledError):
        _log.exception("a listener failed", subject=message.subject)


def _check_plain(function: Callable[..., object]) -> None:
    if inspect.iscoroutinefunction(function):
        raise TypeError(f"{function!r} is a coroutine function: nobody would await it here. Use subscribe.")
