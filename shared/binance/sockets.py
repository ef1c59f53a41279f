"""The seam between the market streams and a WebSocket library: text frames in, text out, nothing else.

A library is one function: connect to a URL and call the receiver. Three fit, and the same tests run on all of them:

    websockets          the plain way: the library's parser, queue and coroutine for each message
    websockets_fast     the same library and connection, but complete text frames are cut out of what is read from the
                        network without passing through its parser, queue and coroutine
    picows              a WebSocket client in C, where it is installed

All reply to the exchange's pings by themselves and send none of their own: pings count against the exchange's limit of
five messages a second.
"""

from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import Literal, Protocol

Library = Literal["auto", "websockets", "websockets_fast", "picows"]
MAX_FRAME = 32 * 1024 * 1024
"""Bytes of a frame; the largest real ones, all tickers of the exchange, have about 2 MB."""
OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 3.0


class Receiver(Protocol):
    """Who is called. None of it may raise, block or wait."""

    def on_text(self, frame: bytes) -> None:
        """A whole text message, its bytes unchanged."""
        ...

    def on_read(self) -> None:
        """Every message of one read from the network has been given: the moment to send on what they became."""
        ...

    def on_lost(self, reason: str) -> None:
        """The connection has ended, for whatever reason; called once."""
        ...


class Socket(Protocol):
    """An open connection."""

    def send(self, text: bytes) -> None:
        """Send a text message; silently nothing when the connection is gone, for then `on_lost` tells."""
        ...

    def pause(self) -> None:
        """Read no more from the network until `resume`."""
        ...

    def resume(self) -> None:
        """Read on."""
        ...

    async def close(self) -> None:
        """Say goodbye and wait for the end, `CLOSE_TIMEOUT_S` at most; `on_lost` is called before it returns."""
        ...


Connect = Callable[[str, Receiver], Awaitable[Socket]]
"""Open a connection.

Raises:
    OSError, TimeoutError: it cannot be reached, or does not speak WebSocket.
"""


def connector(library: Library = "auto") -> Connect:
    """The connect function of a library; `auto` takes the cheapest one that can be used here, as `make bench` has it.

    Raises:
        ModuleNotFoundError: picows is asked for but not installed.
    """
    from shared.binance import sockets_websockets

    if library == "websockets_fast" or (library == "auto" and sockets_websockets.can_be_fast()):
        return sockets_websockets.connect_fast
    if library == "picows" or (library == "auto" and find_spec("picows") is not None):
        from shared.binance import sockets_picows

        return sockets_picows.connect
    return sockets_websockets.connect
