"""The twenty filters: what each says in `exchangeInfo` or `myFilters`, and what it forbids.

A filter's fields are the exchange's own (in snake case) and its tag is its `filterType`, so that `described` gives the
exchange's JSON. Amounts and multipliers are in units of 1e-8. Steps and ticks are a plain remainder of the value, nothing is
subtracted first; a zero in PRICE_FILTER, or a step of zero, switches that part off. (Spot documentation, filters.md.)
"""

from typing import Any, ClassVar

from msgspec import Struct

from services.paper_exchange.engine.amounts import MAX_AMOUNT, SCALE, plain, text
from services.paper_exchange.engine.words import OrderType, Side, waits_above


class Filter(Struct, frozen=True, tag_field="filterType", rename="camel"):
    """Base of all filters."""

    amounts: ClassVar[frozenset[str]] = frozenset()
    """Fields printed with eight decimals."""
    multipliers: ClassVar[frozenset[str]] = frozenset()
    """Fields printed without trailing zeros."""

    @property
    def name(self) -> str:
        """Its `filterType`."""
        return str(self.__struct_config__.tag)

    def described(self) -> dict[str, Any]:
        """The filter as the exchange shows it."""
        shown: dict[str, Any] = {"filterType": self.name}
        for field, key in zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True):
            value = getattr(self, field)
            shown[key] = text(value) if field in self.amounts else plain(value) if field in self.multipliers else value
        return shown


class PriceFilter(Filter, frozen=True, tag="PRICE_FILTER"):
    """Prices and stop prices."""

    min_price: int
    max_price: int
    tick_size: int
    amounts = frozenset(("min_price", "max_price", "tick_size"))

    def allows(self, price: int) -> bool:
        tick, highest = self.tick_size, self.max_price
        return price >= self.min_price and (not highest or price <= highest) and (not tick or price % tick == 0)


class PercentPrice(Filter, frozen=True, tag="PERCENT_PRICE"):
    """How far a price may lie from the reference."""

    multiplier_up: int
    multiplier_down: int
    avg_price_mins: int
    multipliers = frozenset(("multiplier_up", "multiplier_down"))

    def allows(self, price: int, reference: int) -> bool:
        return self.multiplier_down * reference <= price * SCALE <= self.multiplier_up * reference


class PercentPriceBySide(Filter, frozen=True, tag="PERCENT_PRICE_BY_SIDE"):
    """How far a price may lie from the reference, bids and asks apart."""

    bid_multiplier_up: int
    bid_multiplier_down: int
    ask_multiplier_up: int
    ask_multiplier_down: int
    avg_price_mins: int
    multipliers = frozenset(("bid_multiplier_up", "bid_multiplier_down", "ask_multiplier_up", "ask_multiplier_down"))

    def allows(self, side: Side, price: int, reference: int) -> bool:
        down, up = (
            (self.bid_multiplier_down, self.bid_multiplier_up)
            if side == "BUY"
            else (self.ask_multiplier_down, self.ask_multiplier_up)
        )
        return down * reference <= price * SCALE <= up * reference


class LotSize(Filter, frozen=True, tag="LOT_SIZE"):
    """Quantities and iceberg quantities."""

    min_qty: int
    max_qty: int
    step_size: int
    amounts = frozenset(("min_qty", "max_qty", "step_size"))

    def allows(self, quantity: int) -> bool:
        step = self.step_size
        return self.min_qty <= quantity <= self.max_qty and (not step or quantity % step == 0)


class MarketLotSize(LotSize, frozen=True, tag="MARKET_LOT_SIZE"):
    """Quantities of market orders."""


class MinNotional(Filter, frozen=True, tag="MIN_NOTIONAL"):
    """The least an order may be worth."""

    min_notional: int
    apply_to_market: bool
    avg_price_mins: int
    amounts = frozenset(("min_notional",))

    def allows(self, notional: int, is_market: bool) -> bool:
        return (is_market and not self.apply_to_market) or notional >= self.min_notional


