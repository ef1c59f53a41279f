"""A stream is declared once: its name at the exchange, its subject on the bus, its event.

A name template is the exchange's stream name (`<symbol>@kline_<interval>`) and, through `kind` and `suffix`, the subject
`binance.md.BTCUSDT.kline.1m`. `exchange_name` and `match` are inverse, and no two streams share a subject. On the wire a symbol
is lower case in its ASCII letters, everywhere else it is as the exchange lists it.
"""

import re
from functools import cached_property
from typing import Any, Literal

import msgspec
from msgspec import Struct

from shared.contract import subjects
from shared.contract.errors import Invalid
from shared.contract.operation import Ended, Tool
from shared.contract.primitives import SYMBOL_PATTERN

_SYMBOL = re.compile(SYMBOL_PATTERN)
_PARAMETER = re.compile(r"<(?!symbol>)([a-z_]+)>")
_LOWER = {ord(upper): upper.lower() for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_UPPER = {lower: upper for upper, lower in ((chr(upper), ord(lower)) for upper, lower in _LOWER.items())}
ALL = "ALL"
"""Stands for the symbol in the subject of a stream of the whole market."""


class Stream(Struct, frozen=True, dict=True, kw_only=True):
    """One kind of market stream."""

    name: str
    """Template of the exchange's name: `<symbol>` unless it is of the whole market, then at most one `<parameter>`."""
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
    """What a variant adds to the subject, such as a speed (`100ms`) or an offset from UTC (`+08:00`)."""
    option: tuple[str, str] = ("", "")
    """Among streams of one tool: the parameter that chooses between them, and its value for this one."""
    tool: Tool | None = None
    ended: Ended | None = None

    @property
    def of_all_symbols(self) -> bool:
        """Is it one stream for the whole market?"""
        return self.name.startswith("!")

    @property
    def parameter(self) -> str:
        """What the parameter in the name is called, such as `interval`; empty where there is none."""
        found = _PARAMETER.search(self.name)
        return found[1] if found else ""

    def exchange_name(self, symbol: str = "", value: str = "") -> str:
        """The name to subscribe at the exchange: `btcusdt@kline_1m`.

        Raises:
            Invalid: the parameter is none of `values`, or the symbol cannot be one.
        """
        self._check(symbol, value)
        return _PARAMETER.sub(lambda _: value, self.name).replace("<symbol>", symbol.translate(_LOWER))

    def match(self, exchange_name: str) -> tuple[str, str] | None:
        """(symbol, parameter) if the exchange's name is of this kind."""
        found = self._name_pattern.match(exchange_name)
        return (found["symbol"].translate(_UPPER) if "symbol" in found.groupdict() else "", _value(found)) if found else None

    def subject(self, symbol: str = "", value: str = "", *, prefix: str = "binance") -> str:
        """Where its events appear on the bus: `binance.md.BTCUSDT.kline.1m`.

        Raises:
            Invalid: as `exchange_name`.
        """
        self._check(symbol, value)
        kind, parameter = (text.replace("{}", value) for text in self._tokens)
        return subjects.market(ALL if self.of_all_symbols else symbol, kind, parameter, prefix=prefix)

    def _check(self, symbol: str, value: str) -> None:
        if value not in (self.values or ("",)):
            allowed = f"Allowed are {', '.join(self.values)}." if self.values else f"Leave {value!r:.40} out."
            raise Invalid(f"{self.title} has no {self.parameter or 'parameter'} {value!r:.40}.", hint=allowed)
        if not self.of_all_symbols and not _SYMBOL.match(symbol):
            raise Invalid(f"symbol {symbol!r:.40} must be a trading pair in upper case.", hint="For example BTCUSDT.")

    @property
    def _tokens(self) -> tuple[str, str]:
        if "{}" in self.kind:
            return self.kind, self.suffix
        return self.kind, ("{}" if self.values else "") + self.suffix

    @cached_property
    def _name_pattern(self) -> re.Pattern[str]:
        pattern = "".join(
            {"<symbol>": r"(?P<symbol>[^@!/.*>%\s]+)"}.get(part, self._any_value if part.startswith("<") else re.escape(part))
            for part in re.split(r"(<[a-z_]+>)", self.name)
        )
        return re.compile(rf"^{pattern}\Z")

    @property
    def _any_value(self) -> str:
        return f"(?P<value>{'|'.join(re.escape(value) for value in self.values)})"


def _value(found: re.Match[str]) -> str:
    return found.groupdict().get("value") or ""


class Event(Struct, frozen=True):
    """One kind of event that arrives outside a market stream: user data and connection events."""

    name: str
    """The value of the field `e`."""
    type: type[msgspec.Struct]
    title: str
    channel: Literal["user", "connection"] = "user"
    ended: Ended | None = None
