"""The whole platform as a child process, for `--stdio --with-platform`: one entry in a client's configuration is enough.

The child is `python -m deploy.local --without-gateway --quiet`. It says `ready <NATS URL>` on its stdout once, tells trouble
on stderr, and stops everything when the pipe that we hold as its stdin ends, so that it goes with us even when we are killed.
"""

import asyncio
import contextlib
import sys
from pathlib import Path

from shared.runtime.bus import BusUnavailable
from shared.runtime.observe import logger

COMMAND = (sys.executable, "-m", "deploy.local", "--without-gateway", "--quiet")
ROOT = Path(__file__).resolve().parents[2]
STOP_WITHIN_S = 15.0
"""Time for an orderly end after the pipe was closed, and once more after SIGTERM; then it is killed."""
log = logger("mcp_gateway.local_platform")


class LocalPlatform:
    """At most one child process that is the platform."""

    def __init__(self, command: tuple[str, ...] = COMMAND) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._rest: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Is there a child that has not ended?"""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Of the child that was started last, 0 before."""
        return self._process.pid if self._process else 0

    @property
    def has_ended(self) -> bool:
        """Was there a child, and has it ended?"""
        return self._process is not None and not self.is_running

    async def start(self) -> str:
        """Start it and wait until everything is up; the address of its bus.

        Raises:
            BusUnavailable: it ended instead.
        """
        pipe = asyncio.subprocess.PIPE
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                *self._command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=sys.stderr.fileno()
            )
        except OSError as error:
            raise BusUnavailable(f"The platform cannot be started: {error.strerror}.") from None
        log.info("platform starting", pid=process.pid)
        assert process.stdout
        while line := await process.stdout.readline():
            word, _, url = line.decode(errors="replace").strip().partition(" ")
            if word == "ready" and url:
                log.info("platform ready", url=url)
                self._rest = asyncio.create_task(_drain(process.stdout))
                return url
        raise BusUnavailable(f"The platform ended while starting, with code {await process.wait()}; stderr says why.")

    async def stop(self) -> None:
        """End it: first by closing its stdin, then by its pid."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin:
            process.stdin.close()
        for last_resort in (process.terminate, process.kill):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
                break
            with contextlib.suppress(ProcessLookupError):
                last_resort()
        log.info("platform stopped", pid=process.pid, code=await process.wait())


async def _drain(stream: asyncio.StreamReader) -> None:
    """Read what nobody wants, so that the writer never waits."""
    while await stream.read(65536):
        pass
