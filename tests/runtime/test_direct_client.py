"""Headers that come straight from the read are those that nats-py would give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from shared.runtime.direct_client import headers_of

_NAMES = st.text(st.sampled_from("aZ-_ 9:"), max_size=8)
_VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=12)


@given(st.lists(st.tuples(_NAMES, _VALUES), max_size=4))
async def test_headers_are_those_of_nats_py(headers: list[tuple[str, str]]) -> None:
    raw = "".join(["NATS/1.0\r\n", *(f"{name}: {value}\r\n" for name, value in headers), "\r\n"]).encode()
    assert headers_of(raw) == (await vars(Client)["_process_headers"](Client(), raw) or {})


@pytest.mark.parametrize(
    "raw",
    [
        b"NATS/1.0 503\r\n\r\n",
        b"NATS/1.0 404 No Messages\r\n\r\n",
        b"NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 1016\r\nNats-Last-Stream: 1024\r\n\r\n",
        b"NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\n\r\n",
    ],
)
async def test_what_the_server_says_of_a_message_is_read_as_nats_py_reads_it(raw: bytes) -> None:
    assert headers_of(raw) == await vars(Client)["_process_headers"](Client(), raw)
