"""nats-py's parser of the protocol, with a short way for those who listen directly.

nats-py needs some 5 us of processor time to bring a message to a callback: regular expressions, a message object, a queue and
a task for each subscription. Here messages are cut out of what was read with a few searches, and listeners called at once;
messages of other subscriptions go where nats-py's parser would send them. What is no message, or not even a whole line yet,
goes to nats-py's own parser, unchanged and in its place.

    read ── listener's frame? ── hear(subject, payload)
         ── another message ──── client._process_msg, as nats-py's parser calls it
         ── all else ─────────── nats-py's parser

What a listener raises is logged and ends nothing.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from nats.protocol.parser import AWAITING_MSG_PAYLOAD, CRLF_SIZE, Parser

from shared.runtime.observe import logger

Hear: TypeAlias = Callable[[str, bytes], None]
"""`hear(subject, payload)`: must be quick, for everything else on the connection waits for it."""
_log = logger("runtime.direct_parser")


class DirectParser(Parser):
    """The parser of one connection. As long as nobody listens it is nats-py's own."""

    if TYPE_CHECKING:
        nc: Any
        buf: bytearray

    def __init__(self, nc: object) -> None:
        super().__init__(nc)  # pyright: ignore[reportUnknownMemberType]
        self.is_direct = False
        """Are frames cut out here?"""
        self._listeners: dict[bytes, Hear] = {}

    def listen(self, sid: int, hear: Hear) -> None:
        """Messages of this subscription that have neither reply subject nor headers go straight to the listener."""
        self._listeners[b"%d" % sid] = hear

    def forget(self, sid: int) -> None:
        """No longer."""
        self._listeners.pop(b"%d" % sid, None)

    async def parse(self, data: bytes = b"") -> None:
        """Take what was read.

        Raises:
            nats.errors.ProtocolError: it is not NATS that is spoken.
        """
        if not self.is_direct:
            await super().parse(data)
            return
        buffer, at, size = self.buf, 0, len(data)
        if self._begun is not None:
            at = min(self._begun.missing, size)
            if (message := self._begun.go_on(data[:at])) is not None:
                self._begun = None
                await self.nc._process_msg(*message)
        elif buffer or self.state == AWAITING_MSG_PAYLOAD:
            data = await self._finish(data)
            size = len(data)
        while self.buf is buffer:  # else the connection was lost and the parser reset: what is left of the read is void
            if self._listeners:
                at = self._hear(data, at)
            if at >= size:
                break
            end, found = _cut(data, at)
            if isinstance(found, _Begun):
                self._begun = found
                break
            if found is not None:
                await self.nc._process_msg(*found)
            else:
                await super().parse(data[at:end])
                if end < size and (self.buf or self.state == AWAITING_MSG_PAYLOAD):  # a form that no server uses
                    await super().parse(data[end:])
                    break
            at = end

    def reset(self) -> None:
        """A new connection: nothing has been read of it."""
        super().reset()
        self._begun: _Begun | None = None

    async def _finish(self, data: bytes) -> bytes:
        """Complete what nats-py's parser has the beginning of, as far as the data goes; the rest of the data."""
        if self.state == AWAITING_MSG_PAYLOAD:
            missing = self.needed + CRLF_SIZE - len(self.buf)
            await super().parse(data[:missing])
            return data[missing:]
        begun = bytes(self.buf)
        self.buf.clear()
        return begun + data

    def _hear(self, data: bytes, at: int) -> int:
        """Call the listeners of the complete frames from `at` on; where the first frame begins that is not one of theirs."""
        find, listeners, size, subject = data.find, self._listeners, len(data), b""
        while True:
            try:
                while (line_end := find(b"\r\n", at)) >= 0:
                    words = data[at:line_end].split(b" ")  # MSG subject sid length; more with reply subject or headers
                    if len(words) != 4 or (hear := listeners.get(words[2])) is None or not words[3].isdigit():
                        return at
                    _, subject, _, length = words
                    end = line_end + 2 + int(length)
                    if end + 2 > size:
                        return at
                    at = end + 2
                    hear(subject.decode(), data[line_end + 2 : end])
                return at
            except (Exception, asyncio.CancelledError):
                _log.exception("a listener failed", subject=subject.decode(errors="replace"))


