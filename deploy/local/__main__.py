"""`make run`, and what the gateway starts for itself with `--with-platform`.

    python -m deploy.local [--verbose] [--quiet] [--without-gateway]

Exit status: 0 after Ctrl-C or SIGTERM, 1 with the reason in words when the platform cannot run.

`--quiet` is for a program that starts the platform: standard output gets one line, `ready <NATS URL>`, when everything is up;
trouble goes to standard error; and the platform ends when that program does (it closes our standard input, or is gone).
"""

import argparse
import asyncio
import os
import signal
import stat
import sys
from pathlib import Path

from msgspec import Struct

from deploy.local.keeper import KeepsDying
from deploy.local.parts import stages
from deploy.local.preflight import CannotRun, check_ports, hold
from deploy.local.screen import Screen, last_words
from deploy.local.settings import LocalSettings
from deploy.local.supervisor import Supervisor
from shared.runtime.nats_server import NatsServerFailed, executable
from shared.runtime.settings import BadSettings

ROOT = Path(__file__).resolve().parent.parent.parent
ORPHAN_POLL_S = 1.0


class Options(Struct, frozen=True):
    """The command line."""

    verbose: bool
    quiet: bool
    without_gateway: bool


def main() -> int:
    """Runs the platform; the exit status."""
    os.chdir(ROOT)
    try:
        asyncio.run(_run(_options()))
    except (CannotRun, BadSettings, NatsServerFailed) as error:
        print(error, file=sys.stderr)
        return 1
    except KeepsDying as death:
        print(f"{death} {last_words(death.log)}", file=sys.stderr)
        return 1
    return 0


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description="Run the platform on this machine.")
    parser.add_argument("--verbose", action="store_true", help="show every log line")
    parser.add_argument("--quiet", action="store_true", help="say `ready <NATS URL>` once; end when the starting program does")
    parser.add_argument("--without-gateway", action="store_true", help="leave out the MCP gateway")
    given = parser.parse_args()
    return Options(given.verbose, given.quiet, given.without_gateway)


async def _run(options: Options) -> None:
    settings = LocalSettings.load()
    parts = stages(settings, without_gateway=options.without_gateway)
    everything = [part for stage in parts for part in stage]
    if any(part.name == "nats" for part in everything):
        executable()
    check_ports(everything)
    lock = hold(settings.run_folder)
    screen = Screen(settings, everything, verbose=options.verbose, quiet=options.quiet)
    supervisor = Supervisor(parts, settings.run_folder / "logs", screen)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number is not signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
            asyncio.get_running_loop().add_signal_handler(number, supervisor.over.set)
    orphan = asyncio.create_task(_end_with_parent(supervisor.over)) if options.quiet else None
    try:
        await supervisor.run()
    finally:
        if orphan:
            orphan.cancel()
        os.close(lock)
    screen.stopped()


async def _end_with_parent(over: asyncio.Event) -> None:
    """Ends the run when the starting program closes our standard input, or is gone."""
    parent = os.getppid()
    loop = asyncio.get_running_loop()
    kind = os.fstat(0).st_mode
    if stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind):
        loop.add_reader(0, _read_parent, over)
    while os.getppid() == parent:  # noqa: ASYNC110 (the kernel tells a change of parent to nobody)
        await asyncio.sleep(ORPHAN_POLL_S)
    over.set()


def _read_parent(over: asyncio.Event) -> None:
    if not os.read(0, 4096):
        asyncio.get_running_loop().remove_reader(0)
        over.set()


if __name__ == "__main__":
    raise SystemExit(main())
