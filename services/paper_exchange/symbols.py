"""What is listed: symbols with their rules, and what the synthetic market has to know to trade them.

Names, steps and limits are like those of the real symbols; prices are made up.
"""

from msgspec import Struct

from services.paper_exchange.engine.amounts import SCALE, parse
from services.paper_exchange.engine.filters import (
    ExchangeMaxNumOrders,
    LotSize,
    MarketLotSize,
    MaxPosition,
    Notional,
    PriceFilter,
)
from services.paper_exchange.engine.instrument import Instrument, PriceRange, ReferenceRule
from services.paper_exchange.engine.words import SymbolStatus
from services.paper_exchange.history import Habits
from services.paper_exchange.paths import Asset

CLOSED_US = 1_725_926_400_000_000
"""2024-09-10: when the symbol that is no longer traded was closed."""


class Legs(Struct, frozen=True):
    """A price that follows others: that of `base`, divided by that of `quote` where there is one, times `rate`."""

    base: str
    quote: str | None = None
    rate: float = 1.0


class Listing(Struct, frozen=True):
    """A symbol of the synthetic market."""

    instrument: Instrument
    asset: Asset
    """Whose path its price follows; of a symbol with legs, only its history does, scaled to meet the present."""
    habits: Habits
    legs: Legs | None = None

    @property
    def symbol(self) -> str:
        return self.instrument.symbol

    @property
    def is_open(self) -> bool:
        """Does anyone trade it?"""
        return self.instrument.status == "TRADING"


BTC = Asset("BTC", 92_000.0, width=0.5, daily=0.045)
ETH = Asset("ETH", 3_400.0, width=0.55, daily=0.055)
BNB = Asset("BNB", 870.0, width=0.5, daily=0.05)
SOL = Asset("SOL", 165.0, width=0.6, daily=0.065)
XRP = Asset("XRP", 2.4, width=0.6, daily=0.06)
ADA = Asset("ADA", 0.72, width=0.6, daily=0.065)
DOGE = Asset("DOGE", 0.21, width=0.65, daily=0.07)
BINANCE_LIFE = Asset("币安人生", 0.135, width=0.7, daily=0.09)
MATIC = Asset("MATIC", 0.55, width=0.6, daily=0.065)
EUR = Asset("EUR", 1.11, width=0.08, daily=0.006)
ETH_IN_BTC = Asset("ETH/BTC", 0.037, width=0.5, daily=0.03)
BNB_IN_BTC = Asset("BNB/BTC", 0.0094, width=0.5, daily=0.03)


def _instrument(
    symbol: str,
    base: str,
    quote: str,
    tick: str,
    step: str,
    *,
    min_notional: str = "5",
    max_price: str = "1000000",
    max_qty: str = "9000",
    max_market_qty: str = "120",
    status: SymbolStatus = "TRADING",
    is_margin: bool = True,
    max_position: str | None = None,
    price_range: PriceRange | None = None,
    reference: ReferenceRule | None = None,
) -> Instrument:
    return Instrument(
        symbol=symbol,
        base=base,
        quote=quote,
        status=status,
        price_filter=PriceFilter(min_price=parse(tick), max_price=parse(max_price), tick_size=parse(tick)),
        lot_size=LotSize(min_qty=parse(step), max_qty=parse(max_qty), step_size=parse(step)),
        market_lot_size=MarketLotSize(min_qty=0, max_qty=parse(max_market_qty), step_size=0),
        notional=Notional(
            min_notional=parse(min_notional),
            apply_min_to_market=True,
            max_notional=9_000_000 * SCALE,
            apply_max_to_market=False,
            avg_price_mins=5,
        ),
        max_position=MaxPosition(max_position=parse(max_position)) if max_position else None,
        is_margin_trading_allowed=is_margin,
        permission_sets=(("SPOT", "MARGIN", "TRD_GRP_004"),) if is_margin else (("SPOT", "TRD_GRP_004"),),
        price_range=price_range,
        reference=reference,
    )


_NARROW = PriceRange(bid_up=parse("1.05"), bid_down=parse("0.95"), ask_up=parse("1.05"), ask_down=parse("0.95"))
_WIDE = PriceRange(bid_up=parse("1.2"), ask_down=parse("0.8"))