_Message: TypeAlias = tuple[int, bytes, bytes, bytes, bytes | None]
"""sid, subject, reply subject, payload, headers: as nats-py's client takes them."""


class _Begun:
    """A message of which a read has brought only the beginning."""

    def __init__(self, message: tuple[int, bytes, bytes], headers_length: int, missing: int, begin: bytes) -> None:
        self._message = message
        self._headers_length = headers_length
        self._parts = [begin]
        self.missing = missing
        """Bytes that are still to come, with those that end the frame."""

    def go_on(self, part: bytes) -> _Message | None:
        """The message, if this part completes it."""
        self.missing -= len(part)
        self._parts.append(part)
        if self.missing:
            return None
        if len(part) >= CRLF_SIZE and not self._headers_length:
            self._parts[-1] = part[:-CRLF_SIZE]
            return *self._message, b"".join(self._parts), None
        whole, payload = b"".join(self._parts), self._headers_length
        return *self._message, whole[payload:-CRLF_SIZE], whole[:payload] or None


def _cut(data: bytes, at: int) -> tuple[int, _Message | _Begun | None]:
    """The message at `at` and where it ends, or its beginning. None where there is another line, or not a whole one."""
    line_end = data.find(b"\r\n", at)
    if line_end < 0:
        return len(data), None
    begin = line_end + CRLF_SIZE
    reply, headers_length = b"", b"0"
    match data[at:line_end].split(b" "):
        case [b"MSG", subject, sid, length]:
            pass
        case [b"HMSG", subject, sid, reply, headers_length, length]:
            pass
        case [b"HMSG", subject, sid, headers_length, length]:
            pass
        case [b"MSG", subject, sid, reply, length]:
            pass
        case _:
            return begin, None
    if not (sid.isdigit() and headers_length.isdigit() and length.isdigit()):
        return begin, None
    end = begin + int(length)
    payload = begin + int(headers_length)
    missing = end + CRLF_SIZE - len(data)
    if missing > 0:
        return len(data), _Begun((int(sid), subject, reply), payload - begin, missing, data[begin:])
    return end + CRLF_SIZE, (int(sid), subject, reply, data[payload:end], data[begin:payload] or None)


async def fits() -> bool:
    """Is nats-py's parser still the one that this leans on? Lets it read a few lines, whole and in pieces."""
    try:
        return all([await _Sample().heard(size) == _Sample.SAYS for size in (1, 7, 19, 1000)])
    except Exception:
        return False


class _Sample:
    """A client that notes what it is told. The first message looks like another inside, and 19 bytes end in its head."""

    LINES = (
        b"PING\r\nMSG abc.def 1 13\r\nMSG a 1 0\r\n\r\n\r\nPING\r\nHMSG b 2 r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n"
        b"MSG a 1 r 2\r\n\r\n\r\nMSG a 1 0\r\n\r\nMSG a 1 3\r\nend\r\n"
    )
    SAYS = (b"PING", b"MSG a 1 0\r\n\r\n", b"PING", b"hi", b"\r\n", b"", b"end")

    def __init__(self) -> None:
        self._said: list[bytes] = []

    async def heard(self, size: int) -> tuple[bytes, ...]:
        parser = DirectParser(self)
        parser.is_direct = True
        parser.listen(1, lambda _, payload: self._said.append(payload))
        for at in range(0, len(self.LINES), size):
            await parser.parse(self.LINES[at : at + size])
        return tuple(self._said)

    async def _process_msg(self, _sid: int, _subject: bytes, _reply: bytes, payload: bytes, _headers: bytes | None) -> None:
        self._said.append(payload)

    async def _process_ping(self) -> None:
        self._said.append(b"PING")
