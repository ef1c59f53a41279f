"""What a request's parameters owe each other: rules no single type can state.

A rule looks at the parameters that were given (by API name) and answers with what is wrong, or None.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from msgspec import Struct

Given = Mapping[str, Any]

MICROSECONDS_FROM = 10**14
"""Times at least this large are microseconds: in milliseconds they would lie in the year 5138."""


class Rule(Protocol):
    """One conditional rule of an operation."""

    @property
    def code(self) -> int:
        """The error code of the exchange for a request that breaks it."""
        ...

    def broken_by(self, given: Given) -> str | None:
        """What is wrong and what to do instead, or None."""
        ...


def _names(names: tuple[str, ...], last: str) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" {last} {names[-1]}"


class AtMostOne(Struct, frozen=True):
    """These exclude each other."""

    names: tuple[str, ...]
    code: int = -1128

    def broken_by(self, given: Given) -> str | None:
        both = tuple(name for name in self.names if name in given)
        return f"{_names(both, 'and')} exclude each other: give one of them" if len(both) > 1 else None


class AtLeastOne(Struct, frozen=True):
    """One of these must be there."""

    names: tuple[str, ...]
    code: int = -1102

    def broken_by(self, given: Given) -> str | None:
        return None if any(name in given for name in self.names) else f"one of {_names(self.names, 'and')} is required"


class ExactlyOne(Struct, frozen=True):
    """Just one of these must be there."""

    names: tuple[str, ...]
    code: int = -1128

    def broken_by(self, given: Given) -> str | None:
        count = sum(name in given for name in self.names)
        return None if count == 1 else f"exactly one of {_names(self.names, 'and')} is required, {count} were given"


class Together(Struct, frozen=True):
    """These come together or not at all."""

    names: tuple[str, ...]
    code: int = -1128

    def broken_by(self, given: Given) -> str | None:
        count = sum(name in given for name in self.names)
        return f"{_names(self.names, 'and')} come together or not at all" if 0 < count < len(self.names) else None


class NoDuplicates(Struct, frozen=True):
    """A list that names nothing twice."""

    name: str
    code: int = -1151

    def broken_by(self, given: Given) -> str | None:
        values = given.get(self.name, ())
        twice = next((value for i, value in enumerate(values) if value in values[:i]), None)
        return f"{self.name} names {twice} twice" if twice is not None else None


class Ordered(Struct, frozen=True):
    """A time range that does not run backwards, and is not longer than the exchange allows."""

    start: str = "startTime"
    end: str = "endTime"
    longest: timedelta | None = None
    code: int = -1127

    def broken_by(self, given: Given) -> str | None:
        if self.start not in given or self.end not in given:
            return None
        span_ms = _milliseconds(given[self.end]) - _milliseconds(given[self.start])
        if span_ms < 0:
            return f"{self.start} lies after {self.end}: swap them"
        if self.longest is not None and span_ms > self.longest.total_seconds() * 1000:
            hours = int(self.longest.total_seconds() // 3600)
            return f"{self.start} to {self.end} spans more than {hours} hours: ask for it in pieces"
        return None


def _milliseconds(time: int) -> int:
    return time // 1000 if time >= MICROSECONDS_FROM else time


class Needs(Struct, frozen=True):
    """Where `name` has one of `values` (any value when empty), all of `all` and one of `any` are required."""

    name: str
    values: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    code: int = -1102

    def broken_by(self, given: Given) -> str | None:
        if self.name not in given or (self.values and given[self.name] not in self.values):
            return None
        what = f"{self.name} {given[self.name]}" if self.values else self.name
        missing = next((name for name in self.all if name not in given), None)
        if missing is not None:
            return f"{missing} is required with {what}"
        if self.any and not any(name in given for name in self.any):
            return f"one of {_names(self.any, 'and')} is required with {what}"
        return None


class Combinations(Struct, frozen=True):
    """Only these sets of parameters are served (recvWindow and limit aside)."""

    sets: tuple[frozenset[str], ...]
    code: int = -1128

    def broken_by(self, given: Given) -> str | None:
        asked = frozenset(given) - {"recvWindow", "limit"}
        if asked in self.sets:
            return None
        allowed = "; ".join("+".join(sorted(names, key=lambda n: (n != "symbol", n))) for names in self.sets)
        return f"this combination of parameters is not served; served are: {allowed}"
