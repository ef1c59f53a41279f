"""The library `websockets` behind the seam, in the plain and in the fast way.

Fast: a subclass of its connection (`create_connection` is its documented hook) that takes complete, unfragmented text frames
out of the bytes read and hands everything else, from the handshake to the close, to the library. It leans on two methods that
the library does not document, `data_received` and `process_event`; `can_be_fast` looks whether they are there.
"""

import asyncio
import contextlib
import inspect
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as ws_connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.frames import Frame, Opcode

from shared.binance.sockets import CLOSE_TIMEOUT_S, MAX_FRAME, OPEN_TIMEOUT_S, Receiver, Socket

TEXT_FRAME = 0x81
"""First byte of a text message in a single frame."""
TWO_BYTES, EIGHT_BYTES = 126, 127
"""A length of so much says that the length stands in the bytes that follow."""
_END_OF_HEAD = b"\r\n\r\n"


def can_be_fast() -> bool:
    """Has the library what the fast way needs?"""
    needed = (getattr(ClientConnection, name, None) for name in ("data_received", "process_event", "connection_lost"))
    return all(map(callable, needed)) and "create_connection" in inspect.signature(ws_connect.__init__).parameters


async def connect(url: str, receiver: Receiver) -> Socket:
    """Open a connection in the plain way."""
    return PlainSocket(await _open(url, ClientConnection), receiver)


async def connect_fast(url: str, receiver: Receiver) -> Socket:
    """Open a connection in the fast way."""

    def create(*args: Any, **options: Any) -> FastConnection:
        return FastConnection(receiver, *args, **options)

    return FastSocket(await _open(url, create))


async def _open(url: str, create: Any) -> Any:
    try:
        return await ws_connect(
            url,
            create_connection=create,
            compression=None,
            max_size=MAX_FRAME,
            ping_interval=None,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            user_agent_header=None,
        )
    except WebSocketException as error:
        raise ConnectionError(f"no WebSocket at this address: {error}") from None


class FastConnection(ClientConnection):
    """The library's connection with a short way for text frames."""

    def __init__(self, receiver: Receiver, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._receiver = receiver
        self._on_text = receiver.on_text
        self._rest = b""
        """The beginning of a frame (or of the response's head) whose end has not been read yet."""
        self._is_short = False
        """Is the short way open? Not before the handshake, not after something that the library should judge."""
        self._fragments: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        if self._is_short:
            self._take(self._rest + data if self._rest else data)
        elif self.response is None:
            self._shake_hands(self._rest + data)
        else:
            super().data_received(data)
        self._receiver.on_read()

    def _shake_hands(self, data: bytes) -> None:
        """Give the library the response's head alone, so that it never sees part of a frame."""
        end = data.find(_END_OF_HEAD) + len(_END_OF_HEAD)
        if end < len(_END_OF_HEAD):
            self._rest = data
            return
        self._rest = b""
        self._is_short = data.startswith(b"HTTP/1.1 101")
        super().data_received(data[:end] if self._is_short else data)
        if self._is_short and end < len(data):
            self._take(data[end:])

    def _take(self, data: bytes) -> None:
        """Cut the frames out of the data; keep the beginning of the one that is not complete."""
        on_text = self._on_text
        start, size = 0, len(data)
        while size - start >= 2:
            length, body = data[start + 1], start + 2
            if length >= TWO_BYTES:
                if length == TWO_BYTES:
                    if size - start < 4:
                        break
                    length, body = data[start + 2] << 8 | data[start + 3], start + 4
                elif length == EIGHT_BYTES:
                    if size - start < 10:
                        break
                    length, body = int.from_bytes(data[start + 2 : start + 10], "big"), start + 10
                if length > MAX_FRAME or data[start + 1] > EIGHT_BYTES:
                    self._is_short = False  # too large, or masked, which a server must not do: the library knows what follows
                    super().data_received(data[start:])
                    start = size
                    break
            end = body + length
            if end > size:
                break
            if data[start] == TEXT_FRAME:
                on_text(data[body:end])
            else:
                super().data_received(data[start:end])
            start = end
        self._rest = data[start:] if start < size else b""

    def process_event(self, event: Any) -> None:
        """Put messages together that came in fragments, or in a way that only the library could read."""
        if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.CONT):
            self._fragments.append(bytes(event.data))
            if event.fin:
                message = b"".join(self._fragments)
                self._fragments.clear()
                self._on_text(message)
        else:
            super().process_event(event)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.response is not None:
            self._receiver.on_lost(_reason(self, exc))


class FastSocket:
    """An open connection of the fast way."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, text: bytes) -> None:
        task = asyncio.ensure_future(self._send(text))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, text: bytes) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self._connection.send(text, text=True)

    def pause(self) -> None:
        self._connection.transport.pause_reading()

    def resume(self) -> None:
        self._connection.transport.resume_reading()

    async def close(self) -> None:
        self.resume()
        await self._connection.close()


class PlainSocket(FastSocket):
    """An open connection of the plain way: a task that awaits one message after another."""

    def __init__(self, connection: ClientConnection, receiver: Receiver) -> None:
        super().__init__(connection)
        self._receiver = receiver
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._is_read_due = False
        self._reading = asyncio.create_task(self._read())

    def pause(self) -> None:
        self._may_read.clear()

    def resume(self) -> None:
        self._may_read.set()

    async def close(self) -> None:
        await super().close()
        await self._reading

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                frame = await self._connection.recv(decode=False)
                self._receiver.on_text(frame)
                if not self._is_read_due:
                    self._is_read_due = True
                    loop.call_soon(self._read_is_over)
                await self._may_read.wait()
        except ConnectionClosed as error:
            self._receiver.on_lost(_reason(self._connection, error))

    def _read_is_over(self) -> None:
        self._is_read_due = False
        self._receiver.on_read()


def _reason(connection: ClientConnection, error: Exception | None) -> str:
    code, words = connection.close_code, connection.close_reason
    if code is not None:
        return f"closed with {code}{f' ({words[:80]})' if words else ''}"
    return f"lost ({type(error).__name__})" if error else "lost"
