"""What anybody may read: the exchange, its symbols, prices, trades and candles.

Owns: how the state of the market becomes the documented reply, eight decimals and times in the unit that was asked for.
Answers: every public read of the catalogue, one function each, under its name in `PUBLIC`.
"""

from services.paper_exchange.handlers import Handler
from services.paper_exchange.public import general, klines, prices, statistics, trades

PUBLIC: dict[str, Handler] = {
    "ping": general.ping,
    "time": general.time,
    "exchangeInfo": general.exchange_info,
    "executionRules": general.execution_rules,
    "depth": prices.depth,
    "trades.recent": trades.recent,
    "trades.historical": trades.recent,
    "blockTrades.historical": trades.block,
    "trades.aggregate": trades.aggregate,
    "klines": klines.klines,
    "uiKlines": klines.klines,
    "avgPrice": prices.average,
    "ticker.24hr": statistics.last_day,
    "ticker.tradingDay": statistics.trading_day,
    "ticker": statistics.rolling,
    "ticker.price": prices.last,
    "ticker.book": prices.best,
    "referencePrice": prices.reference,
    "referencePrice.calculation": prices.reference_calculation,
}
"""By operation: what the WebSocket API calls a method; `trading.TRADING` has the others."""
