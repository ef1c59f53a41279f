"""The vocabulary of parameters: what a symbol, a price, a time or an enumeration may look like.

A type states its bounds once. From it follow the decoder's check, the JSON schema an agent sees, the text of a refusal and,
where `extra` names one, the error code with which the exchange (and our paper exchange) refuses a value that breaks it.
Sources: the parameter tables and enumerations of Binance's Spot documentation of 2026-07-21.
"""

from typing import Annotated, Literal, TypeVar

from msgspec import Meta, UnsetType

T = TypeVar("T")
Maybe = T | UnsetType
"""A parameter that may be left out. Left out is `UNSET`, never null: the exchange has no null parameters."""

SYMBOL_PATTERN = r"^[A-Z0-9_\-\u0080-\uFFFF]{1,20}$"
"""Upper-case letters, digits, `_`, `-` and letters of other scripts (Binance lists non-ASCII symbols since 2025).
Never `.`, `*`, `>`, `%`, `/` or a blank, for a symbol becomes a token of a NATS subject and a part of a URL."""

Symbol = Annotated[
    str, Meta(pattern=SYMBOL_PATTERN, description="Trading pair in upper case", examples=["BTCUSDT"], extra={"code": -1100})
]
Symbols = Annotated[
    list[Symbol], Meta(min_length=1, max_length=500, description="Trading pairs", examples=[["BTCUSDT", "ETHUSDT"]])
]
HundredSymbols = Annotated[
    list[Symbol],
    Meta(
        min_length=1,
        max_length=100,
        description="Up to 100 trading pairs",
        examples=[["BTCUSDT", "ETHUSDT"]],
        extra={"code": -1101},
    ),
]
SymbolStatus = Annotated[
    Literal["TRADING", "HALT", "BREAK"], Meta(description="Only symbols in this status", extra={"code": -1122})
]
Permission = Annotated[
    str, Meta(pattern=r"^[A-Z0-9_]{1,20}$", description="Account permission", examples=["SPOT"], extra={"code": -1101})
]
Permissions = Annotated[list[Permission], Meta(min_length=1, max_length=100, extra_json_schema={"default": ["SPOT"]})]

Interval = Annotated[
    Literal["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"],
    Meta(description="Candle width (1m is a minute, 1M a month)", examples=["1h"], extra={"code": -1120}),
]
WindowSize = Annotated[
    str,
    Meta(
        pattern=r"^([1-9]|[1-5][0-9])m$|^([1-9]|1[0-9]|2[0-3])h$|^[1-7]d$",
        description="Window: 1m..59m, 1h..23h or 1d..7d",
        examples=["4h"],
        extra_json_schema={"default": "1d"},
        extra={"code": -1100},
    ),
]
StreamWindow = Literal["1h", "4h", "1d"]
TickerType = Annotated[
    Literal["FULL", "MINI"],
    Meta(
        description="MINI leaves out changes, averages and best prices",
        extra_json_schema={"default": "FULL"},
        extra={"code": -1139},
    ),
]
TimeZone = Annotated[
    str,
    Meta(
        pattern=r"^[+-]?(0?[0-9]|1[0-4])(:[0-5][0-9])?$",
        description="UTC offset of the boundaries, -12:00 to +14:00",
        examples=["+8:00"],
        extra_json_schema={"default": "0"},
        extra={"code": -1100},
    ),
]
Time = Annotated[int, Meta(ge=0, description="Unix time in ms (or us)", examples=[1764000000000], extra={"code": -1100})]
StartTime = Annotated[
    int, Meta(ge=0, description="From this Unix time in ms, inclusive", examples=[1764000000000], extra={"code": -1100})
]
EndTime = Annotated[
    int, Meta(ge=0, description="To this Unix time in ms, inclusive", examples=[1764003600000], extra={"code": -1100})
]
Limit = Annotated[
    int, Meta(ge=1, le=1000, description="Rows", examples=[100], extra_json_schema={"default": 500}, extra={"code": -1100})
]
DepthLimit = Annotated[
    int,
    Meta(
        ge=1,
        le=5000,
        description="Levels a side (weight grows with it)",
        examples=[20],
        extra_json_schema={"default": 100},
        extra={"code": -1100},
    ),
]
Id = Annotated[int, Meta(ge=0, examples=[28457], extra={"code": -1100})]
FromId = Annotated[int, Meta(ge=0, description="First id to return", examples=[28457], extra={"code": -1100})]

DECIMAL_PATTERN = r"^[0-9]{1,20}(\.[0-9]{1,20})?$"
"""What the exchange reads as a number: digits, at most one point, no sign, no exponent."""

Decimal = Annotated[str, Meta(pattern=DECIMAL_PATTERN, description="Decimal string", examples=["0.001"], extra={"code": -1100})]
ClientOrderId = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_-]{1,36}$", description="Your own id", examples=["my-order-1"], extra={"code": -1100})
]
Side = Annotated[Literal["BUY", "SELL"], Meta(extra={"code": -1117})]
OrderType = Annotated[
    Literal["LIMIT", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT", "LIMIT_MAKER"],
    Meta(extra={"code": -1116}),
]
SorOrderType = Annotated[Literal["LIMIT", "MARKET"], Meta(extra={"code": -1116})]
WorkingType = Annotated[Literal["LIMIT", "LIMIT_MAKER"], Meta(extra={"code": -1116})]
OcoLegType = Annotated[
    Literal["STOP_LOSS_LIMIT", "STOP_LOSS", "LIMIT_MAKER", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"], Meta(extra={"code": -1158})
]
TimeInForce = Annotated[Literal["GTC", "IOC", "FOK"], Meta(extra={"code": -1115})]
OrderRespType = Annotated[Literal["ACK", "RESULT", "FULL"], Meta(description="Detail of the reply", extra={"code": -1104})]
SelfTradePrevention = Annotated[
    Literal["NONE", "EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER"], Meta(extra={"code": -1013})
]
PegPriceType = Annotated[
    Literal["PRIMARY_PEG", "MARKET_PEG"],
    Meta(description="PRIMARY_PEG follows the own side's best price, MARKET_PEG the other's", extra={"code": -1210}),
]
PegOffsetType = Annotated[Literal["PRICE_LEVEL"], Meta(extra={"code": -1211})]
PegOffset = Annotated[int, Meta(ge=1, le=100, description="Price levels away from the peg", extra={"code": -1100})]
TrailingDelta = Annotated[int, Meta(ge=1, description="Trailing distance in basis points", extra={"code": -1100})]
StrategyId = Annotated[int, Meta(ge=0, description="Your own tag", extra={"code": -1100})]
StrategyType = Annotated[int, Meta(ge=1_000_000, description="Your own tag", extra={"code": -1134})]
CancelReplaceMode = Annotated[
    Literal["STOP_ON_FAILURE", "ALLOW_FAILURE"], Meta(description="May the new order go out when the cancel fails?")
]
CancelRestrictions = Annotated[
    Literal["ONLY_NEW", "ONLY_PARTIALLY_FILLED"], Meta(description="Cancel only in this status", extra={"code": -1145})
]
OrderRateLimitExceededMode = Annotated[
    Literal["DO_NOTHING", "CANCEL_ONLY"],
    Meta(description="Cancel even though the order limit is spent?", extra_json_schema={"default": "DO_NOTHING"}),
]
RecvWindow = Annotated[
    float | int,
    Meta(
        gt=0,
        le=60000,
        description="How long the request stays valid, ms (up to three decimals)",
        extra_json_schema={"default": 5000},
        extra={"code": -1131},
    ),
]
