"""Where requests come in, whatever they come by: known routes and methods, decoded, charged, answered.

A request of either interface ends here: parameters become a `Call`, the address pays its weight, the handler answers. What
clients ask again and again is decoded once.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from services.paper_exchange import parameters
from services.paper_exchange.clock import Clock
from services.paper_exchange.errors import Refused, refused
from services.paper_exchange.handlers import HANDLERS, Call, Handlers
from services.paper_exchange.weights import Weights
from shared.contract.catalog import BY_METHOD, OPERATIONS
from shared.contract.operation import Spec
from shared.runtime import observe

_log = observe.logger("paper_exchange.door")
_MAX_DECODED = 4_096
_MAX_QUERY = 2_048
"""Longer queries are decoded each time."""
ROUTES: dict[str, dict[str, Spec]] = {}
"""By path and HTTP method."""
for _spec in OPERATIONS:
    if _spec.path:
        ROUTES.setdefault(_spec.path, {})[_spec.http] = _spec
METHODS: dict[str, Spec] = {method: spec for method, spec in BY_METHOD.items() if spec.ws_api}
"""Of the WebSocket API."""
TIME_UNITS = {"MILLISECOND": False, "millisecond": False, "MICROSECOND": True, "microsecond": True}
"""The words for the unit of times in replies, and whether it is microseconds."""


class _Decoded(Struct, frozen=True):
    call: Call
    weight: int


class Door:
    """The one way in."""

    def __init__(self, handlers: Handlers, weights: Weights, clock: Clock) -> None:
        self.weights = weights
        self.clock = clock
        self._handlers = handlers
        self._decoded: dict[tuple[str, str, bool], _Decoded] = {}

    def rest(self, spec: Spec, query: str, address: str, micros: bool) -> tuple[bytes, int]:
        """The body of a REST request, and the weight that its address has spent in this minute.

        Raises:
            Refused: as the exchange would.
        """
        key = (spec.method, query, micros)
        decoded = self._decoded.get(key)
        if decoded is None:
            decoded = self._decode(spec, lambda: parameters.from_query(spec, query), address, micros=micros, ws_api=False)
            if len(query) <= _MAX_QUERY:
                if len(self._decoded) >= _MAX_DECODED:
                    self._decoded.clear()
                self._decoded[key] = decoded
        used = self.weights.charge(address, decoded.weight, self.clock())
        return self._answer(spec, decoded.call), used

    def ws_api(self, spec: Spec, params: Mapping[str, Any], address: str, micros: bool) -> bytes:
        """The result of a request of the WebSocket API; raises as `rest` does."""
        decoded = self._decode(spec, lambda: parameters.from_json(spec, params), address, micros=micros, ws_api=True)
        self.weights.charge(address, decoded.weight, self.clock())
        return self._answer(spec, decoded.call)

    def _decode(
        self, spec: Spec, read: Callable[[], parameters.Given], address: str, *, micros: bool, ws_api: bool
    ) -> _Decoded:
        try:
            given = read()
        except Refused:
            # A request that cannot be read costs too; how much its parameters would, nobody can tell.
            self.weights.charge(address, 1, self.clock())
            raise
        return _Decoded(Call(given, micros, ws_api), spec.weight.of(given))

    def _answer(self, spec: Spec, call: Call) -> bytes:
        handler = HANDLERS.get(spec.method)
        if handler is None:
            # No account is open here yet, so no key can be right.
            raise refused(-2015, status=401)
        try:
            return handler(self._handlers, call)
        except Refused:
            raise
        except Exception:
            _log.exception("a request could not be answered", method=spec.method)
            raise refused(-1000) from None
