"""What customers have is in the state file after every command, and comes back from it as it was."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from msgspec import json

from services.paper_exchange.engine import Engine
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.book import BookSide
from services.paper_exchange.engine.commands import Command, PlaceOrder
from services.paper_exchange.engine.snapshot import Saved, SavedAccount, SavedDesk, snapshot
from services.paper_exchange.keys import Key
from services.paper_exchange.persistence.recorder import Recorder
from services.paper_exchange.persistence.revival import keys, revive
from services.paper_exchange.persistence.store import BadState, Store
from tests.paper_exchange.engine.flows import ACCOUNTS, TICK, aimed, instruments, opening
from tests.paper_exchange.engine.test_invariants import Flow, an_engine, flows

CUSTOMERS = tuple(account for account in ACCOUNTS if account != "house")
patient = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])


def customers(engine: Engine) -> list[SavedAccount]:
    """What the engine holds of its customers, in one order whatever the order in which it came.

    Without the unfilled order counts: an order that was counted but not attempted (in a cancel-replace) is not written.
    """
    saved = json.decode(snapshot(engine), type=Saved)
    return sorted(
        (
            SavedAccount(
                each.settings,
                {asset: balance for asset, balance in each.balances.items() if balance.free or balance.locked},
                each.external,
                each.updated_us,
                [],
                [],
                each.lists,
                each.list_client_ids,
                sorted((desk for desk in each.desks if has_content(desk)), key=lambda desk: desk.symbol),
            )
            for each in saved.accounts
            if not each.settings.unlimited
        ),
        key=lambda account: account.settings.account,
    )


def has_content(desk: SavedDesk) -> bool:
    """Was anything ever accepted on it?"""
    return bool(desk.orders or desk.own_commission)


def queue(side: BookSide) -> list[list[int]]:
    """Orders of customers level by level; icebergs aside, whose rank among others is not kept."""
    levels = ([o.order_id for o in level if o.account in CUSTOMERS and not o.iceberg_quantity] for level in side)
    return [level for level in levels if level]


def revived(store: Store, engine: Engine) -> Engine:
    found = revive(store, instruments(), sors=engine.state.sors, order_limits=engine.state.order_limits)
    assert found is not None
    return found


@patient
@given(flows)
def test_after_every_command_the_file_holds_exactly_what_customers_have(flow: Flow) -> None:
    with TemporaryDirectory() as folder:
        store, engine = Store(f"{folder}/state.db"), an_engine()
        recorder = Recorder(engine, store)
        for account in CUSTOMERS:
            recorder.touch(account)
        recorder.hear(engine.drain())
        now_us = engine.state.now_us
        for command, passed_us, pick in flow:
            now_us += passed_us
            engine.execute(aimed(command, engine, pick), now_us)
            recorder.hear(engine.drain())

        again = revived(store, engine)

        assert customers(again) == customers(engine)
        for symbol, market in engine.state.markets.items():
            book = again.book(symbol)
            assert queue(book.bids) == queue(market.book.bids)
            assert queue(book.asks) == queue(market.book.asks)
        for held, deposited in again.money().values():
            assert held == deposited
        store.close()


def test_an_order_that_follows_the_market_is_written_though_others_did_more(tmp_path: Path) -> None:
    store, engine = Store(str(tmp_path / "state.db")), an_engine()
    recorder = Recorder(engine, store)
    trailing = PlaceOrder(
        account="alice", symbol="COINUSDT", side="SELL", type="STOP_LOSS", quantity=SCALE, trailing_delta=60, stop_price=0
    )
    commands = [*trade(10 * SCALE), trailing, *trade(10 * SCALE + 2 * TICK)]

    for command in commands:
        engine.execute(command, engine.state.now_us + 1)
        recorder.hear(engine.drain())

    waiting = next(iter(revived(store, engine).state.markets["COINUSDT"].triggers.trailing.values()))
    assert waiting.trailing_extreme == 10 * SCALE + 2 * TICK
    store.close()


def test_a_prevented_trade_is_written_for_both_though_one_of_them_is_told_nothing(tmp_path: Path) -> None:
    store, engine = Store(str(tmp_path / "state.db")), an_engine()
    recorder = Recorder(engine, store)
    terms: dict[str, Any] = {"symbol": "COINUSDT", "quantity": SCALE}
    commands: list[Command] = [
        PlaceOrder(account="alice", side="BUY", type="LIMIT_MAKER", price=10 * SCALE, **terms),
        PlaceOrder(account="bob", side="SELL", type="MARKET", self_trade_prevention="EXPIRE_TAKER", **terms),
    ]

    for command in commands:
        engine.execute(command, engine.state.now_us + 1)
        recorder.hear(engine.drain())

    again = revived(store, engine)
    for account in ("alice", "bob"):
        matches = again.prevented_matches(account, "COINUSDT")
        assert [each.maker_order_id for each in matches] == [1]
    store.close()


def trade(price: int) -> list[Command]:
    """The house sells to carol."""
    terms: dict[str, Any] = {"symbol": "COINUSDT", "type": "LIMIT", "quantity": SCALE, "price": price, "time_in_force": "GTC"}
    return [PlaceOrder(account="house", side="SELL", **terms), PlaceOrder(account="carol", side="BUY", **terms)]


def test_numbers_go_on_higher_than_any_that_somebody_has_seen(tmp_path: Path) -> None:
    store, engine = Store(str(tmp_path / "state.db")), an_engine()
    Recorder(engine, store).tick()

    again = revived(store, engine)

    for symbol, market in engine.state.markets.items():
        then = again.state.markets[symbol]
        assert then.next_order_id > market.next_order_id
        assert then.next_trade_id > market.next_trade_id
        assert then.book.update_id > market.book.update_id
    assert again.state.now_us == engine.state.now_us
    store.close()


def test_what_happens_together_is_there_together_or_not_at_all(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    store, engine = Store(path), Engine(instruments())
    recorder = Recorder(engine, store)
    with recorder.together():
        for command in opening():
            engine.execute(command, 1)
            recorder.hear(engine.drain())
        recorder.key_added(Key("k", "alice", "HMAC", "s"))
        assert revive(store, instruments(), sors=(), order_limits=()) is None
    recorder.key_added(Key("gone", "alice", "HMAC", "s"))
    recorder.key_revoked(Key("gone", "alice", "HMAC", "s"))
    store.close()
    store = Store(path)

    assert [key.api_key for key in keys(store)] == ["k"]
    assert customers(revived(store, engine)) == customers(engine)
    store.close()


def test_two_exchanges_cannot_have_one_state(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    store = Store(path)

    with pytest.raises(BadState, match="Is another paper exchange running on it"):
        Store(path)
    store.close()
    Store(path).close()


def test_a_file_that_is_no_state_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_text("not a database, but long enough to be looked at as one " * 100)

    with pytest.raises(BadState, match="cannot be used"):
        Store(str(path))
