"""All upstream connections: each stream on one of them, no more streams on any than the exchange allows, few connections."""

import asyncio
from collections.abc import Iterable

from services.stream_ingestion.carrier import Carrier, News, Terms
from services.stream_ingestion.channel import Channel


class Upstream:
    """The carriers of this process. It throttles them together (`publisher.Throttle`)."""

    def __init__(self, terms: Terms, news: News, *, streams_each: int) -> None:
        self.carriers: list[Carrier] = []
        self._terms = terms
        self._news = news
        self._streams_each = streams_each
        self._where: dict[str, Carrier] = {}
        self._tasks: dict[Carrier, asyncio.Task[None]] = {}

    def carrier_of(self, name: str) -> Carrier | None:
        """Where a stream flows."""
        return self._where.get(name)

    def want(self, channels: Iterable[Channel], *, waits: bool = False) -> None:
        """Let streams flow; `waits`: keep their events back until `start`."""
        fresh = [channel for channel in channels if channel.name not in self._where]
        while fresh:
            carrier = self._with_room()
            room = self._streams_each - len(carrier.channels)
            some, fresh = fresh[:room], fresh[room:]
            self._where.update((channel.name, carrier) for channel in some)
            carrier.want(some, waits=waits)

    def start(self, name: str) -> None:
        """Publish what was kept back of a stream, and what follows."""
        if carrier := self._where.get(name):
            carrier.start(name)

    def drop(self, names: Iterable[str]) -> None:
        """Let streams flow no more; a connection without streams is closed."""
        by_carrier: dict[Carrier, list[str]] = {}
        for name in names:
            if carrier := self._where.pop(name, None):
                by_carrier.setdefault(carrier, []).append(name)
        for carrier, some in by_carrier.items():
            carrier.drop(some)
            if not carrier.channels:
                self.carriers.remove(carrier)
                self._tasks[carrier].cancel()

    def pause(self) -> None:
        for carrier in self.carriers:
            carrier.pause()

    def resume(self) -> None:
        for carrier in self.carriers:
            carrier.resume()

    async def close(self) -> None:
        """Close all connections."""
        self._where.clear()
        self.carriers.clear()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _with_room(self) -> Carrier:
        for carrier in self.carriers:
            if len(carrier.channels) < self._streams_each:
                return carrier
        carrier = Carrier(self._terms, self._news)
        self.carriers.append(carrier)
        task = asyncio.create_task(carrier.run())
        self._tasks[carrier] = task
        task.add_done_callback(lambda _: self._tasks.pop(carrier, None))
        return carrier
