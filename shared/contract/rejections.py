"""Why an order was refused: the texts of the matching engine and of the filters, with what to do about each.

The exchange sends them as the message of -2010 (new order), -2011 (cancel), -2038 (amend), -1013 (filters, checks before the
engine) and -1010. The texts are its own, to the letter (also where they lack a full stop); the advice is ours.
Source: "Messages for -1010 ERROR_MSG_RECEIVED, -2010 NEW_ORDER_REJECTED, ..." and "Filter failures" of its error page.
"""

from enum import StrEnum


class Rejection(StrEnum):
    """A refusal of the matching engine."""

    UNKNOWN_ORDER = "Unknown order sent."
    DUPLICATE_ORDER = "Duplicate order sent."
    MARKET_CLOSED = "Market is closed."
    INSUFFICIENT_BALANCE = "Account has insufficient balance for requested action."
    NO_MARKET_ORDERS = "Market orders are not supported for this symbol."
    NO_ICEBERGS = "Iceberg orders are not supported for this symbol."
    NO_STOP_LOSS = "Stop loss orders are not supported for this symbol."
    NO_STOP_LOSS_LIMIT = "Stop loss limit orders are not supported for this symbol."
    NO_TAKE_PROFIT = "Take profit orders are not supported for this symbol."
    NO_TAKE_PROFIT_LIMIT = "Take profit limit orders are not supported for this symbol."
    NO_AMEND = "Order amend is not supported for this symbol."
    ZERO_NOTIONAL = "Price * QTY is zero or less."
    ICEBERG_EXCEEDS_QUANTITY = "IcebergQty exceeds QTY."
    ACTION_DISABLED = "This action is disabled on this account."
    TRADING_DISABLED = "This account may not place or cancel orders."
    UNSUPPORTED_COMBINATION = "Unsupported order combination"
    WOULD_TRIGGER_IMMEDIATELY = "Order would trigger immediately."
    CANCEL_INVALID = "Cancel order is invalid. Check origClOrdId and orderId."
    WOULD_MATCH_IMMEDIATELY = "Order would immediately match and take."
    BAD_PRICE_RELATION = "The relationship of the prices for the orders is not correct."
    NO_OCO = "OCO orders are not supported for this symbol"
    NO_QUOTE_ORDER_QTY = "Quote order qty market orders are not support for this symbol."
    NO_TRAILING_STOP = "Trailing stop orders are not supported for this symbol."
    NO_CANCEL_REPLACE = "Order cancel-replace is not supported for this symbol."
    SYMBOL_NOT_PERMITTED = "This symbol is not permitted for this account."
    SYMBOL_RESTRICTED = "This symbol is restricted for this account."
    CANCEL_RESTRICTED = "Order was not canceled due to cancel restrictions."
    NO_REST_TRADING = "Rest API trading is not enabled."
    NO_WS_TRADING = "WebSocket API trading is not enabled."
    NO_FIX_TRADING = "FIX API trading is not enabled."
    BELOW_LOT_SIZE = "Order book liquidity is less than LOT_SIZE filter minimum quantity."
    BELOW_MARKET_LOT_SIZE = "Order book liquidity is less than MARKET_LOT_SIZE filter minimum quantity."
    BELOW_MINIMUM_QUANTITY = "Order book liquidity is less than symbol minimum quantity."
    AMEND_INCREASES_QUANTITY = "Order amend (quantity increase) is not supported."
    AMEND_CHANGES_NOTHING = "The requested action would change no state; rejecting"
    NO_PEGS = "Pegged orders are not supported for this symbol."
    TYPE_CANNOT_BE_PEGGED = "This order type may not use pegged price."
    PEG_NOT_FOR_TYPE = "This price peg cannot be used with this order type."
    PEG_LIQUIDITY_TOO_LOW = "Order book liquidity is too low for this pegged order."
    NO_OPO = "OPO orders are not supported for this symbol."
    AMEND_PENDING_OPO = "Order amend (pending OPO order) is not supported."
    STP_MODE_NOT_ALLOWED = "This symbol does not allow the specified self-trade prevention mode."
    """With -1013, from the self-trade prevention FAQ."""
    WRONG_PHASE = "This order type is not possible in this trading phase."
    """From the changelog of 2023-03-13, as the next."""
    PHASE_REQUIRES_GTC = "Limit orders require GTC for this phase."


