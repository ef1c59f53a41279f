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

LONG_MAX = 2**63 - 1
"""The exchange's LONG; its INT ends at 2**31 - 1."""
INT_MAX = 2**31 - 1

# Patterns end with \Z, not $: Python's $ would let a line break at the end pass.
SYMBOL_PATTERN = r"^(?:[A-Z0-9_\-]|[^\W\x00-\x7F]){1,20}\Z"
"""Upper-case letters, digits, `_`, `-` and letters of other scripts (Binance lists non-ASCII symbols since 2025).
Never `.`, `*`, `>`, `%`, `/` or a blank, for a symbol becomes a token of a NATS subject and a part of a URL."""

Symbol = Annotated[
    str,
    Meta(
        pattern=SYMBOL_PATTERN,
        description="Such as BTCUSDT",
        examples=["BTCUSDT"],
        extra={"code": -1100, "must_be": "a trading pair in upper case such as BTCUSDT"},
    ),
]
Symbols = Annotated[list[Symbol], Meta(min_length=1, max_length=500, examples=[["BTCUSDT", "ETHUSDT"]])]
HundredSymbols = Annotated[
    list[Symbol], Meta(min_length=1, max_length=100, examples=[["BTCUSDT", "ETHUSDT"]], extra={"code": -1101})
]
SymbolStatus = Annotated[Literal["TRADING", "HALT", "BREAK"], Meta(extra={"code": -1122})]
Permission = Annotated[
    str,
    Meta(
        pattern=r"^[A-Z0-9_]{1,20}\Z",
        examples=["SPOT"],
        extra={"code": -1101, "must_be": "an account permission in upper case such as SPOT"},
    ),
]
Permissions = Annotated[list[Permission], Meta(min_length=1, max_length=100, examples=[["SPOT"]])]

Interval = Annotated[
    Literal["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"],
    Meta(description="m minute, M month", examples=["1h"], extra={"code": -1120}),
]
WindowSize = Annotated[
    str,
    Meta(
        pattern=r"^(?:[1-5]?[1-9]|[1-5]0)m\Z|^(?:1?[1-9]|10|2[0-3])h\Z|^[1-7]d\Z",
        description="1m..59m, 1h..23h or 1d..7d",
        examples=["4h"],
        extra_json_schema={"default": "1d"},
        extra={"code": -1100, "must_be": "a window of 1m to 59m, 1h to 23h or 1d to 7d, such as 4h"},
    ),
]
StreamWindow = Literal["1h", "4h", "1d"]
TickerType = Annotated[
    Literal["FULL", "MINI"],
    Meta(
        description="MINI leaves out changes, averages, best prices",
        extra_json_schema={"default": "FULL"},
        extra={"code": -1139},
    ),
]
TimeZone = Annotated[
    str,
    Meta(
        pattern=r"^(?:\+?(?:0?[0-9]|1[0-3])(?::[0-5][0-9])?|\+?14(?::00)?|-(?:0?[0-9]|1[01])(?::[0-5][0-9])?|-12(?::00)?)\Z",
        description="UTC offset of the boundaries, such as +8:00",
        examples=["+8:00"],
        extra_json_schema={"default": "0"},
        extra={"code": -1100, "must_be": "an offset from UTC between -12:00 and +14:00 such as +8:00"},
    ),
]
_TIME = "a Unix time in milliseconds (or microseconds), such as 1764000000000"
StartTime = Annotated[
    int,
    Meta(ge=0, le=LONG_MAX, description="Unix ms", examples=[1764000000000], extra={"code": -1100, "must_be": _TIME}),
]
EndTime = Annotated[
    int,
    Meta(ge=0, le=LONG_MAX, description="Unix ms", examples=[1764003600000], extra={"code": -1100, "must_be": _TIME}),
]
Limit = Annotated[int, Meta(ge=1, le=1000, examples=[100], extra_json_schema={"default": 500}, extra={"code": -1100})]
DepthLimit = Annotated[
    int,
    Meta(
        ge=1,
        le=5000,
        description="Levels a side",
        examples=[20],
        extra_json_schema={"default": 100},
        extra={"code": -1100},
    ),
]
Id = Annotated[int, Meta(ge=0, le=LONG_MAX, examples=[28457], extra={"code": -1100})]
FromId = Annotated[int, Meta(ge=0, le=LONG_MAX, description="First id to return", examples=[28457], extra={"code": -1100})]

