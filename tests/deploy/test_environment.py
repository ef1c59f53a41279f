"""deploy/environment.sh: the virtual environment is made once, and what is missing is told in one line."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.process import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose lock names nothing, so that no registry is asked."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "environment.sh", tmp_path / "deploy")
    (tmp_path / "requirements.lock").write_text("# nothing\n")
    return tmp_path


def environment(checkout: Path, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(checkout / "deploy" / "environment.sh"), "run"]
    return subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)


def test_it_is_made_once_and_again_when_the_lock_has_changed(checkout: Path) -> None:
    first = environment(checkout)
    assert first.returncode == 0, first.stderr
    assert first.stderr.startswith("Installing what requirements.lock names")
    assert (checkout / ".venv" / "bin" / "python").exists()
    assert environment(checkout).stderr == ""
    (checkout / "requirements.lock").write_text("# nothing else\n")
    assert environment(checkout).stderr.startswith("Installing")


def test_a_python_that_is_too_old_is_told_in_one_line(checkout: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("cksum", "dirname", "grep"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    old = tools / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit 0\nexit 1\n')
    old.chmod(0o755)
    refused = environment(checkout, str(tools))
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith("Python 3.11 or newer is needed and was not found (python3 is: Python 3.9.2).")
    assert not (checkout / ".venv").exists()
