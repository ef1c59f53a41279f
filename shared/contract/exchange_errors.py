"""The exchange's error codes: what each is called, says, means for us, and what to do next.

Read in both directions: `translate` turns an answer of the exchange into our error tree, and the paper exchange takes code,
text and HTTP status from here (`ERRORS[code].status`, `message(code, *values)`).
Source: Binance's error page of 2026-07-21 (104 codes) and five codes that only its changelog or filters page name. Names,
numbers and texts are the exchange's; `%s` stands for a value. Texts may vary, codes do not. The advice is ours.
"""

from msgspec import Struct

from shared.contract.errors import Denied, Invalid, OutcomeUnknown, RateLimited, Rejected, ServiceError, Unavailable
from shared.contract.rejections import FILTER_ADVICE, Rejection, advice, filter_failure

__all__ = ["ERRORS", "FILTER_ADVICE", "ExchangeError", "Rejection", "filter_failure", "message", "translate"]


class ExchangeError(Struct, frozen=True):
    """One error code of the exchange."""

    code: int
    name: str
    error: type[ServiceError]
    """What it is in our tree."""
    texts: tuple[str, ...]
    advice: str = ""
    status: int = 400
    """HTTP status (and `status` of the WebSocket API) that comes with it."""


def message(code: int, *values: object, like: str = "") -> str:
    """The exchange's text for the code with the values put in: the first text with as many places (and with `like` in it)."""
    fitting = (text for text in ERRORS[code].texts if text.count("%s") == len(values) and like in text)
    return next(fitting) % values


def translate(code: int, text: str, *, retry_after_ms: int | None = None) -> ServiceError:
    """The exchange's answer as an error of our tree, with its code, its text and a next step.

    A code that nobody documented is `Rejected`: the exchange did answer, and said no.
    """
    known = ERRORS.get(code)
    if known is None:
        return Rejected(text, code=code, retry_after_ms=retry_after_ms, hint="The exchange does not document this code.")
    return known.error(text or known.texts[0], code=code, retry_after_ms=retry_after_ms, hint=advice(text) or known.advice)


_ASK_FIRST = "It may have been executed: look with get_order (or get_open_orders) before sending anything again."
_KEY = "Check key, secret, permissions and IP list of the account; the operator can do this."
_LATER = "Nothing was executed. Try again in a little while."
_LISTED = "Look it up with get_exchange_info."
_OCO = "Above is the order with the higher price, below the one with the lower."
_FIX = "This belongs to the FIX protocol, which this platform does not speak."
_SBE = "This belongs to the SBE encoding, which this platform does not use."

