"""Names of streams: what a caller wrote, made into what the exchange knows, or refused with what is allowed."""

import difflib
from functools import lru_cache

from shared.contract.errors import Invalid
from shared.contract.market.streams import STREAMS, find

REMEMBERED = 16_384
_KINDS = tuple(sorted({stream.name.partition("@")[2] for stream in STREAMS if not stream.of_all_symbols}))
_ALL = tuple(stream.name for stream in STREAMS if stream.of_all_symbols)


def canonical(name: str) -> str:
    """The exchange's own name of a stream: symbols in lower case.

    Raises:
        Invalid: there is no such stream; with what there is.
    """
    found = find(name)
    if found is None:
        raise _explain(name)
    stream, symbol, value = found
    return stream.exchange_name(symbol, value)


@lru_cache(maxsize=REMEMBERED)
def symbol_of(name: str) -> str:
    """The symbol of a stream, empty for those of the whole market and for names that mean nothing."""
    found = find(name)
    return found[1] if found else ""


def _explain(name: str) -> Invalid:
    said = f"There is no stream {name!r:.80}."
    symbol, at, kind = name.partition("@")
    if name.startswith("!"):
        return Invalid(said, hint=f"Of all symbols there are {', '.join(_written(template) for template in _ALL)}.")
    if not at or not symbol:
        return Invalid(said, hint="A name is a symbol in lower case, @, and a kind: btcusdt@trade, btcusdt@kline_1m.")
    if kind.startswith("depth@"):
        return Invalid(said, hint=f"{symbol}@depth comes every second, {symbol}@depth@100ms every 100 ms.")
    for stream in STREAMS:
        head = stream.name.partition("@")[2].partition("<")[0]
        if stream.values and head and kind.startswith(head) and not stream.of_all_symbols:
            return Invalid(said, hint=f"{symbol}@{head} goes on with one of {', '.join(stream.values)}.{_options(head)}")
    near = difflib.get_close_matches(kind, _KINDS, n=1)
    hint = f"Did you mean {symbol}@{near[0]}? " if near and "<" not in near[0] else ""
    return Invalid(said, hint=f"{hint}Kinds are {', '.join(_KINDS)}.")


def _written(template: str) -> str:
    stream = next(stream for stream in STREAMS if stream.name == template)
    return ", ".join(stream.exchange_name(value=value) for value in stream.values) if stream.values else template


def _options(head: str) -> str:
    """What may stand behind the value."""
    return {
        "depth": " Speeds are 1000 ms (write nothing) and @100ms.",
        "kline_": " Behind it may stand @+08:00, for candles of that time zone; no other is offered.",
    }.get(head, "")
