"""One way through to the exchange: budget, key and clock, transport, meaning of the reply.

    call ─▶ retired? ─▶ wait for the budget ─▶ stamp with the exchange's time ─▶ send ─▶ settle the budget ─▶ result or error

Nothing that may have been executed is sent a second time. Two things are sent again, once: a request that the exchange
refused for its timestamp (-1021: it was refused, and the clock is measured anew first), and a read whose connection broke.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Literal

import httpx
from msgspec.structs import replace

from shared.binance import replies, usage
from shared.binance.large_answers import LargeAnswersApart
from shared.binance.limits import BAN_MS, MINUTE_MS, Lane, RateBudget, Ticket
from shared.binance.rest import RestTransport
from shared.binance.server_time import SAMPLES, Sample, ServerClock
from shared.binance.signing import Key
from shared.binance.transport import Lost, NotSent, Reply, Request, Transport
from shared.binance.ws_api import OnOpen, WsApiTransport
from shared.binance.ws_connection import OnEvent
from shared.contract.environments import Environment
from shared.contract.errors import Denied, RateLimited, ServiceError, Unavailable
from shared.contract.market.operations import Time
from shared.contract.operation import Operation, Security

MAX_WAIT_MS = 2_000
"""So long may a request wait for the budget; beyond it the caller is told how long it would take."""
CLOCK_TIMEOUT_MS = 2_000
"""For one sample of the exchange's clock."""
TransportName = Literal["rest", "ws_api"]


def wall_ms() -> float:
    """The machine's Unix time in ms."""
    return time.time() * 1000


def monotonic_ms() -> float:
    """A clock that only goes forward, in ms."""
    return time.monotonic() * 1000


