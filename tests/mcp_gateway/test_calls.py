"""What a tool answers to bad input and to errors: something an agent can act on, and nothing that is not its business."""

import json
from typing import Any

import pytest

from services.mcp_gateway.settings import Settings
from shared.contract.errors import Denied, Invalid, OutcomeUnknown, RateLimited, Rejected, ServiceError, Unavailable
from shared.runtime.responder import RpcRequest
from shared.runtime.settings import BadSettings
from tests.mcp_gateway.gateways import Gateway, Market, StartGateway

INVALID: list[tuple[str, dict[str, Any], str]] = [
    ("get_price", {"symbol": "btcusdt"}, "BTCUSDT"),
    ("get_price", {"symbol": "BTC/USDT"}, "BTCUSDT"),
    ("get_price", {"symbol": "BTC.USDT"}, "symbol"),
    ("get_price", {"symbol": "BTC*"}, "symbol"),
    ("get_price", {"symbol": ">"}, "symbol"),
    ("get_price", {"symbol": "BTC USDT"}, "symbol"),
    ("get_price", {"symbol": "BTCUSDT\n"}, "symbol"),
    ("get_price", {"symbol": "BTC%2FUSDT"}, "symbol"),
    ("get_price", {"symbol": "..%2F..%2Fapi"}, "symbol"),
    ("get_price", {"symbol": ""}, "symbol"),
    ("get_price", {"symbol": "A" * 21}, "symbol"),
    ("get_price", {"symbol": "BTCUSDT'; DROP TABLE orders; --"}, "symbol"),
    ("get_price", {"symbol": ["BTCUSDT"]}, "symbol"),
    ("get_price", {"symbols": "BTCUSDT"}, "symbols"),
    ("get_price", {"symbols": []}, "symbols"),
    ("get_price", {"symbols": ["BTCUSDT", "BTCUSDT"]}, "twice"),
    ("get_price", {"symbols": ["BTCUSDT", "E TH"]}, "symbols"),
    ("get_trading_day_ticker", {"symbols": [f"S{i}" for i in range(101)]}, "100"),
    ("get_trading_day_ticker", {}, "symbol"),
    ("get_order_book", {}, "symbol"),
    ("get_order_book", {"symbol": "BTCUSDT", "limit": 0}, "limit"),
    ("get_order_book", {"symbol": "BTCUSDT", "limit": 5001}, "5000"),
    ("get_order_book", {"symbol": "BTCUSDT", "limit": "100"}, "limit"),
    ("get_order_book", {"symbol": "BTCUSDT", "depth": 5}, "depth"),
    ("get_historical_prices", {"symbol": "BTCUSDT", "interval": "2m"}, "15m"),
    ("get_historical_prices", {"symbol": "BTCUSDT", "interval": "1h", "startTime": 9, "endTime": 5}, "startTime"),
    ("get_historical_prices", {"symbol": "BTCUSDT", "interval": "1h", "startTime": -1}, "startTime"),
    ("get_aggregate_trades", {"symbol": "BTCUSDT", "fromId": 1, "startTime": 5}, "fromId"),
    ("get_rolling_window_ticker", {"symbol": "BTCUSDT", "windowSize": "8d"}, "windowSize"),
    ("get_exchange_info", {"symbol": "BTCUSDT", "permissions": ["SPOT"]}, "permissions"),
    ("get_price", {"cursor": "AAAA"}, "next_cursor"),
    ("get_price", {"cursor": 5}, "next_cursor"),
]


async def error_of(gateway: Gateway, tool: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    result = await gateway.call(tool, arguments, **more)
    assert result["isError"] is True
    assert "structuredContent" not in result
    (content,) = result["content"]
    return json.loads(content["text"])


@pytest.mark.parametrize(("tool", "arguments", "named"), INVALID)
async def test_bad_arguments_are_invalid_and_say_what_would_do(
    gateway: Gateway, market: Market, tool: str, arguments: dict[str, Any], named: str
) -> None:
    error = await error_of(gateway, tool, arguments)
    assert error["kind"] == "invalid"
    assert named in error["message"] + error["hint"]
    assert error["hint"]
    assert len(json.dumps(error)) < 800
    assert not market.asked, "a request left"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("get_price", {"symbl": "BTCUSDT"}),
        ("get_price", {"symbol": "BTCUSDT", "symbols": ["ETHUSDT"]}),
        ("get_trading_day_ticker", {}),
        ("get_order_book", {}),
        ("get_exchange_info", {"symbol": "BTCUSDT", "permissions": ["SPOT"]}),
        ("ping_binance", {"twice": True}),
    ],
)
async def test_a_refusal_calls_the_tool_by_the_name_that_the_agent_knows(
    gateway: Gateway, tool: str, arguments: dict[str, Any]
) -> None:
    told = (await error_of(gateway, tool, arguments))["message"]
    assert told.startswith(tool)


