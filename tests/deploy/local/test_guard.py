"""No process outlives the supervisor, whatever ends it."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from tests.support.waiting import eventually

OWNER_OF_A_GUARD = """
import subprocess, sys, signal
from deploy.local.guard import Guard
guard = Guard()
long = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL, start_new_session=True)
ended = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL, start_new_session=True)
for process in (long, ended):
    guard.watch(process.pid)
guard.release(ended.pid)
print(long.pid, ended.pid, flush=True)
signal.pause()
"""


async def test_a_guard_kills_the_groups_of_a_killed_supervisor_and_no_other() -> None:
    owner = await asyncio.create_subprocess_exec(sys.executable, "-c", OWNER_OF_A_GUARD, stdout=asyncio.subprocess.PIPE)
    assert owner.stdout is not None
    watched, released = map(int, (await owner.stdout.readline()).split())
    try:
        owner.kill()
        await owner.communicate()
        await eventually(lambda: not _lives(watched))
        assert _lives(released)
    finally:
        os.kill(released, signal.SIGKILL)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"  # an orphan is a zombie until its new parent looks
