"""Depth events: whatever changes and whenever they are told, applying them gives the book, and their ids leave no hole."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.paper_exchange.engine.amounts import text
from services.paper_exchange.engine.events import LevelChanged
from services.paper_exchange.engine.words import Side
from services.paper_exchange.streams.depth_changes import DepthChanges
from services.paper_exchange.time_units import millis

changes = st.tuples(st.sampled_from(("BUY", "SELL")), st.integers(1, 8), st.integers(0, 3))
TELL = None
"""A moment at which the changes so far are told."""


@given(st.lists(st.one_of(changes, st.just(TELL)), max_size=80))
def test_events_applied_in_order_are_the_book(steps: list[tuple[Side, int, int] | None]) -> None:
    told = DepthChanges("BTCUSDT", 100)
    book: dict[str, dict[str, str]] = {"BUY": {}, "SELL": {}}
    kept: dict[str, dict[str, str]] = {"BUY": {}, "SELL": {}}
    update_id, last = 100, 100
    for step in [*steps, TELL]:
        if step is not None:
            side, price, quantity = step
            update_id += 1
            told.add(LevelChanged("BTCUSDT", side, price, quantity, update_id, 0))
            _apply(book[side], text(price), text(quantity))
            continue
        payload = told.take(0)
        if payload is None:
            assert last == update_id
            continue
        event: dict[str, Any] = json.loads(payload(millis))
        assert event["U"] == last + 1
        last = event["u"]
        assert last == update_id
        assert [price for price, _ in event["b"]] == sorted({price for price, _ in event["b"]}, reverse=True)
        assert [price for price, _ in event["a"]] == sorted({price for price, _ in event["a"]})
        for side, levels in (("BUY", event["b"]), ("SELL", event["a"])):
            for price, quantity in levels:
                _apply(kept[side], price, quantity)
        assert kept == book


def _apply(levels: dict[str, str], price: str, quantity: str) -> None:
    levels[price] = quantity
    if quantity == text(0):
        del levels[price]
