"""What an order list must look like, and when its pair may enter.

Of a SELL pair the limit or take-profit leg lies above the last price and the stop-loss leg below; of a BUY pair it is the
other way round (contradiction 4: web-socket-api.md prints the take-profit of a BUY reversed). A symbol needs `ocoAllowed` for
every list with a pair.
"""

from collections.abc import Sequence

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.commands import Leg, PlaceOrderList
from services.paper_exchange.engine.ledger import need
from services.paper_exchange.engine.matching import would_take
from services.paper_exchange.engine.order_rules import named
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.outcomes import Refused
from services.paper_exchange.engine.pegs import fix_price, peg_price
from services.paper_exchange.engine.refusals import (
    BAD_PRICES,
    BOTH_LIMIT,
    BUY_LIMIT_BELOW,
    BUY_PROFIT_BELOW,
    BUY_STOP_ABOVE,
    NO_OCO,
    NO_OPO,
    NO_OTO,
    OCO_TYPE,
    OPO_PENDING_SELL,
    OPO_WORKING_BUY,
    SELL_LIMIT_ABOVE,
    SELL_PROFIT_ABOVE,
    SELL_STOP_BELOW,
    UNSUPPORTED_COMBINATION,
    WOULD_TAKE,
    Refusal,
    missing,
)
from services.paper_exchange.engine.words import CONTINGENT, STOPS, waits_above

Named = tuple[str, Leg]
"""A member and the prefix of its parameters."""


def members(desk: Desk, request: PlaceOrderList) -> list[Named]:
    """The members in the order of their ids: the working order, then the pending ones, of a pair the stop-loss leg first.

    Raises Refusal when the list is not of its kind's shape, or the symbol does not offer the kind.
    """
    kind, instrument = request.kind, desk.market.instrument
    paired, has_working, pays_itself = kind in ("OCO", "OTOCO", "OPOCO"), kind != "OCO", kind in ("OPO", "OPOCO")
    if paired and not instrument.oco_allowed:
        raise Refusal(NO_OCO)
    if has_working and not instrument.oto_allowed:
        raise Refusal(NO_OTO)
    if pays_itself and not instrument.opo_allowed:
        raise Refusal(NO_OPO)
    found: list[Named] = []
    if has_working:
        working = _required(request.working, "workingType")
        if working.type not in ("LIMIT", "LIMIT_MAKER"):
            raise Refusal(UNSUPPORTED_COMBINATION)
        found.append(("working", working))
    if paired:
        prefix = "pending" if has_working else ""
        above, below = (named("above", prefix), request.above), (named("below", prefix), request.below)
        legs = [(name, _required(leg, f"{name}Type")) for name, leg in (above, below)]
        _check_pair(legs)
        found += sorted(legs, key=lambda each: each[1].type not in STOPS)
    else:
        found.append(("pending", _required(request.pending, "pendingType")))
    if pays_itself:
        _check_pays_itself(found)
    return found


def _required(leg: Leg | None, parameter: str) -> Leg:
    if leg is None:
        raise missing(parameter)
    return leg


def _check_pair(legs: Sequence[Named]) -> None:
    """One leg limits or takes profit, the other stops the loss; which is above follows from the side."""
    (_, above), (_, below) = legs
    if any(leg.type in ("LIMIT", "MARKET") for _, leg in legs):
        raise Refusal(OCO_TYPE)
    if above.type == below.type == "LIMIT_MAKER":
        raise Refusal(BOTH_LIMIT)
    if above.side != below.side or above.quantity != below.quantity:
        raise Refusal(UNSUPPORTED_COMBINATION)
    is_buy = above.side == "BUY"
    for leg, is_above in sorted(((above, True), (below, False)), key=lambda each: each[0].type != "LIMIT_MAKER"):
        if leg.type in STOPS:
            if is_above != is_buy:
                raise Refusal(BUY_STOP_ABOVE if is_buy else SELL_STOP_BELOW)
        elif is_above == is_buy:
            if leg.type == "LIMIT_MAKER":
                raise Refusal(BUY_LIMIT_BELOW if is_buy else SELL_LIMIT_ABOVE)
            raise Refusal(BUY_PROFIT_BELOW if is_buy else SELL_PROFIT_ABOVE)
    for prefix, leg in legs:
        if leg.iceberg_quantity and leg.time_in_force not in (None, "GTC"):
            name = named("icebergQty", prefix)
            raise Refusal(
                Refused(-1160, f"Parameter '{name}' is not supported if aboveTimeInForce/belowTimeInForce is not GTC.")
            )


def _check_pays_itself(legs: Sequence[Named]) -> None:
    (_, working), *pending = legs
    if working.side != "BUY":
        raise Refusal(OPO_WORKING_BUY)
    for prefix, leg in pending:
        if leg.side != "SELL":
            raise Refusal(OPO_PENDING_SELL)
        if leg.quantity:
            raise Refusal(Refused(-1225, f"Pending orders should not include the '{named('quantity', prefix)}' tag."))


def check_pair_entry(desk: Desk, legs: Sequence[Order]) -> None:
    """May the pair enter the market now? Chooses the price of a pegged limit leg. Raises Refusal."""
    market = desk.market
    for leg in legs:
        if leg.peg_price_type is not None:
            if leg.type not in CONTINGENT:
                fix_price(market, leg)
            elif not leg.reserve:
                leg.reserve = peg_price(market, leg)
    check_pair_prices(legs, market.last_price)
    if any(leg.type == "LIMIT_MAKER" and would_take(desk, leg) for leg in legs):
        raise Refusal(WOULD_TAKE)


def check_pair_prices(legs: Sequence[Order], last_price: int = 0) -> None:
    """Raise Refusal unless one leg lies above, the other below the last price, where there is one.

    Pending pairs are measured against each other only, and against the last price when they are released.
    """
    above: list[int] = []
    below: list[int] = []
    for leg in legs:
        prices = (leg.stop_price,) if leg.type in STOPS or leg.type == "TAKE_PROFIT" else (leg.stop_price, leg.limit)
        (above if waits_above(leg.side, leg.type) else below).extend(price for price in prices if price)
    lowest_above, highest_below = min(above, default=0), max(below, default=0)
    if last_price:
        wrong = (above and lowest_above <= last_price) or (below and highest_below >= last_price)
    else:
        wrong = above and below and lowest_above <= highest_below
    if wrong:
        raise Refusal(BAD_PRICES)


def pair_need(legs: Sequence[Order]) -> int:
    """What must be locked for a pair of which one leg trades at most."""
    return max(need(leg) for leg in legs)
