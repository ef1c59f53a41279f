"""Does a symbol exist? market_data knows; its word is remembered. Without an answer a symbol is believed: it costs nothing."""

from collections.abc import Iterable

from services.stream_ingestion.history import Ask
from shared.contract.errors import Invalid, Rejected, ServiceError
from shared.contract.market.operations import ExchangeInfo
from shared.runtime.clock import monotonic

REMEMBERED_S = 600.0


class Symbols:
    """Symbols that are known to exist."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._known: dict[str, float] = {}

    async def check(self, symbols: Iterable[str]) -> None:
        """Make sure that these exist.

        Raises:
            Invalid: one does not.
        """
        now = monotonic()
        for symbol in {symbol for symbol in symbols if symbol and self._known.get(symbol, 0.0) <= now}:
            try:
                await self._ask(ExchangeInfo(symbol=symbol))
            except (Invalid, Rejected) as error:
                raise Invalid(f"{symbol!r:.40}: {error.message}", code=error.code, hint=error.hint) from None
            except ServiceError:
                continue
            self._known[symbol] = now + REMEMBERED_S
