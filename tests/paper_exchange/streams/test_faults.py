"""Faults by the seed: the same drill every time, and in the proportions that were ordered."""

from collections import Counter

import msgspec
import pytest

from services.paper_exchange.streams.faults import CALM, Fate, StreamFaults

FRAMES = 20_000


def fates(faults: StreamFaults, number: int = 1, frames: int = FRAMES) -> list[str]:
    fate = Fate(faults, number)
    return [fate.next() for _ in range(frames)]


def test_the_same_seed_gives_the_same_drill_and_another_one_another() -> None:
    faults = StreamFaults(seed="a", gap_every=100, drop_every=5_000)

    assert fates(faults) == fates(faults)
    assert fates(faults) != fates(faults, number=2)
    assert fates(faults) != fates(StreamFaults(seed="b", gap_every=100, drop_every=5_000))


def test_frames_are_left_out_as_often_as_ordered() -> None:
    counted = Counter(fates(StreamFaults(gap_every=50)))

    assert counted.keys() == {"sent", "left out"}
    assert FRAMES / 50 * 0.8 < counted["left out"] < FRAMES / 50 * 1.25


def test_every_frame_can_be_left_out() -> None:
    assert set(fates(StreamFaults(gap_every=1))) == {"left out"}


def test_a_connection_is_broken_within_twice_the_mean() -> None:
    broken = [fates(StreamFaults(drop_every=100), number, 200).index("broken") + 1 for number in range(200)]

    assert max(broken) < 200
    assert 80 < sum(broken) / len(broken) < 120


def test_a_mute_connection_stays_mute() -> None:
    outcomes = fates(StreamFaults(silence_every=10), frames=100)

    first = outcomes.index("mute")
    assert first < 20
    assert set(outcomes[first:]) == {"mute"}


def test_frames_are_late_but_stay_in_order() -> None:
    fate = Fate(StreamFaults(latency_ms=40, jitter_ms=20), 1)

    due = [fate.due_s(moment / 1000) for moment in range(1000)]

    assert due == sorted(due)
    late = [when - moment / 1000 for moment, when in enumerate(due)]
    assert min(late) >= 0.04
    assert max(late) <= 0.06


def test_without_an_order_nothing_goes_wrong() -> None:
    assert CALM.is_calm
    assert StreamFaults(rotate_s=5).is_calm
    assert not StreamFaults(latency_ms=1).is_calm


@pytest.mark.parametrize(
    "order", ['{"gap_every":-1}', '{"latency_ms":1.5}', '{"gaps":5}', '{"rotate_s":-2}', '{"drop_every":"5"}']
)
def test_an_order_that_makes_no_sense_is_refused(order: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(order, type=StreamFaults)
