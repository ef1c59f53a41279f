"""Whatever is sent, in whatever order: the exchange stays whole."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.paper_exchange.engine import Engine
from services.paper_exchange.engine.commands import Command
from tests.paper_exchange.engine import invariants
from tests.paper_exchange.engine.flows import commands, instruments, opening

START_US = 1_700_000_000_000_000
SORS = (("COINUSDT", "COINUSDC"),)


def an_engine() -> Engine:
    engine = Engine(instruments(), sors=SORS)
    for command in opening():
        engine.execute(command, START_US)
    return engine


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
@given(st.lists(st.tuples(commands(), st.integers(0, 400_000)), max_size=60))
def test_money_books_locks_and_lists_stay_whole(flow: list[tuple[Command, int]]) -> None:
    engine, now_us = an_engine(), START_US
    for command, passed_us in flow:
        now_us += passed_us
        engine.execute(command, now_us)
        invariants.check(engine)
