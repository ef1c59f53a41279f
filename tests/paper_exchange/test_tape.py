"""The tape: trades by id and by time, aggregate trades, and what stays when old trades go."""

import pytest

from services.paper_exchange import tape as tapes
from services.paper_exchange.tape import MICROS, Tape

START_S = 1_790_000_040 // 60 * 60
START_US = START_S * MICROS


def taped(*trades: tuple[int, int, int, int]) -> Tape:
    """A tape of (microseconds since its start, price, quantity, taker)."""
    tape = Tape(START_S, first_id=100)
    for after_us, price, quantity, taker in trades:
        tape.add(START_US + after_us, price, quantity, False, taker)
    return tape


def test_trades_are_read_from_an_id_or_from_the_end() -> None:
    tape = taped(*((number, 5, 1, number) for number in range(10)))

    assert [trade.id for trade in tape.trades(3)] == [107, 108, 109]
    assert [trade.id for trade in tape.trades(3, from_id=102)] == [102, 103, 104]
    assert [trade.id for trade in tape.trades(3, from_id=108)] == [108, 109]
    assert [trade.id for trade in tape.trades(2, from_id=5)] == [100, 101]
    assert tape.trades(3, from_id=500) == []


def test_trades_of_one_taker_at_one_price_are_one_aggregate_trade() -> None:
    tape = taped((0, 5, 1, 7), (0, 5, 2, 7), (0, 6, 3, 7), (1, 6, 4, 8))

    found = tape.aggregate_trades(10)

    assert [(each.price, each.quantity, each.first_id, each.last_id) for each in found] == [
        (5, 3, 100, 101),
        (6, 3, 102, 102),
        (6, 4, 103, 103),
    ]
    assert [each.id for each in found] == list(range(found[0].id, found[0].id + 3))


def test_aggregate_trades_are_read_by_id_by_time_or_from_the_end() -> None:
    tape = taped(*((second * MICROS, 5, 1, second) for second in range(10)))
    every = tape.aggregate_trades(10)

    assert tape.aggregate_trades(2) == every[-2:]
    assert tape.aggregate_trades(2, from_id=every[3].id) == every[3:5]
    assert tape.aggregate_trades(10, start_us=START_US + 7 * MICROS) == every[7:]
    assert tape.aggregate_trades(10, start_us=START_US + 2 * MICROS, end_us=START_US + 4 * MICROS) == every[2:5]
    assert tape.aggregate_trades(2, end_us=START_US + 4 * MICROS) == every[3:5]
    assert tape.aggregate_trades(10, start_us=START_US + 99 * MICROS) == []


def test_a_stretch_is_put_together_from_hours_minutes_and_trades() -> None:
    tape = taped(*((second * 7 * MICROS, 100 + second % 13, 1 + second % 5, second) for second in range(2000)))

    for start, end in ((0, 14_000), (61, 7205), (59, 61), (3600, 7200), (1, 13_999)):
        inside = [trade for trade in tape.trades(2000) if start * MICROS <= trade.time_us - START_US < end * MICROS]
        bar = tape.bar(START_US + start * MICROS, START_US + end * MICROS)
        if not inside:
            assert bar is None
            continue
        assert bar is not None
        assert (bar.first_id, bar.count) == (inside[0].id, len(inside))
        assert (bar.open, bar.close) == (inside[0].price, inside[-1].price)
        assert (bar.high, bar.low) == (max(trade.price for trade in inside), min(trade.price for trade in inside))
        assert bar.volume == sum(trade.quantity for trade in inside)


def test_old_trades_go_and_their_minutes_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tapes, "MAX_TRADES", 50)
    tape = taped(*((second * MICROS, 5, 1, second) for second in range(600)))

    assert 50 <= len(tape) <= 100
    whole = tape.bar(START_US, START_US + 600 * MICROS)
    assert whole is not None
    assert (whole.first_id, whole.count) == (100, 600)
    assert tape.close_before(START_US + 60 * MICROS) == 5
    assert tape.trades(1, from_id=100)[0].id == tape.first_kept


def test_a_tape_that_goes_on_after_a_restart_gives_no_aggregate_trade_an_id_a_second_time() -> None:
    before = taped(*((number, 5, 1, number) for number in range(50)))

    after = Tape(START_S, first_id=before.next_id)
    after.add(START_US, 5, 1, False, 99)

    assert after.aggregate_trades(1)[0].id > before.aggregate_trades(1)[0].id
