"""What is traded, and under which rules: one symbol of `exchangeInfo`."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, structs

from services.paper_exchange.engine.amounts import SCALE, parse
from services.paper_exchange.engine.filters import (
    Filter,
    IcebergParts,
    LotSize,
    MarketLotSize,
    MaxNumAlgoOrders,
    MaxNumIcebergOrders,
    MaxNumOrderAmends,
    MaxNumOrderLists,
    MaxNumOrders,
    MaxPosition,
    MinNotional,
    Notional,
    PercentPrice,
    PercentPriceBySide,
    PriceFilter,
    TrailingDelta,
)
from services.paper_exchange.engine.words import ORDER_TYPES, STP_MODES, OrderType, StpMode, SymbolStatus


class PriceRange(Struct, frozen=True):
    """The PRICE_RANGE execution rule: multipliers of the reference price; None leaves that side and direction free."""

    bid_up: int | None = None
    bid_down: int | None = None
    ask_up: int | None = None
    ask_down: int | None = None


class ReferenceRule(Struct, frozen=True):
    """How a reference price comes about: the engine's own mean of trades, or set from outside."""

    bucket_count: int = 0
    """Zero for prices set from outside (EXTERNAL)."""
    bucket_width_ms: int = 1000
    external_id: int = 0
    """`externalCalculationId` of EXTERNAL prices."""


class Instrument(Struct, frozen=True, kw_only=True):
    """A symbol: its assets, its filters, what its book allows. Amounts in units of 1e-8.

    Each filter has one field; None means that the symbol does not have it. Defaults are those of today's exchange.
    """

    symbol: str
    base: str
    quote: str
    status: SymbolStatus = "TRADING"
    price_filter: PriceFilter = PriceFilter(min_price=1_000_000, max_price=1_000_000 * SCALE, tick_size=1_000_000)
    lot_size: LotSize = LotSize(min_qty=1_000, max_qty=9_000 * SCALE, step_size=1_000)
    iceberg_parts: IcebergParts | None = IcebergParts(limit=100)
    market_lot_size: MarketLotSize | None = None
    trailing_delta: TrailingDelta | None = TrailingDelta(
        min_trailing_above_delta=10,
        max_trailing_above_delta=2000,
        min_trailing_below_delta=10,
        max_trailing_below_delta=2000,
    )
    percent_price: PercentPrice | None = None
    percent_price_by_side: PercentPriceBySide | None = PercentPriceBySide(
        bid_multiplier_up=5 * SCALE,
        bid_multiplier_down=SCALE // 5,
        ask_multiplier_up=5 * SCALE,
        ask_multiplier_down=SCALE // 5,
        avg_price_mins=5,
    )
    min_notional: MinNotional | None = None
    notional: Notional | None = Notional(
        min_notional=5 * SCALE,
        apply_min_to_market=True,
        max_notional=9_000_000 * SCALE,
        apply_max_to_market=False,
        avg_price_mins=5,
    )
    max_num_orders: MaxNumOrders | None = MaxNumOrders(max_num_orders=200)
    max_num_order_lists: MaxNumOrderLists | None = MaxNumOrderLists(max_num_order_lists=20)
    max_num_algo_orders: MaxNumAlgoOrders | None = MaxNumAlgoOrders(max_num_algo_orders=5)
    max_num_iceberg_orders: MaxNumIcebergOrders | None = None
    max_num_order_amends: MaxNumOrderAmends | None = MaxNumOrderAmends(max_num_order_amends=10)
    max_position: MaxPosition | None = None
    order_types: tuple[OrderType, ...] = ORDER_TYPES
    iceberg_allowed: bool = True
    oco_allowed: bool = True
    oto_allowed: bool = True
    opo_allowed: bool = True
    quote_order_qty_market_allowed: bool = True
    allow_trailing_stop: bool = True
    cancel_replace_allowed: bool = True
    amend_allowed: bool = True
    peg_instructions_allowed: bool = True
    is_spot_trading_allowed: bool = True
    is_margin_trading_allowed: bool = False
    permission_sets: tuple[tuple[str, ...], ...] = (("SPOT",),)
    default_self_trade_prevention: StpMode = "NONE"
    allowed_self_trade_prevention: tuple[StpMode, ...] = STP_MODES
    base_asset_precision: int = 8
    quote_asset_precision: int = 8
    base_commission_precision: int = 8
    quote_commission_precision: int = 8
    price_range: PriceRange | None = None
    reference: ReferenceRule | None = None

    @property
    def tick(self) -> int:
        """The smallest step between prices."""
        return self.price_filter.tick_size

    @property
    def step(self) -> int:
        """The smallest step between quantities."""
        return self.lot_size.step_size

    def all_filters(self) -> list[Filter]:
        """The symbol's filters in the exchange's order."""
        values = (getattr(self, field) for field in self.__struct_fields__)
        return [value for value in values if isinstance(value, Filter)]

    def filters(self) -> list[dict[str, Any]]:
        """`filters` of `exchangeInfo`."""
        return [each.described() for each in self.all_filters()]

    def described(self) -> dict[str, Any]:
        """The symbol as one entry of `symbols` in `exchangeInfo` (permissions, which say nothing any more, are empty)."""
        return {
            "symbol": self.symbol,
            "status": self.status,
            "baseAsset": self.base,
            "baseAssetPrecision": self.base_asset_precision,
            "quoteAsset": self.quote,
            "quotePrecision": self.quote_asset_precision,
            "quoteAssetPrecision": self.quote_asset_precision,
            "baseCommissionPrecision": self.base_commission_precision,
            "quoteCommissionPrecision": self.quote_commission_precision,
            "orderTypes": list(self.order_types),
            **{key: getattr(self, field) for key, field in _FLAGS.items()},
            "filters": self.filters(),
            "permissions": [],
            "permissionSets": [list(permissions) for permissions in self.permission_sets],
            "defaultSelfTradePreventionMode": self.default_self_trade_prevention,
            "allowedSelfTradePreventionModes": list(self.allowed_self_trade_prevention),
        }

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> "Instrument":
        """The instrument that an entry of `exchangeInfo` describes; unknown fields and filters are passed over."""
        found: dict[str, Any] = dict.fromkeys(_FILTERS.values())
        for shown in described.get("filters", ()):
            kind = _FILTER_TYPES.get(shown["filterType"])
            if kind is not None:
                found[_FILTERS[kind]] = _read_filter(kind, shown)
        found = {field: value for field, value in found.items() if value is not None or field not in _REQUIRED}
        found.update({field: bool(described[key]) for key, field in _FLAGS.items() if key in described})
        found.update({field: described[key] for key, field in _VALUES.items() if key in described})
        found.update({field: tuple(described[key]) for key, field in _TUPLES.items() if key in described})
        if "permissionSets" in described:
            found["permission_sets"] = tuple(tuple(permissions) for permissions in described["permissionSets"])
        return cls(symbol=described["symbol"], base=described["baseAsset"], quote=described["quoteAsset"], **found)