ERRORS: list[ServiceError] = [
    Invalid("A", hint="B"),
    Rejected("Invalid symbol.", code=-1121, hint="Look at get_exchange_info."),
    Denied("Not permitted."),
    RateLimited("Too much.", code=-1003, retry_after_ms=12_000, hint="Wait."),
    Unavailable("Busy.", retry_after_ms=250),
    OutcomeUnknown("Lost."),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.kind)
@pytest.mark.parametrize("plain", [True, False])
async def test_an_error_of_a_service_is_told_whole(gateway: Gateway, market: Market, error: ServiceError, plain: bool) -> None:
    async def refuse(_: RpcRequest) -> bytes:
        raise error

    market.replies["avgPrice"] = refuse
    told = await error_of(gateway, "get_average_price", {"symbol": "BTCUSDT"}, plain=plain)
    wanted = {"kind": error.kind, "message": error.message, "hint": error.hint or None, "code": error.code}
    assert told == {k: v for k, v in {**wanted, "retry_after_ms": error.retry_after_ms}.items() if v is not None}


async def test_what_a_service_raises_by_mistake_reaches_nobody(gateway: Gateway, market: Market) -> None:
    async def fail(_: RpcRequest) -> bytes:
        raise RuntimeError("/etc/passwd secret=hunter2")

    market.replies["avgPrice"] = fail
    error = await error_of(gateway, "get_average_price", {"symbol": "BTCUSDT"})
    assert error["kind"] == "unavailable"
    assert "hunter2" not in json.dumps(error)
    assert "passwd" not in json.dumps(error)


async def test_what_goes_wrong_in_the_gateway_itself_reaches_nobody(
    gateway: Gateway, market: Market, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("/root/.ssh hunter2")

    monkeypatch.setattr("services.mcp_gateway.calls.parse", fail)
    for plain in (True, False):
        error = await error_of(gateway, "get_server_time", {}, plain=plain)
        assert error["kind"] == "unavailable"
        assert "hunter2" not in json.dumps(error)


async def test_a_smaller_bound_makes_smaller_pages(start_gateway: StartGateway, market: Market) -> None:
    trades = [{"id": i, "price": "64000.00000000", "qty": "0.00100000"} for i in range(1, 1001)]

    async def answer(request: RpcRequest) -> bytes:
        asked = request.operation.given()
        first = asked.get("fromId", 1)
        return json.dumps(trades[first - 1 : first - 1 + asked.get("limit", 500)]).encode()

    market.replies["trades.recent"] = market.replies["trades.historical"] = answer
    gateway = await start_gateway(mcp_max_result_tokens=1000)
    arguments: dict[str, Any] = {"symbol": "BTCUSDT", "limit": 200}
    ids: list[int] = []
    while True:
        (content,) = (await gateway.call("get_recent_trades", arguments))["content"]
        assert len(content["text"]) <= 4000
        page = json.loads(content["text"])
        ids += [trade["id"] for trade in page["page"]]
        if "next_cursor" not in page:
            assert "last page" in page["hint"]
            break
        assert "smaller limit" in page["hint"]
        arguments["cursor"] = page["next_cursor"]
    assert ids == list(range(1, 201))
    assert {asked.spec.method for asked in market.asked} == {"trades.recent", "trades.historical"}


async def test_a_listing_of_all_symbols_says_how_to_ask_for_one(gateway: Gateway, market: Market) -> None:
    symbol = {"status": "TRADING", "baseAsset": "B", "quoteAsset": "USDT", "filters": ["x" * 1000]}
    whole = {
        "timezone": "UTC",
        "serverTime": 1,
        "rateLimits": [],
        "symbols": [{"symbol": f"S{i:03}", **symbol} for i in range(50)],
    }
    market.reply("exchangeInfo", json.dumps(whole).encode())
    page = json.loads((await gateway.call("get_exchange_info"))["content"][0]["text"])
    assert (page["shown"], page["total"]) == (50, 50)
    assert page["page"]["symbols"][0] == {"symbol": "S000", "status": "TRADING", "baseAsset": "B", "quoteAsset": "USDT"}
    assert "symbol or symbols" in page["hint"]
    assert json.loads((await gateway.call("get_exchange_info", {"symbol": "S000"}))["content"][0]["text"]) == whole


def test_a_toolset_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadSettings, match="BINANCE_MCP_TOOLSETS: there is no toolset 'markets'; there are market, streams"):
        Settings.load(mcp_toolsets="markets")
    assert Settings.load(mcp_toolsets="market, system").mcp_toolsets == ("market", "system")
