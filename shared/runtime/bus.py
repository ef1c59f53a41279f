"""The bus: two connections to NATS, requests that end in time, messages that fit.

`commands` carries requests, key-value access and durable publishes. It buffers nothing while the link is down: a request made
then fails at once, for an order that is sent later than its caller was told is the worst that can happen. `data` carries
events and answers, and buffers up to 8 MiB across a reconnect.

    bus = await Bus.connect(Address(urls=("nats://127.0.0.1:4222",), name="example"))
    reply = await bus.request("binance.rpc.market.depth", b'{"symbol":"BTCUSDT"}', deadline_ms=now_ms() + 2000)

When a connection is closed for good (`closed` is done) the process has to end: nats-py will not open it again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Self

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error, OutboundBufferLimitError
from nats.js import JetStreamContext
from nats.js.api import PubAck
from nats.js.errors import NoStreamResponseError

from shared.contract.errors import Invalid, OutcomeUnknown, ServiceError, Unavailable, decode_error
from shared.runtime import failures, tracing, wire
from shared.runtime.clock import now_ms
from shared.runtime.direct_client import PENDING_BYTES, PENDING_MSGS, Listening, Take
from shared.runtime.direct_parser import Hear
from shared.runtime.ends import NotToBeHad
from shared.runtime.link import Address, Link
from shared.runtime.metrics import Metrics
from shared.runtime.observe import logger
from shared.runtime.preflight import unfitness
from shared.runtime.replies import Replies

DATA_PENDING_BYTES = 8 * 1024 * 1024
GRACE_S = 0.1
"""So long after its deadline a caller still listens for the service's own word, which says more than a timeout."""
ROUND_TRIP_TIMEOUT_S = 2.0
SETTLE_S = 5
DURABLE_AT_ONCE = 64
"""Durable publishes under way at once; as fast as nats-py's asynchronous publishing, which loses acknowledgements."""
_OWN_HEADERS_BYTES = 4096
"""More than our own headers ever take."""
_log = logger("runtime.bus")


class BusUnavailable(NotToBeHad):
    """The bus cannot be used; one line that says why and what to do."""


