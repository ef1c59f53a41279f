"""The promise that no process outlives the supervisor, kept also when the supervisor is killed with signal 9.

A shell of three lines holds the reading end of a pipe. Each line written to it is the whole list of process groups that now
live; when the pipe closes, for whatever reason, it kills those of the last line. This needs no code in the processes
themselves (nats-server is not ours) and, unlike Linux's PR_SET_PDEATHSIG, works on macOS too.
"""

import contextlib
import subprocess

_SHELL = 'groups=; while read -r line; do groups=$line; done; for group in $groups; do kill -KILL "-$group" 2>/dev/null; done'


class Guard:
    """Kills the process groups it was told of once this process is gone."""

    def __init__(self) -> None:
        self._groups: set[int] = set()
        self._shell = subprocess.Popen(["/bin/sh", "-c", _SHELL], stdin=subprocess.PIPE, start_new_session=True)

    def watch(self, group: int) -> None:
        """This process group lives."""
        self._groups.add(group)
        self._tell()

    def release(self, group: int) -> None:
        """This process group has ended."""
        self._groups.discard(group)
        self._tell()

    def close(self) -> None:
        """Kills what still lives and ends the guard itself."""
        assert self._shell.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._shell.stdin.close()
        self._shell.wait()

    def _tell(self) -> None:
        assert self._shell.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # someone killed the guard; the supervisor still ends its processes itself
            self._shell.stdin.write(" ".join(map(str, sorted(self._groups))).encode() + b"\n")
            self._shell.stdin.flush()
