"""What the person in front of the terminal sees."""

import contextlib
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TextIO

from deploy.local.log import LAST_LINES, Log
from deploy.local.part import Part
from deploy.local.settings import LocalSettings
from deploy.services import GATEWAY

MAX_WIDTH = 200
"""A log line is cut here on the screen; the file has it whole."""
FEW = 4
"""Lines of a part that died and will live again."""
EXAMPLE = '{"symbol":"BTCUSDT"}'
REAL_MONEY = {"live": " (real money)", "us": " (real money)"}
REPEAT_S = 10.0
"""A part's errors appear at most this often, with how many there were in between."""


class Screen:
    """Progress and trouble, line by line; `verbose` adds every log line.

    `quiet` keeps trouble alone, on standard error, and puts `ready <NATS URL>` on standard output.
    """

    def __init__(self, settings: LocalSettings, parts: Sequence[Part], *, verbose: bool = False, quiet: bool = False) -> None:
        self._settings = settings
        self._width = max(len(part.name) for part in parts)
        self._where = {part.name: part.where for part in parts}
        self._verbose = verbose
        self._quiet = quiet
        self._began = time.monotonic()
        self._errors: dict[str, tuple[float, int]] = {}
        self._last: dict[str, str] = {}
        self._progress(f"\nBinance MCP Server, environment {settings.environment}{REAL_MONEY.get(settings.environment, '')}\n")

    def ready(self, part: Part, took_s: float, *, again: bool = False) -> None:
        """A part answers that it is ready, so long after its start, or `again`, so long after it last was."""
        how = "ready again after" if again else "ready after"
        self._progress(f"  {part.name:{self._width}}  {how} {took_s:4.1f} s  {part.where:28}  {part.about}".rstrip())

    def all_ready(self) -> None:
        """The platform is up."""
        if self._quiet:
            self._write(f"ready {','.join(self._settings.nats_url)}", sys.stdout)
        self._progress(f"\nReady after {time.monotonic() - self._began:.1f} s.\n")
        if GATEWAY in self._where:
            self._progress(f"  connect an agent   claude mcp add --transport http binance {self._where[GATEWAY]}")
        subject = f"{self._settings.subject_prefix}.rpc.market.ticker.24hr"
        self._progress(f"  ask over the bus   nats -s {self._settings.nats_url[0]} req {subject} '{EXAMPLE}'")
        self._progress(f"  logs               {self._settings.run_folder / 'logs'}/<name>.log (here: make run ARGS=--verbose)")
        self._progress("  stop               Ctrl-C\n")

    def not_ready(self, part: Part, problem: str) -> None:
        """A part that was ready says that it is not, or says nothing."""
        self._trouble(f"{part.name} is not ready any more: {problem}")

    def waiting(self, problems: Mapping[str, str]) -> None:
        """Parts that take long, and why."""
        for name, problem in problems.items():
            self._trouble(f"still waiting for {name}: {problem}")

    def died(self, part: Part, how: str, log: Log, back_off_s: float) -> None:
        """A part died and will be started again."""
        last = log.last[-1] if log.last else ""
        words = "It said the same as before." if last == self._last.get(part.name) else last_words(log, FEW)
        self._last[part.name] = last
        self._trouble(f"{part.name} died ({how}), starting again in {back_off_s:g} s. {words}")

    def said(self, part: Part, text: str, trouble: bool) -> None:
        """A part wrote a line to its log."""
        if self._verbose:
            self._progress(f"{part.name:{self._width}} | {text[:MAX_WIDTH]}")
        elif trouble:
            self._error(part, text)

    def stopping(self) -> None:
        """The run ends."""
        self._progress("\nStopping...")

    def stopped(self) -> None:
        """Every process has ended."""
        self._progress("Stopped; no process is left.")

    def _error(self, part: Part, text: str) -> None:
        shown, unseen = self._errors.get(part.name, (-REPEAT_S, 0))
        now = time.monotonic()
        if now - shown < REPEAT_S:
            self._errors[part.name] = (shown, unseen + 1)
            return
        self._errors[part.name] = (now, 0)
        more = f" (and {unseen} more in its log)" if unseen else ""
        self._trouble(f"{part.name}: {text[:MAX_WIDTH]}{more}")

    def _progress(self, text: str) -> None:
        if not self._quiet:
            self._write(text, sys.stdout)

    def _trouble(self, text: str) -> None:
        self._write(text, sys.stderr if self._quiet else sys.stdout)

    @staticmethod
    def _write(text: str, to: TextIO) -> None:
        with contextlib.suppress(BrokenPipeError):  # nobody reads any more; the run goes on until it is told to end
            print(text, file=to, flush=True)


def last_words(log: Log, lines: int = LAST_LINES) -> str:
    """The end of a log, indented, with where the rest is."""
    words = "".join(f"\n    {line[:MAX_WIDTH]}" for line in list(log.last)[-lines:]) or "\n    (it said nothing)"
    return f"Its last words:{words}\n    (all of it: {log.path})"
