"""What can be made to go wrong, for drills: ordered by a setting at the start, or by the operator while the exchange runs.

    POST /paper/v1/faults   {"streams": {"seed": "7", "gap_every": 200, "rotate_s": 60}, "requests": {"lose_every": 50},
                             "clock": {"ahead_ms": 1500}}

Each part of the exchange has a form of its own and hears of new orders; an order replaces those before it for the parts it
names. `DELETE` ends all faults.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import Request
from msgspec import UNSET, Struct, UnsetType, json

from services.paper_exchange.handlers import Handlers
from services.paper_exchange.operator_api import Ahead, read
from services.paper_exchange.request_faults import EventFate, EventFaults, Fates, RequestFate, RequestFaults
from services.paper_exchange.streams.faults import CALM, StreamFaults


class ClockFault(Struct, frozen=True, forbid_unknown_fields=True):
    """The exchange's clock is so far ahead, or with a minus behind: what it tells, and what it judges timestamps by."""

    ahead_ms: Ahead = 0


class FaultOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order for a drill."""

    streams: StreamFaults | UnsetType = UNSET
    """Market streams."""
    requests: RequestFaults | UnsetType = UNSET
    """REST and WebSocket API."""
    events: EventFaults | UnsetType = UNSET
    """User data."""
    clock: ClockFault | UnsetType = UNSET


def order_of(text: str) -> FaultOrder:
    """The order that a setting holds; an empty one orders nothing.

    Raises:
        ValueError: it is none.
    """
    try:
        return json.decode(text.encode() or b"{}", type=FaultOrder)
    except msgspec.DecodeError as error:
        raise ValueError(f"faults must be a JSON object as POST /paper/v1/faults takes it: {error}") from None


class Faults:
    """The faults that are ordered now."""

    def __init__(self, handlers: Handlers) -> None:
        self.streams = CALM
        self.on_streams: list[Callable[[StreamFaults], None]] = []
        self.fates = Fates()
        """For whoever takes requests and tells events."""
        self._handlers = handlers

    def order(self, order: FaultOrder) -> None:
        """Let these happen from now on."""
        if order.streams is not UNSET:
            self.streams = order.streams
            for hear in self.on_streams:
                hear(order.streams)
        if order.requests is not UNSET:
            self.fates.requests = None if order.requests == RequestFaults() else RequestFate(order.requests)
        if order.events is not UNSET:
            self.fates.events = None if order.events == EventFaults() else EventFate(order.events)
        if order.clock is not UNSET:
            self._handlers.ahead_us = order.clock.ahead_ms * 1000

    async def shown(self, _request: Request) -> Any:
        """`GET /faults`."""
        fates = self.fates
        return {
            "streams": self.streams,
            "requests": fates.requests.faults if fates.requests else RequestFaults(),
            "events": fates.events.faults if fates.events else EventFaults(),
            "clock": ClockFault(self._handlers.ahead_us // 1000),
        }

    async def ordered(self, request: Request) -> Any:
        """`POST /faults`."""
        self.order(await read(request, FaultOrder))
        return await self.shown(request)

    async def ended(self, request: Request) -> Any:
        """`DELETE /faults`."""
        self.order(FaultOrder(streams=CALM, requests=RequestFaults(), events=EventFaults(), clock=ClockFault()))
        return await self.shown(request)
