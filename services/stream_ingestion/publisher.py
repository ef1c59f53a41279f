"""Events onto the bus, many at a time.

Channels append finished PUB lines to `lines`; after each read from the network `flush` joins them and hands them to nats-py in
one piece. nats-py has no way to do that, so the piece goes where nats-py keeps what it is about to send: three private fields,
which `can_join` proves by sending two messages that way and hearing them. Where that fails each event is published the public
way, which costs about five times as much.

Nothing is published while the bus is away, nor when this process's right to publish has run out (`valid_until`). Both are seen
to before every flush, so that a process that was frozen says nothing on waking up; and what nats-py has not sent when the bus
is lost must not go to the next server (`shut`). What is thrown away then, channels believe to be published: the publisher
stays shut until they have been set right (`reopen`).
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Protocol

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error

PENDING_HIGH = 4 * 1024 * 1024
"""Bytes waiting for the bus at which reading from the exchange pauses."""
PENDING_LOW = 512 * 1024
LOOK_AGAIN_S = 0.002
PROOF_TIMEOUT_S = 2.0


class Throttle(Protocol):
    """What the publisher can slow down: the upstream connections."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...


class Publisher:
    """The way of all events to the bus."""

    def __init__(self, nc: Client, throttle: Throttle, *, joins: bool) -> None:
        self.lines: list[bytes] = []
        """PUB lines since the last flush; channels append to it."""
        self.valid_until = 0.0
        """By the event loop's clock; infinity where nobody else could publish the same."""
        self.on_withheld: Callable[[int], None] = _ignore
        """Is told how many lines were thrown away because the right to publish had run out."""
        self.is_shut = True
        """Has it to be reopened?"""
        self._nc = nc
        self._reconnects = -1
        self._throttle = throttle
        self._is_throttled = False
        self._loop = asyncio.get_running_loop()
        self._out: Any = _Joined(nc) if joins else _OneByOne(nc)

    @property
    def is_open(self) -> bool:
        """Is the bus there, the same as before, and have we the right to publish?"""
        nc = self._nc
        return nc.is_connected and nc.stats["reconnects"] == self._reconnects and self._loop.time() < self.valid_until

    def shut(self) -> None:
        """Publish nothing until `reopen`, and nothing ever of what waits."""
        self.is_shut = True
        self.lines.clear()
        self._out.forget()

    def reopen(self) -> None:
        """Publish again: every channel stands where the bus stands."""
        self.lines.clear()
        self._reconnects = self._nc.stats["reconnects"]
        self.is_shut = False

    def flush(self) -> None:
        """Send what has been appended."""
        lines = self.lines
        if not lines:
            return
        if self.is_shut or not self.is_open:
            self.is_shut = True
            self.on_withheld(len(lines))
            lines.clear()
            return
        self._out.send(lines)
        lines.clear()
        if self._out.pending > PENDING_HIGH and not self._is_throttled:
            self._is_throttled = True
            self._throttle.pause()
            self._loop.call_later(LOOK_AGAIN_S, self._look_again)

    def _look_again(self) -> None:
        if self._out.pending > PENDING_LOW and self._nc.is_connected:
            self._loop.call_later(LOOK_AGAIN_S, self._look_again)
        else:
            self._is_throttled = False
            self._throttle.resume()


class _Joined:
    """All lines in one piece, through nats-py's private fields."""

    def __init__(self, nc: Client) -> None:
        self._nc: Any = nc
        self._loop = asyncio.get_running_loop()
        self._pieces: list[bytes] = []
        """Those that may still wait in nats-py."""

    @property
    def pending(self) -> int:
        return self._nc._pending_data_size

    def send(self, lines: list[bytes]) -> None:
        nc, piece = self._nc, b"".join(lines)
        if not nc._pending:
            self._pieces.clear()
        self._pieces.append(piece)
        nc._pending.append(piece)
        nc._pending_data_size += len(piece)
        if nc._flush_queue.empty():
            nc._flush_queue.put_nowait(self._loop.create_future())

    def forget(self) -> None:
        """Send nothing of what still waits: nats-py would, as soon as it has another connection."""
        nc, ours = self._nc, {id(piece) for piece in self._pieces}
        waiting: list[bytes] = nc._pending
        nc._pending = [each for each in waiting if id(each) not in ours]
        nc._pending_data_size -= sum(len(each) for each in waiting if id(each) in ours)
        self._pieces.clear()


class _OneByOne:
    """Each line taken apart again and published the public way, in order, by one task."""

    def __init__(self, nc: Client) -> None:
        self._nc = nc
        self._queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._bytes = 0
        self._task = asyncio.create_task(self._pump())

    @property
    def pending(self) -> int:
        return self._bytes + self._nc.pending_data_size

    def send(self, lines: list[bytes]) -> None:
        for line in lines:
            head, _, rest = line.partition(b"\r\n")
            self._queue.put_nowait((head.split(b" ")[1].decode(), rest[:-2]))
            self._bytes += len(rest)

    def forget(self) -> None:
        """Send nothing of what still waits here."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self._bytes = 0

    async def _pump(self) -> None:
        while True:
            subject, payload = await self._queue.get()
            self._bytes -= len(payload) + 2
            with contextlib.suppress(Error):
                await self._nc.publish(subject, payload)


async def can_join(nc: Client) -> bool:
    """Does nats-py still keep what it sends where we think it does? Sends two messages to ourselves and hears them."""
    fields: Any = nc
    try:
        fits = isinstance(fields._pending, list) and isinstance(fields._flush_queue, asyncio.Queue)
        if not fits or not isinstance(fields._pending_data_size, int):
            return False
    except AttributeError:
        return False
    heard: list[bytes] = []
    complete = asyncio.Event()

    async def hear(message: Msg) -> None:
        heard.append(message.data)
        if len(heard) == 2:
            complete.set()

    inbox = nc.new_inbox()
    subscription = await fields.subscribe(inbox, cb=hear)
    try:
        _Joined(nc).send([pub_line(pub_head(inbox), payload) for payload in (b"1", b"\r\n2")])
        async with asyncio.timeout(PROOF_TIMEOUT_S):
            await complete.wait()
    except (TimeoutError, AttributeError, TypeError):
        return False
    finally:
        await subscription.unsubscribe()
    return heard == [b"1", b"\r\n2"]


def pub_head(subject: str) -> bytes:
    """The beginning of the line that publishes on a subject."""
    return f"PUB {subject} ".encode()


def pub_line(head: bytes, payload: bytes) -> bytes:
    """A whole line; channels write the same in place."""
    return b"%b%d\r\n%b\r\n" % (head, len(payload), payload)


def _ignore(_count: int) -> None:
    """Nobody minds."""
