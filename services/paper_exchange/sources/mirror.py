"""Mirror: the market of another exchange that speaks Binance's protocol, here, with customers' orders in its books.

Trades and book changes come by its public streams, snapshots by REST; both become orders of the house (`house`), and from there
on everything is told from the engine. While the other exchange is away, the books stay as they were, and `/ready` says so.
"""

import asyncio
import contextlib
import random
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Raw, Struct, json
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from services.paper_exchange.engine.amounts import parse
from services.paper_exchange.sources.house import HouseBook
from services.paper_exchange.sources.mirrored_book import MirroredBook
from services.paper_exchange.sources.origin import PATIENCE_S, Origin, put_on_tape
from services.paper_exchange.venue import Venue
from shared.contract.market.events import DepthEvent, TradeEvent
from shared.contract.market.models import OrderBook
from shared.contract.market.streams import find
from shared.runtime import observe

DEPTH = 1000
"""Levels of a snapshot, of each side."""
RETRY_S = 1.0
_LIMITED = (418, 429)
_log = observe.logger("paper_exchange.mirror")


class Mirror:
    """Keeps a venue's books like those of another exchange."""

    def __init__(self, origin: Origin, venue: Venue) -> None:
        self._origin = origin
        self._houses: dict[str, HouseBook] = {}
        self.books: dict[str, MirroredBook] = {}
        for instrument in origin.instruments:
            symbol = instrument.symbol
            put_on_tape(venue, symbol, origin.trades.get(symbol, []))
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


def _lower(symbol: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in symbol)
