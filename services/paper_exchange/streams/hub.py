"""The hub: which streams somebody listens to, and who.

Whoever makes messages asks it for channels; it tells them when a stream gets its first reader and loses its last one.
"""

from collections.abc import Callable

from msgspec import Struct

from services.paper_exchange.streams.channel import Channel, Reader
from services.paper_exchange.time_units import Unit
from shared.contract.errors import Invalid
from shared.contract.market.streams import find
from shared.contract.stream import Stream


class Name(Struct, frozen=True):
    """What a stream's name says."""

    stream: Stream
    symbol: str
    value: str
    speed_ms: int


_UNDOCUMENTED = {f"!miniTicker@arr@{speed_ms}ms": ("!miniTicker@arr", speed_ms) for speed_ms in (1000, 3000)}
"""Names that the exchange's own pages use and that python-binance knows, with the stream they mean."""
_FAST_CANDLE_MS = 1000
"""Candles of a second come every second, the others as their stream says."""


def parse(name: str) -> Name | None:
    """What a name says, or None for one that the exchange does not know: it accepts such names, and stays silent."""
    documented, speed_ms = _UNDOCUMENTED.get(name, (name, 0))
    found = find(documented)
    if found is None:
        return None
    stream, symbol, value = found
    try:
        known_as = stream.exchange_name(symbol, value)
    except Invalid:
        return None
    if known_as != documented:
        return None  # symbols are lower case; a name in another case is a name of nothing
    return Name(stream, symbol, value, speed_ms or (_FAST_CANDLE_MS if value == "1s" else stream.speed_ms))


Watcher = Callable[[Channel, bool], None]
"""Called with a channel that has got its first reader (True) or lost its last one (False)."""


class Hub:
    """All channels that have an audience."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}
        self._watchers: list[Watcher] = []

    def watch(self, watcher: Watcher) -> None:
        """Have this called when channels come and go."""
        self._watchers.append(watcher)

    def subscribe(self, name: str, reader: Reader, unit: Unit, *, combined: bool) -> None:
        """Add a reader in a form; a reader that is there already changes its form, and the stream goes on unbroken."""
        channel = self.channels.get(name)
        is_new = channel is None
        if channel is None:
            channel = self.channels[name] = Channel(name)
        channel.remove(reader)
        channel.add(reader, unit, combined=combined)
        if is_new:
            self._tell(channel, audible=True)

    def unsubscribe(self, name: str, reader: Reader) -> None:
        """Take a reader away."""
        channel = self.channels.get(name)
        if channel is None:
            return
        channel.remove(reader)
        if not channel:
            del self.channels[name]
            self._tell(channel, audible=False)

    def _tell(self, channel: Channel, *, audible: bool) -> None:
        for watcher in self._watchers:
            watcher(channel, audible)
