"""Our quicker reading of headers reads what nats-py's own reads."""

from hypothesis import example, given
from hypothesis import strategies as st
from nats.aio.client import Client

from shared.runtime.client import FastClient

_TEXT = st.text(
    st.sampled_from("aZ-_: \t9üé币%") | st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=12
)


@given(st.lists(st.tuples(_TEXT, _TEXT)))
@example([("Deadline-Ms", "1795450050556"), ("Caller", "agent"), ("Accept-Encoding", "gzip")])
@example([("Name", "a: b"), ("bad name", "x"), ("", ""), ("  Padded ", "  v  ")])
def test_headers_are_read_as_nats_py_reads_them(headers: list[tuple[str, str]]) -> None:
    raw = "".join(f"{name}: {value}\r\n" for name, value in headers).encode()
    assert vars(FastClient)["_parse_header_lines"](raw) == vars(Client)["_parse_header_lines"](raw)


def test_bytes_that_are_no_utf_8_do_not_raise() -> None:
    assert vars(FastClient)["_parse_header_lines"](b"Name: \xff\r\n") == {"Name": "\ufffd"}
