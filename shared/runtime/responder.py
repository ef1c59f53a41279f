"""Requests answered: one task each, so many at once and no more, each within its deadline, each with an answer that is safe.

The service is a `nats.micro` service, so that `nats micro ls` and `$SRV.PING|INFO|STATS` know it, but nats.micro calls its
handlers one after another and tells callers the repr of what they raise: here each request takes one of `concurrency` slots
and gets a task. Without a free slot the answer is "busy" at once; another replica of the queue group may have room. A handler
that only waits for something to happen outside is `idle` meanwhile and takes no slot.

    request ── slot free? ── known method? ── deadline ahead? ── parameters valid? ── handler ── reply fits? ── answer
                  busy          invalid         unavailable         invalid       its ServiceError   invalid

A handler is `async def handler(request: RpcRequest) -> bytes`: it returns the reply's JSON or raises a `ServiceError`. Any
other exception is logged here, once, and the caller gets a neutral text. At the deadline the handler is cancelled.
"""

import asyncio
import contextlib
from collections.abc import Generator, Mapping
from time import perf_counter

from nats.errors import Error
from nats.micro.service import ServiceConfig

from shared.contract import subjects
from shared.contract.errors import Invalid, OutcomeUnknown, ServiceError, Unavailable, encode_error
from shared.contract.operation import Spec
from shared.contract.validate import parse
from shared.runtime import tracing, wire
from shared.runtime.bus import Bus
from shared.runtime.clock import now_ms
from shared.runtime.direct_client import Listening, Message
from shared.runtime.endpoint import Endpoint, Handler, RpcRequest
from shared.runtime.listed import Listed, of_a_replica
from shared.runtime.metrics import Answered
from shared.runtime.observe import logger

BUSY_RETRY_MS = 250
MAX_REFUSALS = 4096
"""Callers being told at one time that all slots are taken. If not even that can be sent, their deadlines tell the rest."""
MAX_DEADLINE_MS = 60_000
"""No request is worked on for longer, whatever its deadline says."""
_log = logger("runtime.responder")
__all__ = ["Handler", "Responder", "RpcRequest"]


