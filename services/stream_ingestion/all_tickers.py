"""`!ticker@arr`, which the exchange retired on 2026-03-26, made from `ticker.24hr`: tickers of symbols that traded since."""

import asyncio
from collections.abc import Callable

import msgspec

from services.stream_ingestion import history
from services.stream_ingestion.channel import Channel
from services.stream_ingestion.history import Ask
from shared.contract.errors import ServiceError
from shared.runtime.observe import logger

_log = logger("stream_ingestion.all_tickers")


class AllTickers:
    """Feeds the channel until `stop`."""

    def __init__(self, channel: Channel, ask: Ask, every_s: float, flush: Callable[[], None]) -> None:
        self._channel = channel
        self._ask = ask
        self._every_s = every_s
        self._flush = flush
        self._last_trades: dict[str, int] = {}
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Fetch no more."""
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            try:
                await self._fetch()
            except ServiceError as error:
                _log.warning("no tickers for the stream that the exchange retired", reason=error.message)
            except msgspec.MsgspecError:
                _log.error("tickers that cannot be read")
            await asyncio.sleep(self._every_s)

    async def _fetch(self) -> None:
        rows = await history.all_tickers(self._ask)
        changed = [event for symbol, last_trade, event in rows if self._last_trades.get(symbol) != last_trade]
        self._last_trades = {symbol: last_trade for symbol, last_trade, _ in rows}
        if changed:
            self._channel.take(b"[" + b",".join(changed) + b"]")
            self._flush()
