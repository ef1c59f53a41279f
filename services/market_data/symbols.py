"""The exchange's symbols, remembered: what exists, and each symbol's rules in the exchange's own bytes.

`GET exchangeInfo` without parameters is the source. It is fetched anew every `refresh_s`, and sooner when someone asks for a
symbol that is not in it (at most every `RECHECK_S`), for it may have been listed since. A request for one or several symbols
is answered out of it by putting the exchange's bytes of those symbols between its head and tail.
"""

import difflib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct

from shared.contract.errors import Invalid, Unavailable

RECHECK_S: Final = 5.0
"""An unknown symbol makes us ask again, but no more often than this: a caller's typing error must not spend our weight."""


class _Symbol(Struct, frozen=True):
    symbol: str


class _Sor(Struct, frozen=True):
    symbols: list[str]


class _Exchange(Struct, frozen=True):
    symbols: list[Raw]
    timezone: Raw
    serverTime: Raw  # noqa: N815 - the exchange's names
    rateLimits: Raw  # noqa: N815
    exchangeFilters: Raw  # noqa: N815
    sors: list[Raw] = []


_exchange_decoder = msgspec.json.Decoder(_Exchange)
_symbol_decoder = msgspec.json.Decoder(_Symbol)
_sor_decoder = msgspec.json.Decoder(_Sor)


class Listing(Struct, frozen=True):
    """One reply of exchangeInfo, taken apart but not re-encoded."""

    whole: bytes
    symbols: dict[str, Raw]
    head: bytes
    """Everything before the first symbol."""
    sors: list[tuple[frozenset[str], Raw]]
    """Smart order routing, with the symbols that take part."""

    @classmethod
    def read(cls, body: bytes) -> "Listing":
        """Take the exchange's reply apart.

        Raises:
            msgspec.MsgspecError: it is not a reply of exchangeInfo.
        """
        exchange = _exchange_decoder.decode(body)
        head = b'{"timezone":%b,"serverTime":%b,"rateLimits":%b,"exchangeFilters":%b,"symbols":[' % (
            bytes(exchange.timezone),
            bytes(exchange.serverTime),
            bytes(exchange.rateLimits),
            bytes(exchange.exchangeFilters),
        )
        return cls(
            whole=body,
            symbols={_symbol_decoder.decode(raw).symbol: raw for raw in exchange.symbols},
            head=head,
            sors=[(frozenset(_sor_decoder.decode(raw).symbols), raw) for raw in exchange.sors],
        )

    def only(self, symbols: Sequence[str]) -> bytes:
        """The reply narrowed to these symbols, which must be in it, and to the order routing that concerns them."""
        parts = [self.head, b",".join(bytes(self.symbols[symbol]) for symbol in symbols), b"]"]
        if sors := [bytes(raw) for members, raw in self.sors if members.intersection(symbols)]:
            parts += [b',"sors":[', b",".join(sors), b"]"]
        return b"".join((*parts, b"}"))


class Symbols:
    """The current listing and how old it is."""

    def __init__(self, fetch: Callable[[], Awaitable[bytes]], *, refresh_s: float, monotonic: Callable[[], float]) -> None:
        self.fetch = fetch
        self._refresh_s = refresh_s
        self._monotonic = monotonic
        self._listing: Listing | None = None
        self._fetched_at = float("-inf")

    @property
    def age_s(self) -> float:
        """Seconds since the listing was fetched; infinite before the first time."""
        return self._monotonic() - self._fetched_at

    async def refresh(self) -> Listing:
        """Fetch the listing anew; when that fails the old one stays.

        Raises:
            ServiceError: the exchange refused or was not to be reached, or its reply cannot be read.
        """
        try:
            listing = Listing.read(await self.fetch())
        except msgspec.MsgspecError:
            raise Unavailable(
                "The exchange's list of symbols cannot be read.", hint="Try again; its format may have changed."
            ) from None
        self._listing, self._fetched_at = listing, self._monotonic()
        return listing

    async def current(self) -> Listing:
        """The listing, fetched anew when it is older than `refresh_s`."""
        if self._listing is not None and self.age_s < self._refresh_s:
            return self._listing
        return await self.refresh()

    async def check(self, *symbols: str) -> None:
        """Refuse symbols that the exchange does not list, before any request for them leaves.

        Raises:
            Invalid: names the symbol and those that come near it.
        """
        listing = self._listing or await self.refresh()
        if not _unlisted(symbols, listing):
            return
        if self.age_s > RECHECK_S:
            listing = await self.refresh()
        if unlisted := _unlisted(symbols, listing):
            near = difflib.get_close_matches(unlisted[0], listing.symbols, n=3)
            hint = f"Did you mean {', '.join(near)}?" if near else "get_price lists every symbol."
            raise Invalid(f"The exchange lists no symbol {unlisted[0]}.", code=-1121, hint=hint)


def _unlisted(symbols: Sequence[str], listing: Listing) -> list[str]:
    return [symbol for symbol in symbols if symbol not in listing.symbols]