class BinanceClient:
    """Asks the exchange, for one account or for none.

    Args:
        transport: the way there; closed by `close`.
        budget: of this address, shared by all clients of the process.
        clock: the exchange's time, shared likewise.
        key: needed for anything that is not public.
        account: our name of the account, under which its orders are counted.
        sends_retired: really send what Binance retired; some exchanges still have listen keys.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        budget: RateBudget,
        clock: ServerClock,
        key: Key | None = None,
        account: str = "",
        sends_retired: bool = False,
        wall_ms: Callable[[], float] = wall_ms,
    ) -> None:
        self.transport = transport
        self.budget = budget
        self.clock = clock
        self.key = key
        self.account = account
        self.sends_retired = sends_retired
        self._wall_ms = wall_ms
        self._measuring: asyncio.Task[None] | None = None

    async def call(self, operation: Operation[Any], *, deadline_ms: float, lane: Lane = Lane.DATA) -> bytes:
        """The exchange's own result, as it wrote it.

        Args:
            operation: what to ask, already checked (`shared.contract.validate.parse`).
            deadline_ms: Unix time by the machine's clock, after which nobody waits any more; not sent after it.
            lane: who goes first when the budget is short.

        Raises:
            ServiceError: as told in `shared.contract.errors`.
        """
        spec = operation.spec
        if not self.sends_retired and (ended := replies.ended(spec)) is not None:
            raise ended
        if self.key is None and (spec.signed or spec.security is not Security.NONE):
            raise Denied("This needs an API key.", hint="The operator sets BINANCE_API_KEY and its secret.")
        try:
            reply = await self._send(operation, deadline_ms, lane)
        except Lost as lost:
            if not lost.broken or replies.changes_something(spec):
                raise replies.undelivered(spec, lost) from None
            reply = await self._send_again(operation, deadline_ms, lane)
        if spec.signed and replies.code(reply) == replies.INVALID_TIMESTAMP:
            await self.measure_clock()
            reply = await self._send_again(operation, deadline_ms, lane)
        return replies.result(spec, reply)

    async def measure_clock(self) -> None:
        """Measure the exchange's clock now; who asks meanwhile waits for the same measurement. It may fail silently."""
        if self._measuring is None or self._measuring.done():
            self._measuring = asyncio.create_task(self._measure())
        await asyncio.shield(self._measuring)

    async def close(self) -> None:
        """Close the transport; requests in flight are lost."""
        if self._measuring is not None:
            self._measuring.cancel()
            await asyncio.gather(self._measuring, return_exceptions=True)
        await self.transport.close()

    async def _send_again(self, operation: Operation[Any], deadline_ms: float, lane: Lane) -> Reply:
        try:
            return await self._send(operation, deadline_ms, lane)
        except Lost as lost:
            raise replies.undelivered(operation.spec, lost) from None

    async def _send(self, operation: Operation[Any], deadline_ms: float, lane: Lane) -> Reply:
        spec = operation.spec
        ticket = await self._admit(operation, deadline_ms, lane)
        try:
            timestamp_ms = await self._timestamp() if spec.signed else 0
            timeout_s = self._remaining_ms(deadline_ms) / 1000
            reply = await self.transport.send(Request(operation, timeout_s, self.key, timestamp_ms))
        except (NotSent, ServiceError) as failure:
            self.budget.give_back(ticket)
            raise (replies.undelivered(spec, failure) if isinstance(failure, NotSent) else failure) from None
        except BaseException:  # lost or cancelled: charged in full
            self.budget.settle(ticket)
            raise
        return self._account_for(operation, ticket, reply)

    async def _admit(self, operation: Operation[Any], deadline_ms: float, lane: Lane) -> Ticket:
        weight, orders = self._costs(operation)
        give_up_ms = min(deadline_ms, self._wall_ms() + MAX_WAIT_MS)
        while delay_ms := self.budget.delay_ms(weight, orders, account=self.account, lane=lane):
            self._remaining_ms(deadline_ms)
            if self._wall_ms() + delay_ms > give_up_ms:
                raise RateLimited(
                    "The request limit of this address leaves no room for this request yet.",
                    retry_after_ms=delay_ms,
                    hint="Wait as told. Streams cost no request weight.",
                )
            await asyncio.sleep(delay_ms / 1000)
        self._remaining_ms(deadline_ms)
        return self.budget.take(weight, orders, account=self.account)

    def _remaining_ms(self, deadline_ms: float) -> float:
        remaining_ms = deadline_ms - self._wall_ms()
        if remaining_ms <= 0:
            raise Unavailable("The request was not sent: its deadline has passed.", hint=replies.LATER)
        return remaining_ms

    async def _timestamp(self) -> int:
        if not self.clock.is_measured or self.clock.has_parted:
            await self.measure_clock()
        elif self.clock.is_stale and (self._measuring is None or self._measuring.done()):
            self._measuring = asyncio.create_task(self._measure())  # old but not wrong: this request need not wait
        return self.clock.now_ms()

    async def _measure(self) -> None:
        samples: list[Sample] = []
        for _ in range(SAMPLES):
            try:
                asked_ms = self.clock.monotonic_ms()
                reply = await self._send(Time(), self._wall_ms() + CLOCK_TIMEOUT_MS, Lane.CANCEL)
            except (Lost, ServiceError):
                continue  # the request that wanted the time will meet the same trouble and tell it
            sample = Sample.of(asked_ms, reply.body, self.clock.monotonic_ms())
            if reply.status == 200 and sample is not None:
                samples.append(sample)
        if samples:
            self.clock.set(samples)

    def _account_for(self, operation: Operation[Any], ticket: Ticket, reply: Reply) -> Reply:
        """What the reply says of the limits; a refusal that does not tell how long to wait is completed."""
        spec = operation.spec
        self.budget.settle(ticket, reply.usage)
        if reply.status in (418, 429):
            refused = replies.refusal(reply)
            if refused is not None and refused.code == replies.TOO_MANY_ORDERS and reply.retry_after_ms is None:
                self.budget.learn(usage.from_order_refusal(refused.msg), account=self.account)
            else:
                self.budget.silence(reply.retry_after_ms or (BAN_MS if reply.status == 418 else MINUTE_MS))
            delay_ms = self.budget.delay_ms(*self._costs(operation), account=self.account)
            return replace(reply, retry_after_ms=reply.retry_after_ms or delay_ms)
        if spec.method == "exchangeInfo" and reply.status == 200:
            self.budget.learn(usage.from_exchange_info(reply.body))
        return reply

    @staticmethod
    def _costs(operation: Operation[Any]) -> tuple[int, int]:
        """Request weight, and orders added to the unfilled count."""
        spec, given = operation.spec, operation.given()
        cancels_only = given.get("orderRateLimitExceededMode") == "CANCEL_ONLY"  # then its cancel goes through all the same
        return spec.weight.of(given), 0 if cancels_only else spec.unfilled_orders


def create_client(
    environment: Environment,
    *,
    transport: TransportName = "rest",
    key: Key | None = None,
    account: str = "",
    budget: RateBudget | None = None,
    clock: ServerClock | None = None,
    on_news: Callable[[bytes], None] | None = None,
    sends_retired: bool = False,
    http: httpx.AsyncBaseTransport | None = None,
    on_event: OnEvent | None = None,
    on_open: OnOpen | None = None,
) -> BinanceClient:
    """A client of the environment.

    Clients of one process share `budget` and `clock`: make the first client without them and give its own to the others.
    `on_news` goes to a new budget; wire it to the bus, and what the bus brings to `client.budget.hear`. `http` replaces the
    REST transport's own way to speak HTTP; `on_event` and `on_open` are for the WebSocket API (`WsApiTransport`), which logs on
    with an Ed25519 key and signs each request with any other. What is about all symbols goes by REST all the same.
    """
    clock = clock or ServerClock(monotonic_ms, wall_ms)
    budget = budget or RateBudget(clock.now_ms, scope=environment.name, on_news=on_news)
    way: Transport = RestTransport(environment.rest_url, http=http)
    if transport == "ws_api":
        session_key = key if key is not None and key.algorithm == "Ed25519" else None
        socket = WsApiTransport(
            environment.ws_api_url, budget=budget, clock=clock, session_key=session_key, on_event=on_event, on_open=on_open
        )
        way = LargeAnswersApart(socket, way)
    return BinanceClient(way, budget=budget, clock=clock, key=key, account=account, sends_retired=sends_retired)
