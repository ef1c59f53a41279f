"""The exchange's clock is measured, measured again, and never silently wrong."""

from hypothesis import given
from hypothesis import strategies as st

from shared.binance.server_time import MAX_AGE_MS, Sample, ServerClock


class Machine:
    """A machine whose two clocks the test moves."""

    def __init__(self, wall_ms: float = 1_764_000_000_000.0) -> None:
        self.monotonic = 1_000.0
        self.wall = wall_ms
        self.clock = ServerClock(lambda: self.monotonic, lambda: self.wall)

    def passes(self, ms: float, *, asleep: bool = False) -> None:
        self.wall += ms
        self.monotonic += 0 if asleep else ms

    def measures(self, ahead_ms: float, *, there_ms: float = 5, back_ms: float = 5) -> None:
        asked = self.monotonic
        self.passes(there_ms)
        server = self.wall + ahead_ms
        self.passes(back_ms)
        self.clock.set([Sample(asked, server, self.monotonic)])


def test_before_the_first_measurement_it_is_the_machines_clock():
    machine = Machine()

    assert machine.clock.now_ms() == int(machine.wall)
    assert machine.clock.is_stale


@given(
    ahead=st.floats(-86_400_000, 86_400_000),
    there=st.floats(0, 2_000),
    back=st.floats(0, 2_000),
    later=st.floats(0, 3_600_000),
)
def test_it_is_right_within_half_a_round_trip(ahead: float, there: float, back: float, later: float):
    machine = Machine()
    machine.measures(ahead, there_ms=there, back_ms=back)
    machine.passes(later)

    error = abs(machine.clock.now_ms() - (machine.wall + ahead))

    assert error <= machine.clock.error_ms + 2
    assert machine.clock.error_ms <= (there + back) / 2 + 1


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), min_size=1, max_size=6))
def test_of_several_samples_the_shortest_round_trip_wins(trips: list[tuple[float, float]]):
    machine = Machine()
    samples = [Sample(1_000, 2_000_000 + there, 1_000 + there + back) for there, back in trips]

    machine.clock.set(samples)

    assert machine.clock.error_ms == min(sample.round_trip_ms for sample in samples) / 2


def test_setting_the_machines_time_does_not_move_it_but_calls_for_a_new_measurement():
    machine = Machine()
    machine.measures(0)
    before = machine.clock.now_ms()

    machine.wall += 3_600_000

    assert machine.clock.now_ms() == before
    assert machine.clock.has_parted
    assert machine.clock.is_stale


def test_a_machine_that_slept_measures_again():
    machine = Machine()
    machine.measures(0)

    machine.passes(60_000, asleep=True)

    assert machine.clock.has_parted


def test_an_offset_is_not_computed_once_for_all():
    machine = Machine()
    machine.measures(0)
    assert not machine.clock.is_stale

    machine.passes(MAX_AGE_MS + 1)

    assert machine.clock.is_stale
    assert not machine.clock.has_parted


def test_drift_is_told_between_two_measurements():
    machine = Machine()
    machine.measures(0)
    machine.passes(1_000_000)
    machine.measures(50)

    assert 45 < machine.clock.drift_ppm < 55
    assert abs(machine.clock.wall_offset_ms - 50) < 6


def test_a_body_that_tells_no_time_is_no_sample():
    assert Sample.of(0, b"<html>", 1) is None
    assert Sample.of(0, b'{"serverTime":"soon"}', 1) is None
    assert Sample.of(0, b'{"serverTime":5}', 1) == Sample(0, 5, 1)