class Bus:
    """This process's part of the bus."""

    def __init__(self, address: Address, metrics: Metrics, prefix: str) -> None:
        self.address = address
        self.metrics = metrics
        self.prefix = prefix
        """First token of every subject."""
        self._commands = Link("commands", metrics.bus)
        self._data = Link("data", metrics.bus)
        self._durable = asyncio.Semaphore(DURABLE_AT_ONCE)
        self._forbidden = asyncio.Event()
        self._hooks: list[Callable[[], Awaitable[None]]] = []
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Done, with the reason, when a connection has closed for good without our asking."""

    @classmethod
    async def connect(
        cls,
        address: Address,
        *,
        wait_s: float = 30.0,
        metrics: Metrics | None = None,
        prefix: str = "binance",
        preflight: bool = True,
    ) -> Self:
        """Connect both links and make sure that the server fits.

        Raises:
            BusUnavailable: not reachable within `wait_s`, login refused, or the server does not fit.
        """
        bus = cls(address, metrics or Metrics(address.name), prefix)
        try:
            await bus._open(wait_s, preflight)
        except BaseException:
            await bus._commands.abandon()
            await bus._data.abandon()
            raise
        return bus

    async def _open(self, wait_s: float, preflight: bool) -> None:
        where = f"NATS server at {self.address}"
        inbox_prefix = f"_INBOX.{self.address.name.partition('/')[0]}"
        try:
            async with asyncio.timeout(wait_s):
                await self._commands.open(self.address, pending_size=0, inbox_prefix=inbox_prefix)
                await self._data.open(self.address, pending_size=DATA_PENDING_BYTES, inbox_prefix=inbox_prefix)
        except TimeoutError:
            why = self._commands.last_error or self._data.last_error or "no answer"
            raise BusUnavailable(
                f"No {where} within {wait_s:g} s ({why}). Start one (make run does) or set BINANCE_NATS_URL."
            ) from None
        except (Error, OSError) as error:
            raise BusUnavailable(f"The {where} cannot be used: {error}.") from None
        for link in (self._commands, self._data):
            link.closed.add_done_callback(self._on_closed)
            link.on_regained = self._on_regained
        self._replies = Replies(self.commands.new_inbox())
        self._commands.on_forbidden = self._on_forbidden
        self._jetstream = self.commands.jetstream(timeout=5)  # pyright: ignore[reportUnknownMemberType]
        await self._commands.nc.take(self._replies.subject, self._replies.receive)
        await self.settle()
        if preflight and (unfit := await unfitness(self.commands, self._jetstream, self._forbidden)):
            raise BusUnavailable(f"The {where} does not fit: {unfit}")

    @property
    def commands(self) -> Client:
        """The connection without a buffer."""
        return self._commands.nc

    @property
    def data(self) -> Client:
        """The connection for events and answers."""
        return self._data.nc

    @property
    def jetstream(self) -> JetStreamContext:
        """Streams and key-value buckets. For publishing use `publish_durable`."""
        return self._jetstream

    @property
    def max_payload(self) -> int:
        """Bytes of a message, headers included, that the server takes."""
        return self.data.max_payload

    @property
    def awaited(self) -> int:
        """Requests under way."""
        return len(self._replies)

    async def request(
        self,
        subject: str,
        payload: bytes,
        *,
        deadline_ms: int,
        headers: Mapping[str, str] | None = None,
        command: bool = False,
    ) -> bytes:
        """Ask and return the reply's body, unpacked.

        Args:
            subject: Of the operation, from `contract.subjects.rpc`.
            payload: Its parameters in JSON.
            deadline_ms: Unix time by which the answer is wanted; the service stops then.
            headers: More headers; `Caller` to speak for somebody else.
            command: Does it change something? Then a lost answer is `OutcomeUnknown`, otherwise `Unavailable`.

        Raises:
            ServiceError: the service's own error, or
                Unavailable (link down, nobody answers, no answer in time), OutcomeUnknown (a command without an answer),
                Invalid (more bytes than the bus carries), Denied (our user may not ask this).
        """
        try:
            body = await self._request(subject, payload, deadline_ms, headers, command)
        except ServiceError as error:
            self.metrics.requests[error.kind] += 1
            raise
        self.metrics.requests["ok"] += 1
        return body

    async def _request(
        self, subject: str, payload: bytes, deadline_ms: int, more: Mapping[str, str] | None, command: bool
    ) -> bytes:
        wait_s = (deadline_ms - now_ms()) / 1000
        if wait_s <= 0:
            raise failures.too_late()
        if not self._commands.is_up:
            raise failures.link_down()
        headers = {wire.DEADLINE: str(deadline_ms), wire.CALLER: self.address.name, wire.ACCEPT_ENCODING: "gzip"}
        if traceparent := tracing.current():
            headers[tracing.TRACEPARENT] = traceparent
        if more:
            headers.update(more)
        if more or len(payload) + _OWN_HEADERS_BYTES > self.commands.max_payload:
            self._check_size(payload, headers)
        reply_to, future = self._replies.expect(subject, wait_s + GRACE_S)
        try:
            try:
                await self.commands.publish(subject, payload, reply=reply_to, headers=headers)
            except OutboundBufferLimitError:
                raise failures.link_down() from None
            except Error as error:
                raise failures.not_taken(error) from None
            message = await future
        except TimeoutError:
            raise failures.no_answer(subject, command=command) from None
        finally:
            self._replies.forget(reply_to)
        found = message.headers
        if not found:
            return message.data
        if found.get(wire.STATUS) == wire.NO_RESPONDERS and not message.data:
            raise failures.nobody(subject)
        body = await wire.unpack(message.data) if found.get(wire.CONTENT_ENCODING) == "gzip" else message.data
        if wire.ERROR_CODE in found:
            raise decode_error(body)
        return body

    async def publish(self, subject: str, payload: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Publish an event. While the link is down up to 8 MiB wait for it.

        Raises:
            Invalid: more bytes than the bus carries.
            Unavailable: the link is down and the buffer full.
        """
        self._check_size(payload, headers)
        try:
            await self.data.publish(subject, payload, headers=None if headers is None else dict(headers))
        except Error as error:
            raise failures.not_taken(error) from None

    async def publish_durable(
        self, subject: str, payload: bytes, *, headers: Mapping[str, str] | None = None, timeout_s: float = 2.0
    ) -> PubAck:
        """Publish into a stream and return when it is stored; at most `DURABLE_AT_ONCE` at a time.

        Raises:
            nats.js.errors.APIError: the stream refuses (for example a wrong expected sequence).
            OutcomeUnknown: no acknowledgement; repeat only with the same `Nats-Msg-Id`.
            Unavailable, Invalid: as `publish`; nothing was stored.
        """
        self._check_size(payload, headers)
        async with self._durable:
            if not self._commands.is_up:
                raise failures.link_down()
            try:
                return await self._jetstream.publish(
                    subject, payload, timeout=timeout_s, headers=None if headers is None else dict(headers)
                )
            except NoStreamResponseError:
                raise Unavailable(f"No stream takes {subject}.", hint="Nothing was stored. Does the stream exist?") from None
            except TimeoutError:
                raise OutcomeUnknown(
                    f"No acknowledgement for {subject} within {timeout_s:g} s: it may be stored or not.",
                    hint="Read the stream, or publish again with the same Nats-Msg-Id.",
                ) from None
            except OutboundBufferLimitError:
                raise failures.link_down() from None

    async def listen(self, subject: str, hear: Hear, queue: str = "") -> Listening:
        """Hear events at the least cost: `hear(subject, payload)`, a plain function, is called straight from the read.

        It must be quick, for all else on this connection waits for it: what takes longer belongs behind `subscribe`, or into a
        queue of its own. There is nothing between it and the server in which messages could pile up and be dropped: who does
        not keep up is cut off by the server in the end, and regained. What it raises is logged and harms nobody.
        """
        return await self._data.nc.listen(subject, hear, queue)

    async def take(self, subject: str, take: Take, queue: str = "") -> Listening:
        """As `listen`, with the reply subject and headers: for those who answer."""
        return await self._data.nc.take(subject, take, queue)

    async def subscribe(
        self,
        subject: str,
        callback: Callable[[Msg], Awaitable[None]],
        queue: str = "",
        *,
        pending_msgs: int = PENDING_MSGS,
        pending_bytes: int = PENDING_BYTES,
    ) -> Subscription:
        """Hear events. The callback is called with one message after another and must be quick; what it raises is logged.

        When the callback falls behind by `pending_msgs` or `pending_bytes` the newest messages are dropped and counted.
        """

        async def guarded(message: Msg) -> None:
            try:
                await callback(message)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                _log.error("a subscriber's callback awaited something cancelled", subject=message.subject)
            except Exception:
                _log.exception("a subscriber's callback failed", subject=message.subject)

        return await self.data.subscribe(  # pyright: ignore[reportUnknownMemberType]
            subject, queue=queue, cb=guarded, pending_msgs_limit=pending_msgs, pending_bytes_limit=pending_bytes
        )

    def on_data_lost(self, hook: Callable[[], None]) -> None:
        """Call this when the connection for events is lost, before the buffer can go to the next server. It must not raise."""
        self._data.on_lost = hook

    def on_regained(self, hook: Callable[[], Awaitable[None]]) -> None:
        """Call this when a lost connection is back and both are up: what was published meanwhile was missed."""
        self._hooks.append(hook)

    async def _on_regained(self) -> None:
        if self._commands.is_up and self._data.is_up:
            for hook in self._hooks:
                try:
                    await hook()
                except Exception:
                    _log.exception("a task after reconnecting failed")

    async def settle(self) -> None:
        """Return when the server has seen all subscriptions made so far.

        Raises:
            BusUnavailable: it did not answer, or does not allow one of them.
        """
        try:
            await asyncio.gather(self.commands.flush(SETTLE_S), self.data.flush(SETTLE_S))
        except (Error, TimeoutError, OSError):
            raise BusUnavailable(f"The NATS server at {self.address} does not answer.") from None
        if refused := self._commands.refused + self._data.refused:
            raise BusUnavailable(f"Our user on the bus may not subscribe to {', '.join(refused)}: see its permissions.")

    async def round_trip_s(self, timeout_s: float = ROUND_TRIP_TIMEOUT_S) -> float | None:
        """The slower of both connections' round trips to the server, None when one does not answer.

        A flag would lie: nats-py calls itself connected while its read loop is dead. Only an answer that came through the
        read loop proves the link.
        """
        trips = await asyncio.gather(self._commands.round_trip_s(timeout_s), self._data.round_trip_s(timeout_s))
        known = [trip for trip in trips if trip is not None]
        if len(known) < len(trips):
            return None
        self.metrics.bus.round_trip.set(max(known))
        return max(known)

    async def close(self) -> None:
        """Send what is to be sent, handle what has arrived, and leave."""
        await self._data.close()
        self._replies.fail(failures.leaving)
        await self._commands.close()

    def _check_size(self, payload: bytes, headers: Mapping[str, str] | None) -> None:
        limit = self.data.max_payload
        if (size := wire.size(payload, headers)) > limit:
            raise Invalid(f"The message has {size} bytes, the bus carries {limit}.", hint="Send or ask for less at a time.")

    def _on_closed(self, closed: asyncio.Future[str]) -> None:
        if not self.closed.done() and not closed.cancelled():
            self.closed.set_result(closed.result())

    def _on_forbidden(self, subject: str) -> None:
        self._forbidden.set()
        self._replies.fail(failures.forbidden, subject)
