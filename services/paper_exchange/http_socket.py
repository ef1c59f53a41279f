"""The connection of an HTTP request: uvicorn's protocol with a way to break it, found in the scope through `cut`."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_EXTENSION = "paper.http"
Scope = Any


class HttpSocket(HttpToolsProtocol):
    """One connection."""

    def on_headers_complete(self) -> None:
        self.scope["extensions"] = {_EXTENSION: {"socket": self}}
        super().on_headers_complete()


def cut(scope: Scope) -> None:
    """Break the connection that a request came by, without a word."""
    socket: HttpSocket = scope["extensions"][_EXTENSION]["socket"]
    socket.transport.abort()
