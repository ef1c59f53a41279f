"""The WebSocket API: one JSON request a text frame, one answer with the request's own id.

Pings every 20 seconds, a pong within 60, and the end after 24 hours are the connection's (`server`); what is said is this
module's. (WebSocket API documentation, "General API Information", "Request format", "Response format".)
"""

import asyncio
import contextlib
import re
from typing import Any
from urllib.parse import parse_qsl

from msgspec import DecodeError, json

from services.paper_exchange.door import METHODS, TIME_UNITS, Door
from services.paper_exchange.errors import Refused, refused
from services.paper_exchange.rest import Message, Receive, Scope, Send

PATH = "/ws-api/v3"
CONNECTION_WEIGHT = 2
LIFE_S = 24 * 3600.0
_VERSION = re.compile(r"^v[0-9]+/")
_BINARY, _POLICY, _GOING_AWAY = 1003, 1008, 1001


class WsApi:
    """Answers connections to `/ws-api/v3`."""

    def __init__(self, door: Door, *, life_s: float = LIFE_S) -> None:
        self._door = door
        self._life_s = life_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from its opening to its end."""
        await receive()
        client = scope["client"]
        address: str = client[0] if client else ""
        try:
            options = _options(scope)
            self._door.weights.connect(address, CONNECTION_WEIGHT, self._door.clock())
        except Refused as no:
            await deny(send, no)
            return
        await send({"type": "websocket.accept"})
        session = Session(self._door, address, micros=options[0], tells_limits=options[1])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._life_s):
                await self._talk(session, receive, send)
                return
        shutdown = json.encode({"event": {"e": "serverShutdown", "E": session.now()}}).decode()
        await send({"type": "websocket.send", "text": shutdown})
        await send({"type": "websocket.close", "code": _GOING_AWAY})

    async def _talk(self, session: "Session", receive: Receive, send: Send) -> None:
        while True:
            message: Message = await receive()
            if message["type"] != "websocket.receive":
                return
            text = message.get("text")
            if text is None:
                await send({"type": "websocket.close", "code": _BINARY, "reason": "Text frames only."})
                return
            await send({"type": "websocket.send", "text": session.answer(text)})
            if session.banned:
                await send({"type": "websocket.close", "code": _POLICY})
                return


class Session:
    """What a connection is set to, and how its requests are answered."""

    def __init__(self, door: Door, address: str, *, micros: bool, tells_limits: bool) -> None:
        self._door = door
        self._address = address
        self._micros = micros
        self._tells_limits = tells_limits
        self.banned = False
        """Has the address been banned? Then the connection ends."""

    def now(self) -> int:
        """The exchange's time in the connection's unit."""
        now_us = self._door.clock()
        return now_us if self._micros else now_us // 1000

    def answer(self, text: str) -> str:
        """The reply to one frame."""
        request_id: int | str | None = None
        tells = self._tells_limits
        try:
            request = _request(text)
            request_id = request.get("id")
            params = _params(request)
            if "returnRateLimits" in params:
                tells = _flag(params.pop("returnRateLimits"))
            spec = METHODS.get(_method(request))
            if spec is None:
                # The documentation has no words for a method that does not exist.
                raise refused(-1020)
            result = self._door.ws_api(spec, params, self._address, self._micros)
            outcome = f'"status":200,"result":{result.decode()}'
        except Refused as no:
            self.banned = no.status == 418
            outcome = f'"status":{no.status},"error":{no.body().decode()}'
        limits = f',"rateLimits":[{self._limits()}]' if tells else ""
        return f'{{"id":{json.encode(request_id).decode()},{outcome}{limits}}}'

    def _limits(self) -> str:
        weights = self._door.weights
        used = weights.used(self._address, self._door.clock())
        return (
            '{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,'
            f'"limit":{weights.limits.weight},"count":{used}}}'
        )


async def deny(send: Send, no: Refused) -> None:
    """Refuse a connection with an HTTP answer."""
    body = no.body(with_data=no.code != -1003)
    headers = [(b"content-type", b"application/json;charset=UTF-8"), (b"content-length", str(len(body)).encode())]
    if no.retry_after_s is not None:
        headers.append((b"retry-after", str(no.retry_after_s).encode()))
    await send({"type": "websocket.http.response.start", "status": no.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


def _options(scope: Scope) -> tuple[bool, bool]:
    """What the address says: microseconds, rate limits in replies."""
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    unit = TIME_UNITS.get(query.get("timeUnit", "MILLISECOND"))
    if unit is None:
        raise refused(-1194)
    if query.get("responseFormat", "json") != "json":
        raise refused(-1155, status=406)
    return unit, _flag(query.get("returnRateLimits", "true"))


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise refused(-1130, "returnRateLimits")
    return value == "true"


def _request(text: str) -> dict[str, Any]:
    try:
        request = json.decode(text.encode(), type=dict[str, Any])
    except (DecodeError, UnicodeEncodeError):
        raise refused(-1135) from None
    request_id = request.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, int | str | None):
        raise refused(-1135)
    return request


def _params(request: dict[str, Any]) -> dict[str, Any]:
    params = request.get("params", {})
    if not isinstance(params, dict):
        # Seen from the exchange.
        raise Refused(-1135, "Invalid 'params' in JSON request; expected an object.")
    return dict(params)  # pyright: ignore[reportUnknownArgumentType]


def _method(request: dict[str, Any]) -> str:
    method = request.get("method")
    if not method or not isinstance(method, str):
        raise refused(-1102, "method", like="Mandatory parameter")
    return _VERSION.sub("", method)
