"""The generated files: `.env.example`, the names of all settings, and the README's tables.

A table stands between `<!-- generated:<name> -->` and `<!-- /generated -->`.

python -m deploy.docs           writes them
python -m deploy.docs --check   only says which are out of date (exit status 1), for `make check`
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path

from msgspec.structs import replace

from deploy.local.settings import LocalSettings
from deploy.services import GATEWAY, SERVICES, settings_of
from services.mcp_gateway import status
from shared.contract.catalog import OPERATIONS, STREAMS
from shared.contract.operation import Ended, Owner, Spec
from shared.runtime.settings import Setting, every_setting, names_of

ROOT = Path(__file__).resolve().parent.parent
ANSWERED_BY = {**status.ANSWERED_BY, Owner.GATEWAY: GATEWAY, Owner.CONNECTION: ""}
_BLOCK = re.compile(r"(<!-- generated:(\w+) -->\n).*?(<!-- /generated -->)", re.DOTALL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes or checks the generated files; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.docs", description="Write .env.example and the README's tables.")
    parser.add_argument("--check", action="store_true", help="only say which files are out of date")
    check: bool = parser.parse_args(arguments).check
    stale = [path for path, text in generated().items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if not check:
            path.write_text(generated()[path])
        print(f"{path.relative_to(ROOT)} {'is out of date: run `make generate`' if check else 'written'}", file=sys.stderr)
    return int(check and bool(stale))


def generated() -> dict[Path, str]:
    """What the generated files should hold."""
    readme = ROOT / "README.md"
    return {
        ROOT / ".env.example": env_example(),
        ROOT / "shared" / "runtime" / "setting_names.py": setting_names(),
        readme: filled(readme.read_text()),
    }


def filled(readme: str) -> str:
    """The README with its tables as they should be.

    Raises:
        KeyError: it asks for a table that there is not.
    """
    return _BLOCK.sub(lambda block: f"{block[1]}\n{TABLES[block[2]]()}\n{block[3]}", readme)


def env_example() -> str:
    """Every setting with its default, ready to be copied to `.env`."""
    lines = ["# Every setting with its default. Copy to .env and change what you need; the environment wins over .env."]
    services: tuple[str, ...] = ()
    for setting in _settings():
        if setting.services != services:
            services = setting.services
            lines += ["", f"# --- {', '.join(services)} ---"]
        allowed = f" ({setting.allowed})" if setting.allowed else ""
        lines += ["", f"# {setting.description}{allowed}", f"#{setting.name}={setting.default}"]
    return "\n".join(lines) + "\n"


def setting_names() -> str:
    """A module with the names that are settings, for each service to know the others'."""
    words = (settings_of(service).word or service for service in SERVICES)
    lists = {"NAMES": (setting.name for setting in _settings()), "SERVICES": words}
    sets = (f"{name} = frozenset(\n    (\n{_lines(sorted(names))}    )\n)" for name, names in lists.items())
    return "\n".join((_SETTING_NAMES, *sets, ""))


_SETTING_NAMES = '''"""The settings of all services, for each to tell others' from misspelt ones. `make generate` made this."""
'''


def _lines(names: Iterable[str]) -> str:
    return "".join(f'        "{name}",\n' for name in names)


def operations() -> str:
    """Every operation: where it is at the exchange and what answers it here."""
    return _table(
        ("Operation", "REST", "Answered by", "MCP tool", "What it is"),
        (
            (_code(spec.method), _code(_rest(spec)), _service(spec.owner), _code(_tool(spec)), _about(spec))
            for spec in OPERATIONS
        ),
    )


def tools() -> str:
    """Every MCP tool, made of an operation or of a stream."""
    found = {spec.tool.name: (spec.tool, spec.owner, _about(spec)) for spec in OPERATIONS if spec.tool}
    for stream in STREAMS:
        if stream.tool:
            about = f"Subscribe: {stream.title[0].lower()}{stream.title[1:]}.{_ended(stream.ended)}"
            found.setdefault(stream.tool.name, (stream.tool, Owner.STREAM, about))
    return _table(
        ("Tool", "Toolset", "Kind", "Answered by", "What it does"),
        ((_code(tool.name), tool.toolset, tool.hint, _service(owner), about) for tool, owner, about in found.values()),
    )


def streams() -> str:
    """Every market stream: its name at the exchange and its subject here."""
    return _table(
        ("Stream", "Subject", "Every", "What it is"),
        (
            (
                _code(stream.name),
                _code(stream.subject("BTCUSDT", next(iter(stream.values), ""))),
                f"{stream.speed_ms} ms" if stream.speed_ms else "at once",
                stream.title + _ended(stream.ended),
            )
            for stream in STREAMS
        ),
    )


def settings() -> str:
    """Every setting."""
    return _table(("Setting", "Default", "What it does", "Read by"), (_setting(setting) for setting in _settings()))


TABLES: dict[str, Callable[[], str]] = {"operations": operations, "tools": tools, "streams": streams, "settings": settings}


def _settings() -> list[Setting]:
    """The settings of all services, and those of `make run` that no service has."""
    found = every_setting([*(settings_of(service) for service in SERVICES), LocalSettings])
    own = names_of(LocalSettings, "port")[0].removesuffix("PORT")  # a supervisor has no port; it inherits the setting
    return [replace(setting, services=_readers(setting)) for setting in found if not setting.name.startswith(own)]


def _readers(setting: Setting) -> tuple[str, ...]:
    return tuple(service for service in setting.services if service != LocalSettings.service) or ("make run",)


def _setting(setting: Setting) -> tuple[str, ...]:
    allowed = f" One of {setting.allowed}." if setting.allowed else ""
    return _code(setting.name), _code(setting.default), setting.description + allowed, ", ".join(setting.services)


def _service(owner: Owner) -> str:
    service = ANSWERED_BY[owner]
    return service if not service or service in SERVICES else f"{service} (to come)"


def _rest(spec: Spec) -> str:
    return f"{spec.http} {spec.path}" if spec.path else ""


def _tool(spec: Spec) -> str:
    return spec.tool.name if spec.tool else ""


def _about(spec: Spec) -> str:
    return spec.summary + _ended(spec.ended)


def _ended(ended: Ended | None) -> str:
    return f" *{ended.status.capitalize()} since {ended.since}: {escape(ended.instead, quote=False)}*" if ended else ""


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in cells)


if __name__ == "__main__":
    raise SystemExit(main())