class Notional(Filter, frozen=True, tag="NOTIONAL"):
    """The least and the most an order may be worth."""

    min_notional: int
    apply_min_to_market: bool
    max_notional: int
    apply_max_to_market: bool
    avg_price_mins: int
    amounts = frozenset(("min_notional", "max_notional"))

    def allows(self, notional: int, is_market: bool) -> bool:
        if is_market:
            return (not self.apply_min_to_market or notional >= self.min_notional) and (
                not self.apply_max_to_market or notional <= self.max_notional
            )
        return self.min_notional <= notional <= self.max_notional


class IcebergParts(Filter, frozen=True, tag="ICEBERG_PARTS"):
    """Into how many slices an iceberg may be cut."""

    limit: int

    def allows(self, quantity: int, iceberg_quantity: int) -> bool:
        return -(-quantity // iceberg_quantity) <= self.limit


class MaxNumOrders(Filter, frozen=True, tag="MAX_NUM_ORDERS"):
    """Open orders of an account on the symbol, contingent ones included."""

    max_num_orders: int


class MaxNumAlgoOrders(Filter, frozen=True, tag="MAX_NUM_ALGO_ORDERS"):
    """Open contingent orders of an account on the symbol."""

    max_num_algo_orders: int


class MaxNumIcebergOrders(Filter, frozen=True, tag="MAX_NUM_ICEBERG_ORDERS"):
    """Open icebergs of an account on the symbol."""

    max_num_iceberg_orders: int


class MaxPosition(Filter, frozen=True, tag="MAX_POSITION"):
    """The most of the base asset an account may come to hold by buying."""

    max_position: int
    amounts = frozenset(("max_position",))

    def allows(self, position: int, quantity: int) -> bool:
        """`position`: free and locked base asset and the open quantity of BUY orders.

        The documentation's formula does not name the new order's own quantity; it is counted, for the limit would else be
        passed by one order of any size.
        """
        return position + quantity <= min(self.max_position, MAX_AMOUNT)


class TrailingDelta(Filter, frozen=True, tag="TRAILING_DELTA"):
    """Trailing distances in basis points; "above" are the types that wait above the market."""

    min_trailing_above_delta: int
    max_trailing_above_delta: int
    min_trailing_below_delta: int
    max_trailing_below_delta: int

    def allows(self, side: Side, type: OrderType, delta: int) -> bool:
        if waits_above(side, type):
            return self.min_trailing_above_delta <= delta <= self.max_trailing_above_delta
        return self.min_trailing_below_delta <= delta <= self.max_trailing_below_delta


class MaxNumOrderAmends(Filter, frozen=True, tag="MAX_NUM_ORDER_AMENDS"):
    """How often one order may be amended."""

    max_num_order_amends: int


class MaxNumOrderLists(Filter, frozen=True, tag="MAX_NUM_ORDER_LISTS"):
    """Open order lists of an account on the symbol."""

    max_num_order_lists: int


class ExchangeMaxNumOrders(Filter, frozen=True, tag="EXCHANGE_MAX_NUM_ORDERS"):
    """Open orders of an account on all symbols."""

    max_num_orders: int


class ExchangeMaxNumAlgoOrders(Filter, frozen=True, tag="EXCHANGE_MAX_NUM_ALGO_ORDERS"):
    """Open contingent orders of an account on all symbols."""

    max_num_algo_orders: int


class ExchangeMaxNumIcebergOrders(Filter, frozen=True, tag="EXCHANGE_MAX_NUM_ICEBERG_ORDERS"):
    """Open icebergs of an account on all symbols."""

    max_num_iceberg_orders: int


class ExchangeMaxNumOrderLists(Filter, frozen=True, tag="EXCHANGE_MAX_NUM_ORDER_LISTS"):
    """Open order lists of an account on all symbols."""

    max_num_order_lists: int


class MaxAsset(Filter, frozen=True, tag="MAX_ASSET"):
    """The most of an asset one order may move; shown by `myFilters` only."""

    asset: str
    limit: int
    amounts = frozenset(("limit",))
