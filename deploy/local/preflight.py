"""What would keep the platform from running, found before anything is started and told in a line each."""

import fcntl
import os
from pathlib import Path

from deploy.local.part import Part
from deploy.local.ports import holder, is_free


class CannotRun(Exception):
    """Lines that each say what is in the way and what to do about it."""


def check_ports(parts: list[Part]) -> None:
    """Are the ports of all parts free, and different?

    Raises:
        CannotRun: with a line for each that is not.
    """
    taken: dict[int, str] = {}
    problems: list[str] = []
    for part in parts:
        for listener in part.listeners:
            if listener.port in taken:
                problems.append(
                    f"{part.name} and {taken[listener.port]} both want port {listener.port}: set {listener.setting}."
                )
            elif not is_free(listener.host, listener.port):
                by = holder(listener.port) or "another program"
                problems.append(f"Port {listener.port} ({part.name}) is held by {by}: end that, or set {listener.setting}.")
            taken[listener.port] = part.name
    if problems:
        raise CannotRun("\n".join(problems))


def hold(folder: Path) -> int:
    """Keeps the folder for this process until the descriptor is closed: two platforms in one would share the files of a bus.

    Raises:
        CannotRun: another platform runs there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise CannotRun(f"Another platform runs in {folder}: end it, or set BINANCE_RUN_FOLDER.") from None
    return lock
