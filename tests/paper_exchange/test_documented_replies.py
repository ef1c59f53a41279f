"""Replies have every field that the documentation prints, of the same kind, on both interfaces.

The documented payloads are read where they lie beside the checkout; without them there is nothing to compare with.
"""

from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import json

EXAMPLES = Path(__file__).resolve().parents[3] / "shared" / "binance" / "examples" / "rest"
REQUESTS: dict[str, str] = {
    "get_ping.1": "ping",
    "get_time.1": "time",
    "get_exchangeInfo.1": "exchangeInfo",
    "get_executionRules.1": "executionRules?symbol=BNBUSDT",
    "get_depth.1": "depth?symbol=BTCUSDT",
    "get_trades.1": "trades?symbol=BTCUSDT",
    "get_historicalTrades.1": "historicalTrades?symbol=BTCUSDT",
    "get_historicalBlockTrades.1": "historicalBlockTrades?symbol=BTCUSDT&fromId=0",
    "get_aggTrades.1": "aggTrades?symbol=BTCUSDT",
    "get_klines.1": "klines?symbol=BTCUSDT&interval=1w",
    "get_uiKlines.1": "uiKlines?symbol=BTCUSDT&interval=1w",
    "get_avgPrice.1": "avgPrice?symbol=BTCUSDT",
    "get_ticker_24hr.1": "ticker/24hr?symbol=BTCUSDT",
    "get_ticker_24hr.2": "ticker/24hr",
    "get_ticker_24hr.3": "ticker/24hr?symbol=BTCUSDT&type=MINI",
    "get_ticker_24hr.4": "ticker/24hr?type=MINI",
    "get_ticker_tradingDay.1": "ticker/tradingDay?symbol=BTCUSDT",
    "get_ticker_tradingDay.2": "ticker/tradingDay?symbols=[%22BTCUSDT%22,%22BNBUSDT%22]",
    "get_ticker_tradingDay.3": "ticker/tradingDay?symbol=BTCUSDT&type=MINI",
    "get_ticker_tradingDay.4": "ticker/tradingDay?symbols=[%22BTCUSDT%22,%22BNBUSDT%22]&type=MINI",
    "get_ticker.1": "ticker?symbol=BNBBTC",
    "get_ticker.2": "ticker?symbols=[%22BTCUSDT%22,%22BNBBTC%22]",
    "get_ticker.3": "ticker?symbol=BNBBTC&type=MINI",
    "get_ticker.4": "ticker?symbols=[%22BTCUSDT%22,%22BNBBTC%22]&type=MINI",
    "get_ticker_price.1": "ticker/price?symbol=BTCUSDT",
    "get_ticker_price.2": "ticker/price",
    "get_ticker_bookTicker.1": "ticker/bookTicker?symbol=BTCUSDT",
    "get_ticker_bookTicker.2": "ticker/bookTicker",
    "get_referencePrice.1": "referencePrice?symbol=BNBUSDT",
    "get_referencePrice.2": "referencePrice?symbol=币安人生USDT",
    "get_referencePrice.3": "referencePrice?symbol=BTCUSDT",
    "get_referencePrice_calculation.1": "referencePrice/calculation?symbol=BTCUSDT",
    "get_referencePrice_calculation.2": "referencePrice/calculation?symbol=BNBUSDT",
    "get_referencePrice_calculation.3": "referencePrice/calculation?symbol=XRPUSDT",
}
OTHER_FILTERS = "filters"
"""Which filters a symbol has is its own affair."""


def same_shape(documented: Any, answered: Any, at: str = "$") -> list[str]:
    """What of the documented shape the answer lacks."""
    if type(documented) is not type(answered):
        return [f"{at} is {type(answered)}, documented {type(documented)}"]
    if isinstance(documented, dict):
        return of_objects(documented, answered, at)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(documented, list):
        return of_lists(documented, answered, at)  # pyright: ignore[reportUnknownArgumentType]
    return []


def of_objects(documented: dict[str, Any], answered: dict[str, Any], at: str) -> list[str]:
    wrong = [f"{at}.{name} is not documented" for name in answered if name not in documented]
    for name, value in documented.items():
        if name not in answered:
            wrong.append(f"{at}.{name} is missing")
        elif name != OTHER_FILTERS:
            wrong += same_shape(value, answered[name], f"{at}.{name}")
    return wrong


def of_lists(documented: list[Any], answered: list[Any], at: str) -> list[str]:
    is_candle = at.startswith("$[") and len(documented) > 3
    if is_candle and len(documented) != len(answered):
        return [f"{at} has {len(answered)} places, documented {len(documented)}"]
    pairs = list(zip(documented, answered, strict=False))
    return [fault for one, other in (pairs if is_candle else pairs[:1]) for fault in same_shape(one, other, f"{at}[]")]


@pytest.mark.parametrize("example", REQUESTS)
def test_a_reply_has_the_documented_shape(rest: httpx.Client, example: str) -> None:
    answered = rest.get(f"/api/v3/{REQUESTS[example]}").json()
    if not EXAMPLES.is_dir():
        assert answered is not None
        return
    documented = json.decode((EXAMPLES / f"{example}.json").read_bytes())

    assert same_shape(documented, answered) == []
