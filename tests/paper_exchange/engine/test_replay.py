"""The same commands give the same state and the same events, bit for bit: from the beginning, from a log, from a snapshot."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from services.paper_exchange.engine import Engine
from services.paper_exchange.engine.commands import CancelOrder, Logged
from services.paper_exchange.engine.events import BalancesChanged, Event, LevelChanged, ListUpdated, OrderUpdated, Traded
from services.paper_exchange.engine.outcomes import Refused
from services.paper_exchange.engine.snapshot import restore, snapshot
from tests.paper_exchange.engine.flows import aimed
from tests.paper_exchange.engine.test_invariants import Flow, an_engine, flows

relaxed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])


def run(engine: Engine, flow: Flow) -> list[Logged]:
    """Run a flow; the log of what was really sent."""
    now_us, log = engine.state.now_us, list[Logged]()
    for command, passed_us, pick in flow:
        now_us += passed_us
        log.append(Logged(now_us, aimed(command, engine, pick)))
        engine.execute(log[-1].command, now_us)
    return log


def replay(engine: Engine, log: list[Logged]) -> list[Event]:
    """The events of a log."""
    for entry in log:
        engine.execute(entry.command, entry.time_us)
    return engine.drain()


@relaxed
@given(flows)
def test_a_log_that_went_through_bytes_replays_to_the_same_events_and_the_same_state(flow: Flow) -> None:
    first, second = an_engine(), an_engine()
    log = run(first, flow)
    data = msgspec.json.encode(log)

    events = replay(second, msgspec.json.decode(data, type=list[Logged]))

    assert events == first.drain()
    assert snapshot(second) == snapshot(first)


@relaxed
@given(flows, flows)
def test_a_restored_engine_goes_on_as_the_one_that_was_saved(before: Flow, after: Flow) -> None:
    engine = an_engine()
    run(engine, before)
    engine.drain()
    data = snapshot(engine)
    restored = restore(data)
    assert snapshot(restored) == data

    log = run(engine, after)

    assert replay(restored, log) == engine.drain()
    assert snapshot(restored) == snapshot(engine)


@relaxed
@given(flows)
def test_the_events_lead_to_the_state_that_queries_show(flow: Flow) -> None:
    engine = an_engine()
    engine.drain()
    run(engine, flow)
    levels: dict[tuple[str, str, int], int] = {}
    orders: dict[tuple[str, int], OrderUpdated] = {}
    balances = {
        (name, asset): (balance.free, balance.locked)
        for name, account in an_engine().state.accounts.items()
        for asset, balance in account.balances.items()
    }
    lists: dict[int, str] = {}
    update_ids = dict.fromkeys(engine.state.markets, 0)
    trade_ids = dict.fromkeys(engine.state.markets, 0)
    execution_ids = dict.fromkeys(engine.state.markets, 0)
    for event in engine.drain():
        if isinstance(event, LevelChanged):
            levels[event.symbol, event.side, event.price] = event.quantity
            update_ids[event.symbol] += 1
            assert event.update_id == update_ids[event.symbol]
        elif isinstance(event, Traded):
            trade_ids[event.symbol] += 1
            assert event.trade_id == trade_ids[event.symbol]
        elif isinstance(event, OrderUpdated):
            assert event.execution_id > execution_ids[event.order.symbol]
            execution_ids[event.order.symbol] = event.execution_id
            orders[event.order.symbol, event.order.order_id] = event
        elif isinstance(event, BalancesChanged):
            balances |= {(event.account, asset): (free, locked) for asset, free, locked in event.balances}
        elif isinstance(event, ListUpdated):
            lists[event.order_list_id] = event.list_order_status

    for symbol in engine.state.markets:
        for side in ("BUY", "SELL"):
            told = {price: quantity for (at, on, price), quantity in levels.items() if (at, on) == (symbol, side) and quantity}
            assert told == dict(engine.book(symbol).levels(side))
    for name in ("alice", "bob", "carol"):
        account = engine.state.accounts[name]
        for asset, balance in account.balances.items():
            assert balances.get((name, asset), (0, 0)) == (balance.free, balance.locked)
        for symbol in engine.state.markets:
            for order in engine.orders(name, symbol):
                last = orders[symbol, order.order_id].order
                assert (last.status, last.executed, last.remaining, last.expiry_reason, last.client_order_id) == (
                    order.status,
                    order.executed,
                    order.remaining,
                    order.expiry_reason,
                    order.client_order_id,
                )
        for order_list in engine.order_lists(name):
            assert lists[order_list.order_list_id] == order_list.list_order_status


def test_bytes_that_are_no_snapshot_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        restore(b'{"version": 1}')


@relaxed
@given(flows)
def test_a_refused_command_changes_nothing_and_tells_nothing(flow: Flow) -> None:
    engine = an_engine()
    for account in engine.state.accounts:
        for symbol in engine.state.markets:
            engine.execute(CancelOrder(account=account, symbol=symbol, order_id=0), engine.state.now_us)
    for command, passed_us, pick in flow:
        engine.advance(engine.state.now_us + passed_us)
        engine.drain()
        before = snapshot(engine)

        outcome = engine.execute(aimed(command, engine, pick), engine.state.now_us)

        if isinstance(outcome, Refused):
            assert engine.drain() == []
            assert snapshot(engine) == before
