"""Amounts are integers: prices, quantities, rates and money in units of 0.00000001, exact and fast."""

import re

DECIMALS = 8
SCALE = 10**DECIMALS
"""One whole unit. Every asset, price and quantity of the exchange has at most eight decimals."""

HALF = SCALE // 2
MAX_AMOUNT = 2**63 - 1
"""What the exchange's own fields can hold (92233720368.54775807)."""

_DECIMAL = re.compile(r"([0-9]{1,20})(?:\.([0-9]*))?")


class TooPrecise(ValueError):
    """More than eight decimals (error -1111)."""


def parse(text: str) -> int:
    """The amount a decimal string names: `parse("0.001") == 100000`.

    Raises TooPrecise beyond eight decimals (zeros at the end aside) and ValueError on anything that is no plain decimal.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise ValueError(f"not a decimal number: {text!r}")
    whole, fraction = match[1], (match[2] or "").rstrip("0")
    if len(fraction) > DECIMALS:
        raise TooPrecise(f"more than {DECIMALS} decimals: {text!r}")
    return int(whole) * SCALE + int(fraction.ljust(DECIMALS, "0"))


def text(amount: int, decimals: int = DECIMALS) -> str:
    """The amount as the exchange prints it: `text(100000) == "0.00100000"`; fewer `decimals` must lose nothing."""
    whole, fraction = divmod(abs(amount), SCALE)
    digits = f"{fraction:08d}"[:decimals]
    return f"{'-' if amount < 0 else ''}{whole}.{digits}" if digits else f"{'-' if amount < 0 else ''}{whole}"


def plain(amount: int) -> str:
    """The amount without trailing zeros, as multipliers are printed: `plain(parse("1.50")) == "1.5"`."""
    return text(amount).rstrip("0").rstrip(".")


def notional(price: int, quantity: int) -> int:
    """Price times quantity in the quote asset; what is smaller than its last decimal is cut off."""
    return price * quantity // SCALE


def share(amount: int, rate: int) -> int:
    """`amount` times `rate`, rounded half up at the last decimal."""
    return (amount * rate + HALF) // SCALE


def down(amount: int, step: int) -> int:
    """The largest multiple of `step` up to `amount`; a step of zero is none."""
    return amount - amount % step if step else amount
