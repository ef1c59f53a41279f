"""Names that look like settings and are none: a misspelt one would be ignored, and its default taken without a word.

One `.env` and one environment serve all services, and no service knows another's settings, so all names are written down in
`setting_names`. What is in none of them is a mistake in `.env`, which is ours alone, and wherever it comes near to a name that
there is. The rest of the environment belongs to others too: there a foreign name is worth a line in the log and no more.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from msgspec import Struct

from shared.runtime.setting_names import NAMES, SERVICES

PREFIX = "BINANCE_"
LIKE, NEAR = 0.6, 0.8
"""How alike two names are, without the prefix, when one may have been meant, and when it surely was."""
_ELSEWHERE = frozenset((f"{PREFIX}CONTAINER_CACHE", f"{PREFIX}ENV_FILE", f"{PREFIX}IMAGE", f"{PREFIX}NATS_PORT"))
"""Read by no service: by the compose file, by its test, and for the name of `.env` itself."""
_CREDENTIALS = re.compile(rf"{PREFIX}(\w+_)?(API_KEY|API_SECRET|PRIVATE_KEY_FILE|PRIVATE_KEY_PASSPHRASE)")
"""Of an account, by a name that the operator chose."""


class Stranger(Struct, frozen=True):
    """A name that is no setting, and the setting that may have been meant."""

    name: str
    meant: str
    is_mistake: bool

    def __str__(self) -> str:
        return f"{self.name} is no setting" + (f": did you mean {self.meant}?" if self.meant else "; .env.example lists all.")


def strangers(
    environment: Mapping[str, str | None], file: Mapping[str, str | None], service: str, own: Iterable[str]
) -> list[Stranger]:
    """The names with our prefix that are set and that nobody reads.

    Args:
        environment: Variables of the process.
        file: Those of `.env`.
        service: The one that asks, by the word in its settings' names.
        own: Every name that this service reads.
    """
    known = frozenset(own)
    found = {name: name in file for name in (*environment, *file) if name.upper().startswith(PREFIX)}
    is_set = {name for variables in (environment, file) for name, value in variables.items() if value}
    others = tuple(each for each in SERVICES if each != service)
    return [
        _stranger(name, known, is_ours=is_ours)
        for name, is_ours in found.items()
        if name in is_set and not (name in known or _is_known(name, others))
    ]


def _is_known(name: str, services: Iterable[str]) -> bool:
    """A setting by its common name, or of one of these services alone; or a name that is no setting, but ours."""
    if name in NAMES or name in _ELSEWHERE or _CREDENTIALS.fullmatch(name):
        return True
    heads = (f"{PREFIX}{service}_".upper() for service in services)
    return any(name.startswith(head) and PREFIX + name.removeprefix(head) in NAMES for head in heads)


def _stranger(name: str, own: frozenset[str], *, is_ours: bool) -> Stranger:
    meant = name.upper().removeprefix(PREFIX)
    alike, nearest = max((SequenceMatcher(None, meant, known.removeprefix(PREFIX)).ratio(), known) for known in own | NAMES)
    return Stranger(name, nearest if alike >= LIKE else "", is_ours or alike >= NEAR)
