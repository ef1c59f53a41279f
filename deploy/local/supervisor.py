"""Starts the parts in order, keeps them running and ends them all, whatever happens."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from deploy.local.guard import Guard
from deploy.local.keeper import Keeper
from deploy.local.part import Part
from deploy.local.screen import Screen

REMIND_S = 15.0
"""While a part is not ready, the person is told which, this often."""


class Supervisor:
    """Runs stages of parts: a stage starts when the one before it is ready, and ends before it."""

    def __init__(self, stages: Sequence[Sequence[Part]], logs: Path, screen: Screen) -> None:
        self.over = asyncio.Event()
        """Set it to end the run."""
        self._guard = Guard()
        self._screen = screen
        self._stages = [[Keeper(part, logs, self._guard, screen) for part in stage] for stage in stages]
        self._keeping: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Until `over` is set.

        Raises:
            KeepsDying: a part died too often.
            OSError: a part could not be started at all.
        """
        try:
            if await self._start():
                self._screen.all_ready()
                await self.over.wait()
        finally:
            await self._stop()
        for keeping in self._keeping:
            keeping.result()

    async def _start(self) -> bool:
        for stage in self._stages:
            for keeper in stage:
                keeping = asyncio.create_task(keeper.keep())
                keeping.add_done_callback(lambda _: self.over.set())
                self._keeping.append(keeping)
            if not await self._ready(stage):
                return False
        return True

    async def _ready(self, stage: Sequence[Keeper]) -> bool:
        """Waits until all of the stage are ready; False when the run is over first."""
        ready = asyncio.create_task(_all_ready(stage))
        over = asyncio.create_task(self.over.wait())
        try:
            while not ready.done() and not over.done():
                done, _ = await asyncio.wait({ready, over}, timeout=REMIND_S, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    self._screen.waiting({k.part.name: k.problem for k in stage if not k.ready.is_set()})
            return not over.done()
        finally:
            ready.cancel()
            over.cancel()

    async def _stop(self) -> None:
        self._screen.stopping()
        try:
            for stage in reversed(self._stages):
                await asyncio.gather(*(keeper.stop() for keeper in stage))
            await asyncio.wait(self._keeping)
        finally:
            self._guard.close()


async def _all_ready(stage: Sequence[Keeper]) -> None:
    await asyncio.gather(*(keeper.ready.wait() for keeper in stage))
