"""The WebSocket of a connection: uvicorn's protocol with what market streams need beside it.

A stream writes ready frames straight to the network, without the library's parser, queue and coroutine; the socket tells how
much of it is still unsent. It also sees pings and pongs, which count as messages. An ASGI application finds it in the scope,
through `socket_of`.
"""

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets import http11
from websockets.frames import Frame
from websockets.http11 import Request

from services.paper_exchange.rest import Scope

_EXTENSION = "paper.socket"
_NO_TEXT = 1007
MAX_UNSENT = 4 * 1024 * 1024
"""Bytes that may wait for a client that does not read."""
http11.MAX_LINE_LENGTH = 65_536
"""An address may name 1024 streams; the library's own limit of 8 kB is over at half of that."""


class Socket(WebSocketsSansIOProtocol):
    """One connection."""

    on_heard: Callable[[], None] | None = None
    """Called for every message, ping and pong that comes in."""
    is_mute = False
    """A mute socket stays open and says nothing any more, no ping and no pong either."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            # A request that is no request, or too long a one: the library has an answer, uvicorn forgets to send it.
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            scope: dict[str, Any] = self.scope  # pyright: ignore[reportAssignmentType]  a typed dict, to which a key is added
            scope["extensions"][_EXTENSION] = {"socket": self}

    def write(self, frame: bytes) -> None:
        """Send a frame, if there is somebody to send it to."""
        if not self.close_sent and not self.is_mute and not self.transport.is_closing():
            self.transport.write(frame)

    def push(self, frame: bytes) -> bool:
        """Send a frame; one who does not read is cut off, and False told."""
        self.write(frame)
        if self.unsent <= MAX_UNSENT:
            return True
        self.cut()
        return False

    @property
    def unsent(self) -> int:
        """Bytes that the network has not taken yet; of a socket that is gone, zero."""
        return 0 if self.transport.is_closing() else self.transport.get_write_buffer_size()

    def end(self, code: int, reason: str = "") -> None:
        """Close with a code; what was written before still goes out."""
        if self.close_sent or self.transport.is_closing():
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)

    def cut(self) -> None:
        """Break the connection without a word; what is unsent is lost."""
        self.transport.abort()

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            self.handshake_complete = True  # with a refusal; uvicorn would log it as a failure of ours

    def send_receive_event_to_app(self) -> None:
        self._hear()
        if self.curr_msg_data_type == "text" and not _is_text(self.frames):
            self.end(_NO_TEXT)
        super().send_receive_event_to_app()

    def handle_ping(self) -> None:
        self._hear()
        if self.is_mute:
            self.conn.data_to_send()
        elif not self.transport.is_closing():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        self._hear()
        super().handle_pong(event)

    def send_keepalive_ping(self) -> None:
        if not self.is_mute:
            super().send_keepalive_ping()

    def _hear(self) -> None:
        if self.on_heard is not None and not self.close_sent:
            self.on_heard()


def _is_text(parts: list[bytes]) -> bool:
    try:
        b"".join(parts).decode()
    except UnicodeDecodeError:
        return False
    return True


def socket_of(scope: Scope) -> Socket:
    """The socket behind a connection's scope."""
    return scope["extensions"][_EXTENSION]["socket"]
