"""`make conformance`: the suite at a pinned version against a gateway of its own; exit status 0 if all that applies passes."""

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.conformance.not_ours import excused
from deploy.container.command import Failed, run
from deploy.local.ports import free_port
from deploy.local.probe import problem
from shared.runtime.nats_server import NatsServer, NatsServerFailed

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE, VERSION = "@modelcontextprotocol/conformance", "0.2.0-alpha.12"
SPECIFICATIONS = ("2025-06-18", "2025-11-25", "2026-07-28")
"""Those that the suite has scenarios for."""
NODE_LEAST = 22
FOLDER = re.compile(r"^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$")
"""Where the results of a scenario lie."""
READY_WITHIN_S = 30.0
POLL_S = 0.2


def main() -> int:
    """Runs the suite; the exit status."""
    os.chdir(ROOT)
    try:
        suite = _suite()
        print(f"{PACKAGE} {VERSION}", flush=True)
        with TemporaryDirectory() as folder, NatsServer(Path(folder)) as nats, _gateway(nats.url, Path(folder)) as url:
            for specification in SPECIFICATIONS:
                print(_judged(suite, url, specification, Path(folder) / specification), flush=True)
    except (Failed, NatsServerFailed) as failure:
        print(f"conformance: {failure}", file=sys.stderr)
        return 1
    return 0


def _suite() -> Path:
    """The suite's program, fetched if it is not there."""
    node = run(["node", "--version"]).strip()
    if int(node.removeprefix("v").partition(".")[0]) < NODE_LEAST:
        raise Failed(f"Node {NODE_LEAST} or later is needed, and `node` is {node}.")
    folder = Path(".run/conformance")
    package = folder / "node_modules" / PACKAGE
    with contextlib.suppress(FileNotFoundError):
        if json.loads((package / "package.json").read_text())["version"] == VERSION:
            return package / "dist" / "index.js"
    quietly = ("--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts")
    run(["npm", "install", "--prefix", str(folder), *quietly, f"{PACKAGE}@{VERSION}"])
    return package / "dist" / "index.js"


@contextlib.contextmanager
def _gateway(nats_url: str, folder: Path) -> Generator[str]:
    """A gateway with the settings that everybody has; no service stands behind it, for the suite asks about the protocol."""
    port = free_port("127.0.0.1")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BINANCE_")}
    ours = {"BINANCE_NATS_URL": nats_url, "BINANCE_MCP_GATEWAY_PORT": str(port), "PYTHONPATH": str(ROOT)}
    with (folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.mcp_gateway"], cwd=folder, env=kept | ours, stdout=log, stderr=log
        )
    try:
        until = time.monotonic() + READY_WITHIN_S
        while why := asyncio.run(problem("127.0.0.1", port, "/ready")):
            if process.poll() is not None or time.monotonic() > until:
                raise Failed(f"The gateway is not ready: {why}\n{(folder / 'gateway.log').read_text()}")
            time.sleep(POLL_S)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.wait()


def _judged(suite: Path, url: str, specification: str, folder: Path) -> str:
    """What the suite found of one version of the protocol, in a line.

    Raises:
        Failed: something that applies failed, or something passed that was said not to apply.
    """
    folder.mkdir()
    excuses = folder / "not_ours.yml"
    excuses.write_text("server:\n" + "".join(f"  - {name}\n" for name in sorted(excused())))
    asked = ("--url", url, "--suite", "all", "--spec-version", specification)
    run(["node", str(suite), "server", *asked, "--expected-failures", str(excuses), "--output-dir", str(folder / "found")])
    return _told(specification, {FOLDER.sub(r"\1", path.parent.name): path for path in folder.glob("found/*/checks.json")})


def _told(specification: str, found: dict[str, Path]) -> str:
    ours = {name: path for name, path in found.items() if name not in excused()}
    states = [
        check["status"]
        for name, path in ours.items()
        for check in json.loads(path.read_text())
        if f"{name}:{check['id']}" not in excused()
    ]
    if "SUCCESS" not in states:
        raise Failed(f"The suite checked nothing of {specification}: its results are not where they were.")
    judged = [state for state in states if state in ("SUCCESS", "WARNING", "FAILURE")]
    return (
        f"  {specification}: {states.count('SUCCESS')} of {len(judged)} checks passed in {len(ours)} scenarios that apply; "
        f"{len(found) - len(ours)} ask for what this server does not offer"
    )


if __name__ == "__main__":
    raise SystemExit(main())
