"""Parts are started in order, restarted when they die, given up when they keep dying, and all ended."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy.local import keeper
from deploy.local.keeper import KeepsDying
from deploy.local.part import Part
from deploy.local.ports import free_port
from deploy.local.screen import Screen
from deploy.local.settings import LocalSettings
from deploy.local.supervisor import Supervisor
from tests.support.waiting import eventually

SERVER = """
import http.server, os, subprocess, sys
print("I am", os.getpid(), flush=True)
{more}
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if os.path.exists({troubled!r}) else 200)
        self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", {port}), Handler).serve_forever()
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
WITH_A_CHILD = "child = subprocess.Popen(['sleep', '600']); print('child', child.pid, flush=True)"


def server(name: str, more: str = "", *, grace_s: float = 5.0, troubled: Path = Path("no such file")) -> Part:
    """A part that is ready while there is no file `troubled`."""
    port = free_port("127.0.0.1")
    return Part(
        name=name,
        command=(sys.executable, "-c", SERVER.format(port=port, more=more, troubled=str(troubled))),
        listeners=(),
        ready_host="127.0.0.1",
        ready_port=port,
        ready_path="/",
        where=f"http://127.0.0.1:{port}",
        about="",
        grace_s=grace_s,
    )


@asynccontextmanager
async def supervised(folder: Path, *stages: Sequence[Part]) -> AsyncGenerator[Supervisor]:
    screen = Screen(LocalSettings(), [part for stage in stages for part in stage])
    supervisor = Supervisor(stages, folder, screen)
    running = asyncio.create_task(supervisor.run())
    try:
        yield supervisor
    finally:
        supervisor.over.set()
        await running


async def test_a_stage_starts_when_the_one_before_it_is_ready(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with supervised(tmp_path, [server("bus")], [server("one"), server("two")]):
        shown = await _shown(capsys, "Ready after")
    assert shown.index("bus") < min(shown.index("one"), shown.index("two"))
    assert "Stopping..." in shown + capsys.readouterr().out


async def test_a_killed_part_is_started_again_and_its_last_words_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with supervised(tmp_path, [server("one")]):
        await _shown(capsys, "Ready after")
        (first,) = said(tmp_path, "one", "I am ")
        os.kill(first, signal.SIGKILL)
        shown = await _shown(capsys, "one  ready after")
        assert f"one died (killed by SIGKILL), starting again in {keeper.BACK_OFF_S[0]:g} s. Its last words:\n" in shown
        assert f"I am {first}" in shown
        assert len(said(tmp_path, "one", "I am ")) == 2


async def test_a_part_that_recovers_says_how_long_it_was_away_and_not_how_old_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "READY_POLL_S", 0.05)
    troubled, elapsed = tmp_path / "troubled", time.monotonic
    async with supervised(tmp_path, [server("one", troubled=troubled)]):
        await _shown(capsys, "Ready after")
        monkeypatch.setattr(keeper.time, "monotonic", lambda: elapsed() + 1000)
        troubled.touch()
        await _shown(capsys, "one is not ready any more")
        troubled.unlink()
        shown = await _shown(capsys, "one  ready again after")
    (took_s,) = re.findall(r"ready again after +([0-9.]+) s", shown)
    assert float(took_s) < 100


async def test_a_part_that_keeps_dying_ends_the_run_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "BACK_OFF_S", (0.0,) * keeper.MAX_DEATHS)
    with pytest.raises(KeepsDying, match=r"one cannot live \(exit status 3\)") as death:
        async with supervised(tmp_path, [server("other"), server("one", "sys.exit(3)")]) as supervisor:
            await eventually(supervisor.over.is_set)
    assert death.value.log.last[0].startswith("I am ")
    assert len(said(tmp_path, "one", "I am ")) == keeper.MAX_DEATHS
    await eventually(_gone(said(tmp_path, "other", "I am ")))


async def test_a_part_with_wrong_settings_is_not_started_again(tmp_path: Path) -> None:
    with pytest.raises(KeepsDying):
        async with supervised(tmp_path, [server("one", f"sys.exit({keeper.NOT_TO_BE_HELPED})")]) as supervisor:
            await eventually(supervisor.over.is_set)
    assert len(said(tmp_path, "one", "I am ")) == 1


async def test_a_part_that_does_not_hear_is_killed_with_its_children(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with supervised(tmp_path, [server("one", DEAF + "\n" + WITH_A_CHILD, grace_s=0.2)]):
        await _shown(capsys, "Ready after")
    await eventually(_gone(said(tmp_path, "one", "I am ") + said(tmp_path, "one", "child ")))


def said(folder: Path, name: str, word: str) -> list[int]:
    """The numbers after `word` in the part's log."""
    lines = (folder / f"{name}.log").read_text().splitlines()
    return [int(line.removeprefix(word)) for line in lines if line.startswith(word)]


async def _shown(capsys: pytest.CaptureFixture[str], word: str) -> str:
    """The screen from the last look until the word appears."""
    seen: list[str] = []

    def look() -> bool:
        seen.append(capsys.readouterr().out)
        return word in "".join(seen)

    await eventually(look, within_s=20)
    return "".join(seen)


def _gone(pids: Sequence[int]) -> Callable[[], bool]:
    assert pids
    return lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids)