ADVICE: dict[Rejection, str] = {
    Rejection.UNKNOWN_ORDER: "It is filled, cancelled or expired already, or the id is another's: look with get_order.",
    Rejection.DUPLICATE_ORDER: "An open order has this client order id: the first one probably arrived; look with get_order.",
    Rejection.MARKET_CLOSED: "Look at the symbol's status with get_exchange_info.",
    Rejection.INSUFFICIENT_BALANCE: "Look at the free balance with get_account; open orders lock theirs.",
    Rejection.ACTION_DISABLED: "The account's owner must settle this with the exchange.",
    Rejection.TRADING_DISABLED: "The account's owner must settle this with the exchange.",
    Rejection.WOULD_TRIGGER_IMMEDIATELY: "The stop price is on the wrong side of the last price: choose the other side.",
    Rejection.WOULD_MATCH_IMMEDIATELY: "A LIMIT_MAKER order may only rest: choose a price that does not cross the book.",
    Rejection.BAD_PRICE_RELATION: "The upper price must lie above the last price and the lower one below it.",
    Rejection.CANCEL_RESTRICTED: "The order's status is not the one that cancelRestrictions asks for.",
    Rejection.AMEND_INCREASES_QUANTITY: "newQty must be below the order's quantity; cancel_replace_order can enlarge it.",
    Rejection.AMEND_CHANGES_NOTHING: "newQty equals the order's quantity already.",
    Rejection.ZERO_NOTIONAL: "Give a price and a quantity above zero.",
    Rejection.ICEBERG_EXCEEDS_QUANTITY: "icebergQty is the visible part: it must not exceed quantity.",
    Rejection.UNSUPPORTED_COMBINATION: "Look up the symbol's orderTypes with get_exchange_info.",
    Rejection.SYMBOL_NOT_PERMITTED: "Compare permissionSets of the symbol with permissions of the account.",
    Rejection.PEG_LIQUIDITY_TOO_LOW: "Use a smaller pegOffsetValue.",
}

FILTER_ADVICE: dict[str, str] = {
    "PRICE_FILTER": "The price must be within minPrice and maxPrice and a multiple of tickSize.",
    "PERCENT_PRICE": "The price is too far from the average price: come closer.",
    "PERCENT_PRICE_BY_SIDE": "The price is too far from the average price for this side: come closer.",
    "LOT_SIZE": "The quantity must be within minQty and maxQty and a multiple of stepSize.",
    "MARKET_LOT_SIZE": "The quantity of a market order must be within minQty and maxQty and a multiple of stepSize.",
    "MIN_NOTIONAL": "Price times quantity is below minNotional: enlarge the order.",
    "NOTIONAL": "Price times quantity is outside minNotional and maxNotional.",
    "ICEBERG_PARTS": "The iceberg has too many parts: enlarge icebergQty.",
    "MAX_POSITION": "The base asset's balance with open buy orders would exceed the limit: buy less.",
    "MAX_ASSET": "The order moves more of the asset than one order may: split it.",
    "TRAILING_DELTA": "trailingDelta is outside the symbol's bounds.",
    "MAX_NUM_ORDERS": "Too many open orders on the symbol: cancel one first.",
    "MAX_NUM_ALGO_ORDERS": "Too many open stop and take profit orders on the symbol: cancel one first.",
    "MAX_NUM_ICEBERG_ORDERS": "Too many open iceberg orders on the symbol: cancel one first.",
    "MAX_NUM_ORDER_AMENDS": "The order was amended too often: use cancel_replace_order.",
    "MAX_NUM_ORDER_LISTS": "Too many open order lists on the symbol: cancel one first.",
    "EXCHANGE_MAX_NUM_ORDERS": "Too many open orders on the account: cancel one first.",
    "EXCHANGE_MAX_NUM_ALGO_ORDERS": "Too many open stop and take profit orders on the account: cancel one first.",
    "EXCHANGE_MAX_NUM_ICEBERG_ORDERS": "Too many open iceberg orders on the account: cancel one first.",
    "EXCHANGE_MAX_NUM_ORDER_LISTS": "Too many open order lists on the account: cancel one first.",
}
"""What each of the 20 filters wants. The rules' numbers are in the reply of get_exchange_info (or get_my_filters)."""

FILTER_FAILURE = "Filter failure: "


def filter_failure(filter_type: str) -> str:
    """The exchange's text for an order that a filter refuses; with code -1013 (MAX_NUM_ORDER_AMENDS: -2038)."""
    return FILTER_FAILURE + filter_type


def advice(message: str) -> str:
    """What to do about a refusal with this text; empty where the text says all."""
    if message.startswith(FILTER_FAILURE):
        return FILTER_ADVICE.get(message.removeprefix(FILTER_FAILURE), "Compare the order with the symbol's filters.")
    return next((ADVICE.get(rejection, "") for rejection in Rejection if rejection.rstrip(".") == message.rstrip(".")), "")
