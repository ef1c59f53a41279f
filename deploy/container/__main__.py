"""`make test-compose`: the whole proof, from nothing to taken down. Exit status 0 only if an agent was served."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Generator
from pathlib import Path

from deploy.container.base_image import base_image
from deploy.container.command import Failed, run
from deploy.container.drive import drive
from deploy.container.engine import compose, engine
from deploy.local.ports import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = Path(os.environ.get("BINANCE_CONTAINER_CACHE", "/var/tmp/binance-mcp-server"))  # noqa: S108 (a cache between runs)
BUILD_WITHIN_S = 600.0
UP_WITHIN_S = 120.0


def main() -> int:
    """Runs the proof; the exit status."""
    os.chdir(ROOT)
    CACHE.mkdir(mode=0o700, parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        with engine(CACHE), _platform() as ports:
            asyncio.run(drive(**ports))
    except Failed as failure:
        print(f"test-compose: {failure}", file=sys.stderr)
        return 1
    print(f"test-compose: passed in {time.monotonic() - began:.0f} s", flush=True)
    return 0


@contextlib.contextmanager
def _platform() -> Generator[dict[str, int]]:
    """The compose file, built and up on free ports."""
    ports = {"gateway": free_port("127.0.0.1"), "nats_port": free_port("127.0.0.1"), "paper": free_port("127.0.0.1")}
    os.environ |= {
        "BASE_IMAGE": base_image(CACHE),
        "BINANCE_IMAGE": "binance-mcp-server:trial",
        "BINANCE_MCP_GATEWAY_PORT": str(ports["gateway"]),
        "BINANCE_NATS_PORT": str(ports["nats_port"]),
        "BINANCE_PAPER_PORT": str(ports["paper"]),
        "COMPOSE_PROJECT_NAME": f"binance-mcp-trial-{os.getpid()}",
    }
    command = compose()
    print(f"building the image on {os.environ['BASE_IMAGE']}", flush=True)
    run([*command, "build"], timeout_s=BUILD_WITHIN_S)
    try:
        print(f"{' '.join(command)} up", flush=True)
        run([*command, "up", "--detach"], timeout_s=UP_WITHIN_S)
        try:
            yield ports
        except BaseException:
            print(run([*command, "logs", "--no-color", "--tail=40"]), file=sys.stderr)
            raise
    finally:
        run([*command, "down", "--volumes"], timeout_s=UP_WITHIN_S)


if __name__ == "__main__":
    raise SystemExit(main())
