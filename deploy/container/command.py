"""Programs run to their end."""

import os
import subprocess
from collections.abc import Mapping, Sequence


class Failed(Exception):
    """A program that is missing or did not succeed; the message has its last words."""


LAST_LINES = 25


def run(command: Sequence[str], *, variables: Mapping[str, str] | None = None, timeout_s: float = 300.0) -> str:
    """What the program wrote.

    Raises:
        Failed: it is missing, did not succeed, or took too long.
    """
    name = " ".join(command[:3])
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError:
        raise Failed(f"{command[0]} is missing.") from None
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{name} took longer than {timeout_s:g} s.\n{_end(late.stdout or b'')}") from None
    if done.returncode:
        raise Failed(f"{name} failed with exit status {done.returncode}.\n{_end(done.stdout)}")
    return done.stdout.decode(errors="replace")


def succeeds(command: Sequence[str], *, variables: Mapping[str, str] | None = None, timeout_s: float = 30.0) -> bool:
    """Is the program there, and does it succeed?"""
    try:
        run(command, variables=variables, timeout_s=timeout_s)
    except Failed:
        return False
    return True


def _end(output: bytes) -> str:
    return "\n".join(f"    {line}" for line in output.decode(errors="replace").splitlines()[-LAST_LINES:])
