"""What the parameters of orders and order lists owe each other, with the exchange's error codes.

Source: the tables of mandatory parameters by order type, the order list sections, the FAQ on pegged and trailing orders and
the error page of 2026-07-21.
"""

from shared.contract.rules import AtMostOne, Conflict, Needs, OnlyWith, Rule, Together

PRICED = ("LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
"""Order types with a limit price: they may be pegged and may be icebergs."""
TIMED = ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
"""Order types with a time in force."""
STOPS = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
STOP_LOSSES = ("STOP_LOSS", "STOP_LOSS_LIMIT")
TAKE_PROFITS = ("TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
NOT_GTC = ("IOC", "FOK")


def single_order() -> tuple[Rule, ...]:
    """The rules of one order."""
    return (
        Needs("type", PRICED, all=("quantity",), any=("price", "pegPriceType")),
        Needs("type", TIMED, all=("timeInForce",)),
        Needs("type", ("STOP_LOSS", "TAKE_PROFIT"), all=("quantity",)),
        Needs("type", STOPS, any=("stopPrice", "trailingDelta")),
        Needs("type", ("MARKET",), any=("quantity", "quoteOrderQty")),
        AtMostOne(("quantity", "quoteOrderQty")),
        OnlyWith("quoteOrderQty", "type", ("MARKET",)),
        OnlyWith("price", "type", PRICED),
        OnlyWith("timeInForce", "type", TIMED, code=-1114),
        OnlyWith("stopPrice", "type", STOPS),
        OnlyWith("trailingDelta", "type", STOPS),
        OnlyWith("icebergQty", "type", PRICED),
        OnlyWith("pegPriceType", "type", PRICED),
        _iceberg("icebergQty", "timeInForce", -1013),
        *_pegs("pegPriceType", "pegOffsetType", "pegOffsetValue"),
        Conflict(
            (("type", ("LIMIT",)), ("pegPriceType", ("PRIMARY_PEG",)), ("timeInForce", NOT_GTC)),
            "a LIMIT order with PRIMARY_PEG needs timeInForce GTC",
            instead=("timeInForce", "GTC"),
            code=-1013,
        ),
        Conflict(
            (("type", ("LIMIT_MAKER",)), ("pegPriceType", ("MARKET_PEG",))),
            "a LIMIT_MAKER order takes pegPriceType PRIMARY_PEG only",
            instead=("pegPriceType", "PRIMARY_PEG"),
            code=-1013,
        ),
    )


def routed_order() -> tuple[Rule, ...]:
    """The rules of an order with smart order routing."""
    return (
        Needs("type", ("LIMIT",), all=("timeInForce", "price")),
        OnlyWith("price", "type", ("LIMIT",)),
        OnlyWith("timeInForce", "type", ("LIMIT",), code=-1114),
        OnlyWith("icebergQty", "type", ("LIMIT",)),
        _iceberg("icebergQty", "timeInForce", -1013),
    )


def working_order() -> tuple[Rule, ...]:
    """The rules of the order of a list that goes first."""
    return (
        Needs("workingType", ("LIMIT",), all=("workingTimeInForce",)),
        _iceberg("workingIcebergQty", "workingTimeInForce", -1013),
        *_pegs("workingPegPriceType", "workingPegOffsetType", "workingPegOffsetValue"),
    )


def pending_order() -> tuple[Rule, ...]:
    """The rules of a single order that waits for the working order."""
    return (
        Needs("pendingType", ("LIMIT",), all=("pendingTimeInForce",), any=("pendingPrice", "pendingPegPriceType")),
        *leg("pending", iceberg_code=-1013),
    )


def leg(prefix: str, *, iceberg_code: int = -1160) -> tuple[Rule, ...]:
    """The rules of one order of a list, whose parameters begin with `prefix`."""
    kind, price, stop, delta, tif = (prefix + end for end in ("Type", "Price", "StopPrice", "TrailingDelta", "TimeInForce"))
    peg = prefix + "PegPriceType"
    return (
        Needs(kind, ("LIMIT_MAKER",), any=(price, peg)),
        Needs(kind, ("STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"), all=(tif,), any=(price, peg)),
        Needs(kind, STOPS, any=(stop, delta)),
        _iceberg(prefix + "IcebergQty", tif, iceberg_code),
        *_pegs(peg, prefix + "PegOffsetType", prefix + "PegOffsetValue"),
    )


def pair(side: str, above: str, below: str) -> tuple[Rule, ...]:
    """How the legs of an OCO pair must lie: one limit or take profit, one stop loss, each on its side of the market."""
    return (
        _misplaced((above, ("LIMIT_MAKER",)), (below, ("LIMIT_MAKER",)), "one of the two must be a stop loss", -1168),
        _misplaced(
            (side, ("BUY",)), (above, ("LIMIT_MAKER",)), f"a BUY pair has its limit order below: {above} is a stop loss", -1165
        ),
        _misplaced(
            (side, ("SELL",)),
            (below, ("LIMIT_MAKER",)),
            f"a SELL pair has its limit order above: {below} is a stop loss",
            -1166,
        ),
        _misplaced(
            (side, ("BUY",)), (below, STOP_LOSSES), f"a BUY pair has its stop loss above: use {above}", -1196, "LIMIT_MAKER"
        ),
        _misplaced(
            (side, ("SELL",)), (above, STOP_LOSSES), f"a SELL pair has its stop loss below: use {below}", -1197, "LIMIT_MAKER"
        ),
        _misplaced((side, ("BUY",)), (above, TAKE_PROFITS), f"a BUY pair has its take profit below: use {below}", -1198),
        _misplaced((side, ("SELL",)), (below, TAKE_PROFITS), f"a SELL pair has its take profit above: use {above}", -1199),
    )


def paid_by_working_order() -> tuple[Rule, ...]:
    """The rules of lists whose pending orders sell what the working order bought."""
    return (
        Conflict((("workingSide", ("SELL",)),), "the working order must be a BUY", instead=("workingSide", "BUY"), code=-1222),
        Conflict((("pendingSide", ("BUY",)),), "pending orders must be SELL", instead=("pendingSide", "SELL"), code=-1223),
    )


def _misplaced(
    first: tuple[str, tuple[str, ...]],
    second: tuple[str, tuple[str, ...]],
    says: str,
    code: int,
    instead: str = "STOP_LOSS",
) -> Rule:
    return Conflict((first, second), says, instead=(second[0], instead), code=code)


def _iceberg(quantity: str, time_in_force: str, code: int) -> Rule:
    return Conflict(
        ((quantity, ()), (time_in_force, NOT_GTC)),
        f"{quantity} needs {time_in_force} GTC",
        instead=(time_in_force, "GTC"),
        code=code,
    )


def _pegs(price: str, kind: str, value: str) -> tuple[Rule, ...]:
    return (OnlyWith(kind, price, code=-1128), OnlyWith(value, price, code=-1128), Together((kind, value)))
