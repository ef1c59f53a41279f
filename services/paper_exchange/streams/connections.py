"""All connections to the market streams: who may come in, and what befalls them together."""

from collections.abc import Callable

from services.paper_exchange import ws_api
from services.paper_exchange.errors import Refused
from services.paper_exchange.rest import Receive, Scope, Send
from services.paper_exchange.streams.address import asked
from services.paper_exchange.streams.connection import Connection
from services.paper_exchange.streams.faults import CALM, StreamFaults
from services.paper_exchange.streams.hub import Hub
from services.paper_exchange.streams.socket import socket_of
from services.paper_exchange.weights import Weights


class Connections:
    """Answers connections to `/ws` and `/stream`."""

    def __init__(self, hub: Hub, weights: Weights, clock: Callable[[], int], *, life_s: float) -> None:
        self._hub = hub
        self._weights = weights
        self._clock = clock
        self._life_s = life_s
        self._connections: set[Connection] = set()
        self.faults: StreamFaults = CALM
        self.cut_off = 0
        """Readers that did not keep up."""
        self._number = 0

    def __len__(self) -> int:
        """Open connections."""
        return len(self._connections)

    def order(self, faults: StreamFaults) -> None:
        """Let these faults happen from now on, also on the connections that are open (each with a new number)."""
        self.faults = faults
        self._number = 0
        for connection in self._connections:
            self._number += 1
            connection.suffer(faults, self._number)

    def announce_end(self) -> None:
        """Tell every connection that the exchange is about to go."""
        for connection in self._connections:
            connection.announce_end()

    def _on_cut_off(self) -> None:
        self.cut_off += 1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from its opening to its end."""
        await receive()
        client = scope["client"]
        try:
            address = asked(scope)
            self._weights.connect(client[0] if client else "", 0, self._clock())
        except Refused as no:
            await ws_api.deny(send, no)
            return
        await send({"type": "websocket.accept"})
        connection = Connection(socket_of(scope), self._hub, address, self._clock, self._on_cut_off)
        self._connections.add(connection)
        self._number += 1
        connection.suffer(self.faults, self._number)
        connection.end_after(self.faults.rotate_s or self._life_s)
        connection.subscribe(address.names)
        try:
            await connection.listen(receive)
        finally:
            self._connections.discard(connection)
            connection.close()
