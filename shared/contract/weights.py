"""What a request costs of the address's request weight (6,000 a minute), as a function of its parameters.

Since 2026-04-02 successful order placement and cancellation are free (`on_success=0`); a refused one costs what is printed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

Given = Mapping[str, Any]
"""Parameters by their API name, without those that were left out."""


class Weight(Protocol):
    """The price of a request before it is sent, and in words for the README."""

    @property
    def on_success(self) -> int | None:
        """What it costs when it succeeds, where that differs."""
        ...

    def of(self, given: Given) -> int:
        """Weight of a request with these parameters."""
        ...

    def describe(self) -> str:
        """The rule in a few words."""
        ...


class Fixed(Struct, frozen=True):
    """The same for every request."""

    weight: int
    on_success: int | None = None

    def of(self, given: Given) -> int:
        return self.weight

    def describe(self) -> str:
        return str(self.weight) if self.on_success is None else f"{self.weight} ({self.on_success} on success)"


class ByLimit(Struct, frozen=True):
    """Steps over the number of rows: (up to this limit, weight) in rising order."""

    steps: tuple[tuple[int, int], ...]
    default: int
    on_success: int | None = None

    def of(self, given: Given) -> int:
        limit = given.get("limit", self.default)
        return next((weight for upto, weight in self.steps if limit <= upto), self.steps[-1][1])

    def describe(self) -> str:
        return ", ".join(f"{weight} to {upto} rows" for upto, weight in self.steps)


class BySymbols(Struct, frozen=True):
    """Steps over the number of symbols: one, a list (up to this many, weight), or all."""

    one: int
    steps: tuple[tuple[int, int], ...]
    all: int
    on_success: int | None = None

    def of(self, given: Given) -> int:
        if "symbol" in given:
            return self.one
        symbols: Sequence[str] | None = given.get("symbols")
        if symbols is None:
            return self.all
        return next((weight for upto, weight in self.steps if len(symbols) <= upto), self.all)

    def describe(self) -> str:
        steps = ", ".join(f"{weight} to {upto}" for upto, weight in self.steps)
        return f"{self.one} for a symbol, {steps + ', ' if steps else ''}{self.all} for all"


class PerSymbol(Struct, frozen=True):
    """So much a symbol, up to a cap."""

    each: int
    cap: int
    all: int | None = None
    """Price without `symbol` and `symbols`, where that is allowed."""
    on_success: int | None = None

    def of(self, given: Given) -> int:
        if "symbol" in given:
            return self.each
        symbols: Sequence[str] | None = given.get("symbols")
        if symbols is None and self.all is not None:
            return self.all
        return min(self.cap, self.each * max(1, len(symbols or ())))

    def describe(self) -> str:
        return f"{self.each} a symbol, at most {self.cap}"


class IfGiven(Struct, frozen=True):
    """One price with a parameter (present, and not false), another without it."""

    name: str
    given: int
    otherwise: int
    on_success: int | None = None

    def of(self, given: Given) -> int:
        return self.given if given.get(self.name) not in (None, False) else self.otherwise

    def describe(self) -> str:
        return f"{self.given} with {self.name}, else {self.otherwise}"
