"""A stream server that sends as fast as a socket takes it, or a fixed number a second with the time of sending in each event.

    python -m deploy.bench.stream_feed <messages> <messages a second, 0: as many as possible>

It speaks as much WebSocket as bridges and peers need: the combined path, SUBSCRIBE, pings. It begins to send when all streams
are subscribed, and sends its messages once to each connection. Trades of 20 symbols, ids without a hole.
"""

import base64
import hashlib
import json
import socket
import struct
import sys
import threading
import time
from urllib.parse import parse_qs, unquote, urlsplit

BASES = ("BTC", "ETH", "BNB", "SOL", "XRP", "DOGE", "ADA", "TRX", "AVAX", "LINK")
SYMBOLS = tuple(base + quote for base in BASES for quote in ("USDT", "EUR"))
STREAMS = tuple(f"{symbol.lower()}@trade" for symbol in SYMBOLS)
BEGIN_AFTER_S = 0.3
CHUNK = 256 * 1024
STAMP = b'"at":'
STAMP_FROM = 10**18
"""Added to the monotonic clock's nanoseconds, so that a time always has 19 digits."""
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(text: bytes) -> bytes:
    """A text frame of a server."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    return b"\x81\x7e" + struct.pack(">H", size) + text


def frames(count: int) -> list[bytes]:
    """So many events, each with room for a time of sending at its end."""
    made: list[bytes] = []
    for number in range(count):
        at, trade = number % len(SYMBOLS), number // len(SYMBOLS)
        time_ms = 1_770_000_000_000 + number
        trade = (
            f'"e":"trade","E":{time_ms},"s":"{SYMBOLS[at]}","t":{3_100_000_000 + trade},"p":"97123.45000000",'
            f'"q":"0.01234000","T":{time_ms},"m":true,"M":true,"at":{STAMP_FROM}'
        )
        text = f'{{"stream":"{STREAMS[at]}","data":{{{trade}}}}}'
        made.append(frame(text.encode()))
    return made


class Connection(threading.Thread):
    """One client."""

    def __init__(self, client: socket.socket, events: list[bytes], rate: int) -> None:
        super().__init__(daemon=True)
        self._client = client
        self._events = events
        self._rate = rate
        self._buffer = b""
        self._names: set[str] = set()
        self._turn = threading.Lock()
        self._sending = False

    def run(self) -> None:
        try:
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._names.update(self._open())
            self._begin()
            while True:
                self._hear()
        except (OSError, EOFError):
            return

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
            self._buffer += self._client.recv(65536) or b"\r\n\r\n"
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
            (size,) = struct.unpack(">H", self._take(2))
        key, masked = self._take(4), self._take(size)
        text = bytes(byte ^ key[at & 3] for at, byte in enumerate(masked))
        if kind & 15 == 8:
            raise EOFError
        if kind & 15 == 9:
            self._say(bytes((0x8A, len(text))) + text)
        elif kind & 15 == 1:
            asked = json.loads(text)
            self._names.update(asked.get("params") or () if asked["method"] == "SUBSCRIBE" else ())
            self._say(frame(json.dumps({"result": None, "id": asked["id"]}).encode()))
            self._begin()

    def _say(self, data: bytes | memoryview) -> None:
        with self._turn:
            self._client.sendall(data)

    def _begin(self) -> None:
        if not self._sending and self._names.issuperset(STREAMS):
            self._sending = True
            threading.Thread(target=self._send, daemon=True).start()

    def _send(self) -> None:
        time.sleep(BEGIN_AFTER_S)
        try:
            if self._rate:
                self._paced()
            else:
                self._at_once()
        except OSError:
            return

    def _at_once(self) -> None:
        everything = memoryview(b"".join(self._events))
        cut, sent = 0, 0
        for event in self._events:
            cut += len(event)
            if cut - sent >= CHUNK:
                self._say(everything[sent:cut])
                sent = cut
        self._say(everything[sent:cut])

    def _paced(self) -> None:
        began = time.perf_counter()
        for number, event in enumerate(self._events):
            wait = began + number / self._rate - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            self._say(event[:-21] + b"%d" % (STAMP_FROM + time.monotonic_ns()) + b"}}")


def main() -> None:
    """Serve until terminated."""
    count, rate = int(sys.argv[1]), int(sys.argv[2])
    events = frames(count)
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(json.dumps({"port": server.getsockname()[1]}), flush=True)
        while True:
            client, _ = server.accept()
            Connection(client, events, rate).start()


if __name__ == "__main__":
    main()
