"""Mirror: the market of another exchange that speaks Binance's protocol, here, with customers' orders in its books.

Trades and book changes come by its public streams, snapshots by REST; both become orders of the house (`house`), and from there
on everything is told from the engine. A book follows the documented steps: changes are kept while a snapshot is on its way,
and whenever a change does not follow the one before, a new snapshot is taken. While the other exchange is away, the books stay
as they were, and `/ready` says so.
"""

import asyncio
import contextlib
import random
from collections.abc import Iterable
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Raw, Struct, json
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from services.paper_exchange.engine.amounts import parse
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.paths import START_S
from services.paper_exchange.sources.errors import BadSource
from services.paper_exchange.sources.house import HouseBook
from services.paper_exchange.tape import Tape
from services.paper_exchange.venue import Venue
from shared.contract.market.events import DepthEvent, TradeEvent
from shared.contract.market.models import Level, OrderBook, Trade
from shared.contract.market.streams import find
from shared.runtime import observe

DEPTH = 1000
"""Levels of a snapshot, of each side."""
MAX_SYMBOLS = 75
"""So many can be read at once within the weight of a minute: 25 for the trades of each, 50 for its book."""
PATIENCE_S = 10.0
RETRY_S = 1.0
_MAX_KEPT = 10_000
_LIMITED = (418, 429)
_log = observe.logger("paper_exchange.mirror")


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


class MirroredBook:
    """One symbol's book by the documented steps; without I/O."""

    def __init__(self, house: HouseBook) -> None:
        self._house = house
        self._kept: list[DepthEvent] = []
        self.last_update_id: int | None = None
        """None while a snapshot is needed."""

    def hear(self, event: DepthEvent) -> None:
        """A change; when it does not follow, a snapshot is needed again."""
        if self.last_update_id is None:
            self._kept = [*self._kept[-_MAX_KEPT:], event]
        elif event.last_update_id <= self.last_update_id:
            return
        elif event.first_update_id > self.last_update_id + 1:
            self.last_update_id, self._kept = None, [event]
        else:
            self.last_update_id = event.last_update_id
            self._house.change(_amounts(event.bids), _amounts(event.asks))

    def take(self, snapshot: OrderBook) -> None:
        """A snapshot; one that is older than the first kept change is of no use."""
        if self._kept and snapshot.last_update_id < self._kept[0].first_update_id - 1:
            return
        self.last_update_id = snapshot.last_update_id
        self._house.reset(_amounts(snapshot.bids), _amounts(snapshot.asks))
        kept, self._kept = self._kept, []
        for event in kept:
            self.hear(event)

    def lose(self) -> None:
        """Changes may have been missed."""
        self.last_update_id, self._kept = None, []


class Mirror:
    """Keeps a venue's books like those of another exchange."""

    def __init__(self, origin: Origin, venue: Venue) -> None:
        self._origin = origin
        self._houses: dict[str, HouseBook] = {}
        self.books: dict[str, MirroredBook] = {}
        for instrument in origin.instruments:
            symbol = instrument.symbol
            _put_on_tape(venue, symbol, origin.trades.get(symbol, []))
            self._houses[symbol] = HouseBook(venue, symbol)
            self.books[symbol] = MirroredBook(self._houses[symbol])
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to follow."""
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Follow no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def problem(self) -> str:
        """What is wrong with the mirror; empty when nothing is."""
        if self._task is not None and self._task.done():
            return "it follows no more; the log says why"
        behind = [symbol for symbol, book in self.books.items() if book.last_update_id is None]
        return f"not in step with {self._origin.stream_url}: {', '.join(behind[:5])}" if behind else ""

    async def _follow(self) -> None:
        names = [f"{_lower(symbol)}@{kind}" for symbol in self.books for kind in ("depth@100ms", "trade")]
        address = f"{self._origin.stream_url}/stream?streams={quote('/'.join(names), safe='/@')}"
        async with httpx.AsyncClient(base_url=self._origin.rest_url, timeout=PATIENCE_S) as client:
            while True:
                try:
                    async with connect(address, max_size=None, compression=None) as connection:
                        await self._listen(connection, client)
                except (OSError, TimeoutError, WebSocketException) as error:
                    _log.warning("the mirrored exchange is away", reason=f"{type(error).__name__}: {error}")
                for book in self.books.values():
                    book.lose()
                await asyncio.sleep(random.uniform(RETRY_S, 3 * RETRY_S))

    async def _listen(self, connection: ClientConnection, client: httpx.AsyncClient) -> None:
        snapshots = asyncio.create_task(self._read_books(client))
        try:
            async for message in connection:
                self._hear(message)
        finally:
            snapshots.cancel()

    async def _read_books(self, client: httpx.AsyncClient) -> None:
        """Take snapshots of the books that need one, now and whenever one does."""
        while True:
            for symbol, book in self.books.items():
                if book.last_update_id is None:
                    pause_s = await self._read_book(client, symbol, book)
                    await asyncio.sleep(pause_s)
            await asyncio.sleep(RETRY_S)

    async def _read_book(self, client: httpx.AsyncClient, symbol: str, book: MirroredBook) -> float:
        """Take a snapshot; how long to wait before the next: as long as the other exchange says, when it says so."""
        try:
            reply = await client.get("/api/v3/depth", params={"symbol": symbol, "limit": DEPTH})
            if reply.status_code in _LIMITED:
                return float(reply.headers.get("Retry-After", "60"))
            reply.raise_for_status()
            book.take(json.decode(reply.content, type=OrderBook))
        except (httpx.HTTPError, msgspec.DecodeError, ValueError) as error:
            _log.warning("a book could not be read", symbol=symbol, reason=f"{type(error).__name__}: {error}")
        return 0

    def _hear(self, message: str | bytes) -> None:
        try:
            envelope = json.decode(message, type=_Envelope)
            found = find(envelope.stream)
            if found is None or found[1] not in self.books:
                return
            if found[0].event is TradeEvent:
                trade = json.decode(envelope.data, type=TradeEvent)
                house = self._houses[found[1]]
                house.trade(parse(trade.price), parse(trade.quantity), buyer_is_maker=trade.is_buyer_maker)
            else:
                self.books[found[1]].hear(json.decode(envelope.data, type=DepthEvent))
        except (msgspec.DecodeError, ValueError) as error:
            _log.warning("a message could not be read", reason=f"{type(error).__name__}: {error}")


class _Envelope(Struct, frozen=True):
    stream: str = ""
    data: Raw = Raw()


def _put_on_tape(venue: Venue, symbol: str, trades: list[Trade]) -> None:
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


def _lower(symbol: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in symbol)


def _amounts(levels: Iterable[Level]) -> list[tuple[int, int]]:
    return [(parse(price), parse(quantity)) for price, quantity in levels]