_CODES = (
    # 10xx: the server and the network
    ExchangeError(
        -1000, "UNKNOWN", OutcomeUnknown, ("An unknown error occurred while processing the request.",), _ASK_FIRST, 500
    ),
    ExchangeError(
        -1001,
        "DISCONNECTED",
        Unavailable,
        ("Internal error; unable to process your request. Please try again.",),
        _LATER,
        500,
    ),
    ExchangeError(-1002, "UNAUTHORIZED", Denied, ("You are not authorized to execute this request.",), _KEY, 401),
    ExchangeError(
        -1003,
        "TOO_MANY_REQUESTS",
        RateLimited,
        (
            "Too many requests queued.",
            "Too much request weight used; current limit is %s request weight per %s. "
            "Please use WebSocket Streams for live updates to avoid polling the API.",
            "Way too much request weight used; IP banned until %s. "
            "Please use WebSocket Streams for live updates to avoid bans.",
        ),
        "Wait, and prefer streams to polling: subscribe_to_ticker_stream and its like cost no weight.",
        429,
    ),
    ExchangeError(
        -1006,
        "UNEXPECTED_RESP",
        OutcomeUnknown,
        ("An unexpected response was received from the message bus. Execution status unknown.",),
        _ASK_FIRST,
        500,
    ),
    ExchangeError(
        -1007,
        "TIMEOUT",
        OutcomeUnknown,
        ("Timeout waiting for response from backend server. Send status unknown; execution status unknown.",),
        _ASK_FIRST,
        504,
    ),
    ExchangeError(
        -1008,
        "SERVER_BUSY",
        Unavailable,
        ("Server is currently overloaded with other requests. Please try again in a few minutes.",),
        _LATER,
        503,
    ),
    ExchangeError(-1010, "ERROR_MSG_RECEIVED", Rejected, ("ERROR_MSG_RECEIVED",)),
    ExchangeError(-1013, "INVALID_MESSAGE", Rejected, (Rejection.STP_MODE_NOT_ALLOWED,), _LISTED),
    ExchangeError(
        -1014,
        "UNKNOWN_ORDER_COMPOSITION",
        Rejected,
        ("Unsupported order combination.",),
        "Check type, timeInForce, stopPrice and icebergQty.",
    ),
    ExchangeError(
        -1015,
        "TOO_MANY_ORDERS",
        RateLimited,
        ("Too many new orders.", "Too many new orders; current limit is %s orders per %s."),
        "Wait until earlier orders fill or the interval is over; get_order_rate_limits tells the count.",
        429,
    ),
    ExchangeError(-1016, "SERVICE_SHUTTING_DOWN", Unavailable, ("This service is no longer available.",), _LATER, 503),
    ExchangeError(
        -1020,
        "UNSUPPORTED_OPERATION",
        Rejected,
        ("This operation is not supported.",),
        "This exchange does not offer it.",
    ),
    ExchangeError(
        -1021,
        "INVALID_TIMESTAMP",
        Denied,
        (
            "Timestamp for this request is outside of the recvWindow.",
            "Timestamp for this request was 1000ms ahead of the server's time.",
        ),
        "Nothing was executed. The clock of this machine is off or the way was slow: try again, or raise recvWindow.",
    ),
    ExchangeError(-1022, "INVALID_SIGNATURE", Denied, ("Signature for this request is not valid.",), _KEY),
    ExchangeError(-1099, "NOT_FOUND_AUTH", Denied, ("Not found, authenticated, or authorized",), _KEY, 401),
    # 11xx: the request
    ExchangeError(
        -1100,
        "ILLEGAL_CHARS",
        Invalid,
        (
            "Illegal characters found in a parameter.",
            "Illegal characters found in parameter '%s'; legal range is '%s'.",
        ),
    ),
    ExchangeError(
        -1101,
        "TOO_MANY_PARAMETERS",
        Invalid,
        (
            "Too many parameters sent for this endpoint.",
            "Duplicate values for a parameter detected.",
            "Too many parameters; expected '%s' and received '%s'.",
            "Too many values sent for parameter '%s', maximum allowed up to %s.",
        ),
    ),
    ExchangeError(
        -1102,
        "MANDATORY_PARAM_EMPTY_OR_MALFORMED",
        Invalid,
        (
            "A mandatory parameter was not sent, was empty/null, or malformed.",
            "Mandatory parameter '%s' was not sent, was empty/null, or malformed.",
            "Param '%s' or '%s' must be sent, but both were empty/null!",
            "'%s' contains unexpected value. Cannot be greater than %s.",
            "Required tag '%s' missing.",
            "Field value was empty or malformed.",
        ),
    ),
    ExchangeError(-1103, "UNKNOWN_PARAM", Invalid, ("An unknown parameter was sent.", "Undefined Tag.")),
    ExchangeError(
        -1104,
        "UNREAD_PARAMETERS",
        Invalid,
        (
            "Not all sent parameters were read.",
            "Not all sent parameters were read; read '%s' parameter(s) but was sent '%s'.",
        ),
        "A parameter is unknown or does not belong to this order type.",
    ),
    ExchangeError(-1105, "PARAM_EMPTY", Invalid, ("A parameter was empty.", "Parameter '%s' was empty.")),
    ExchangeError(
        -1106,
        "PARAM_NOT_REQUIRED",
        Invalid,
        (
            "A parameter was sent when not required.",
            "Parameter '%s' sent when not required.",
            "A tag '%s' was sent when not required.",
        ),
        "Leave the parameter out.",
    ),
    ExchangeError(-1108, "PARAM_OVERFLOW", Invalid, ("Parameter '%s' overflowed.",)),
    ExchangeError(
        -1111,
        "BAD_PRECISION",
        Invalid,
        ("Parameter '%s' has too much precision.",),
        "Round to the symbol's tickSize or stepSize; get_exchange_info has them.",
    ),
    ExchangeError(-1112, "NO_DEPTH", Rejected, ("No orders on book for symbol.",), "Use a LIMIT order, or wait."),
    ExchangeError(
        -1114,
        "TIF_NOT_REQUIRED",
        Invalid,
        ("TimeInForce parameter sent when not required.",),
        "Leave timeInForce out for this order type.",
    ),
    ExchangeError(-1115, "INVALID_TIF", Invalid, ("Invalid timeInForce.",), "Allowed are GTC, IOC, FOK."),
    ExchangeError(-1116, "INVALID_ORDER_TYPE", Invalid, ("Invalid orderType.",), _LISTED),
    ExchangeError(-1117, "INVALID_SIDE", Invalid, ("Invalid side.",), "Allowed are BUY, SELL."),
    ExchangeError(-1118, "EMPTY_NEW_CL_ORD_ID", Invalid, ("New client order ID was empty.",)),
    ExchangeError(-1119, "EMPTY_ORG_CL_ORD_ID", Invalid, ("Original client order ID was empty.",)),
    ExchangeError(-1120, "BAD_INTERVAL", Invalid, ("Invalid interval.",), "For example 1m, 1h, 1d, 1w, 1M; case counts."),
    ExchangeError(
        -1121,
        "BAD_SYMBOL",
        Invalid,
        ("Invalid symbol.",),
        "This exchange has no such symbol: get_exchange_info lists them; upper case, no separator, such as BTCUSDT.",
    ),
    ExchangeError(-1122, "INVALID_SYMBOLSTATUS", Invalid, ("Invalid symbolStatus.",), "Allowed are TRADING, HALT, BREAK."),
    ExchangeError(
        -1125,
        "INVALID_LISTEN_KEY",
        Rejected,
        ("This listenKey does not exist.",),
        "Listen keys are retired; user data is subscribed over the WebSocket API.",
    ),
    ExchangeError(
        -1127,
        "MORE_THAN_XX_HOURS",
        Invalid,
        ("Lookup interval is too big.", "More than %s hours between startTime and endTime."),
        "Ask for the time range in pieces.",
    ),
    ExchangeError(
        -1128,
        "OPTIONAL_PARAMS_BAD_COMBO",
        Invalid,
        (
            "Combination of optional parameters invalid.",
            "Combination of optional parameters invalid. Recommendation: '%s' should also be sent.",
            "Fields [%s] must be sent together or omitted entirely.",
            "Combination of optional fields invalid. Recommendation: '%s' and '%s' must both be sent.",
            "Conflicting fields: ['%s'...]",
            "Invalid MDEntryType (269) combination. BID and OFFER must be requested together.",
        ),
    ),
    ExchangeError(
        -1130,
        "INVALID_PARAMETER",
        Invalid,
        ("Invalid data sent for a parameter.", "Data sent for parameter '%s' is not valid."),
    ),
    ExchangeError(-1131, "BAD_RECV_WINDOW", Invalid, ("recvWindow must be less than 60000",)),
    ExchangeError(
        -1134,
        "BAD_STRATEGY_TYPE",
        Invalid,
        ("strategyType was less than 1000000.", "TargetStrategy (847) was less than 1000000."),
    ),
    ExchangeError(-1135, "INVALID_JSON", Invalid, ("Invalid JSON Request", "JSON sent for parameter '%s' is not valid")),
    ExchangeError(-1139, "INVALID_TICKER_TYPE", Invalid, ("Invalid ticker type.",), "Allowed are FULL, MINI."),
    ExchangeError(
        -1145,
        "INVALID_CANCEL_RESTRICTIONS",
        Invalid,
        ("cancelRestrictions has to be either ONLY_NEW or ONLY_PARTIALLY_FILLED.",),
    ),
    ExchangeError(-1151, "DUPLICATE_SYMBOLS", Invalid, ("Symbol is present multiple times in the list.",)),
    ExchangeError(
        -1158,
        "OCO_ORDER_TYPE_REJECTED",
        Invalid,
        ("Order type not supported in OCO.",),
        "One leg is LIMIT_MAKER, TAKE_PROFIT or TAKE_PROFIT_LIMIT, the other STOP_LOSS or STOP_LOSS_LIMIT.",
    ),
    ExchangeError(
        -1160,
        "OCO_ICEBERGQTY_TIMEINFORCE",
        Invalid,
        (
            "Parameter '%s' is not supported if aboveTimeInForce/belowTimeInForce is not GTC.",
            "TimeInForce (59) must be GTC (1) when MaxFloor (111) is used.",
        ),
    ),
    ExchangeError(-1165, "BUY_OCO_LIMIT_MUST_BE_BELOW", Invalid, ("A limit order in a buy OCO must be below.",), _OCO),
    ExchangeError(-1166, "SELL_OCO_LIMIT_MUST_BE_ABOVE", Invalid, ("A limit order in a sell OCO must be above.",), _OCO),
    ExchangeError(-1167, "", Rejected, ("",), "The exchange gave this code up in December 2024."),
    ExchangeError(-1168, "BOTH_OCO_ORDERS_CANNOT_BE_LIMIT", Invalid, ("At least one OCO order must be contingent.",), _OCO),
    ExchangeError(
        -1194,
        "INVALID_TIME_UNIT",
        Invalid,
        ("Invalid value for time unit; expected either MICROSECOND or MILLISECOND.",),
    ),
    ExchangeError(-1196, "BUY_OCO_STOP_LOSS_MUST_BE_ABOVE", Invalid, ("A stop loss order in a buy OCO must be above.",), _OCO),
    ExchangeError(
        -1197, "SELL_OCO_STOP_LOSS_MUST_BE_BELOW", Invalid, ("A stop loss order in a sell OCO must be below.",), _OCO
    ),
    ExchangeError(
        -1198, "BUY_OCO_TAKE_PROFIT_MUST_BE_BELOW", Invalid, ("A take profit order in a buy OCO must be below.",), _OCO
    ),
    ExchangeError(
        -1199, "SELL_OCO_TAKE_PROFIT_MUST_BE_ABOVE", Invalid, ("A take profit order in a sell OCO must be above.",), _OCO
    ),
    ExchangeError(-1210, "INVALID_PEG_PRICE_TYPE", Invalid, ("Invalid pegPriceType.",)),
    ExchangeError(-1211, "INVALID_PEG_OFFSET_TYPE", Invalid, ("Invalid pegOffsetType.",)),
    ExchangeError(
        -1220,
        "SYMBOL_DOES_NOT_MATCH_STATUS",
        Rejected,
        ("The symbol's status does not match the requested symbolStatus.",),
        "Leave symbolStatus out to get the symbol in any status.",
    ),
    ExchangeError(-1222, "OPO_WORKING_MUST_BE_BUY", Invalid, ("Working order in an OPO list must be a bid.",)),
    ExchangeError(-1223, "OPO_PENDING_MUST_BE_SELL", Invalid, ("Pending orders in an OPO list must be asks.",)),
    ExchangeError(-1224, "WORKING_PARAM_REQUIRED", Invalid, ("Working order must include the '%s' tag.",)),
    ExchangeError(-1225, "PENDING_PARAM_NOT_REQUIRED", Invalid, ("Pending orders should not include the '%s' tag.",)),
    # 20xx: the order and the account
    ExchangeError(-2010, "NEW_ORDER_REJECTED", Rejected, ("NEW_ORDER_REJECTED",)),
    ExchangeError(-2011, "CANCEL_REJECTED", Rejected, ("CANCEL_REJECTED",)),
    ExchangeError(
        -2013, "NO_SUCH_ORDER", Rejected, ("Order does not exist.",), "Check symbol and id; get_open_orders lists what is open."
    ),
    ExchangeError(-2014, "BAD_API_KEY_FMT", Denied, ("API-key format invalid.",), _KEY, 401),
    ExchangeError(-2015, "REJECTED_MBX_KEY", Denied, ("Invalid API-key, IP, or permissions for action.",), _KEY, 401),
    ExchangeError(
        -2016,
        "NO_TRADING_WINDOW",
        Rejected,
        ("No trading window could be found for the symbol. Try ticker/24hrs instead.",),
        "Use get_24hr_ticker.",
    ),
    # The documents give -2021 and -2022 no name; these are ours.
    ExchangeError(
        -2021,
        "ORDER_CANCEL_REPLACE_PARTIALLY_FAILED",
        Rejected,
        ("Order cancel-replace partially failed.",),
        "One half was done and the other was not: the data tell which; look with get_open_orders.",
        409,
    ),
    ExchangeError(
        -2022,
        "ORDER_CANCEL_REPLACE_FAILED",
        Rejected,
        ("Order cancel-replace failed.",),
        "Neither half was done; the data tell why.",
    ),
    ExchangeError(
        -2026,
        "ORDER_ARCHIVED",
        Rejected,
        ("Order was canceled or expired with no executed qty over 90 days ago and has been archived.",),
    ),
    ExchangeError(-2035, "SUBSCRIPTION_ACTIVE", Rejected, ("User Data Stream subscription already active.",)),
    ExchangeError(-2036, "SUBSCRIPTION_INACTIVE", Rejected, ("User Data Stream subscription not active.",)),
    ExchangeError(-2038, "ORDER_AMEND_REJECTED", Rejected, ("ORDER_AMEND_REJECTED",)),
    ExchangeError(
        -2039,
        "CLIENT_ORDER_ID_INVALID",
        Rejected,
        ("Client order ID is not correct for this order ID.",),
        "Give orderId or the client order id, not both.",
    ),
    ExchangeError(-2042, "MAXIMUM_SUBSCRIPTION_IDS", Rejected, ("Maximum subscription ID reached for this connection.",)),
    ExchangeError(
        -2043, "NO_REFERENCE_PRICE", Rejected, ("This symbol doesn't have a reference price.",), "Use get_average_price."
    ),
    # Of the binary encodings and of FIX, so that every documented code has its name here
    ExchangeError(
        -1033,
        "COMP_ID_IN_USE",
        Rejected,
        ("SenderCompId(49) is currently in use. Concurrent use of the same SenderCompId within one account is not allowed.",),
        _FIX,
    ),
    ExchangeError(
        -1034,
        "TOO_MANY_CONNECTIONS",
        RateLimited,
        (
            "Too many concurrent connections; current limit is '%s'.",
            "Too many connection attempts for account; current limit is %s per '%s'.",
            "Too many connection attempts from IP; current limit is %s per '%s'.",
        ),
        _FIX,
    ),
    ExchangeError(-1035, "LOGGED_OUT", Rejected, ("Please send Logout<5> message to close the session.",), _FIX),
    ExchangeError(
        -1152,
        "INVALID_SBE_HEADER",
        Invalid,
        ("Invalid X-MBX-SBE header; expected <SCHEMA_ID>:<VERSION>.", "Invalid SBE message header."),
        _SBE,
    ),
    ExchangeError(
        -1153,
        "UNSUPPORTED_SCHEMA_ID",
        Invalid,
        (
            "Unsupported SBE schema ID or version specified in the X-MBX-SBE header.",
            "Invalid SBE schema ID or version specified.",
        ),
        _SBE,
    ),
    ExchangeError(-1155, "SBE_DISABLED", Rejected, ("SBE is not enabled.",), _SBE),
    ExchangeError(
        -1161,
        "DEPRECATED_SCHEMA",
        Rejected,
        ("Unable to encode the response in SBE schema '%s'. Please use schema '%s' or higher.",),
        _SBE,
    ),
    ExchangeError(-1169, "INVALID_TAG_NUMBER", Invalid, ("Invalid tag number.",), _FIX),
    ExchangeError(-1170, "TAG_NOT_DEFINED_IN_MESSAGE", Invalid, ("Tag '%s' not defined for this message type.",), _FIX),
    ExchangeError(-1171, "TAG_APPEARS_MORE_THAN_ONCE", Invalid, ("Tag '%s' appears more than once.",), _FIX),
    ExchangeError(-1172, "TAG_OUT_OF_ORDER", Invalid, ("Tag '%s' specified out of required order.",), _FIX),
    ExchangeError(-1173, "GROUP_FIELDS_OUT_OF_ORDER", Invalid, ("Repeating group '%s' fields out of order.",), _FIX),
    ExchangeError(
        -1174,
        "INVALID_COMPONENT",
        Invalid,
        ("Component '%s' is incorrectly populated on '%s' order. Recommendation: '%s'",),
        _FIX,
    ),
    ExchangeError(
        -1175,
        "RESET_SEQ_NUM_SUPPORT",
        Rejected,
        (
            "Continuation of sequence numbers to new session is currently unsupported. "
            "Sequence numbers must be reset for each new session.",
        ),
        _FIX,
    ),
    ExchangeError(-1176, "ALREADY_LOGGED_IN", Rejected, ("Logon<A> should only be sent once.",), _FIX),
    ExchangeError(
        -1177,
        "GARBLED_MESSAGE",
        Invalid,
        (
            "CheckSum(10) contains an incorrect value.",
            "BeginString (8) is not the first tag in a message.",
            "MsgType (35) is not the third tag in a message.",
            "BodyLength (9) does not contain the correct byte count.",
            "Only printable ASCII characters and SOH (Start of Header) are allowed.",
            "Tag specified without a value.",
            "Invalid encodingType.",
        ),
        _FIX,
    ),
    ExchangeError(
        -1178,
        "BAD_SENDER_COMPID",
        Rejected,
        (
            "SenderCompId(49) contains an incorrect value. "
            "The SenderCompID value should not change throughout the lifetime of a session.",
        ),
        _FIX,
    ),
    ExchangeError(-1179, "BAD_SEQ_NUM", Rejected, ("MsgSeqNum(34) contains an unexpected value. Expected: '%s'.",), _FIX),
    ExchangeError(-1180, "EXPECTED_LOGON", Rejected, ("Logon<A> must be the first message in the session.",), _FIX),
    ExchangeError(
        -1181, "TOO_MANY_MESSAGES", RateLimited, ("Too many messages; current limit is '%s' messages per '%s'.",), _FIX
    ),
    ExchangeError(-1182, "PARAMS_BAD_COMBO", Invalid, ("Conflicting fields: [%s]",), _FIX),
    ExchangeError(
        -1183,
        "NOT_ALLOWED_IN_DROP_COPY_SESSIONS",
        Rejected,
        ("Requested operation is not allowed in DropCopy sessions.",),
        _FIX,
    ),
    ExchangeError(
        -1184,
        "DROP_COPY_SESSION_NOT_ALLOWED",
        Rejected,
        ("DropCopy sessions are not supported on this server. Please reconnect to a drop copy server.",),
        _FIX,
    ),
    ExchangeError(
        -1185,
        "DROP_COPY_SESSION_REQUIRED",
        Rejected,
        (
            "Only DropCopy sessions are supported on this server. "
            "Either reconnect to order entry server or send DropCopyFlag (9406) field.",
        ),
        _FIX,
    ),
    ExchangeError(
        -1186,
        "NOT_ALLOWED_IN_ORDER_ENTRY_SESSIONS",
        Rejected,
        ("Requested operation is not allowed in order entry sessions.",),
        _FIX,
    ),
    ExchangeError(
        -1187,
        "NOT_ALLOWED_IN_MARKET_DATA_SESSIONS",
        Rejected,
        ("Requested operation is not allowed in market data sessions.",),
        _FIX,
    ),
    ExchangeError(
        -1188, "INCORRECT_NUM_IN_GROUP_COUNT", Invalid, ("Incorrect NumInGroup count for repeating group '%s'.",), _FIX
    ),
    ExchangeError(-1189, "DUPLICATE_ENTRIES_IN_A_GROUP", Invalid, ("Group '%s' contains duplicate entries.",), _FIX),
    ExchangeError(
        -1190,
        "INVALID_REQUEST_ID",
        Invalid,
        (
            "MDReqID (262) contains a subscription request id that is already in use on this connection.",
            "MDReqID (262) contains an unsubscription request id that does not match any active subscription.",
        ),
        _FIX,
    ),
    ExchangeError(
        -1191,
        "TOO_MANY_SUBSCRIPTIONS",
        RateLimited,
        (
            "Too many subscriptions. Connection may create up to '%s' subscriptions at a time.",
            "Similar subscription is already active on this connection. Symbol='%s', active subscription id: '%s'.",
        ),
        _FIX,
    ),
    ExchangeError(-1221, "INVALID_SBE_MESSAGE_FIELD", Invalid, ("Invalid/missing field(s) in SBE message.",), _SBE),
)

ERRORS: dict[int, ExchangeError] = {error.code: error for error in _CODES}
"""Every documented error code."""
