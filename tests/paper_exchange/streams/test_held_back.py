"""What is held back comes in its order, is let go of then, and is bounded."""

import asyncio

from services.paper_exchange.streams.held_back import HeldBack


def test_things_come_in_order_though_a_later_one_was_due_before() -> None:
    async def told() -> tuple[list[str], int]:
        loop, last, heard = asyncio.get_running_loop(), asyncio.Event(), list[str]()

        def hear(thing: str) -> None:
            heard.append(thing)
            if thing == "last":
                last.set()

        held = HeldBack(10, hear)
        for thing, delay_s in (("first", 0.02), ("last", 0.01)):
            assert held.add(thing, loop.time() + delay_s)
        await asyncio.wait_for(last.wait(), 5)
        return heard, len(held)

    assert asyncio.run(told()) == (["first", "last"], 0)


def test_what_is_beyond_the_bound_is_not_taken_and_nothing_comes_after_the_end() -> None:
    async def told() -> list[int]:
        loop, heard = asyncio.get_running_loop(), list[int]()
        held = HeldBack(2, heard.append)
        assert [held.add(number, loop.time() + 0.01) for number in range(3)] == [True, True, False]
        held.close()
        after = loop.create_future()
        loop.call_later(0.03, after.set_result, None)
        await after
        return heard

    assert asyncio.run(told()) == []
