"""Why a command is refused: the exchange's texts, each with its code, where the rules raise them.

Texts and codes: Spot documentation, errors.md; a text without a number in it is the exchange's own wording.
"""

from services.paper_exchange.engine.outcomes import Refused


class Refusal(Exception):
    """Raised by a rule before anything has changed; the engine answers with `refused`."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.refused = refused


def filter_failure(name: str) -> Refusal:
    """A filter forbids the order."""
    return Refusal(Refused(-2038 if name == "MAX_NUM_ORDER_AMENDS" else -1013, f"Filter failure: {name}"))


def missing(parameter: str) -> Refusal:
    """A parameter that the order type needs was not sent."""
    return Refusal(Refused(-1102, f"Mandatory parameter '{parameter}' was not sent, was empty/null, or malformed."))


def not_required(parameter: str) -> Refusal:
    """A parameter was sent that the order type does not take."""
    return Refusal(Refused(-1106, f"Parameter '{parameter}' sent when not required."))


def either_missing(first: str, second: str) -> Refusal:
    """One of two parameters must be sent."""
    return Refusal(Refused(-1102, f"Param '{first}' or '{second}' must be sent, but both were empty/null!"))


def together(first: str, second: str) -> Refusal:
    """Two parameters come together or not at all."""
    return Refusal(Refused(-1128, f"Fields [{first}, {second}] must be sent together or omitted entirely."))


def overflowed(parameter: str) -> Refusal:
    """A parameter is larger than the exchange can hold."""
    return Refusal(Refused(-1108, f"Parameter '{parameter}' overflowed."))


def wrong(parameter: str) -> Refusal:
    """A parameter's value is out of range."""
    return Refusal(Refused(-1130, f"Data sent for parameter '{parameter}' is not valid."))


def rejected(message: str) -> Refused:
    """The engine's refusal of a new order."""
    return Refused(-2010, message)


UNKNOWN_ACCOUNT = Refused(-2015, "Invalid API-key, IP, or permissions for action.")
BAD_SYMBOL = Refused(-1121, "Invalid symbol.")
BAD_COMBINATION = Refused(-1128, "Combination of optional parameters invalid.")
TIF_NOT_REQUIRED = Refused(-1114, "TimeInForce parameter sent when not required.")
BAD_STRATEGY_TYPE = Refused(-1134, "strategyType was less than 1000000.")
BAD_STP_MODE = Refused(-1013, "This symbol does not allow the specified self-trade prevention mode.")

INSUFFICIENT_BALANCE = Refused(-2010, "Account has insufficient balance for requested action.", "INSUFFICIENT_BALANCES")
DUPLICATE_ORDER = rejected("Duplicate order sent.")
MARKET_CLOSED = rejected("Market is closed.")
MAY_NOT_TRADE = rejected("This account may not place or cancel orders.")
NOT_PERMITTED = rejected("This symbol is not permitted for this account.")
WOULD_TAKE = Refused(-2010, "Order would immediately match and take.", "WOULD_MATCH_IMMEDIATELY")
WOULD_TRIGGER = Refused(-2010, "Order would trigger immediately.", "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY")
BAD_PRICES = Refused(-2010, "The relationship of the prices for the orders is not correct.", "OCO_BAD_PRICES")
NOTHING_WORTH = rejected("Price * QTY is zero or less.")
UNSUPPORTED_COMBINATION = rejected("Unsupported order combination")
ICEBERG_EXCEEDS = rejected("IcebergQty exceeds QTY.")
NO_ICEBERGS = rejected("Iceberg orders are not supported for this symbol.")
NO_TRAILING = rejected("Trailing stop orders are not supported for this symbol.")
NO_PEGS = rejected("Pegged orders are not supported for this symbol.")
NO_PEG_FOR_TYPE = rejected("This order type may not use pegged price.")
BAD_PEG = rejected("This price peg cannot be used with this order type.")
NO_PEG_LEVEL = rejected("Order book liquidity is too low for this pegged order.")
NO_QUOTE_QTY = rejected("Quote order qty market orders are not support for this symbol.")
NO_TYPE = {
    "MARKET": rejected("Market orders are not supported for this symbol."),
    "STOP_LOSS": rejected("Stop loss orders are not supported for this symbol."),
    "STOP_LOSS_LIMIT": rejected("Stop loss limit orders are not supported for this symbol."),
    "TAKE_PROFIT": rejected("Take profit orders are not supported for this symbol."),
    "TAKE_PROFIT_LIMIT": rejected("Take profit limit orders are not supported for this symbol."),
}
"""By type; the documentation has no text for LIMIT and LIMIT_MAKER, which every symbol has."""
EMPTY_BOOK = rejected("Order book liquidity is less than symbol minimum quantity.")
BOOK_BELOW_LOT = rejected("Order book liquidity is less than LOT_SIZE filter minimum quantity.")
BOOK_BELOW_MARKET_LOT = rejected("Order book liquidity is less than MARKET_LOT_SIZE filter minimum quantity.")

UNKNOWN_ORDER = Refused(-2011, "Unknown order sent.")
CANCEL_WITHOUT_ID = Refused(-2011, "Cancel order is invalid. Check origClOrdId and orderId.")
CANCEL_RESTRICTED = Refused(-2011, "Order was not canceled due to cancel restrictions.")

ACTION_DISABLED = rejected("This action is disabled on this account.")
NO_CANCEL_REPLACE = rejected("Order cancel-replace is not supported for this symbol.")
NO_OCO = rejected("OCO orders are not supported for this symbol")
NO_OTO = rejected("OTO orders are not supported for this symbol.")
"""By analogy: the documentation has no text for a symbol without `otoAllowed`."""
NO_OPO = rejected("OPO orders are not supported for this symbol.")

NO_AMEND = Refused(-2038, "Order amend is not supported for this symbol.")
NO_INCREASE = Refused(-2038, "Order amend (quantity increase) is not supported.")
NO_CHANGE = Refused(-2038, "The requested action would change no state; rejecting")
NO_OPO_AMEND = Refused(-2038, "Order amend (pending OPO order) is not supported.")

NO_SUCH_ORDER = Refused(-2013, "Order does not exist.")
WRONG_CLIENT_ID = Refused(-2039, "Client order ID is not correct for this order ID.")
ARCHIVED = Refused(-2026, "Order was canceled or expired with no executed qty over 90 days ago and has been archived.")
NO_REFERENCE_PRICE = Refused(-2043, "This symbol doesn't have a reference price.")

OCO_TYPE = Refused(-1158, "Order type not supported in OCO.")
BUY_LIMIT_BELOW = Refused(-1165, "A limit order in a buy OCO must be below.")
SELL_LIMIT_ABOVE = Refused(-1166, "A limit order in a sell OCO must be above.")
BOTH_LIMIT = Refused(-1168, "At least one OCO order must be contingent.")
BUY_STOP_ABOVE = Refused(-1196, "A stop loss order in a buy OCO must be above.")
SELL_STOP_BELOW = Refused(-1197, "A stop loss order in a sell OCO must be below.")
BUY_PROFIT_BELOW = Refused(-1198, "A take profit order in a buy OCO must be below.")
SELL_PROFIT_ABOVE = Refused(-1199, "A take profit order in a sell OCO must be above.")
OPO_WORKING_BUY = Refused(-1222, "Working order in an OPO list must be a bid.")
OPO_PENDING_SELL = Refused(-1223, "Pending orders in an OPO list must be asks.")