class Responder:
    """Everything that a service answers over the bus. `add` first, then `start`, in the end `drain`."""

    def __init__(
        self, bus: Bus, name: str, *, version: str = "0.1.0", concurrency: int = 256, deadline_ms: int = 10_000
    ) -> None:
        self._bus = bus
        self.name = name
        self._concurrency = concurrency
        self._deadline_ms = deadline_ms
        self._endpoints: dict[str, Endpoint] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._refusals: set[asyncio.Task[None]] = set()
        self._subscriptions: list[Listening] = []
        self._recorded = tracing.recorded()
        self._unknown = bus.metrics.answers.setdefault("unknown", Answered())
        self._idle = 0
        bus.metrics.in_flight = lambda: self.in_flight
        self._told = of_a_replica(bus.prefix, able=True)
        config = ServiceConfig(name=name, version=version, metadata=self._told)
        self._service = Listed(bus.data, config, self._endpoints, self._load)

    @property
    def id(self) -> str:
        """Of this replica among those of its service."""
        return self._service.id

    @property
    def is_in_group(self) -> bool:
        """Does it take requests?"""
        return bool(self._subscriptions)

    @property
    def in_flight(self) -> int:
        """Requests being worked on, without those that only wait."""
        return len(self._tasks) - self._idle

    def add(self, spec: Spec, handler: Handler, *, account: str = "") -> None:
        """Answer an operation, for one account where operations belong to accounts."""
        subject = subjects.rpc(spec, account=account or "main", prefix=self._bus.prefix)
        belongs = account if spec.owner in subjects.PER_ACCOUNT else ""
        answered = self._bus.metrics.answers.setdefault(spec.method, Answered())
        self._endpoints[subject] = Endpoint(spec, belongs, handler, wire.is_command(spec), answered)

    async def start(self) -> None:
        """Be listed, and subscribe; requests arrive from now on.

        Raises:
            BusUnavailable: our user may not subscribe.
        """
        await self._service.start()
        await self.step_in()

    def tell(self, *, able: bool) -> None:
        """Tell those who ask whether this replica can do its work."""
        self._told.update(of_a_replica(self._bus.prefix, able=able))

    async def step_aside(self) -> None:
        """Take no more requests but answer those that have arrived; the replica stays listed."""
        leaving, self._subscriptions = self._subscriptions, []
        await asyncio.gather(*(subscription.drain() for subscription in leaving), return_exceptions=True)

    async def step_in(self) -> None:
        """Take requests (again); raises as `start`."""
        for space in sorted(self._spaces()):
            self._subscriptions.append(await self._bus.take(f"{space}.>", self._accept, queue=self.name))
        await self._bus.settle()

    def _spaces(self) -> set[str]:
        """The subjects below which everything is ours, unknown methods included: they deserve an answer too."""
        return {subject.removesuffix(f".{endpoint.spec.method}") for subject, endpoint in self._endpoints.items()}

    async def drain(self, within_s: float) -> None:
        """Take no more requests and end those that have arrived; whoever is not done in time is cancelled and says so.

        In this order no request is lost: nats.micro's own `stop` discards those that wait, and draining the connection first
        would leave answers unsent.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.step_aside()
                while pending := self._tasks | self._refusals:
                    await asyncio.wait(pending)
        late = self._tasks | self._refusals
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=1)
        with contextlib.suppress(Error):
            await self._service.stop()

    def _accept(self, message: Message) -> None:
        """Called with one request after another, straight from the read."""
        if not message.reply:
            _log.warning("a message that wants no answer was ignored", subject=message.subject)
        elif self.in_flight < self._concurrency:
            task = asyncio.create_task(self._work(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._answered(message.subject).count("busy", 0.0)
            if len(self._refusals) < MAX_REFUSALS:
                task = asyncio.create_task(self._refuse(message))
                self._refusals.add(task)
                task.add_done_callback(self._refusals.discard)

    async def _refuse(self, message: Message) -> None:
        with contextlib.suppress(Error):
            await self._reply_error(message, self._busy())

    async def _work(self, message: Message) -> None:
        started = perf_counter()
        outcome = "unsent"
        try:
            outcome = await self._answer(message)
        except Error as error:
            _log.warning("an answer could not be sent", subject=message.subject, error=str(error))
        finally:
            self._answered(message.subject).count(outcome, perf_counter() - started)

    async def _answer(self, message: Message) -> str:
        headers = message.headers
        endpoint = self._endpoints.get(message.subject)
        try:
            if endpoint is None:
                raise self._no_operation(message.subject)
            if self._recorded or tracing.TRACEPARENT in headers:
                with tracing.answering(endpoint.spec.method, headers):
                    reply = await self._handle(endpoint, message.data, headers)
            else:
                reply = await self._handle(endpoint, message.data, headers)
            await self._reply(message, reply, headers)
        except ServiceError as error:
            await self._reply_error(message, error)
            return error.kind
        except asyncio.CancelledError:
            await self._reply_error(message, _cut_off(endpoint, f"{self.name} is shutting down"))
            raise
        except Exception:
            _log.exception("a handler failed", subject=message.subject, caller=headers.get(wire.CALLER, ""))
            await self._reply_error(message, _cut_off(endpoint, f"{self.name} failed on this request"))
            return "failed"
        return "ok"

    async def _handle(self, endpoint: Endpoint, data: bytes, headers: Mapping[str, str]) -> bytes:
        now = now_ms()
        deadline_ms = min(self._deadline(endpoint, headers, now), now + MAX_DEADLINE_MS)
        if deadline_ms <= now:
            raise Unavailable(
                f"The request arrived {now - deadline_ms} ms after its deadline.",
                hint="Nothing was executed. Allow more time, and check that the clocks of both machines agree.",
            )
        request = RpcRequest(
            operation=parse(endpoint.spec.type, data),
            spec=endpoint.spec,
            account=endpoint.account,
            deadline_ms=deadline_ms,
            caller=headers.get(wire.CALLER, ""),
            headers=headers,
            idle=self._is_idle,
        )
        limit = asyncio.timeout((deadline_ms - now) / 1000)
        try:
            async with limit:
                return await endpoint.handler(request)
        except TimeoutError:
            if not limit.expired():
                raise
            raise _cut_off(endpoint, f"{self.name} did not finish the request by its deadline") from None

    @contextlib.contextmanager
    def _is_idle(self) -> Generator[None, None, None]:
        self._idle += 1
        try:
            yield
        finally:
            self._idle -= 1

    def _deadline(self, endpoint: Endpoint, headers: Mapping[str, str], now: int) -> int:
        given = headers.get(wire.DEADLINE)
        if given is None:
            if endpoint.command:
                raise Invalid(
                    f"{endpoint.spec.method} changes something and needs a deadline.",
                    hint=f"Send the header {wire.DEADLINE} with unix milliseconds, for example {now + 5000}.",
                )
            return now + self._deadline_ms
        if not given.isdecimal() or len(given) > 15:
            raise Invalid(f"The header {wire.DEADLINE} must be unix milliseconds.", hint=f"For example {now + 5000}.")
        return int(given)

    async def _reply(self, message: Message, reply: bytes, asked: Mapping[str, str]) -> None:
        headers: dict[str, str] | None = None
        if len(reply) > wire.PACK_ABOVE and "gzip" in asked.get(wire.ACCEPT_ENCODING, ""):
            reply = await wire.pack(reply)
            headers = {wire.CONTENT_ENCODING: "gzip"}
        if (size := wire.size(reply, headers)) > self._bus.max_payload:
            raise Invalid(
                f"The reply has {size} bytes, the bus carries {self._bus.max_payload}.",
                hint="Ask for less: one symbol or fewer symbols, a smaller limit, a shorter time range.",
            )
        await self._bus.data.publish(message.reply, reply, headers=headers)

    async def _reply_error(self, message: Message, error: ServiceError) -> None:
        headers = {wire.ERROR_CODE: str(error.status), wire.ERROR_TEXT: error.message[: wire.MAX_ERROR_TEXT]}
        await self._bus.data.publish(message.reply, encode_error(error), headers=headers)

    def _no_operation(self, subject: str) -> Invalid:
        known = sorted({endpoint.spec.method for endpoint in self._endpoints.values()})
        return Invalid(f"{self.name} has no operation {subject!r:.120}.", hint=f"Known are {', '.join(known)}.")

    def _answered(self, subject: str) -> Answered:
        endpoint = self._endpoints.get(subject)
        return self._unknown if endpoint is None else endpoint.answered

    def _load(self) -> dict[str, int]:
        return {"in_flight": self.in_flight, "concurrency": self._concurrency}

    def _busy(self) -> Unavailable:
        return Unavailable(
            f"{self.name} is busy with {self._concurrency} requests.",
            retry_after_ms=BUSY_RETRY_MS,
            hint="Nothing was executed. Try again shortly.",
        )


def _cut_off(endpoint: Endpoint | None, why: str) -> ServiceError:
    """The error for a handler that did not come to its end: of a command nobody can say how far it came."""
    if endpoint is not None and endpoint.command:
        return OutcomeUnknown(f"{why}: it may have been executed or not.", hint="Query before trying again.")
    return Unavailable(f"{why}.", hint="Try again; the service's log tells more.")
