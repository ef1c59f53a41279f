"""A process of the platform under test: started with settings, watched by its log, ended for certain."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]


class ServiceProcess:
    """`python -m <module>`; use as an asynchronous context manager."""

    def __init__(self, module: str, **settings: str | int) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BINANCE_")}
        self._environment = (
            kept | {"BINANCE_ENV_FILE": ""} | {f"BINANCE_{name.upper()}": str(value) for name, value in settings.items()}
        )
        self._module = module
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self.lines: list[str] = []
        """What it has said on stderr."""

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", self._module, cwd=ROOT, env=self._environment, stderr=asyncio.subprocess.PIPE
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.ended()

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The process itself."""
        if self._process is None:
            raise RuntimeError("enter the context first")
        return self._process

    async def logged(self, event: str, *, within_s: float = 15.0) -> dict[str, Any]:
        """The first log record with this event.

        Raises:
            AssertionError: it did not come in time, or the process ended before.
        """
        try:
            async with asyncio.timeout(within_s):
                while True:
                    for line in self.lines:
                        if line.startswith("{") and (record := json.loads(line)).get("event") == event:
                            return record
                    if self._reading is not None and self._reading.done():
                        break
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pass
        raise AssertionError(f"{self._module} did not log {event!r}: {self.lines}")

    async def ended(self, *, within_s: float = 15.0) -> int:
        """The exit code, once it has ended by itself or by a signal."""
        async with asyncio.timeout(within_s):
            code = await self.process.wait()
            if self._reading is not None:
                await self._reading
        return code

    async def _read(self) -> None:
        stream = self.process.stderr
        if stream is not None:
            async for line in stream:
                self.lines.append(line.decode().rstrip())
                self._news.set()
        self._news.set()
