"""The exchange that is mirrored, as it was when the mirror was set up: rules and last trades of some symbols."""

from collections.abc import Iterable

import httpx
import msgspec
from msgspec import Struct, json

from services.paper_exchange.engine.amounts import parse
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.paths import START_S
from services.paper_exchange.sources.errors import BadSource
from services.paper_exchange.tape import Tape
from services.paper_exchange.venue import Venue
from shared.contract.market.models import Trade

MAX_SYMBOLS = 75
"""So many can be read at once within the weight of a minute: 25 for the trades of each, 50 for its book."""
PATIENCE_S = 10.0


class Origin(Struct, frozen=True):
    """What the mirrored exchange was when the mirror was set up."""

    rest_url: str
    stream_url: str
    instruments: tuple[Instrument, ...]
    trades: dict[str, list[Trade]]
    """The last ones, by symbol."""


def look(rest_url: str, stream_url: str, symbols: Iterable[str]) -> Origin:
    """Read the rules and the last trades of symbols.

    Raises:
        BadSource: it cannot be reached, or does not know a symbol.
    """
    names = list(dict.fromkeys(symbols))[:MAX_SYMBOLS]
    try:
        with httpx.Client(base_url=rest_url, timeout=PATIENCE_S) as client:
            info = client.get("/api/v3/exchangeInfo", params={"symbols": json.encode(names).decode()})
            info.raise_for_status()
            instruments = tuple(Instrument.of(symbol) for symbol in json.decode(info.content)["symbols"])
            trades: dict[str, list[Trade]] = {}
            for name in names:
                recent = client.get("/api/v3/trades", params={"symbol": name, "limit": 1000})
                recent.raise_for_status()
                trades[name] = json.decode(recent.content, type=list[Trade])
    except (httpx.HTTPError, msgspec.DecodeError, KeyError, ValueError) as error:
        why = str(error).partition("\n")[0]
        raise BadSource(f"{rest_url} cannot be mirrored: {type(error).__name__}: {why}") from None
    return Origin(rest_url, stream_url, instruments, trades)


def put_on_tape(venue: Venue, symbol: str, trades: list[Trade]) -> None:
    """Let the tape begin with trades of the past, and go on with their ids."""
    if not trades:
        return
    market = venue.engine.state.markets[symbol]
    tape = venue.charts[symbol].tape = Tape(START_S, trades[0].id)
    for taker, trade in enumerate(trades, start=-len(trades)):
        price, quantity, time_us = parse(trade.price), parse(trade.qty), trade.time * 1000
        told = tape.add(time_us, price, quantity, trade.is_buyer_maker, taker)
        market.record_trade(time_us, price, quantity, told.quote)
    market.next_trade_id = tape.next_id
