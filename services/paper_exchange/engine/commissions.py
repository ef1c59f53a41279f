"""What a fill costs.

Three rate sets (standard, tax, special), each with maker or taker and buyer or seller added up. A commission is a share of
what was received, in the asset received, each set rounded half up on its own: the one worked example of the documentation
(tax 17491.25 * 0.0000023 = 0.04022988) rounds 0.040229875 up. An account that pays with the discount asset pays its worth at
the last price instead, and of the standard set only the share `discount`: the example multiplies by it, although field
comments say "reduced by" (contradiction 3); with too little of the asset it pays the full commission from what it received.
"""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.amounts import DECIMALS, SCALE, share
from services.paper_exchange.engine.commands import Commission
from services.paper_exchange.engine.state import State
from services.paper_exchange.engine.words import Side


def charge(state: State, desk: Desk, side: Side, received: int, *, is_maker: bool) -> tuple[int, str, bool]:
    """(commission, asset, paid apart): paid apart, it was taken from the discount asset; else it is part of `received`."""
    instrument = desk.market.instrument
    asset, precision = (
        (instrument.base, instrument.base_commission_precision)
        if side == "BUY"
        else (instrument.quote, instrument.quote_commission_precision)
    )
    standard, tax, special = desk.rates[side, is_maker]
    if precision == DECIMALS:
        parts = (share(received, standard), share(received, tax), share(received, special)) if tax or special else None
        total = sum(parts) if parts else share(received, standard)
    else:
        parts = None
        total = sum(_rounded(received, rate, precision) for rate in (standard, tax, special))
    if not total:
        return 0, asset, False
    commission = desk.commission
    if commission.discount_enabled and commission.discount_enabled_for_symbol:
        full = parts or tuple(_rounded(received, rate, precision) for rate in (standard, tax, special))
        paid = discounted(state, commission, asset, full)
        balance = desk.account.balance(commission.discount_asset)
        if paid is not None and balance.free >= paid:
            balance.free -= paid
            state.collect(commission.discount_asset, paid)
            return paid, commission.discount_asset, True
    state.collect(asset, total)
    return total, asset, False


def discounted(state: State, commission: Commission, asset: str, parts: tuple[int, ...]) -> int | None:
    """The standard, tax and special commission in the discount asset, or None without a price for it."""
    price = state.price_in(commission.discount_asset, asset)
    if not price:
        return None
    standard, tax, special = (_divided(part * SCALE, price) for part in parts)
    return share(standard, commission.discount) + tax + special


def _divided(numerator: int, denominator: int) -> int:
    return (numerator + denominator // 2) // denominator


def _rounded(received: int, rate: int, precision: int) -> int:
    unit = 10 ** (DECIMALS - precision)
    return _divided(received * rate, SCALE * unit) * unit
