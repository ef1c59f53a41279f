"""A Docker daemon: the machine's own where one answers, otherwise one started here and ended by its process id."""

import contextlib
import os
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

from deploy.container.command import Failed, succeeds
from deploy.container.packages import need
from deploy.local.guard import Guard

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0


@contextlib.contextmanager
def engine(folder: Path) -> Generator[None]:
    """Docker answers for as long as this lasts.

    Args:
        folder: Where a daemon started here keeps its images, so that the next run finds them.

    Raises:
        Failed: there is no daemon and none can be started.
    """
    if _answers():
        yield
        return
    need(("dockerd", "docker.io"), ("docker", "docker.io"))
    with _daemon(folder):
        yield


def compose() -> list[str]:
    """The command of Compose, whichever is here.

    Raises:
        Failed: neither is here and it cannot be installed.
    """
    if succeeds(["docker", "compose", "version"]):
        return ["docker", "compose"]
    need(("docker-compose", "docker-compose"))
    return ["docker-compose"]


def _answers() -> bool:
    return succeeds(["docker", "info", "--format", "{{.ServerVersion}}"])


@contextlib.contextmanager
def _daemon(folder: Path) -> Generator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "dockerd.log"
    os.environ["DOCKER_HOST"] = f"unix://{folder}/docker.sock"
    command = ["dockerd", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/run", "--pidfile", f"{folder}/dockerd.pid"]
    guard = Guard()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--host", os.environ["DOCKER_HOST"]],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    guard.watch(process.pid)
    try:
        _wait(process, log)
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_WITHIN_S)
            guard.release(process.pid)
        guard.close()
        del os.environ["DOCKER_HOST"]


def _wait(process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        if _answers():
            return
        time.sleep(0.2)
    words = "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-15:])
    raise Failed(f"dockerd does not run on this machine. Its last words:\n{words}")
