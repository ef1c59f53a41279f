"""Every kind of stream has one tool, whose arguments lead to its name at the exchange."""

from typing import Any

import pytest

from shared.contract import catalog
from shared.contract.errors import Invalid
from shared.contract.platform.subscriptions import SUBSCRIPTIONS, to_subscribe
from shared.contract.validate import parse

BY_TOOL = {spec.tool.name: spec for spec in SUBSCRIPTIONS if spec.tool}


@pytest.mark.parametrize(
    ("tool", "arguments", "stream"),
    [
        ("trade", {"symbol": "BTCUSDT"}, "btcusdt@trade"),
        ("aggregate_trade", {"symbol": "BTCUSDT"}, "btcusdt@aggTrade"),
        ("kline", {"symbol": "BTCUSDT", "interval": "1h"}, "btcusdt@kline_1h"),
        ("kline", {"symbol": "BTCUSDT", "interval": "1M", "timeZone": "+08:00"}, "btcusdt@kline_1M@+08:00"),
        ("ticker", {"symbol": "币安人生USDT"}, "币安人生usdt@ticker"),
        ("rolling_window_ticker", {"symbol": "BTCUSDT", "window": "4h"}, "btcusdt@ticker_4h"),
        ("depth", {"symbol": "BTCUSDT", "levels": "20"}, "btcusdt@depth20"),
        ("depth", {"symbol": "BTCUSDT", "levels": "5", "speed": "100ms"}, "btcusdt@depth5@100ms"),
        ("diff_depth", {"symbol": "BTCUSDT", "speed": "1000ms"}, "btcusdt@depth"),
        ("diff_depth", {"symbol": "BTCUSDT", "speed": "100ms"}, "btcusdt@depth@100ms"),
        ("all_mini_tickers", {}, "!miniTicker@arr"),
        ("all_rolling_window_tickers", {"window": "1d"}, "!ticker_1d@arr"),
        ("all_tickers", {"leaseSeconds": 60}, "!ticker@arr"),
    ],
)
def test_a_subscription_leads_to_its_stream(tool: str, arguments: dict[str, Any], stream: str):
    subscription = parse(BY_TOOL[f"subscribe_to_{tool}_stream"].type, arguments)

    assert to_subscribe(subscription).streams == [stream]
    assert to_subscribe(subscription).given().get("leaseSeconds") == arguments.get("leaseSeconds")


def test_every_stream_can_be_subscribed_with_a_tool_that_no_operation_has():
    assert {stream.tool.name for stream in catalog.STREAMS if stream.tool} == set(BY_TOOL)
    assert all(stream.tool for stream in catalog.STREAMS)
    assert not set(BY_TOOL) & set(catalog.BY_TOOL)


def test_a_wrong_argument_is_refused_with_what_is_allowed():
    with pytest.raises(Invalid, match="must be one of 5, 10, 20"):
        parse(BY_TOOL["subscribe_to_depth_stream"].type, {"symbol": "BTCUSDT", "levels": "7"})


def test_the_retired_stream_says_what_to_prefer():
    assert "prefer subscribe_to_ticker_stream or subscribe_to_all_mini" in BY_TOOL["subscribe_to_all_tickers_stream"].summary
