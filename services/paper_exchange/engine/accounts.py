"""Accounts, and what an account has on one symbol: balances, orders, fills, rates."""

from typing import TYPE_CHECKING

from msgspec import Struct

from services.paper_exchange.engine.amounts import DECIMALS
from services.paper_exchange.engine.commands import Commission, OpenAccount
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.order_counts import OrderCounts, OrderLimit
from services.paper_exchange.engine.orders import Order, OrderList
from services.paper_exchange.engine.records import Amendment, Fill, PreventedMatch
from services.paper_exchange.engine.words import Side

if TYPE_CHECKING:
    from services.paper_exchange.engine.market import Market


class Balance(Struct, gc=False):
    """What an account holds of one asset."""

    free: int = 0
    locked: int = 0


class Terms(Struct, frozen=True, gc=False):
    """What one kind of fill costs: rates of the asset received."""

    asset: str
    precision: int
    standard: int
    tax: int
    special: int
    is_plain: bool
    """Is it the standard rate and nothing else, at full precision and without discount?"""


class Account:
    """An account: its settings, its balances, and a desk for every symbol it has touched."""

    __slots__ = (
        "balances",
        "counts",
        "desks",
        "external",
        "lists",
        "lists_by_client_id",
        "name",
        "settings",
        "unlimited",
        "updated_us",
    )

    def __init__(self, settings: OpenAccount, limits: tuple[OrderLimit, ...] = ()) -> None:
        self.name = settings.account
        self.settings = settings
        self.balances: dict[str, Balance] = {}
        self.external: dict[str, int] = {}
        """The part of `locked` that another system holds."""
        self.desks: dict[str, Desk] = {}
        self.updated_us = 0
        """When a balance last changed."""
        self.unlimited = settings.unlimited
        """Is it a house of the synthetic market?"""
        self.counts = OrderCounts(limits)
        self.lists: dict[int, OrderList] = {}
        self.lists_by_client_id: dict[str, OrderList] = {}
        """The newest order list of each client id."""

    def balance(self, asset: str) -> Balance:
        """The balance of an asset, created empty when it was never touched."""
        balance = self.balances.get(asset)
        if balance is None:
            balance = self.balances[asset] = Balance()
        return balance


class Desk:
    """One account on one symbol."""

    __slots__ = (
        "account",
        "algo_orders",
        "allocations",
        "amendments",
        "base",
        "by_client_id",
        "cleared",
        "commission",
        "gets",
        "gives",
        "iceberg_orders",
        "market",
        "open",
        "open_buys",
        "open_lists",
        "orders",
        "own_commission",
        "prevented",
        "quote",
        "reports",
        "terms",
        "touched",
        "trade_group_id",
        "trades",
    )

    def __init__(self, account: Account, market: "Market") -> None:
        base, quote = account.balance(market.instrument.base), account.balance(market.instrument.quote)
        self.account = account
        self.market = market
        self.base, self.quote = base, quote
        self.cleared: Instrument | None = None
        """The symbol's rules under which the account was found to be allowed to place orders."""
        self.gives = {"BUY": quote, "SELL": base}
        """The balance an order of this side pays from."""
        self.gets = {"BUY": base, "SELL": quote}
        """The balance it receives into."""
        self.reports = not account.unlimited
        self.trade_group_id = account.settings.trade_group_id
        self.terms: dict[Side, tuple[Terms, Terms]] = {}
        """What a fill of this side costs as a taker and as a maker."""
        self.set_commission(account.settings.commission)
        self.own_commission = False
        """Are the rates the symbol's own, set by SetCommission?"""
        self.orders: dict[int, Order] = {}
        self.open: dict[int, Order] = {}
        self.by_client_id: dict[str, Order] = {}
        """By client order id: the open order that has it, or else the newest that had it."""
        self.trades: list[Fill] = []
        self.allocations: list[Fill] = []
        self.prevented: list[PreventedMatch] = []
        self.amendments: list[Amendment] = []
        self.algo_orders = 0
        self.iceberg_orders = 0
        self.open_buys = 0
        """Open quantity of BUY orders, for MAX_POSITION."""
        self.open_lists = 0
        self.touched = False
        """Has the running command touched its balances?"""

    def set_commission(self, commission: Commission) -> None:
        """Let the desk's fills pay these rates from now on."""
        self.commission = commission
        self.terms = {side: terms_of(commission, self.market.instrument, side) for side in _SIDES}


_SIDES: tuple[Side, Side] = ("BUY", "SELL")


def terms_of(commission: Commission, instrument: Instrument, side: Side) -> tuple[Terms, Terms]:
    """What a fill of this side costs as a taker and as a maker."""
    return _terms(commission, instrument, side, is_maker=False), _terms(commission, instrument, side, is_maker=True)


def _terms(commission: Commission, instrument: Instrument, side: Side, *, is_maker: bool) -> Terms:
    standard, tax, special = (
        (each.maker if is_maker else each.taker) + (each.buyer if side == "BUY" else each.seller)
        for each in (commission.standard, commission.tax, commission.special)
    )
    asset, precision = (
        (instrument.base, instrument.base_commission_precision)
        if side == "BUY"
        else (instrument.quote, instrument.quote_commission_precision)
    )
    discounted = commission.discount_enabled and commission.discount_enabled_for_symbol
    return Terms(asset, precision, standard, tax, special, precision == DECIMALS and not (tax or special or discounted))
