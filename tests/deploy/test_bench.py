"""The benches measure what they say: their feed sends what an exchange could, their reader misses nothing."""

import pytest

from deploy.bench.bridging import C_BRIDGE, LIBRARIES, c_bridge, course
from deploy.bench.faithful import compare
from deploy.bench.goals import Goal, judged
from deploy.bench.stream_events import Market, mixed, subject, trades
from deploy.bench.stream_feed import Plan
from shared.contract.market.streams import find

BRIDGES = [*LIBRARIES, *([C_BRIDGE] if c_bridge() else [])]


@pytest.mark.parametrize("name", mixed())
def test_the_feed_names_streams_and_subjects_as_the_catalogue_does(name: str) -> None:
    found = find(name)
    assert found is not None
    stream, symbol, value = found
    assert subject(name) == stream.subject(symbol, value)


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (995, 2_005), (1_000, 1_001)])
def test_many_events_at_once_are_the_same_as_one_after_another(start: int, stop: int) -> None:
    market = Market(trades(20))
    width = len(market.names)
    sent = b"".join(market.chunks(start, stop))
    assert [cut.partition(b",")[0] for cut in sent.split(b'"t":')[1:]] == [
        market.frame(number).partition(b'"t":')[2].partition(b",")[0] for number in range(start * width, stop * width)
    ]
    assert b"".join(market.chunks(0, 7)) == b"".join(map(market.frame, range(7 * width)))


def test_the_reader_counts_what_came_changed_late_twice_and_not_at_all() -> None:
    sent = {"a": [b"1", b"2", b"3", b"4"], "b": [b"5"]}
    assert compare(sent, {"a": [b"1", b"3", b"2", b"3", b"x"]}) == {"changed": 1, "disorder": 1, "twice": 1, "missing": 2}
    assert compare(sent, sent) == {"changed": 0, "disorder": 0, "twice": 0, "missing": 0}


@pytest.mark.parametrize("name", BRIDGES)
def test_every_event_of_the_feed_arrives_as_it_was_sent(name: str) -> None:
    market = Market(trades(20))
    with course(name, Plan(market.names)) as there:
        there.reader.kept = []
        legs = [there.send(2_000), there.send(3_000)]
        heard = [(topic, payload) for _, topic, payload in there.reader.messages()]
    assert [leg.arrived for leg in legs] == [2_000, 3_000]
    assert heard == [(subject(market.stream(number)), market.payload(number)) for number in range(5_000)]


def test_a_goal_is_judged_beside_the_row_that_it_names() -> None:
    results = {"ours": {"ns": 30.0}, "plain": {"ns": 100.0}}
    goals = (Goal("ns", 0.4, "plain", stretch=0.25), Goal("ns", 0.2, "plain"), Goal("ns", 1, "C bridge"))
    assert judged("", results, (), goals).rows == [
        ("ours", "0.30", "<= 0.4: met", "0.30", "<= 0.2: MISSED", "-", "not measured"),
        ("plain", "1", "", "1", "", "-", ""),
    ]
