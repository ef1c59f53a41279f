"""The library `picows` behind the seam."""

import asyncio
import contextlib

import picows

from shared.binance.sockets import CLOSE_TIMEOUT_S, MAX_FRAME, OPEN_TIMEOUT_S, Receiver, Socket

_TEXT, _CONTINUATION = picows.WSMsgType.TEXT, picows.WSMsgType.CONTINUATION


async def connect(url: str, receiver: Receiver) -> Socket:
    """Open a connection."""
    try:
        transport, _ = await picows.ws_connect(  # pyright: ignore[reportUnknownMemberType]  its options are untyped
            lambda: _Listener(receiver),
            url,
            websocket_handshake_timeout=OPEN_TIMEOUT_S,
            max_frame_size=MAX_FRAME,
            max_redirects=0,
        )
    except picows.WSError as error:
        raise ConnectionError(f"no WebSocket at this address: {error}") from None
    return PicowsSocket(transport)


class _Listener(picows.WSListener):
    def __init__(self, receiver: Receiver) -> None:
        super().__init__()
        self._receiver = receiver
        self._on_text, self._on_read = receiver.on_text, receiver.on_read
        self._fragments: list[bytes] = []

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        kind = frame.msg_type
        if kind is _TEXT and frame.fin:
            self._on_text(frame.get_payload_as_bytes())
        elif kind is _TEXT or kind is _CONTINUATION:
            self._fragments.append(frame.get_payload_as_bytes())
            if frame.fin:
                message = b"".join(self._fragments)
                self._fragments.clear()
                self._on_text(message)
        if frame.last_in_buffer:
            self._on_read()

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        self._on_read()
        handshake = transport.close_handshake
        told = handshake.recv or handshake.sent if handshake else None
        code = getattr(told.code, "value", told.code) if told else None
        words = f" ({told.reason[:80]})" if told and told.reason else ""
        self._receiver.on_lost("lost" if code is None else f"closed with {code}{words}")


class PicowsSocket:
    """An open connection."""

    def __init__(self, transport: picows.WSTransport) -> None:
        self._transport = transport

    def send(self, text: bytes) -> None:
        if not self._transport.is_disconnected:
            self._transport.send(_TEXT, text)

    def pause(self) -> None:
        self._transport.underlying_transport.pause_reading()

    def resume(self) -> None:
        if not self._transport.is_disconnected:
            self._transport.underlying_transport.resume_reading()

    async def close(self) -> None:
        if not self._transport.is_disconnected:
            self.resume()
            self._transport.send_close(picows.WSCloseCode.OK)
        with contextlib.suppress(picows.WSError):  # why it ended `on_lost` has told
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self._transport.wait_disconnected()
            except TimeoutError:
                self._transport.disconnect(False)
                await self._transport.wait_disconnected()
