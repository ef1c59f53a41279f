"""The exchange's own words, as types."""

from typing import Literal

Side = Literal["BUY", "SELL"]
OrderType = Literal["LIMIT", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT", "LIMIT_MAKER"]
TimeInForce = Literal["GTC", "IOC", "FOK"]
OrderStatus = Literal["NEW", "PENDING_NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED", "EXPIRED_IN_MATCH"]
SymbolStatus = Literal["TRADING", "END_OF_DAY", "HALT", "BREAK", "CANCEL_ONLY"]
StpMode = Literal["NONE", "EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER"]
ExecutionType = Literal["NEW", "CANCELED", "REPLACED", "REJECTED", "TRADE", "EXPIRED", "TRADE_PREVENTION"]
ExpiryReason = Literal[
    "NONE",
    "REJECTED",
    "EXCHANGE_CANCELED",
    "OCO_TRIGGER",
    "OTO_PHASE_ONE_EXPIRED",
    "UNFILLED_IOC_QUANTITY_EXPIRED",
    "UNFILLED_FOK_ORDER_EXPIRED",
    "INSUFFICIENT_LIQUIDITY",
    "EXECUTION_RULE_PRICE_RANGE_EXCEEDED",
]
RejectReason = Literal[
    "NONE",
    "INSUFFICIENT_BALANCES",
    "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY",
    "WOULD_MATCH_IMMEDIATELY",
    "OCO_BAD_PRICES",
]
PegPriceType = Literal["PRIMARY_PEG", "MARKET_PEG"]
CancelRestrictions = Literal["ONLY_NEW", "ONLY_PARTIALLY_FILLED"]
CancelReplaceMode = Literal["STOP_ON_FAILURE", "ALLOW_FAILURE"]
RateLimitExceededMode = Literal["DO_NOTHING", "CANCEL_ONLY"]
CancelReplaceResult = Literal["SUCCESS", "FAILURE", "NOT_ATTEMPTED"]
ListKind = Literal["OCO", "OTO", "OTOCO", "OPO", "OPOCO"]
ContingencyType = Literal["OCO", "OTO"]
ListStatusType = Literal["RESPONSE", "EXEC_STARTED", "UPDATED", "ALL_DONE"]
ListOrderStatus = Literal["EXECUTING", "ALL_DONE", "REJECT"]
WorkingFloor = Literal["EXCHANGE", "SOR"]

ORDER_TYPES: tuple[OrderType, ...] = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
STP_MODES: tuple[StpMode, ...] = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER")
CONTINGENT = frozenset(("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"))
"""Types that wait for a trigger; the exchange counts them as algo orders."""
STOPS = frozenset(("STOP_LOSS", "STOP_LOSS_LIMIT"))
TAKES_TIME_IN_FORCE = frozenset(("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"))
PRICED = frozenset(("LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"))
OPEN: frozenset[OrderStatus] = frozenset(("NEW", "PENDING_NEW", "PARTIALLY_FILLED"))


def waits_above(side: Side, type: OrderType) -> bool:
    """Does a contingent order of this side and type wait for the price to rise?"""
    return (type in STOPS) == (side == "BUY")


def other(side: Side) -> Side:
    """The side one trades against."""
    return "SELL" if side == "BUY" else "BUY"