LISTINGS: tuple[Listing, ...] = (
    Listing(_instrument("BTCUSDT", "BTC", "USDT", "0.01", "0.00001"), BTC, Habits(7, 900)),
    Listing(_instrument("ETHUSDT", "ETH", "USDT", "0.01", "0.0001", max_market_qty="3000"), ETH, Habits(6, 2400)),
    Listing(
        _instrument(
            "BNBUSDT",
            "BNB",
            "USDT",
            "0.01",
            "0.001",
            max_price="100000",
            max_qty="900000",
            max_market_qty="5000",
            price_range=_NARROW,
            reference=ReferenceRule(bucket_count=10, bucket_width_ms=1000),
        ),
        BNB,
        Habits(5, 800),
    ),
    Listing(
        _instrument("SOLUSDT", "SOL", "USDT", "0.01", "0.001", max_price="10000", max_qty="90000", max_market_qty="20000"),
        SOL,
        Habits(5, 4000),
    ),
    Listing(
        _instrument(
            "XRPUSDT",
            "XRP",
            "USDT",
            "0.0001",
            "0.1",
            max_price="10000",
            max_qty="9222449",
            max_market_qty="900000",
            price_range=_WIDE,
            reference=ReferenceRule(external_id=3),
        ),
        XRP,
        Habits(5, 3500),
    ),
    Listing(
        _instrument("ADAUSDT", "ADA", "USDT", "0.0001", "0.1", max_price="1000", max_qty="900000", max_market_qty="400000"),
        ADA,
        Habits(5, 6000),
    ),
    Listing(
        _instrument(
            "DOGEUSDT",
            "DOGE",
            "USDT",
            "0.00001",
            "1",
            min_notional="1",
            max_price="1000",
            max_qty="9000000",
            max_market_qty="3000000",
        ),
        DOGE,
        Habits(5, 2200),
    ),
    Listing(
        _instrument(
            "币安人生USDT",
            "币安人生",
            "USDT",
            "0.00001",
            "1",
            max_price="1000",
            max_qty="9000000",
            max_market_qty="300000",
            is_margin=False,
            max_position="5000000",
            price_range=_WIDE,
            reference=ReferenceRule(external_id=1),
        ),
        BINANCE_LIFE,
        Habits(5, 1200),
    ),
    Listing(
        _instrument("EURUSDT", "EUR", "USDT", "0.0001", "0.1", max_price="100", max_qty="9000000", max_market_qty="500000"),
        EUR,
        Habits(5, 4000),
    ),
    Listing(_instrument("BTCUSDC", "BTC", "USDC", "0.01", "0.00001"), BTC, Habits(5, 500), Legs("BTCUSDT", rate=1.0002)),
    Listing(
        _instrument("ETHUSDC", "ETH", "USDC", "0.01", "0.0001", max_market_qty="3000"),
        ETH,
        Habits(5, 1500),
        Legs("ETHUSDT", rate=1.0002),
    ),
    Listing(_instrument("BTCEUR", "BTC", "EUR", "0.01", "0.00001"), BTC, Habits(5, 400), Legs("BTCUSDT", "EURUSDT")),
    Listing(
        _instrument(
            "ETHBTC",
            "ETH",
            "BTC",
            "0.00001",
            "0.001",
            min_notional="0.0001",
            max_price="922327",
            max_qty="100000",
            max_market_qty="2500",
        ),
        ETH_IN_BTC,
        Habits(5, 300),
        Legs("ETHUSDT", "BTCUSDT"),
    ),
    Listing(
        _instrument(
            "BNBBTC",
            "BNB",
            "BTC",
            "0.000001",
            "0.01",
            min_notional="0.0001",
            max_price="1000",
            max_qty="100000",
            max_market_qty="2500",
        ),
        BNB_IN_BTC,
        Habits(5, 100),
        Legs("BNBUSDT", "BTCUSDT"),
    ),
    Listing(
        _instrument("MATICUSDT", "MATIC", "USDT", "0.0001", "0.1", status="BREAK"),
        MATIC,
        Habits(5, 5000),
    ),
)

SORS: dict[str, tuple[str, ...]] = {"BTC": ("BTCUSDT", "BTCUSDC")}
"""Base assets whose orders may be routed over several symbols."""

EXCHANGE_FILTERS = (ExchangeMaxNumOrders(max_num_orders=1000),)
"""What binds an account over all symbols."""
