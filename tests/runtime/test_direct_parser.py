"""Whatever a server sends, in whatever pieces it arrives: our parser tells the same in the same order as nats-py's."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nats.errors import ProtocolError
from nats.protocol.parser import Parser

from shared.runtime import direct_parser
from shared.runtime.direct_parser import DirectParser

LISTENED = (1, 3)
OTHERS = (2, 44)
Told = tuple[Any, ...]


class Client:
    """Notes what parser and listeners tell it. Of messages that are listened to, only what a listener is told."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.is_lost = False
        self.parser = Parser(self)

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, payload: bytes, headers: bytes | None) -> None:
        assert isinstance(payload, bytes)
        if sid in LISTENED:
            self.told.append((sid, subject.decode(), payload))
        else:
            self.told.append((sid, subject, reply, payload, headers))

    async def _process_ping(self) -> None:
        self.told.append(("PING",))

    async def _process_pong(self) -> None:
        self.told.append(("PONG",))

    async def _process_info(self, info: dict[str, Any]) -> None:
        self.told.append(("INFO", info))

    async def _process_err(self, text: str) -> None:
        """As nats-py's client: a stale connection is given up, and what is left of the read with it."""
        self.told.append(("-ERR", text))
        if "stale" in text:
            self.parser.reset()
            self.is_lost = True


class Listener(Client):
    """The same with our parser."""

    def __init__(self) -> None:
        super().__init__()
        self.parser = parser = DirectParser(self)
        parser.is_direct = True
        for sid in LISTENED:
            parser.listen(sid, lambda subject, payload, sid=sid: self.told.append((sid, subject, payload)))


async def told(client: Client, pieces: Iterator[bytes]) -> list[Told]:
    """All that a client is told, with the error that ends it."""
    for piece in pieces:
        try:
            await client.parser.parse(piece)
        except ProtocolError:
            client.told.append(("broken",))
            break
        if client.is_lost:
            break
    return client.told


def cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    """The data in pieces of these sizes, over and over."""
    at, number = 0, 0
    while at < len(data):
        size = sizes[number % len(sizes)]
        yield data[at : at + size]
        at, number = at + size, number + 1


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    payload = draw(
        st.lists(
            st.sampled_from([b"\r\n", b"MSG a 1 3\r\nabc\r\n", b"PING\r\n", b"\0", b" ", b"1"]) | st.binary(max_size=9)
        ).map(b"".join)
    ) * draw(st.sampled_from([1, 1, 1, 400]))
    headers = draw(st.sampled_from([b"", b"", b"NATS/1.0\r\n\r\n", b"NATS/1.0 503\r\n\r\n", b"NATS/1.0\r\nA: b\r\n\r\n"]))
    words = [
        b"HMSG" if headers else b"MSG",
        draw(st.sampled_from(["a", "MSG", "1", "binance.md.币安.trade", "_INBOX.x.7"])).encode(),
        str(draw(st.sampled_from(LISTENED + OTHERS))).encode(),
        *draw(st.sampled_from([[], [], [b"_INBOX.reply"], [b"7"]])),
        *([str(len(headers)).encode()] if headers else []),
        str(len(headers) + len(payload)).encode(),
    ]
    blank = draw(st.sampled_from([b" ", b" ", b" ", b" ", b"  ", b"\t"]))
    return blank.join(words) + b"\r\n" + headers + payload + b"\r\n"


LINES = st.sampled_from(
    [
        b"PING\r\n",
        b"PONG\r\n",
        b"PING \r\n",
        b"+OK\r\n",
        b"-ERR 'Permissions Violation for Subscription to \"a.1 3\"'\r\n",
        b"-ERR 'x 1 3'\r\n",
        b"INFO " + json.dumps({"server_id": "x 1 3", "connect_urls": ["127.0.0.1:4222"] * 9}).encode() + b"\r\n",
    ]
)
STREAMS = st.tuples(
    st.lists(messages() | messages() | LINES, max_size=12).map(b"".join),
    st.sampled_from([b"", b"", b"-ERR 'Stale Connection'\r\nMSG a 1 3\r\nabc\r\n", b"NONSENSE 1 3\r\n", b"MSG a 1 x\r\n"]),
).map(b"".join)
SIZES = st.lists(st.integers(1, 40) | st.sampled_from([1, 2, 4096, 1 << 20]), min_size=1, max_size=8)


@given(STREAMS, SIZES)
@example(b"MSG a 1 5\r\nhello\r\n" * 3, [1])
@example(b"MSG a 1 5\r\nhello\r\nMSG a 2 0\r\n\r\n" * 3, [11])
async def test_our_parser_tells_what_nats_pys_tells(data: bytes, sizes: list[int]) -> None:
    assert await told(Listener(), cut(data, sizes)) == await told(Client(), cut(data, sizes))


async def test_a_message_of_megabytes_in_small_reads_is_put_together() -> None:
    client, payload = Listener(), bytes(range(256)) * 16384
    data = b"MSG a 1 1\r\nx\r\nMSG a 1 %d\r\n%b\r\nMSG a 1 1\r\ny\r\n" % (len(payload), payload)
    assert await told(client, cut(data, [32768])) == [(1, "a", b"x"), (1, "a", payload), (1, "a", b"y")]


async def test_a_subject_that_is_no_utf_8_harms_nobody() -> None:
    assert await told(Listener(), iter([b"MSG \xff 1 1\r\nx\r\nMSG a 1 1\r\ny\r\n"])) == [(1, "a", b"y")]


async def test_a_listener_forgotten_while_a_read_is_handled_hears_no_more_of_it() -> None:
    client = Client()
    parser = client.parser = DirectParser(client)
    parser.is_direct = True

    def hear(subject: str, payload: bytes) -> None:
        client.told.append((subject, payload))
        parser.forget(2)

    parser.listen(2, hear)
    await parser.parse(b"MSG a 2 1\r\nx\r\n" * 2)
    assert client.told == [("a", b"x"), (2, b"a", b"", b"x", None)]


async def test_nats_py_is_what_our_parser_leans_on() -> None:
    assert await direct_parser.fits()


async def test_a_nats_py_that_keeps_what_it_has_read_elsewhere_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    parse = Parser.parse
    elsewhere: dict[Parser, Parser] = {}

    async def parse_elsewhere(parser: Parser, data: bytes = b"") -> None:
        await parse(elsewhere.setdefault(parser, Parser(vars(parser)["nc"])), data)

    monkeypatch.setattr(Parser, "parse", parse_elsewhere)
    assert not await direct_parser.fits()
