"""The whole platform in a process of its own: free ports, a folder of its own, every process found again by that folder."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Self

from deploy.local.ports import free_port
from deploy.services import SERVICES, settings_of
from tests.support.process import ROOT
from tests.support.waiting import eventually

UP_WITHIN_S = 60.0
"""Generous: other tests may want the same two cores."""
DOWN_WITHIN_S = 30.0


class LocalPlatform:
    """`python -m deploy.local`; use as an asynchronous context manager. Started again it has the same ports and folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        words = (settings_of(service).word or service for service in SERVICES)
        self.ports = {name: free_port("127.0.0.1") for name in ("nats", "nats_monitor", *words)}
        self.arguments: tuple[str, ...] = ()
        self.more: dict[str, str] = {}
        """Further settings."""
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self.screen = ""
        """What it has shown since its start."""

    @property
    def settings(self) -> dict[str, str]:
        """The environment that it runs in."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BINANCE_")}
        ports = {f"BINANCE_{name.upper()}_PORT": str(port) for name, port in self.ports.items() if name != "nats"}
        return kept | ports | {"BINANCE_NATS_URL": self.nats_url, "BINANCE_RUN_FOLDER": str(self.folder)} | self.more

    @property
    def nats_url(self) -> str:
        return f"nats://127.0.0.1:{self.ports['nats']}"

    @property
    def mcp_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['mcp_gateway']}/mcp"

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        assert self._process is not None
        return self._process.pid

    async def __aenter__(self) -> Self:
        await self.start()
        await self.shows("Ready after")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end(signal.SIGTERM)

    async def start(self) -> None:
        """Begin; `shows` tells when it is up."""
        self.screen = ""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "deploy.local", *self.arguments),
            cwd=ROOT,
            env=self.settings,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reading = asyncio.create_task(self._read(self._process))

    async def shows(self, words: str, *, within_s: float = UP_WITHIN_S) -> str:
        """The rest of the line after these words on the screen.

        Raises:
            AssertionError: they did not appear in time, or the platform ended without them.
        """
        assert self._reading is not None
        reading = self._reading
        await eventually(lambda: words in self.screen or reading.done(), within_s=within_s)
        assert words in self.screen, self.screen
        return self.screen.partition(words)[2].partition("\n")[0]

    async def end(self, how: signal.Signals) -> int:
        """The exit status after this signal."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(how)
        return await self.ended()

    async def ended(self) -> int:
        """The exit status, once it has ended."""
        assert self._process is not None
        assert self._reading is not None
        async with asyncio.timeout(DOWN_WITHIN_S):
            status = await self._process.wait()
            await self._reading
        return status

    def close_its_input(self) -> None:
        """As a starting program does when it ends."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()

    def processes(self) -> dict[int, str]:
        """Command lines of all that run in its folder, the supervisor included."""
        mark = f"BINANCE_RUN_FOLDER={self.folder}".encode()
        return {pid: _command(pid) for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if mark in _environment(pid)}

    def kill(self, pid: int) -> None:
        """Kill one of its processes as a crash would."""
        os.kill(pid, signal.SIGKILL)

    def process_of(self, module: str) -> int:
        """The one whose command line ends so."""
        (pid,) = (pid for pid, command in self.processes().items() if command.endswith(f"-m {module}"))
        return pid

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while chunk := await process.stdout.read(65536):
            self.screen += chunk.decode(errors="replace")


def _environment(pid: int) -> list[bytes]:
    return _read_proc(pid, "environ").split(b"\0")


def _command(pid: int) -> str:
    return _read_proc(pid, "cmdline").replace(b"\0", b" ").decode().strip()


def _read_proc(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:  # ended meanwhile
        return b""
