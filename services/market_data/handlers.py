"""One handler for every public read: check the symbols, ask once, pass the exchange's bytes on."""

from typing import Any

import msgspec

from services.market_data.in_flight import InFlight
from services.market_data.reach import Reach
from services.market_data.symbols import Symbols
from shared.binance.client import BinanceClient
from shared.binance.limits import Lane
from shared.contract.market.operations import ExchangeInfo
from shared.contract.operation import Operation
from shared.runtime.clock import monotonic, now_ms
from shared.runtime.responder import RpcRequest

EXCHANGE_TIMEOUT_MS = 10_000
"""The exchange itself gives up after so long; callers who share an answer wait no longer than their own deadlines."""


class Handlers:
    """Answers `binance.rpc.market.*`."""

    def __init__(self, client: BinanceClient, reach: Reach, *, refresh_s: float) -> None:
        self._client = client
        self._reach = reach
        self._in_flight: InFlight[tuple[str, bytes], bytes] = InFlight()
        self.symbols = Symbols(lambda: self._ask(ExchangeInfo()), refresh_s=refresh_s, monotonic=monotonic)

    async def answer(self, request: RpcRequest) -> bytes:
        """The exchange's own body for a public read; exchangeInfo of known symbols comes out of the cache."""
        operation = request.operation
        given = operation.given()
        symbols: list[str] = [given["symbol"]] if "symbol" in given else given.get("symbols", [])
        if symbols:
            await self.symbols.check(*symbols)
        if isinstance(operation, ExchangeInfo) and given.keys() <= {"symbol", "symbols"}:
            listing = await self.symbols.current()
            return listing.only(symbols) if symbols else listing.whole
        return await self._ask(operation)

    async def _ask(self, operation: Operation[Any]) -> bytes:
        key = (operation.spec.method, msgspec.json.encode(operation))
        return await self._in_flight.ask(key, lambda: self._reach.hear(lambda: self._call(operation)))

    async def _call(self, operation: Operation[Any]) -> bytes:
        return await self._client.call(operation, deadline_ms=now_ms() + EXCHANGE_TIMEOUT_MS, lane=Lane.DATA)
