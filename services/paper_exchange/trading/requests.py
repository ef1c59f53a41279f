"""From parameters to the engine's commands: amounts become integers, the parameters of one order a leg.

Precision and zero are the only things told here; everything else the catalogue's rules or the engine say.
"""

from functools import cache
from typing import Any

from services.paper_exchange.call import Call
from services.paper_exchange.engine.amounts import TooPrecise, parse
from services.paper_exchange.engine.commands import CancelOrder, Leg, PlaceOrder
from services.paper_exchange.engine.order_rules import named
from services.paper_exchange.engine.words import Side
from services.paper_exchange.errors import Refused, refused

Given = dict[str, Any]
_INVALID = -1013
_WORDS = {
    "time_in_force": "timeInForce",
    "strategy_id": "strategyId",
    "strategy_type": "strategyType",
    "peg_price_type": "pegPriceType",
    "peg_offset_type": "pegOffsetType",
    "peg_offset_value": "pegOffsetValue",
    "trailing_delta": "trailingDelta",
}
_AMOUNTS = {"price": "price", "stop_price": "stopPrice", "iceberg_quantity": "icebergQty"}


def amount(given: Given, name: str) -> int:
    """The amount of a parameter in the engine's units, zero where it was not sent.

    Raises Refused for more decimals than an asset has (-1111) and for zero: "Invalid quantity." and "Invalid price." with
    -1013 were seen from the exchange, the documentation is silent.
    """
    text = given.get(name)
    if text is None:
        return 0
    try:
        value = parse(text)
    except TooPrecise:
        raise refused(-1111, name) from None
    if not value:
        raise Refused(_INVALID, f"Invalid {name}.")
    return value


def terms(given: Given, prefix: str = "") -> dict[str, Any]:
    """The fields of a `Leg` that parameters with this prefix may give, apart from side, type and quantity."""
    words, amounts, client_id = _names(prefix)
    found: dict[str, Any] = {field: given[name] for field, name in words if name in given}
    for field, name in amounts:
        if name in given:
            found[field] = amount(given, name)
    if client_id in given:
        found["client_order_id"] = given[client_id]
    return found


def leg(given: Given, prefix: str, side: Side, quantity: int) -> Leg:
    """A member of an order list."""
    return Leg(side=side, type=given[named("type", prefix)], quantity=quantity, **terms(given, prefix))


def new_order(call: Call, *, sor: bool = False) -> PlaceOrder:
    """The new order that a request describes."""
    given = call.given
    return PlaceOrder(
        account=call.account,
        symbol=given["symbol"],
        side=given["side"],
        type=given["type"],
        quantity=amount(given, "quantity"),
        quote_quantity=amount(given, "quoteOrderQty"),
        self_trade_prevention=given.get("selfTradePreventionMode"),
        sor=sor,
        **terms(given),
    )


def cancel_order(call: Call, id_name: str, client_id_name: str, new_id_name: str) -> CancelOrder:
    """The cancel of one order; its parameters are called otherwise in a cancel-replace."""
    given = call.given
    return CancelOrder(
        account=call.account,
        symbol=given["symbol"],
        order_id=given.get(id_name),
        client_order_id=given.get(client_id_name, ""),
        new_client_order_id=given.get(new_id_name, ""),
        restrictions=given.get("cancelRestrictions"),
    )


_Names = tuple[tuple[str, str], ...]


@cache
def _names(prefix: str) -> tuple[_Names, _Names, str]:
    words = tuple((field, named(name, prefix)) for field, name in _WORDS.items())
    amounts = tuple((field, named(name, prefix)) for field, name in _AMOUNTS.items())
    return words, amounts, named("clientOrderId", prefix) if prefix else "newClientOrderId"
