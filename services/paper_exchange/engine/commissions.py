"""What a fill costs.

Three rate sets (standard, tax, special), each with maker or taker and buyer or seller added up. A commission is a share of
what was received, in the asset received, each set rounded half up on its own: the one worked example of the documentation
(tax 17491.25 * 0.0000023 = 0.04022988) rounds 0.040229875 up. An account that pays with the discount asset pays its worth at
the last price instead, and of the standard set only the share `discount`: the example multiplies by it, although field
comments say "reduced by" (contradiction 3); with too little of the asset it pays the full commission from what it received.
"""

from services.paper_exchange.engine.accounts import Desk, Terms
from services.paper_exchange.engine.amounts import DECIMALS, SCALE, share
from services.paper_exchange.engine.commands import Commission
from services.paper_exchange.engine.state import State


def charge(state: State, desk: Desk, terms: Terms, received: int) -> tuple[int, str, bool]:
    """(commission, asset, paid apart): paid apart, it was taken from the discount asset; else it is part of `received`."""
    precision = terms.precision
    parts = tuple(_rounded(received, rate, precision) for rate in (terms.standard, terms.tax, terms.special))
    total = sum(parts)
    if not total:
        return 0, terms.asset, False
    commission = desk.commission
    if commission.discount_enabled and commission.discount_enabled_for_symbol:
        paid = discounted(state, commission, terms.asset, parts)
        balance = desk.account.balance(commission.discount_asset)
        if paid is not None and balance.free >= paid:
            balance.free -= paid
            state.collect(commission.discount_asset, paid)
            return paid, commission.discount_asset, True
    state.collect(terms.asset, total)
    return total, terms.asset, False


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
