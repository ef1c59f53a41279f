"""Which parameters an order type takes and needs: the checks that look at the request alone.

Names in the texts are the request's own, with the prefix of the list member they belong to (`pendingAboveStopPrice`).
"""

from services.paper_exchange.engine.amounts import MAX_AMOUNT
from services.paper_exchange.engine.commands import Leg
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.refusals import (
    BAD_COMBINATION,
    BAD_PEG,
    BAD_STRATEGY_TYPE,
    ICEBERG_EXCEEDS,
    NO_ICEBERGS,
    NO_PEG_FOR_TYPE,
    NO_PEGS,
    NO_QUOTE_QTY,
    NO_TRAILING,
    NO_TYPE,
    TIF_NOT_REQUIRED,
    UNSUPPORTED_COMBINATION,
    Refusal,
    either_missing,
    missing,
    not_required,
    overflowed,
    together,
    wrong,
)
from services.paper_exchange.engine.words import CONTINGENT, PRICED, TAKES_TIME_IN_FORCE

_MAX_PEG_OFFSET = 100


def check_parameters(leg: Leg, prefix: str = "", *, quote_quantity: int = 0, quantity_follows: bool = False) -> None:
    """Raise Refusal when parameters are missing, too many, or do not go together.

    `quantity_follows`: the quantity will come from the working order (pending orders of OPO and OPOCO).
    """
    type = leg.type
    if leg.quantity + leg.price + leg.stop_price + quote_quantity + leg.iceberg_quantity > MAX_AMOUNT:
        _check_overflow(leg, prefix, quote_quantity)
    if leg.strategy_id is not None and leg.strategy_id > MAX_AMOUNT:
        raise overflowed(named("strategyId", prefix))
    if leg.strategy_type is not None and leg.strategy_type < 1_000_000:
        raise Refusal(BAD_STRATEGY_TYPE)
    if type in TAKES_TIME_IN_FORCE:
        if leg.time_in_force is None:
            raise missing(named("timeInForce", prefix))
    elif leg.time_in_force is not None:
        raise Refusal(TIF_NOT_REQUIRED)
    if quote_quantity:
        if type != "MARKET":
            raise not_required("quoteOrderQty")
        if leg.quantity:
            raise Refusal(BAD_COMBINATION)
    elif type == "MARKET" and not leg.quantity and not prefix:
        raise either_missing("quantity", "quoteOrderQty")
    elif leg.quantity <= 0 and not quantity_follows:
        raise missing(named("quantity", prefix))
    if type in PRICED:
        if leg.price <= 0 and leg.peg_price_type is None:
            raise missing(named("price", prefix))
    elif leg.price:
        raise not_required(named("price", prefix))
    if type in CONTINGENT:
        if not leg.stop_price and not leg.trailing_delta:
            raise either_missing(named("stopPrice", prefix), named("trailingDelta", prefix))
    elif leg.stop_price:
        raise not_required(named("stopPrice", prefix))
    elif leg.trailing_delta:
        raise not_required(named("trailingDelta", prefix))
    if leg.iceberg_quantity:
        if type not in PRICED:
            raise not_required(named("icebergQty", prefix))
        if leg.time_in_force not in (None, "GTC"):
            raise Refusal(UNSUPPORTED_COMBINATION)
    if leg.peg_price_type is not None or leg.peg_offset_type is not None or leg.peg_offset_value is not None:
        _check_peg(leg, prefix)


def _check_overflow(leg: Leg, prefix: str, quote_quantity: int) -> None:
    """Raise Refusal when one of the amounts does not fit into the exchange's 64 bits."""
    amounts = {
        "quantity": leg.quantity,
        "quoteOrderQty": quote_quantity,
        "price": leg.price,
        "stopPrice": leg.stop_price,
        "icebergQty": leg.iceberg_quantity,
    }
    for name, amount in amounts.items():
        if amount > MAX_AMOUNT:
            raise overflowed(named(name, prefix))


def _check_peg(leg: Leg, prefix: str) -> None:
    type_name, value_name = named("pegOffsetType", prefix), named("pegOffsetValue", prefix)
    if (leg.peg_offset_type is None) != (leg.peg_offset_value is None):
        raise together(type_name, value_name)
    if leg.peg_price_type is None:
        raise missing(named("pegPriceType", prefix))
    if leg.type not in PRICED:
        raise Refusal(NO_PEG_FOR_TYPE)
    if leg.type == "LIMIT_MAKER" and leg.peg_price_type != "PRIMARY_PEG":
        raise Refusal(BAD_PEG)
    if leg.type == "LIMIT" and leg.peg_price_type == "PRIMARY_PEG" and leg.time_in_force != "GTC":
        raise Refusal(BAD_PEG)
    if leg.peg_offset_value is not None and not 0 < leg.peg_offset_value <= _MAX_PEG_OFFSET:
        raise wrong(value_name)


def check_symbol_allows(leg: Leg, instrument: Instrument, *, quote_quantity: int = 0) -> None:
    """Raise Refusal when the symbol does not offer what the order asks for."""
    if leg.type not in instrument.order_types:
        raise Refusal(NO_TYPE.get(leg.type, UNSUPPORTED_COMBINATION))
    if quote_quantity and not instrument.quote_order_qty_market_allowed:
        raise Refusal(NO_QUOTE_QTY)
    if leg.trailing_delta and not instrument.allow_trailing_stop:
        raise Refusal(NO_TRAILING)
    if leg.peg_price_type is not None and not instrument.peg_instructions_allowed:
        raise Refusal(NO_PEGS)
    if leg.iceberg_quantity:
        if not instrument.iceberg_allowed:
            raise Refusal(NO_ICEBERGS)
        if leg.quantity and leg.iceberg_quantity > leg.quantity:
            raise Refusal(ICEBERG_EXCEEDS)


def named(parameter: str, prefix: str) -> str:
    """A parameter's name in the request: `named("stopPrice", "above") == "aboveStopPrice"`."""
    return prefix + parameter[0].upper() + parameter[1:] if prefix else parameter
