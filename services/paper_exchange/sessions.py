"""A connection to the WebSocket API: who is logged on, what it listens to, and how its requests are answered.

    session.logon         the key of the connection; its requests need no key and no signature any more
    userDataStream.*      subscriptions to accounts: one an account, numbered from 0, whose events come in between replies

(WebSocket API documentation, "Session Authentication", "User Data Stream requests".)
"""

import re
from collections.abc import Callable
from typing import Any

from msgspec import DecodeError, Struct, json

from services.paper_exchange.call import Call
from services.paper_exchange.door import Door
from services.paper_exchange.errors import Refused, refused
from services.paper_exchange.keys import Key
from services.paper_exchange.time_units import Unit, micros, millis
from services.paper_exchange.user_data import Told, UserData
from services.paper_exchange.user_events import terminated
from shared.contract.operation import Spec

MAX_ACTIVE, MAX_EVER = 1000, 65_535
"""Subscriptions of a connection, at once and in its life."""
VERSION = re.compile(r"^v[0-9]+/")


class Options(Struct, frozen=True):
    """What the address of a connection says."""

    micros: bool = False
    tells_limits: bool = True


class Subscription:
    """One account that a connection listens to."""

    def __init__(self, number: int, key: Key, unit: Unit, push: Callable[[str], None], *, by_logon: bool) -> None:
        self.number = number
        self.key = key
        self._unit = unit
        self._push = push
        self.by_logon = by_logon
        self._head = f'{{"subscriptionId":{number},"event":'

    def hear(self, told: Told) -> None:
        """Send an event."""
        self.say(told(self._unit))

    def say(self, payload: str) -> None:
        """Send a payload in this subscription's envelope."""
        self._push(f"{self._head}{payload}}}")


