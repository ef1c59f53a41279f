"""Keeps one part running: starts it, waits until it is ready, starts it again when it dies, gives up when it keeps dying."""

import asyncio
import contextlib
import signal
import time
from collections import deque
from pathlib import Path

from deploy.local.child import Child
from deploy.local.guard import Guard
from deploy.local.log import Log
from deploy.local.part import Part
from deploy.local.probe import problem
from deploy.local.screen import Screen

MAX_DEATHS = 5
"""A part that dies so often within `DEATHS_WITHIN_S` will not live; the run ends with its last words."""
DEATHS_WITHIN_S = 60.0
NOT_TO_BE_HELPED = 78
"""Exit status of a service whose settings are wrong (shared.runtime.ends); starting it again would change nothing."""
BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Wait before a restart, by the number of deaths within the window."""
FIRST_READY_POLL_S = 0.1
READY_POLL_S = 2.0


class KeepsDying(Exception):
    """A part died too often. `log` has its last words."""

    def __init__(self, message: str, log: Log) -> None:
        super().__init__(message)
        self.log = log


class Keeper:
    """The life of one part."""

    def __init__(self, part: Part, logs: Path, guard: Guard, screen: Screen) -> None:
        self.part = part
        self.ready = asyncio.Event()
        self.problem = "not started yet"
        self._log_path = logs / f"{part.name}.log"
        self._guard = guard
        self._screen = screen
        self._deaths: deque[float] = deque(maxlen=MAX_DEATHS)
        self._child: Child | None = None
        self._stop = asyncio.Event()

    async def keep(self) -> None:
        """Runs until `stop`.

        Raises:
            KeepsDying: it died too often.
        """
        while not self._stop.is_set():
            log = Log(self._log_path, lambda text, trouble: self._screen.said(self.part, text, trouble))
            status = await self._live(log)
            if self._stop.is_set():
                return
            back_off_s = self._died()
            if back_off_s is None or status == NOT_TO_BE_HELPED:
                raise KeepsDying(f"{self.part.name} cannot live ({how_it_ended(status)}).", log)
            self._screen.died(self.part, how_it_ended(status), log, back_off_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), back_off_s)

    async def stop(self) -> None:
        """End the process within its grace; it will not be started again."""
        self._stop.set()
        if self._child is not None:
            await self._child.stop(self.part.grace_s)

    async def _live(self, log: Log) -> int:
        child = self._child = await Child.start(self.part.command, self.part.variables, log, self._guard)
        if self._stop.is_set():  # asked to stop while the process was being started
            await child.stop(self.part.grace_s)
        watching = asyncio.create_task(self._watch())
        status = await child.ended()
        watching.cancel()
        self.ready.clear()
        return status

    def _died(self) -> float | None:
        now = time.monotonic()
        self._deaths.append(now)
        recent = sum(now - death < DEATHS_WITHIN_S for death in self._deaths)
        return None if recent >= MAX_DEATHS else BACK_OFF_S[recent - 1]

    async def _watch(self) -> None:
        not_ready_since, again = time.monotonic(), False
        while True:
            self.problem = await problem(self.part.ready_host, self.part.ready_port, self.part.ready_path)
            if not self.problem and not self.ready.is_set():
                self.ready.set()
                self._screen.ready(self.part, time.monotonic() - not_ready_since, again=again)
            elif self.problem and self.ready.is_set() and not self._stop.is_set():
                self.ready.clear()
                not_ready_since, again = time.monotonic(), True
                self._screen.not_ready(self.part, self.problem)
            await asyncio.sleep(FIRST_READY_POLL_S if self.problem else READY_POLL_S)


def how_it_ended(status: int) -> str:
    """An exit status in words."""
    return f"exit status {status}" if status >= 0 else f"killed by {signal.Signals(-status).name}"
