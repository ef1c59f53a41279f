"""A stream server that sends as fast as a socket takes it, or a fixed number a second with the time of sending in each event.

    python -m deploy.bench.stream_feed '{"streams": ["btcusdt@trade"], "rate": 5000}'

It speaks as much WebSocket as bridges and peers need: the combined path, SUBSCRIBE, pings. It waits until all streams are
subscribed, on however many connections, and for a line on its input that says how many events of each stream to send; after
them it waits for the next line. At a fixed rate all connections follow one clock, as those of an exchange do: who comes late,
or comes back, gets what is due from then on.
"""

import base64
import hashlib
import json
import socket
import sys
import threading
import time
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from msgspec import Struct

from deploy.bench.stream_events import STAMP_FROM, Market, frame

SETTLE_S = 0.1
"""Between the last subscription and the first event."""
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Plan(Struct, frozen=True):
    """What is to be fed."""

    streams: tuple[str, ...]
    rate: int = 0
    """Messages a second, 0 for as many as possible (trades only)."""
    stamped: bool = False
    """Is the time of sending written into each event (trades only)?"""
    cut_at: int = 0
    """The event before which the connection is cut, once; 0 for never."""


class Stage:
    """What all connections share: which streams are subscribed, and how far to send."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.turn = threading.Condition()
        self.rows = 0
        """To be sent of each stream, from the beginning."""
        self.start, self.began = 0, 0.0
        """The row with which the last order began, and when."""
        self.is_cut = False
        self._missing = set(plan.streams)

    def subscribed(self, names: set[str]) -> None:
        """These are."""
        with self.turn:
            self._missing -= names
            self.turn.notify_all()

    def order(self, rows: int) -> None:
        """Send so many more."""
        with self.turn:
            self.turn.wait_for(lambda: not self._missing)
        time.sleep(SETTLE_S)
        with self.turn:
            self.start, self.began = self.rows, time.perf_counter()
            self.rows += rows
            self.turn.notify_all()


class Connection(threading.Thread):
    """One client."""

    def __init__(self, client: socket.socket, stage: Stage) -> None:
        super().__init__(daemon=True)
        self._client = client
        self._stage = stage
        self._plan = stage.plan
        self._buffer = b""
        self._names: set[str] = set()
        self._turn = threading.Lock()
        self._sending = False

    def run(self) -> None:
        try:
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._subscribe(self._open())
            while True:
                self._hear()
        except (OSError, EOFError):
            self._client.close()

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            more = self._client.recv(65536)
            if not more:
                raise EOFError
            self._buffer += more
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        return found

    def _open(self) -> list[str]:
        while b"\r\n\r\n" not in self._buffer:
            more = self._client.recv(65536)
            if not more:
                raise EOFError
            self._buffer += more
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        accept = base64.b64encode(hashlib.sha1(headers["sec-websocket-key"].encode() + _GUID).digest()).decode()  # noqa: S324
        head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
        self._client.sendall(f"{head}\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode())
        asked = parse_qs(urlsplit(first.split(" ")[1]).query).get("streams", [""])[0]
        return [name for name in unquote(asked).split("/") if name]

    def _hear(self) -> None:
        kind, size = self._take(2)
        size &= 0x7F
        if size == 126:
            size = int.from_bytes(self._take(2), "big")
        key, masked = self._take(4), self._take(size)
        text = bytes(byte ^ key[at & 3] for at, byte in enumerate(masked))
        if kind & 15 == 8:
            self._say(bytes((0x88, size)) + text)
            raise EOFError
        if kind & 15 == 9:
            self._say(bytes((0x8A, size)) + text)
        elif kind & 15 == 1:
            asked = json.loads(text)
            result = list(self._names) if asked["method"] == "LIST_SUBSCRIPTIONS" else None
            self._say(frame(json.dumps({"result": result, "id": asked["id"]}).encode()))
            if asked["method"] == "SUBSCRIBE":
                self._subscribe(asked["params"])

    def _say(self, data: bytes | memoryview) -> None:
        with self._turn:
            self._client.sendall(data)

    def _subscribe(self, names: list[str]) -> None:
        self._names.update(names)
        self._stage.subscribed(self._names)
        if self._names and not self._sending:
            self._sending = True
            threading.Thread(target=self._send, daemon=True).start()

    def _send(self) -> None:
        stage, done = self._stage, 0
        late = stage.rows > 0
        try:
            while True:
                with stage.turn:
                    stage.turn.wait_for(lambda done=done: stage.rows > done)
                    rows = stage.rows
                if self._plan.rate:
                    self._paced(stage.start, rows, late=late)
                    late = False
                else:
                    market = Market(tuple(name for name in self._plan.streams if name in self._names))
                    for chunk in market.chunks(done, rows):
                        self._say(chunk)
                done = rows
        except OSError:
            return

    def _paced(self, start: int, stop: int, *, late: bool) -> None:
        plan, stage, market = self._plan, self._stage, Market(self._plan.streams)
        width = len(plan.streams)
        first = start * width
        number = first + (int((time.perf_counter() - stage.began) * plan.rate) if late else 0)
        while number < stop * width:
            wait = stage.began + (number - first) / plan.rate - time.perf_counter()
            event = market.frame(number)
            if wait > 0:
                time.sleep(wait)
            if number == plan.cut_at and number and not stage.is_cut:
                stage.is_cut = True
                self._client.shutdown(socket.SHUT_RDWR)
            self._say(event[:-21] + b"%d" % (STAMP_FROM + time.monotonic_ns()) + b"}}" if plan.stamped else event)
            number += 1


def main() -> None:
    """Serve until terminated."""
    stage = Stage(msgspec.json.decode(sys.argv[1], type=Plan))

    def orders() -> None:
        for line in sys.stdin:
            stage.order(int(line))

    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        print(json.dumps({"port": server.getsockname()[1]}), flush=True)
        threading.Thread(target=orders, daemon=True).start()
        while True:
            client, _ = server.accept()
            Connection(client, stage).start()


if __name__ == "__main__":
    main()
