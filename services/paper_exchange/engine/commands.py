"""Everything that can change the engine, as data: logged in order, it replays to the same state and the same events.

A log is best kept as JSON (`msgspec.json`): amounts that an operator deposits may outgrow 64 bits.
Amounts in units of 1e-8. Empty strings and zeros stand for parameters that were not sent.
"""

from msgspec import Struct

from services.paper_exchange.engine.words import (
    CancelReplaceMode,
    CancelRestrictions,
    ListKind,
    OrderType,
    PegPriceType,
    RateLimitExceededMode,
    Side,
    StpMode,
    SymbolStatus,
    TimeInForce,
)


class Leg(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What an order is, apart from who places it where: also one member of an order list."""

    side: Side
    type: OrderType
    quantity: int = 0
    price: int = 0
    time_in_force: TimeInForce | None = None
    client_order_id: str = ""
    stop_price: int = 0
    trailing_delta: int = 0
    iceberg_quantity: int = 0
    strategy_id: int | None = None
    strategy_type: int | None = None
    peg_price_type: PegPriceType | None = None
    peg_offset_type: str | None = None
    peg_offset_value: int | None = None


class PlaceOrder(Leg, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="command", tag=True):
    """`order.place`, and `sor.order.place` when `sor` is true."""

    account: str
    symbol: str
    quote_quantity: int = 0
    self_trade_prevention: StpMode | None = None
    sor: bool = False


class CancelOrder(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="command", tag=True):
    """`order.cancel`."""

    account: str
    symbol: str
    order_id: int | None = None
    client_order_id: str = ""
    new_client_order_id: str = ""
    restrictions: CancelRestrictions | None = None


class CancelOpenOrders(Struct, frozen=True, kw_only=True, tag_field="command", tag=True):
    """`openOrders.cancelAll`: every order and order list of an account on a symbol."""

    account: str
    symbol: str


class CancelReplace(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="command", tag=True):
    """`order.cancelReplace`."""

    cancel: CancelOrder
    place: PlaceOrder
    mode: CancelReplaceMode
    rate_limit_exceeded_mode: RateLimitExceededMode = "DO_NOTHING"


class AmendOrder(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="command", tag=True):
    """`order.amend.keepPriority`."""

    account: str
    symbol: str
    new_quantity: int
    order_id: int | None = None
    client_order_id: str = ""
    new_client_order_id: str = ""


class PlaceOrderList(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="command", tag=True):
    """`orderList.place.oco|oto|otoco|opo|opoco`.

    OCO has `above` and `below`; OTO and OPO have `working` and `pending`; OTOCO and OPOCO have `working`, `above` and `below`
    (their pendingAbove and pendingBelow legs). Members carry side and quantity each, as sent or as the list implies.
    """

    account: str
    symbol: str
    kind: ListKind
    list_client_order_id: str = ""
    self_trade_prevention: StpMode | None = None
    working: Leg | None = None
    pending: Leg | None = None
    above: Leg | None = None
    below: Leg | None = None


class CancelOrderList(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="command", tag=True):
    """`orderList.cancel`."""

    account: str
    symbol: str
    order_list_id: int | None = None
    list_client_order_id: str = ""
    new_client_order_id: str = ""


class Rates(Struct, frozen=True, omit_defaults=True):
    """One set of commission rates (1e-8 is a rate of 0.00000001)."""

    maker: int = 0
    taker: int = 0
    buyer: int = 0
    seller: int = 0


class Commission(Struct, frozen=True, omit_defaults=True):
    """What an account pays: three sets of rates, and the discount when it pays in `discount_asset`."""

    standard: Rates = Rates()
    tax: Rates = Rates()
    special: Rates = Rates()
    discount_enabled: bool = False
    discount_enabled_for_symbol: bool = True
    discount_asset: str = "BNB"
    discount: int = 75_000_000
    """The factor that is left of the standard commission."""


class OpenAccount(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="command", tag=True):
    """Create an account, or change the settings of one that is there (its balances stay).

    An unlimited account is a house of the synthetic market: its balances may go negative, it pays no commission, its orders
    pass tick and lot only, end without a record and are not reported. It has LIMIT, LIMIT_MAKER and MARKET orders and cancels
    them by order id; everything else is refused.
    """

    account: str
    unlimited: bool = False
    commission: Commission = Commission()
    permissions: tuple[str, ...] = ("SPOT",)
    trade_group_id: int = -1
    can_trade: bool = True
    can_deposit: bool = True
    can_withdraw: bool = True
    prevent_sor: bool = False
    require_self_trade_prevention: bool = False
    max_assets: tuple[tuple[str, int], ...] = ()
    """MAX_ASSET filters: (asset, limit)."""


class SetCommission(Struct, frozen=True, kw_only=True, tag_field="command", tag=True):
    """Rates of one account on one symbol, in place of the account's own."""

    account: str
    symbol: str
    commission: Commission


class Deposit(Struct, frozen=True, kw_only=True, tag_field="command", tag=True):
    """Money comes in."""

    account: str
    asset: str
    amount: int


class Withdraw(Struct, frozen=True, kw_only=True, tag_field="command", tag=True):
    """Money goes out, as far as it is free."""

    account: str
    asset: str
    amount: int


class LockExternally(Struct, frozen=True, kw_only=True, tag_field="command", tag=True):
    """Another system locks free funds, or (negative) releases what it locked."""

    account: str
    asset: str
    amount: int


class SetSymbolStatus(Struct, frozen=True, kw_only=True, tag_field="command", tag=True):
    """Open, halt or close the trading of a symbol."""

    symbol: str
    status: SymbolStatus


class SetReferencePrice(Struct, frozen=True, kw_only=True, tag_field="command", tag=True):
    """An EXTERNAL reference price; None unsets it."""

    symbol: str
    price: int | None


class Advance(Struct, frozen=True, tag_field="command", tag=True):
    """Time passes and nothing else happens."""


Command = (
    PlaceOrder
    | CancelOrder
    | CancelOpenOrders
    | CancelReplace
    | AmendOrder
    | PlaceOrderList
    | CancelOrderList
    | OpenAccount
    | SetCommission
    | Deposit
    | Withdraw
    | LockExternally
    | SetSymbolStatus
    | SetReferencePrice
    | Advance
)


class Logged(Struct, frozen=True):
    """One entry of the command log."""

    time_us: int
    command: Command
