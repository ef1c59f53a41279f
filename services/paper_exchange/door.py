"""Where requests come in, whatever they come by: known routes and methods, who asks, decoded, charged, answered.

A request of either interface ends here: its sender is authenticated, parameters become a `Call`, the address pays its weight,
the handler answers. What clients ask again and again in public is decoded once.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Protocol

from msgspec import Struct

from services.paper_exchange import parameters, payloads
from services.paper_exchange.authentication import NAMES, Claim, authenticate, is_needed
from services.paper_exchange.call import Call
from services.paper_exchange.clock import Clock
from services.paper_exchange.engine.order_counts import OrderLimit
from services.paper_exchange.errors import Gone, Refused, refused
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.keys import Key, Keyring
from services.paper_exchange.payloads import Texts
from services.paper_exchange.public import PUBLIC
from services.paper_exchange.trading import TRADING
from services.paper_exchange.trading.orders import ended_by_amendment
from services.paper_exchange.weights import Weights
from shared.contract.catalog import BY_METHOD, OPERATIONS
from shared.contract.exchange_errors import message
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
NOT_FOUND = -1099
Answer = Callable[[Call], bytes]


class RestRequest(Struct, frozen=True):
    """A REST request as it was sent."""

    query: str
    address: str
    body: str = ""
    micros: bool = False
    api_key: str | None = None


class Asker(Protocol):
    """The connection that a request of the WebSocket API came by."""

    address: str
    micros: bool
    key: Key | None
    """Who is logged on."""


class Admitted(Struct, frozen=True):
    """A request that may be carried out."""

    call: Call
    weight: int


class Door:
    """The one way in."""

    def __init__(
        self,
        handlers: Handlers,
        weights: Weights,
        clock: Clock,
        keys: Keyring | None = None,
        instead: Mapping[str, Answer] = MappingProxyType({}),
    ) -> None:
        """`instead`: what answers, by method, in place of the exchange, also operations that it has given up."""
        self.weights = weights
        self.clock = clock
        self.keys = keys or Keyring()
        self._handlers = handlers
        self._instead = instead
        self._decoded: dict[tuple[str, str, bool], Admitted] = {}

    def route(self, path: str, http: str) -> Spec:
        """The operation of a path and an HTTP method; raises Refused."""
        by_http = ROUTES.get(path)
        if by_http is None:
            # The only text for a path that does not exist is one of 2019.
            raise Refused(NOT_FOUND, message(NOT_FOUND), status=404)
        spec = by_http.get(http)
        if spec is None:
            raise refused(-1020, status=405)
        if self._is_gone(spec):
            raise Gone
        return spec

    def method(self, name: str) -> Spec:
        """The operation of a method of the WebSocket API; raises Refused."""
        spec = BY_METHOD.get(name)
        if spec is None or self._is_gone(spec) or not (spec.ws_api or name in self._instead):
            # The documentation has no words for a method that does not exist.
            raise refused(-1020)
        return spec

    def rest(self, spec: Spec, request: RestRequest) -> Admitted:
        """A REST request, if its sender may ask that.

        Raises:
            Refused: as the exchange would.
        """
        query = payloads.merged(request.query, request.body)
        if is_needed(spec):
            return self._admit(spec, lambda: self._signed_rest(spec, query, request), request.address)
        key = (spec.method, query, request.micros)
        known = self._decoded.get(key)
        if known is not None:
            return known
        admitted = self._admit(spec, lambda: Call(parameters.from_query(spec, query), request.micros), request.address)
        if len(query) <= _MAX_QUERY:
            if len(self._decoded) >= _MAX_DECODED:
                self._decoded.clear()
            self._decoded[key] = admitted
        return admitted

    def ws_api(self, spec: Spec, params: Mapping[str, Any], asker: Asker) -> Admitted:
        """A request of the WebSocket API, if its sender may ask that; raises as `rest` does."""
        return self._admit(spec, lambda: self._by_ws_api(spec, params, asker), asker.address)

    def answer(self, spec: Spec, admitted: Admitted, address: str, own: Answer | None = None) -> bytes:
        """The body of the reply; `own` answers in place of the exchange's handler. Raises as `rest` does."""
        on_success = spec.weight.on_success
        if on_success is None:
            self.weights.charge(address, admitted.weight, self.clock())
            body = self._answer(spec, admitted.call, own)
            if spec.method == _AMEND and ended_by_amendment(body):
                self.weights.owe(address, -admitted.weight, self.clock())
            return body
        self.weights.charge(address, on_success, self.clock())
        try:
            return self._answer(spec, admitted.call, own)
        except Refused:
            self.weights.owe(address, admitted.weight - on_success, self.clock())
            raise

    def order_counts(self, account: str) -> list[tuple[OrderLimit, int]]:
        """Unfilled orders of an account in each window, now."""
        return self._handlers.venue.engine.order_counts(account, self.clock())

    def told_us(self) -> int:
        """The time that the exchange tells and judges timestamps by: a drill may set it off."""
        return self.clock() + self._handlers.ahead_us

    def _admit(self, spec: Spec, read: Callable[[], Call], address: str) -> Admitted:
        try:
            call = read()
        except Refused:
            # A request that cannot be read costs too; how much its parameters would, nobody can tell.
            self.weights.charge(address, 1, self.clock())
            raise
        return Admitted(call, spec.weight.of(call.given))

    def _is_gone(self, spec: Spec) -> bool:
        return spec.ended is not None and spec.ended.status == "retired" and spec.method not in self._instead

    def _signed_rest(self, spec: Spec, query: str, request: RestRequest) -> Call:
        texts = parameters.texts(query)
        claim = _claim(request.api_key, payloads.of_rest(request.query, request.body), texts)
        key = authenticate(self.keys, spec, claim, request.address, self.told_us())
        return Call(_read(spec, texts, NAMES), request.micros, account=key.account, key=key)

    def _by_ws_api(self, spec: Spec, params: Mapping[str, Any], asker: Asker) -> Call:
        texts = payloads.texts(params)
        if not is_needed(spec):
            return Call(_read(spec, texts, _RATE_LIMITS), asker.micros, ws_api=True)
        claim = _claim(texts.get("apiKey"), payloads.of_ws_api(texts), texts)
        key = authenticate(self.keys, spec, claim, asker.address, self.told_us(), session=asker.key)
        return Call(_read(spec, texts, _SAID_APART), asker.micros, ws_api=True, account=key.account, key=key)

    def _answer(self, spec: Spec, call: Call, own: Answer | None) -> bytes:
        answer = own or self._instead.get(spec.method) or self._handler(spec)
        try:
            if call.account or spec.method == "time":
                # What a customer does happens now, not at the market's last step; and clients set their clocks by `time`.
                self._handlers.venue.advance(self.clock())
            return answer(call)
        except Refused as no:
            raise self._told_when(no, call) from None
        except Exception:
            _log.exception("a request could not be answered", method=spec.method)
            raise refused(-1000) from None

    def _handler(self, spec: Spec) -> Answer:
        handler = PUBLIC.get(spec.method) or TRADING.get(spec.method)
        if handler is None:
            raise refused(-1020)
        return partial(handler, self._handlers)

    def _told_when(self, no: Refused, call: Call) -> Refused:
        """A refusal for too many orders, of a cancel-replace too, says when there is room again."""
        if (no.code == _TOO_MANY_ORDERS or no.status == _TOO_MANY) and no.retry_after_s is None:
            now_us = self.clock()
            counts = self.order_counts(call.account)
            # A list of three does not fit where there is room for two: then it is the limit nearest to its end that binds.
            full = [limit for limit, count in counts if count >= limit.limit] or [
                max(counts, key=lambda each: each[1] / each[0].limit)[0]
            ]
            until_us = max((now_us // each.window_us + 1) * each.window_us for each in full)
            no.status, no.retry_after_s = _TOO_MANY, max(1, -(-(until_us - now_us) // 1_000_000))
            if call.ws_api and no.data is None:
                told_until_us = until_us + self._handlers.ahead_us
                no.data = {"serverTime": self.told_us() // 1000, "retryAfter": told_until_us // 1000}
        return no


_TOO_MANY_ORDERS, _TOO_MANY = -1015, 429
_AMEND = "order.amend.keepPriority"
_RATE_LIMITS = frozenset(("returnRateLimits",))
_SAID_APART = NAMES | _RATE_LIMITS


def _claim(api_key: str | None, payload: bytes, texts: Texts) -> Claim:
    return Claim(api_key, payload, texts.get("signature"), texts.get("timestamp"), texts.get("recvWindow"))


def _read(spec: Spec, texts: Texts, apart: frozenset[str]) -> parameters.Given:
    """The parameters but for those that do not say what is asked for."""
    said = {name: text for name, text in texts.items() if name not in apart}
    return parameters.read(spec, said, apart=len(texts) - len(said))
