"""Whatever is sent, in whatever order: the exchange stays whole."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.paper_exchange.engine import Engine
from services.paper_exchange.engine.commands import Command
from tests.paper_exchange.engine import invariants
from tests.paper_exchange.engine.flows import aimed, commands, instruments, opening

START_US = 1_700_000_000_000_000
Flow = list[tuple[Command, int, int]]
"""Commands, the microseconds before each, and at which open order it is aimed."""
flows = st.lists(st.tuples(commands(), st.integers(0, 400_000), st.integers(0, 40)), max_size=60)
SORS = (("COINUSDT", "COINUSDC"),)


def an_engine() -> Engine:
    engine = Engine(instruments(), sors=SORS)
    for command in opening():
        engine.execute(command, START_US)
    return engine


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
@given(flows)
def test_money_books_locks_and_lists_stay_whole(flow: Flow) -> None:
    engine, now_us = an_engine(), START_US
    for command, passed_us, pick in flow:
        now_us += passed_us
        engine.execute(aimed(command, engine, pick), now_us)
        invariants.check(engine)
