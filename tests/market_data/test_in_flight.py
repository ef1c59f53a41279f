"""Identical requests in flight are asked once."""

import asyncio

import pytest

from services.market_data.in_flight import InFlight


class Source:
    """Counts how often it is asked, and answers when told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.cancelled = 0
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.asked += 1
        try:
            return await self.answer
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


async def asking(flight: InFlight[str, str], source: Source, count: int) -> list[asyncio.Task[str]]:
    tasks = [asyncio.create_task(flight.ask("depth", source)) for _ in range(count)]
    while len(flight) == 0 or source.asked == 0:
        await asyncio.wait(tasks, timeout=0.001)
    return tasks


async def test_a_hundred_callers_of_one_thing_ask_once_and_all_are_answered() -> None:
    flight, source = InFlight[str, str](), Source()
    tasks = await asking(flight, source, 100)
    source.answer.set_result("book")
    assert await asyncio.gather(*tasks) == ["book"] * 100
    assert source.asked == 1
    assert len(flight) == 0


async def test_the_next_caller_after_an_answer_asks_anew() -> None:
    flight, first, second = InFlight[str, str](), Source(), Source()
    first.answer.set_result("old")
    second.answer.set_result("new")
    assert [await flight.ask("depth", first), await flight.ask("depth", second)] == ["old", "new"]


async def test_a_caller_that_gives_up_does_not_take_the_answer_from_the_others() -> None:
    flight, source = InFlight[str, str](), Source()
    hasty, patient = await asking(flight, source, 2)
    hasty.cancel()
    await asyncio.wait([hasty])
    source.answer.set_result("book")
    assert await patient == "book"


async def test_a_call_that_nobody_waits_for_any_more_is_ended() -> None:
    flight, source = InFlight[str, str](), Source()
    tasks = await asking(flight, source, 3)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert len(flight) == 0
    fresh = Source()
    fresh.answer.set_result("book")
    assert await flight.ask("depth", fresh) == "book"
    assert source.cancelled == 1


async def test_an_error_reaches_everyone_and_is_not_remembered() -> None:
    flight, source = InFlight[str, str](), Source()
    tasks = await asking(flight, source, 2)
    source.answer.set_exception(ConnectionError("down"))
    for task in tasks:
        with pytest.raises(ConnectionError):
            await task
    assert len(flight) == 0