DECIMAL_PATTERN = r"^[0-9]{1,20}(?:\.[0-9]{1,20})?\Z"
"""What the exchange reads as a number: digits, at most one point, no sign, no exponent."""

Decimal = Annotated[
    str,
    Meta(
        pattern=DECIMAL_PATTERN,
        examples=["0.001"],
        extra={"code": -1100, "must_be": 'a decimal number as text such as "0.001"'},
    ),
]
Quantity = Annotated[
    str,
    Meta(pattern=DECIMAL_PATTERN, examples=["0.001"], extra={"code": -1100, "must_be": 'an amount as text such as "0.001"'}),
]
Price = Annotated[
    str, Meta(pattern=DECIMAL_PATTERN, examples=["60000"], extra={"code": -1100, "must_be": 'a price as text such as "60000"'})
]
ClientOrderId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_\-]{1,36}\Z",
        examples=["my-order-1"],
        extra={"code": -1100, "must_be": "1 to 36 letters, digits, - or _"},
    ),
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
OrderRespType = Annotated[Literal["ACK", "RESULT", "FULL"], Meta(extra={"code": -1104})]
SelfTradePrevention = Annotated[
    Literal["NONE", "EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER"], Meta(extra={"code": -1013})
]
PegPriceType = Annotated[
    Literal["PRIMARY_PEG", "MARKET_PEG"],
    Meta(description="PRIMARY_PEG: own side's best price", extra={"code": -1210}),
]
PegOffsetType = Annotated[Literal["PRICE_LEVEL"], Meta(extra={"code": -1211})]
PegOffset = Annotated[int, Meta(ge=1, le=100, description="Levels", examples=[1], extra={"code": -1100})]
TrailingDelta = Annotated[
    int,
    Meta(
        ge=1,
        le=INT_MAX,
        description="Basis points",
        examples=[100],
        extra={"code": -1100, "must_be": "a whole number of basis points"},
    ),
]
StrategyId = Annotated[int, Meta(ge=0, le=LONG_MAX, examples=[1], extra={"code": -1100})]
StrategyType = Annotated[
    int,
    Meta(ge=1_000_000, le=INT_MAX, examples=[1_000_000], extra={"code": -1134, "must_be": "a whole number from 1000000"}),
]
CancelReplaceMode = Annotated[
    Literal["STOP_ON_FAILURE", "ALLOW_FAILURE"],
    Meta(description="ALLOW_FAILURE: place the new order even if the cancel fails", extra={"code": -1130}),
]
CancelRestrictions = Annotated[
    Literal["ONLY_NEW", "ONLY_PARTIALLY_FILLED"], Meta(description="Cancel only in this status", extra={"code": -1145})
]
OrderRateLimitExceededMode = Annotated[
    Literal["DO_NOTHING", "CANCEL_ONLY"],
    Meta(
        description="Cancel even if the order limit is spent?",
        extra_json_schema={"default": "DO_NOTHING"},
        extra={"code": -1130},
    ),
]
RecvWindow = Annotated[
    Annotated[int, Meta(ge=1, le=60000)] | Annotated[float, Meta(ge=0.001, le=60000)],
    Meta(
        description="How long the request stays valid, ms (up to three decimals)",
        examples=[5000],
        extra_json_schema={"default": 5000, "maximum": 60000},
        extra={"code": -1131, "must_be": "a number of milliseconds up to 60000"},
    ),
]
