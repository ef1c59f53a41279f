"""Does a symbol exist? market_data knows; its word is remembered. Without an answer a symbol is believed: it costs nothing."""

import asyncio
from collections.abc import Iterable

from services.stream_ingestion.history import Ask
from shared.contract.errors import Invalid, Rejected, ServiceError
from shared.contract.market.operations import ExchangeInfo
from shared.runtime.clock import monotonic

REMEMBERED_S = 600.0
WITHIN_S = 1.5
"""For all symbols of a request together: who subscribes has not the time to wait for a market_data that is away."""
AT_ONCE = 64


class Symbols:
    """Symbols that are known to exist."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._known: dict[str, float] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def check(self, symbols: Iterable[str]) -> None:
        """Make sure that these exist.

        Raises:
            Invalid: one does not.
        """
        now = monotonic()
        unknown = {symbol for symbol in symbols if symbol and self._known.get(symbol, 0.0) <= now}
        asking = [asyncio.create_task(self._look_up(symbol)) for symbol in sorted(unknown)]
        if not asking:
            return
        done, late = await asyncio.wait(asking, timeout=WITHIN_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for task in asking:
            if task in done:
                task.result()

    async def _look_up(self, symbol: str) -> None:
        try:
            async with self._turn:
                await self._ask(ExchangeInfo(symbol=symbol))
        except (Invalid, Rejected) as error:
            raise Invalid(f"{symbol!r:.40}: {error.message}", code=error.code, hint=error.hint) from None
        except ServiceError:
            return
        self._known[symbol] = monotonic() + REMEMBERED_S
