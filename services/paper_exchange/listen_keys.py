"""Listen keys, as they were until 2026-02-20: a name under which an account's events went out on the market streams.

A key lives for 60 minutes from its creation or its last keep-alive; an account has one at a time. Events come without an
envelope on `/ws/<key>`, in the usual one on `/stream?streams=<key>`. (REST and user data documentation of 2025.)
"""

import secrets
import string
from collections.abc import Callable

from services.paper_exchange.call import Call
from services.paper_exchange.clock import Clock
from services.paper_exchange.errors import refused
from services.paper_exchange.streams.hub import Hub
from services.paper_exchange.user_data import Told, UserData
from services.paper_exchange.user_events import listen_key_expired

LIFE_US = 60 * 60 * 1_000_000
_LENGTH = 60
_LETTERS = string.ascii_letters + string.digits


class ListenKey:
    """One key."""

    def __init__(self, hub: Hub, account: str, until_us: int) -> None:
        self._hub = hub
        self.account = account
        self.until_us = until_us
        self.name = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))

    def hear(self, told: Told) -> None:
        """Send an event to whoever listens under this name."""
        channel = self._hub.channels.get(self.name)
        if channel is not None:
            channel.send(told)

    def expire(self, now_us: int) -> None:
        """Say that this was all."""
        channel = self._hub.channels.get(self.name)
        if channel is not None:
            channel.send(lambda unit: listen_key_expired(self.name, now_us, unit))


class ListenKeys:
    """All keys, and the operations on them."""

    def __init__(self, hub: Hub, user_data: UserData, clock: Clock) -> None:
        self._hub = hub
        self._user_data = user_data
        self._clock = clock
        self._by_account: dict[str, ListenKey] = {}
        self.answers: dict[str, Callable[[Call], bytes]] = {
            "userDataStream.start": self.start,
            "userDataStream.ping": self.ping,
            "userDataStream.stop": self.stop,
        }

    def start(self, call: Call) -> bytes:
        """The account's key, made when it has none, for another hour."""
        self.tick(self._clock())
        key = self._by_account.get(call.account)
        if key is None:
            key = self._by_account[call.account] = ListenKey(self._hub, call.account, 0)
            self._user_data.join(call.account, key)
        key.until_us = self._clock() + LIFE_US
        return b'{"listenKey":"%b"}' % key.name.encode()

    def ping(self, call: Call) -> bytes:
        """Keep a key for another hour."""
        self._own(call).until_us = self._clock() + LIFE_US
        return b"{}"

    def stop(self, call: Call) -> bytes:
        """Give a key up."""
        self._end(self._own(call))
        return b"{}"

    def tick(self, now_us: int) -> None:
        """End the keys whose time is over; called now and then."""
        for key in [key for key in self._by_account.values() if key.until_us <= now_us]:
            key.expire(now_us)
            self._end(key)

    def _own(self, call: Call) -> ListenKey:
        self.tick(self._clock())
        key = self._by_account.get(call.account)
        if key is None or key.name != call.given["listenKey"]:
            raise refused(-1125)
        return key

    def _end(self, key: ListenKey) -> None:
        del self._by_account[key.account]
        self._user_data.leave(key.account, key)
