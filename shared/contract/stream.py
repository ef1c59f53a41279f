"""A stream is declared once: its name at the exchange, its subject on the bus, its event.

A name template is at once the exchange's stream name (`<symbol>@kline_<interval>`) and, through `kind` and `parameter`, the
subject `binance.md.BTCUSDT.kline.1m`; both directions are pure and tested as inverses.
"""

import re
from functools import cached_property
from typing import Any, Literal

import msgspec
from msgspec import Struct

from shared.contract import subjects
from shared.contract.errors import Invalid
from shared.contract.operation import Ended, Tool

Parameters = tuple[str, ...]


class Stream(Struct, frozen=True, dict=True):
    """One kind of market stream."""

    name: str
    """Template of the exchange's name: `<symbol>`, then at most one `<parameter>`."""
    kind: str
    """First token after the symbol in the subject; with the parameter's value in it where it says `{}`."""
    event: Any
    """Type of the payload."""
    title: str
    speed_ms: int
    """How often it is sent; 0 is at once."""
    values: tuple[str, ...] = ()
    """What the parameter in the name may be."""
    suffix: str = ""
    """Fixed last token of the subject, for variants such as a speed of 100 ms."""
    tool: Tool | None = None
    ended: Ended | None = None

    @property
    def of_all_symbols(self) -> bool:
        """Is it one stream for the whole market?"""
        return self.name.startswith("!")

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        pattern = re.escape(self.name).replace("<symbol>", r"(?P<symbol>[^@!/\s]+)")
        if self.values:
            choices = "|".join(re.escape(value) for value in self.values)
            pattern = re.sub(r"<[a-z_]+>", lambda _: f"(?P<value>{choices})", pattern, count=1)
        return re.compile(f"^{pattern}$")

    def exchange_name(self, symbol: str = "", value: str = "") -> str:
        """The name to subscribe at the exchange: `btcusdt@kline_1m`.

        Raises:
            Invalid: the parameter is none of `values`.
        """
        if self.values and value not in self.values:
            raise Invalid(
                f"{self.title} has no {value!r:.40}.",
                hint=f"Allowed are {', '.join(self.values)}; for example {self.values[0]}.",
            )
        if not self.of_all_symbols:
            subjects.token(symbol, "symbol")
        return re.sub(r"<(?!symbol)[a-z_]+>", value, self.name).replace("<symbol>", symbol.lower())

    def subject(self, symbol: str = "", value: str = "", *, prefix: str = "binance") -> str:
        """Where its events appear on the bus."""
        kind = self.kind.format(value)
        parameter = self.suffix or ("" if "{}" in self.kind else value)
        return subjects.market("ALL" if self.of_all_symbols else symbol.upper(), kind, parameter, prefix=prefix)

    def match(self, exchange_name: str) -> tuple[str, str] | None:
        """(symbol, parameter) if the exchange's name is of this kind."""
        found = self._pattern.match(exchange_name)
        if found is None:
            return None
        groups = found.groupdict()
        return (groups.get("symbol") or "").upper(), groups.get("value") or ""


class Event(Struct, frozen=True):
    """One kind of event that arrives outside a market stream: user data and connection events."""

    name: str
    """The value of the field `e`."""
    type: type[msgspec.Struct]
    title: str
    channel: Literal["user", "connection"] = "user"
    ended: Ended | None = None
