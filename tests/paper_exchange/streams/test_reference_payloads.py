"""The documentation's own examples judge what the streams tell; only where they lie beside the checkout."""

import json
from typing import Any

from tests.paper_exchange.streams.conftest import REFERENCE, Stage

EXAMPLES = REFERENCE / "binance" / "examples" / "streams"
BY_KIND = {
    "aggTrade": "aggTrade",
    "trade": "trade",
    "kline_1m": "kline",
    "kline_1h@+08:00": "kline_tz_offset",
    "miniTicker": "miniTicker",
    "!miniTicker@arr": "miniTicker_arr",
    "ticker": "ticker",
    "ticker_4h": "ticker_window",
    "!ticker_1h@arr": "ticker_window_arr",
    "bookTicker": "bookTicker",
    "avgPrice": "avgPrice",
    "referencePrice": "referencePrice",
    "depth5": "depth_partial",
    "depth": "depth_diff",
}


def test_fields_and_their_order_are_those_of_the_documentation(stage: Stage) -> None:
    ears = {kind: stage.listen(kind if kind.startswith("!") else f"bnbusdt@{kind}") for kind in BY_KIND}

    stage.live(12)

    for kind, ear in ears.items():
        documented = json.loads((EXAMPLES / f"{BY_KIND[kind]}.json").read_text())
        told = max(ear.heard(), key=lambda payload: len(str(payload)))
        assert shape(told) == shape(documented), kind


def shape(value: Any) -> Any:
    """Names in their order and types of values; of arrays, of their first element."""
    if isinstance(value, dict):
        return [(name, shape(each)) for name, each in value.items()]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__
