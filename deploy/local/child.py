"""One process of the platform, in a session of its own, from its start to its end."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence

from deploy.local.guard import Guard
from deploy.local.log import Log

KILL_WAIT_S = 5.0
"""After SIGKILL only the kernel stands between a process and its end."""

LAST_WORDS_S = 2.0
"""The pipe ends with the process, unless one that left its group still holds it."""


class Child:
    """A running process: what it writes goes to its log, its group is under guard."""

    def __init__(self, process: asyncio.subprocess.Process, log: Log, guard: Guard) -> None:
        self._process = process
        self._log = log
        self._guard = guard
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, command: Sequence[str], variables: Mapping[str, str], log: Log, guard: Guard) -> "Child":
        """Start the command.

        Raises:
            OSError: it cannot be started.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **variables},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        guard.watch(process.pid)
        return cls(process, log, guard)

    @property
    def pid(self) -> int:
        """Of the process and of its group."""
        return self._process.pid

    async def ended(self) -> int:
        """Waits for the end; the exit status, negative for a signal. What it left behind in its group is killed."""
        status = await self._process.wait()
        self._signal(signal.SIGKILL)
        self._guard.release(self.pid)
        await asyncio.wait({self._reading}, timeout=LAST_WORDS_S)
        self._reading.cancel()
        self._log.close()
        return status

    async def stop(self, grace_s: float) -> None:
        """Ask the process to end, wait for so long, then kill its group."""
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), grace_s)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await asyncio.wait_for(self._process.wait(), KILL_WAIT_S)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while chunk := await self._process.stdout.read(64 * 1024):
            self._log.write(chunk)
