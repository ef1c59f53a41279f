"""What a process says: kept in a file that does not grow for ever, its last lines in memory, its errors on the screen."""

import re
from collections import deque
from collections.abc import Callable
from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024
"""A log file that has grown past this becomes `<name>.log.1`, so each process keeps at most twice as much."""
LAST_LINES = 15
"""Enough for a traceback's end, few enough for a screen."""
MAX_LINE = 64 * 1024
_TROUBLE = re.compile(rb'"level": ?"(error|critical)"|\[(error|critical) *\]|\[(ERR|FTL)\]|^\w*(Error|Exception)\b')
"""An error as structlog writes it (JSON, console), as nats-server does, and the last line of a traceback."""


class Log:
    """Takes what a process writes, whole lines or not."""

    def __init__(self, path: Path, on_line: Callable[[str, bool], None]) -> None:
        """`on_line` gets each line, and whether it tells of an error."""
        self.path = path
        self._on_line = on_line
        self._rest = b""
        self.last: deque[str] = deque(maxlen=LAST_LINES)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")

    def write(self, chunk: bytes) -> None:
        """Append what came from the process."""
        self._file.write(chunk)
        self._file.flush()
        if self._file.tell() > MAX_BYTES:
            self._turn_over()
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._rest = self._rest[-MAX_LINE:]
        for line in lines:
            self._take(line)

    def close(self) -> None:
        """The process has ended."""
        if self._rest:
            self._take(self._rest)
            self._rest = b""
        self._file.close()

    def _take(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        self.last.append(text)
        self._on_line(text, _TROUBLE.search(line) is not None)

    def _turn_over(self) -> None:
        self._file.close()
        self.path.replace(self.path.with_suffix(".log.1"))
        self._file = self.path.open("ab")