_FLAGS = {
    "icebergAllowed": "iceberg_allowed",
    "ocoAllowed": "oco_allowed",
    "otoAllowed": "oto_allowed",
    "opoAllowed": "opo_allowed",
    "quoteOrderQtyMarketAllowed": "quote_order_qty_market_allowed",
    "allowTrailingStop": "allow_trailing_stop",
    "cancelReplaceAllowed": "cancel_replace_allowed",
    "amendAllowed": "amend_allowed",
    "pegInstructionsAllowed": "peg_instructions_allowed",
    "isSpotTradingAllowed": "is_spot_trading_allowed",
    "isMarginTradingAllowed": "is_margin_trading_allowed",
}
_VALUES = {
    "status": "status",
    "baseAssetPrecision": "base_asset_precision",
    "quoteAssetPrecision": "quote_asset_precision",
    "baseCommissionPrecision": "base_commission_precision",
    "quoteCommissionPrecision": "quote_commission_precision",
    "defaultSelfTradePreventionMode": "default_self_trade_prevention",
}
_TUPLES = {"orderTypes": "order_types", "allowedSelfTradePreventionModes": "allowed_self_trade_prevention"}
_FILTERS: dict[type[Filter], str] = {
    PriceFilter: "price_filter",
    LotSize: "lot_size",
    IcebergParts: "iceberg_parts",
    MarketLotSize: "market_lot_size",
    TrailingDelta: "trailing_delta",
    PercentPrice: "percent_price",
    PercentPriceBySide: "percent_price_by_side",
    MinNotional: "min_notional",
    Notional: "notional",
    MaxNumOrders: "max_num_orders",
    MaxNumOrderLists: "max_num_order_lists",
    MaxNumAlgoOrders: "max_num_algo_orders",
    MaxNumIcebergOrders: "max_num_iceberg_orders",
    MaxNumOrderAmends: "max_num_order_amends",
    MaxPosition: "max_position",
}
_FILTER_TYPES: dict[str, type[Filter]] = {str(kind.__struct_config__.tag): kind for kind in _FILTERS}
_REQUIRED = frozenset(("price_filter", "lot_size"))


def _read_filter(kind: type[Filter], shown: Mapping[str, Any]) -> Filter:
    values = {
        field.name: parse(shown[field.encode_name])
        if field.name in kind.amounts | kind.multipliers
        else shown[field.encode_name]
        for field in structs.fields(kind)
    }
    return kind(**values)
