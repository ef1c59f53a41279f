"""What a request's parameters owe each other: rules no single type can state.

A rule looks at the parameters that were given (by API name), answers with what is wrong, or None, and can mend a request
that breaks it: that becomes the example in the refusal.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from msgspec import Struct

Given = Mapping[str, Any]
Mended = dict[str, Any]

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

    def mend(self, given: Given, examples: Given) -> Mended:
        """A broken request changed so that it keeps the rule; `examples` has a good value for every parameter."""
        ...


class AtMostOne(Struct, frozen=True):
    """These exclude each other."""

    names: tuple[str, ...]
    code: int = -1128

    def broken_by(self, given: Given) -> str | None:
        both = _present(self.names, given)
        return f"{_words(both, 'and')} exclude each other: give one of them" if len(both) > 1 else None

    def mend(self, given: Given, examples: Given) -> Mended:
        return _without(given, _present(self.names, given)[1:])


class AtLeastOne(Struct, frozen=True):
    """One of these must be there."""

    names: tuple[str, ...]
    code: int = -1102

    def broken_by(self, given: Given) -> str | None:
        return None if _present(self.names, given) else f"one of {_words(self.names, 'and')} is required"

    def mend(self, given: Given, examples: Given) -> Mended:
        return {**given, self.names[0]: examples[self.names[0]]}


class ExactlyOne(Struct, frozen=True):
    """Just one of these must be there."""

    names: tuple[str, ...]
    code: int = -1128

    def broken_by(self, given: Given) -> str | None:
        count = len(_present(self.names, given))
        return None if count == 1 else f"exactly one of {_words(self.names, 'and')} is required, {count} were given"

    def mend(self, given: Given, examples: Given) -> Mended:
        if present := _present(self.names, given):
            return _without(given, present[1:])
        return {**given, self.names[0]: examples[self.names[0]]}


class Together(Struct, frozen=True):
    """These come together or not at all."""

    names: tuple[str, ...]
    code: int = -1128

    def broken_by(self, given: Given) -> str | None:
        count = len(_present(self.names, given))
        return f"{_words(self.names, 'and')} come together or not at all" if 0 < count < len(self.names) else None

    def mend(self, given: Given, examples: Given) -> Mended:
        return {**given, **{name: examples[name] for name in self.names if name not in given}}


class NoDuplicates(Struct, frozen=True):
    """A list that names nothing twice."""

    name: str
    code: int = -1151

    def broken_by(self, given: Given) -> str | None:
        values = given.get(self.name, ())
        if len(set(values)) == len(values):
            return None
        twice = next(value for i, value in enumerate(values) if value in values[:i])
        return f"{self.name} names {twice} twice"

    def mend(self, given: Given, examples: Given) -> Mended:
        return {**given, self.name: list(dict.fromkeys(given[self.name]))}


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

    def mend(self, given: Given, examples: Given) -> Mended:
        start, end = sorted(_milliseconds(given[name]) for name in (self.start, self.end))
        if self.longest is not None:
            end = min(end, start + int(self.longest.total_seconds() * 1000))
        return {**given, self.start: start, self.end: end}


class Needs(Struct, frozen=True):
    """Where `name` has one of `values` (any value when empty), all of `all` and one of `any` are required."""

    name: str
    values: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    code: int = -1102

    def broken_by(self, given: Given) -> str | None:
        if not _is(given, self.name, self.values):
            return None
        what = f"{self.name} {given[self.name]}" if self.values else self.name
        if missing := tuple(name for name in self.all if name not in given):
            return f"{_words(missing, 'and')} {'is' if len(missing) == 1 else 'are'} required with {what}"
        if self.any and not _present(self.any, given):
            return f"one of {_words(self.any, 'and')} is required with {what}"
        return None

    def mend(self, given: Given, examples: Given) -> Mended:
        names = (*self.all, *(self.any[:1] if not _present(self.any, given) else ()))
        return {**given, **{name: examples[name] for name in names if name not in given}}


class OnlyWith(Struct, frozen=True):
    """`name` may be given only where `other` has one of `values` (any value when empty)."""

    name: str
    other: str
    values: tuple[str, ...] = ()
    code: int = -1106

    def broken_by(self, given: Given) -> str | None:
        if self.name not in given or _is(given, self.other, self.values):
            return None
        where = f"{self.other} {_words(self.values, 'or')}" if self.values else self.other
        return f"{self.name} goes only with {where}: leave it out"

    def mend(self, given: Given, examples: Given) -> Mended:
        return _without(given, (self.name,))


class Conflict(Struct, frozen=True):
    """Values that do not go together: a request in which all of them stand breaks the rule."""

    stands: tuple[tuple[str, tuple[str, ...]], ...]
    """Parameter and values (any value when empty)."""
    says: str
    """What the exchange wants instead, in words."""
    instead: tuple[str, str]
    """A parameter, and a value with which the conflict is gone."""
    code: int = -1128

    def broken_by(self, given: Given) -> str | None:
        return self.says if all(_is(given, name, values) for name, values in self.stands) else None

    def mend(self, given: Given, examples: Given) -> Mended:
        return {**given, self.instead[0]: self.instead[1]}


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

    def mend(self, given: Given, examples: Given) -> Mended:
        near = max(self.sets, key=lambda names: (len(names & given.keys()), -len(names)))
        return {name: given.get(name, examples[name]) for name in sorted(near, key=lambda n: (n != "symbol", n))}


def _present(names: tuple[str, ...], given: Given) -> tuple[str, ...]:
    return tuple(name for name in names if name in given)


def _is(given: Given, name: str, values: tuple[str, ...]) -> bool:
    return name in given and (not values or given[name] in values)


def _without(given: Given, names: tuple[str, ...]) -> Mended:
    return {name: value for name, value in given.items() if name not in names}


def _words(names: tuple[str, ...], last: str) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" {last} {names[-1]}"


def _milliseconds(time: int) -> int:
    return time // 1000 if time >= MICROSECONDS_FROM else time
