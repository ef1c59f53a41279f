"""Large answers travel apart: what is about all symbols goes by REST, whichever way the rest goes.

One WebSocket carries its frames one after the other, and a frame of 12 MB (exchangeInfo of live Binance; its 24 hour statistics
have 2 MB) lets everything behind it wait until it is through. REST has a connection for each request under way.
"""

from typing import Any

from msgspec import UNSET

from shared.binance.transport import NotSent, Reply, Request, Transport
from shared.contract.operation import Operation


def is_large(operation: Operation[Any]) -> bool:
    """Is it about all symbols, because it may name some and does not?"""
    return getattr(operation, "symbols", None) is UNSET and getattr(operation, "symbol", None) is UNSET


class LargeAnswersApart:
    """One transport for all that is small, another for the rest; where that one cannot be reached, the first takes it too."""

    def __init__(self, transport: Transport, apart: Transport) -> None:
        self._transport = transport
        self._apart = apart

    async def send(self, request: Request) -> Reply:
        """See `shared.binance.transport.Transport`."""
        if is_large(request.operation):
            try:
                return await self._apart.send(request)
            except NotSent:
                pass  # nothing left this process, so this is no second time
        return await self._transport.send(request)

    async def close(self) -> None:
        """Close both."""
        await self._apart.close()
        await self._transport.close()
