"""What is too long and has no pages is shortened inside its lists, and says by how much."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.mcp_gateway.shortening import shorten

ROW = {"s": "BTCUSDT", "c": "84489.81000000"}
SHORT = st.integers(0, 9) | st.text("ab", max_size=5) | st.booleans()
JSON: Any = st.recursive(
    SHORT, lambda inside: st.lists(inside, max_size=30) | st.dictionaries(st.text("xyz"), inside, max_size=4)
)


def test_what_fits_stays_as_it_is() -> None:
    body = b'{ "a" : [1, 2.50, 3] }'
    assert shorten(body, len(body)).body == body
    assert shorten(body, len(body)).total == 0


def test_the_list_inside_loses_its_end_and_what_stands_around_it_stays() -> None:
    reply = {"handle": "!miniTicker@arr~1", "cursor": "abc", "latest": {"event": [ROW] * 1000}}
    short = shorten(msgspec.json.encode(reply), 2000)
    cut = msgspec.json.decode(short.body)
    assert (cut["handle"], cut["cursor"]) == ("!miniTicker@arr~1", "abc")
    assert cut["latest"]["event"] == [ROW] * short.shown
    assert short.total == 1000
    assert 1700 < len(short.body) <= 2000


def test_two_long_lists_share_the_room() -> None:
    reply = {"E": 1, "b": [["1.0", "2.0"]] * 500, "a": [["3.0", "4.0"]] * 700}
    cut = msgspec.json.decode(shorten(msgspec.json.encode(reply), 1000).body)
    assert cut["E"] == 1
    assert len(cut["a"]) == len(cut["b"]) > 20


def test_what_has_no_list_to_shorten_stays() -> None:
    body = b'{"message":"' + b"x" * 500 + b'"}'
    assert shorten(body, 100).body == body
    assert shorten(body, 100).total == 0


@given(JSON, st.integers(0, 400))
def test_shortened_json_is_json_with_the_same_beginning_and_no_longer(value: Any, room: int) -> None:
    body = msgspec.json.encode(value)
    short = shorten(body, room)
    assert len(short.body) <= len(body)
    assert _begins(msgspec.json.decode(short.body), value)
    assert (short.body == body) == (short.total == 0)
    assert short.shown <= short.total


def _begins(cut: Any, whole: Any) -> bool:
    match whole:
        case {**fields}:
            return list(cut) == list(fields) and all(_begins(cut[name], fields[name]) for name in fields)
        case [*rows]:
            return len(cut) <= len(rows) and bool(cut) == bool(rows) and all(map(_begins, cut, rows))
        case _:
            return cut == whole
