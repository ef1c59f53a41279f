"""A subscriber that costs next to nothing: it counts what arrives, and keeps it when it is to be looked at afterwards."""

import json
import socket
import time
from collections.abc import Iterator, Sequence

HELLO = b'CONNECT {"verbose":false}\r\n'
SUBSCRIBE_WITHIN_S = 20.0
_MESSAGE = b"MSG "
_KEPT_BACK = len(_MESSAGE) - 1


class BusReader:
    """Hears everything below a subject."""

    def __init__(self, port: int, subject: str = "binance.md.>") -> None:
        self.arrived = 0
        self.kept: list[tuple[int, bytes]] | None = None
        """What was read and the monotonic clock at that moment (nanoseconds), if it is a list."""
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.sendall(HELLO + f"SUB {subject} 1\r\nPING\r\n".encode())
        self._buffer = bytearray(_KEPT_BACK + (1 << 20))
        self._view = memoryview(self._buffer)
        seen = b""
        while b"PONG\r\n" not in seen:
            seen += self._socket.recv(65536)

    def close(self) -> None:
        """Hear no more."""
        self._socket.close()

    def until(self, count: int, silent_s: float) -> bool:
        """Read until so many have arrived in all; false if nothing has come for a while."""
        buffer, view, kept, back = self._buffer, self._view, self.kept, _KEPT_BACK
        self._socket.settimeout(silent_s)
        self._socket.sendall(b"PONG\r\n")  # also when none was asked for: who does not read hears no PING
        try:
            while self.arrived < count:
                size = self._socket.recv_into(view[back:])
                if not size:
                    return False
                if kept is not None:
                    kept.append((time.monotonic_ns(), bytes(view[back : back + size])))
                self.arrived += buffer.count(_MESSAGE, 0, back + size)
                if buffer.find(b"PING\r\n", 0, back + size) >= 0:
                    self._socket.sendall(b"PONG\r\n")
                buffer[:back] = buffer[size : size + back]
        except TimeoutError:
            return False
        return True

    def messages(self) -> Iterator[tuple[int, str, bytes]]:
        """What was kept: when the last byte was read, on which subject, and the payload."""
        rest = b""
        for at, data in self.kept or ():
            data = rest + data
            start = 0
            while True:
                end = data.find(b"\r\n", start)
                if end < 0:
                    break
                if data.startswith(_MESSAGE, start):
                    words = data[start:end].split()
                    after = end + 2 + int(words[-1]) + 2
                    if after > len(data):
                        break
                    yield at, words[1].decode(), data[end + 2 : after - 2]
                    start = after
                else:
                    start = end + 2
            rest = data[start:]


def subscribe_over_the_bus(port: int, names: Sequence[str]) -> None:
    """Take leases, as any program does; asks again until stream_ingestion is there.

    Raises:
        TimeoutError: it did not come.
    """
    asked = json.dumps({"streams": names, "leaseSeconds": 600, "waitMs": 0}).encode()
    until = time.monotonic() + SUBSCRIBE_WITHIN_S
    with socket.create_connection(("127.0.0.1", port)) as bus:
        bus.settimeout(0.3)
        bus.sendall(HELLO + b"SUB bench.reply 1\r\n")
        heard = b""
        while b'"subscriptions"' not in heard:
            if time.monotonic() > until:
                raise TimeoutError(f"no subscription: {heard[-200:]!r}")
            bus.sendall(b"PUB binance.rpc.stream.subscribe bench.reply %d\r\n%b\r\n" % (len(asked), asked))
            heard = b""
            try:
                while b'"subscriptions"' not in heard:
                    heard += bus.recv(65536)
            except TimeoutError:
                continue