class Session:
    """One connection. `push` sends a frame's text at once."""

    def __init__(self, door: Door, user_data: UserData, address: str, options: Options, push: Callable[[str], None]) -> None:
        self._door = door
        self._user_data = user_data
        self._push = push
        self._tells_limits = options.tells_limits
        self.address = address
        self.micros = options.micros
        self.unit: Unit = micros if options.micros else millis
        self.key: Key | None = None
        self.banned = False
        """Has the address been banned? Then the connection ends."""
        self._connected_us = door.told_us()
        self._authorized_us = 0
        self._subscriptions: dict[int, Subscription] = {}
        self._next_number = 0
        self._tells_now = options.tells_limits

    def now(self) -> int:
        """The exchange's time in the connection's unit."""
        return self.unit(self._door.told_us())

    def answer(self, text: str) -> str:
        """The reply to one frame."""
        request_id: int | str | None = None
        self._tells_now, account, spec = self._tells_limits, "", None
        try:
            request = _request(text)
            request_id = request.get("id")
            if self._lost_its_key():
                request_id = None
                raise refused(-2015)
            params = _params(request)
            if "returnRateLimits" in params:
                self._tells_now = flag(params["returnRateLimits"])
            spec = self._door.method(_method(request))
            admitted = self._door.ws_api(spec, params, self)
            account = admitted.call.account
            result = self._door.answer(spec, admitted, self.address, self._own(spec.method))
            outcome = f'"status":200,"result":{result.decode()}'
        except Refused as no:
            self.banned = no.status == 418
            outcome = f'"status":{no.status},"error":{no.body().decode()}'
        limits = f',"rateLimits":[{self._limits(spec, account)}]' if self._tells_now else ""
        return f'{{"id":{json.encode(request_id).decode()},{outcome}{limits}}}'

    def refused(self, text: str, no: Refused) -> str:
        """The reply to a frame that is refused whatever it says (a drill)."""
        self.banned = no.status == 418
        request_id = json.encode(peek(text, "id")).decode()
        return f'{{"id":{request_id},"status":{no.status},"error":{no.body().decode()}}}'

    def revoked(self, key: Key) -> None:
        """A key is used no more: what it listened to ends."""
        for each in [each for each in self._subscriptions.values() if each.key.api_key == key.api_key]:
            self._terminate(each)

    def close(self) -> None:
        """Leave all audiences."""
        for each in self._subscriptions.values():
            self._user_data.leave(each.key.account, each)
        self._subscriptions.clear()

    def _lost_its_key(self) -> bool:
        """Was the key revoked that is logged on? The next request is told so, once."""
        if self.key is None or self._door.keys.find(self.key.api_key) is not None:
            return False
        self.key = None
        return True

    def _own(self, method: str) -> Callable[[Call], bytes] | None:
        handler = _OWN.get(method)
        return None if handler is None else lambda call: handler(self, call)

    def logon(self, call: Call) -> bytes:
        """Be this key from now on; only Ed25519 keys can."""
        key = call.key
        assert key is not None, "a logon is signed"
        if key.kind != "ED25519":
            # The documents name no code; clients with other keys were told that the signature is not valid.
            raise refused(-1022)
        if self.key is not None and self.key.account != key.account:
            self._end_by_logon()
        self.key, self._authorized_us = key, self._door.told_us()
        return self.status(call)

    def status(self, _call: Call) -> bytes:
        """Who is logged on."""
        key = self.key
        return json.encode(
            {
                "apiKey": key.api_key if key else None,
                "authorizedSince": self.unit(self._authorized_us) if key else None,
                "connectedSince": self.unit(self._connected_us),
                "returnRateLimits": self._tells_now,
                "serverTime": self.now(),
                "userDataStream": bool(self._subscriptions),
            }
        )

    def logout(self, call: Call) -> bytes:
        """Forget the key, and what was subscribed by it without a signature."""
        self._end_by_logon()
        self.key, self._authorized_us = None, 0
        return self.status(call)

    def subscriptions(self, _call: Call) -> bytes:
        """What the connection listens to."""
        return json.encode([{"subscriptionId": number} for number in self._subscriptions])

    def subscribe(self, call: Call) -> bytes:
        """Listen to the account that is logged on."""
        if self.key is None or call.key is None or call.key.api_key != self.key.api_key:
            # Named by a key without a signature: that is nobody.
            raise refused(-2015)
        return self._subscribe(call.key, by_logon=True)

    def subscribe_signed(self, call: Call) -> bytes:
        """Listen to the account that signed."""
        assert call.key is not None, "the request is signed"
        return self._subscribe(call.key, by_logon=False)

    def unsubscribe(self, call: Call) -> bytes:
        """Listen no more, to one or to all."""
        wanted = call.given.get("subscriptionId")
        ended = [each for each in self._subscriptions.values() if wanted is None or wanted == each.number]
        if not ended:
            raise refused(-2036)
        for each in ended:
            self._terminate(each)
        return b"{}"

    def _subscribe(self, key: Key, *, by_logon: bool) -> bytes:
        if any(each.key.account == key.account for each in self._subscriptions.values()):
            raise refused(-2035)
        if self._next_number >= MAX_EVER or len(self._subscriptions) >= MAX_ACTIVE:
            raise refused(-2042)
        subscription = Subscription(self._next_number, key, self.unit, self._push, by_logon=by_logon)
        self._next_number += 1
        self._subscriptions[subscription.number] = subscription
        self._user_data.join(key.account, subscription)
        return b'{"subscriptionId":%d}' % subscription.number

    def _end_by_logon(self) -> None:
        for each in [each for each in self._subscriptions.values() if each.by_logon]:
            self._terminate(each)

    def _terminate(self, subscription: Subscription) -> None:
        del self._subscriptions[subscription.number]
        self._user_data.leave(subscription.key.account, subscription)
        subscription.say(terminated(self._door.told_us(), self.unit))

    def _limits(self, spec: Spec | None, account: str) -> str:
        weights = self._door.weights
        used = weights.used(self.address, self._door.clock())
        told = (
            '{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,'
            f'"limit":{weights.limits.weight},"count":{used}}}'
        )
        if spec is None or not spec.unfilled_orders or not account:
            return told
        orders = (
            f'{{"rateLimitType":"ORDERS","interval":"{limit.interval}","intervalNum":{limit.interval_num},'
            f'"limit":{limit.limit},"count":{count}}},'
            for limit, count in self._door.order_counts(account)
        )
        return "".join(orders) + told


def peek(text: str, name: str) -> Any:
    """What a frame says under a name, if it can be read at all."""
    try:
        return _request(text).get(name)
    except Refused:
        return None


def flag(value: Any) -> bool:
    """The value of `returnRateLimits`; raises Refused."""
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise refused(-1130, "returnRateLimits")
    return value == "true"


def _request(text: str) -> dict[str, Any]:
    try:
        request = json.decode(text.encode(), type=dict[str, Any])
    except (DecodeError, UnicodeEncodeError, RecursionError):
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
    return params  # pyright: ignore[reportUnknownVariableType]


def _method(request: dict[str, Any]) -> str:
    method = request.get("method")
    if not method or not isinstance(method, str):
        raise refused(-1102, "method", like="Mandatory parameter")
    return VERSION.sub("", method)


_OWN: dict[str, Callable[[Session, Call], bytes]] = {
    "session.logon": Session.logon,
    "session.status": Session.status,
    "session.logout": Session.logout,
    "session.subscriptions": Session.subscriptions,
    "userDataStream.subscribe": Session.subscribe,
    "userDataStream.subscribe.signature": Session.subscribe_signed,
    "userDataStream.unsubscribe": Session.unsubscribe,
}
"""Methods that concern the connection itself."""
