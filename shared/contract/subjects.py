"""Names on the bus. A token never holds `.`, `*`, `>` or a blank: such a value is refused, not escaped into its neighbour.

<prefix>.rpc.market.<method>                 <prefix>.md.<SYMBOL or ALL>.<kind>[.<parameter>]
<prefix>.rpc.trade.<account>.<method>        <prefix>.user.<account>.<event>[.<SYMBOL>]
<prefix>.rpc.account.<account>.<method>      <prefix>.order.<account>.<client order id>
<prefix>.rpc.stream.<method>                 <prefix>.risk.<account>.>   <prefix>.health.>
"""

import re

from shared.contract.errors import Invalid
from shared.contract.operation import Owner, Spec

_TOKEN = re.compile(r"^[^\s.*>%/\\\x00-\x1f\x7f]{1,64}\Z")
PER_ACCOUNT = frozenset({Owner.TRADE, Owner.ACCOUNT})
"""Owners that serve each account under its own name."""


def token(value: str, what: str = "token") -> str:
    """The value, if it may stand as one token of a subject.

    Raises:
        Invalid: it holds a separator, a wildcard, a blank or an escape.
    """
    if not _TOKEN.match(value):
        raise Invalid(
            f"{what} {value!r:.80} cannot be part of a subject.",
            hint="Use 1 to 64 characters without . * > % / \\ and blanks, for example BTCUSDT.",
        )
    return value


def rpc(spec: Spec, *, account: str = "main", prefix: str = "binance") -> str:
    """The request subject of an operation."""
    if spec.owner in PER_ACCOUNT:
        return f"{prefix}.rpc.{spec.owner}.{token(account, 'account')}.{spec.method}"
    return f"{prefix}.rpc.{spec.owner}.{spec.method}"


def market(symbol: str, kind: str, parameter: str = "", *, prefix: str = "binance") -> str:
    """The subject of a market event; `symbol` is ALL for all-market streams."""
    tail = f".{token(parameter, 'parameter')}" if parameter else ""
    return f"{prefix}.md.{token(symbol, 'symbol')}.{token(kind, 'kind')}{tail}"


def user(account: str, event: str, symbol: str = "", *, prefix: str = "binance") -> str:
    """The subject of a user data event."""
    tail = f".{token(symbol, 'symbol')}" if symbol else ""
    return f"{prefix}.user.{token(account, 'account')}.{token(event, 'event')}{tail}"


def health(*tokens: str, prefix: str = "binance") -> str:
    """The subject of a health message: gaps, resyncs, bans, the shared request budget."""
    return ".".join((prefix, "health", *(token(part) for part in tokens)))
