"""What a process says: its last lines, its errors, and files that end somewhere."""

from collections.abc import Generator
from pathlib import Path

import pytest

from deploy.local import log
from deploy.local.log import Log


@pytest.fixture
def heard() -> list[tuple[str, bool]]:
    return []


@pytest.fixture
def spoken(tmp_path: Path, heard: list[tuple[str, bool]]) -> Generator[Log]:
    log = Log(tmp_path / "part.log", lambda text, trouble: heard.append((text, trouble)))
    yield log
    log.close()


def test_lines_are_whole_however_they_arrive(spoken: Log, heard: list[tuple[str, bool]]) -> None:
    for chunk in (b"fir", b"st\nsec", b"ond\nthird"):
        spoken.write(chunk)
    spoken.close()
    assert [text for text, _ in heard] == ["first", "second", "third"]
    assert list(spoken.last) == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ('{"event":"x","level":"error"}', True),
        ('{"event":"x","level": "critical"}', True),
        ('{"event":"an error was avoided","level":"info"}', False),
        ("2026-11-23T16:00:00Z [error    ] something", True),
        ("[1] 2026/11/23 16:00:00 [ERR] something", True),
        ("[1] 2026/11/23 16:00:00 [INF] Server is ready", False),
        ("ModuleNotFoundError: No module named 'x'", True),
        ('  File "x.py", line 1, in <module>', False),
    ],
)
def test_errors_are_told_from_the_rest(spoken: Log, heard: list[tuple[str, bool]], line: str, trouble: bool) -> None:
    spoken.write(line.encode() + b"\n")
    assert heard == [(line, trouble)]


def test_a_log_that_has_grown_begins_anew_and_keeps_one_before_it(
    spoken: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "MAX_BYTES", 100)
    for letter in (b"a", b"b", b"c"):
        spoken.write(letter * 120 + b"\n")
    spoken.write(b"end\n")
    assert (tmp_path / "part.log").read_text() == "end\n"
    assert (tmp_path / "part.log.1").read_text() == "c" * 120 + "\n"
