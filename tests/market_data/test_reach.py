"""Whether the exchange can be reached is learned from requests, and asked where there are none."""

from collections.abc import Awaitable, Callable

import pytest

from services.market_data.reach import FRESH_S, Reach
from shared.contract.errors import Denied, Invalid, RateLimited, ServiceError, Unavailable


class Exchange:
    """Answers, or fails with `error`, and counts how often it is asked; with a clock that the test turns."""

    def __init__(self) -> None:
        self.error: ServiceError | None = None
        self.pings = 0
        self.now_s = 1000.0
        self.reach = Reach(self._ping, monotonic=lambda: self.now_s)

    async def _ping(self) -> bytes:
        self.pings += 1
        return await self.answer()

    async def answer(self) -> bytes:
        if self.error is not None:
            raise self.error
        return b"{}"

    async def fail(self, ask: Callable[[], Awaitable[bytes]]) -> None:
        with pytest.raises(ServiceError):
            await self.reach.hear(ask)


async def test_an_exchange_that_answers_requests_need_not_be_pinged() -> None:
    exchange = Exchange()
    await exchange.reach.hear(exchange.answer)
    assert await exchange.reach.problem() == ""
    assert exchange.pings == 0
    exchange.now_s += FRESH_S + 1
    assert await exchange.reach.problem() == ""
    assert exchange.pings == 1


@pytest.mark.parametrize("error", [Unavailable("The request was not sent."), Denied("The firewall refused.")])
async def test_a_request_that_failed_is_doubted_at_once_and_the_ping_decides(error: ServiceError) -> None:
    exchange = Exchange()
    await exchange.reach.hear(exchange.answer)
    exchange.error = error
    await exchange.fail(exchange.answer)
    assert await exchange.reach.problem() == error.message
    exchange.error = None
    assert await exchange.reach.problem() == ""


@pytest.mark.parametrize("error", [RateLimited("Too much."), Invalid("No such symbol.")])
async def test_a_refusal_is_an_answer(error: ServiceError) -> None:
    exchange = Exchange()
    exchange.error = error
    assert await exchange.reach.problem() == ""
    assert exchange.pings == 1
