"""Random commands of every kind, as hypothesis strategies: a small market, so that orders meet often."""

from typing import Any

from hypothesis import strategies as st
from msgspec import structs

from services.paper_exchange.engine import Engine
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.commands import (
    AmendOrder,
    CancelOpenOrders,
    CancelOrder,
    CancelOrderList,
    CancelReplace,
    Command,
    Commission,
    Deposit,
    Leg,
    LockExternally,
    OpenAccount,
    PlaceOrder,
    PlaceOrderList,
    Rates,
    SetReferencePrice,
    Withdraw,
)
from services.paper_exchange.engine.filters import LotSize, MarketLotSize, MaxNumAlgoOrders, MaxNumOrders, PriceFilter
from services.paper_exchange.engine.instrument import Instrument, PriceRange, ReferenceRule

TICK = SCALE // 100
ACCOUNTS = ("alice", "bob", "carol", "house")
SYMBOLS = ("COINUSDT", "COINUSDC", "BNBUSDT")
COMMISSION = Commission(standard=Rates(100_000, 100_000), tax=Rates(30_000, 40_000), special=Rates(0, 7, 1, 1))


def instruments() -> list[Instrument]:
    """Two symbols that the router may join, one of them with a price range, and the one that prices the discount asset."""
    common: dict[str, Any] = {
        "price_filter": PriceFilter(min_price=TICK, max_price=1000 * SCALE, tick_size=TICK),
        "lot_size": LotSize(min_qty=SCALE // 10, max_qty=100 * SCALE, step_size=SCALE // 10),
        "market_lot_size": MarketLotSize(min_qty=SCALE // 10, max_qty=50 * SCALE, step_size=SCALE // 10),
        "max_num_orders": MaxNumOrders(max_num_orders=12),
        "max_num_algo_orders": MaxNumAlgoOrders(max_num_algo_orders=8),
        "notional": None,
    }
    return [
        Instrument(symbol="COINUSDT", base="COIN", quote="USDT", **common),
        Instrument(
            symbol="COINUSDC",
            base="COIN",
            quote="USDC",
            reference=ReferenceRule(bucket_count=10, bucket_width_ms=1000),
            price_range=PriceRange(bid_up=SCALE * 103 // 100, ask_down=SCALE * 97 // 100),
            **common,
        ),
        Instrument(symbol="BNBUSDT", base="BNB", quote="USDT", reference=ReferenceRule(), **common),
    ]


def opening() -> list[Command]:
    """Accounts and money: alice and bob trade in one group, bob pays in BNB, carol is rich, the house is unlimited."""
    commands: list[Command] = [
        OpenAccount(account="alice", trade_group_id=1, commission=COMMISSION),
        OpenAccount(
            account="bob", trade_group_id=1, commission=Commission(standard=Rates(100_000, 100_000), discount_enabled=True)
        ),
        OpenAccount(account="carol"),
        OpenAccount(account="house", unlimited=True),
    ]
    for account, amount in (("alice", 60), ("bob", 60), ("carol", 1000)):
        commands += [Deposit(account=account, asset=asset, amount=amount * SCALE) for asset in ("COIN", "BNB")]
        commands += [Deposit(account=account, asset=asset, amount=amount * 10 * SCALE) for asset in ("USDT", "USDC")]
    return commands


accounts = st.sampled_from(ACCOUNTS)
symbols = st.sampled_from((*SYMBOLS[:1] * 4, *SYMBOLS))
sides = st.sampled_from(("BUY", "SELL"))
prices = st.integers(990, 1010).map(lambda ticks: ticks * TICK)
quantities = st.integers(1, 60).map(lambda lots: lots * SCALE // 10)
icebergs = st.sampled_from((0, 0, 0, SCALE // 2))
client_ids = st.sampled_from(("", "", "", "a", "b", "c"))
modes = st.sampled_from((None, None, "NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER"))
order_ids = st.integers(1, 24)


@st.composite
def legs(draw: st.DrawFn, types: tuple[str, ...], side: Any = None, quantity: int | None = None) -> dict[str, Any]:
    """The parameters of an order of one of these types."""
    type = draw(st.sampled_from(types))
    given: dict[str, Any] = {
        "side": side or draw(sides),
        "type": type,
        "client_order_id": draw(client_ids),
        "quantity": draw(quantities) if quantity is None else quantity,
    }
    if type in ("LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"):
        given["price"] = draw(prices)
        given["iceberg_quantity"] = draw(icebergs)
        if draw(st.integers(0, 9)) == 0:
            given |= {"peg_price_type": "PRIMARY_PEG", "price": 0}
    if type in ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"):
        given["time_in_force"] = (
            "GTC" if given["iceberg_quantity"] else draw(st.sampled_from(("GTC", "GTC", "GTC", "IOC", "FOK")))
        )
    if type not in ("LIMIT", "LIMIT_MAKER", "MARKET"):
        trailing = draw(st.integers(0, 3)) == 0
        given["trailing_delta"] = draw(st.sampled_from((10, 30, 60))) if trailing else 0
        given["stop_price"] = 0 if trailing and draw(st.booleans()) else draw(prices)
    return given


TYPES = ("LIMIT",) * 8 + ("LIMIT_MAKER", "MARKET", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")


@st.composite
def orders(draw: st.DrawFn) -> PlaceOrder:
    """Any order."""
    given = draw(legs(TYPES))
    if given["type"] == "MARKET" and draw(st.booleans()):
        given |= {"quantity": 0, "quote_quantity": draw(st.integers(1, 900)) * SCALE // 10}
    sor = given["type"] in ("LIMIT", "MARKET") and draw(st.integers(0, 9)) == 0
    return PlaceOrder(account=draw(accounts), symbol=draw(symbols), self_trade_prevention=draw(modes), sor=sor, **given)


@st.composite
def order_lists(draw: st.DrawFn) -> PlaceOrderList:
    """Any order list, of a shape that is mostly right."""
    kind = draw(st.sampled_from(("OCO", "OTO", "OTOCO", "OPO", "OPOCO")))
    pays_itself = kind in ("OPO", "OPOCO")
    side = "SELL" if pays_itself else draw(sides)
    quantity = 0 if pays_itself else draw(quantities)
    stop = draw(legs(("STOP_LOSS", "STOP_LOSS_LIMIT"), side, quantity))
    limit = draw(legs(("LIMIT_MAKER", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"), side, quantity))
    above, below = (stop, limit) if side == "BUY" else (limit, stop)
    pair = {"above": Leg(**above), "below": Leg(**below)}
    pending = {"pending": Leg(**draw(legs(TYPES, side, quantity)))}
    working = {"working": Leg(**draw(legs(("LIMIT", "LIMIT", "LIMIT_MAKER"), "BUY" if pays_itself else None)))}
    parts = {"OCO": pair, "OTO": working | pending, "OPO": working | pending}.get(kind, working | pair)
    return PlaceOrderList(
        account=draw(st.sampled_from(ACCOUNTS[:3])),
        symbol=draw(symbols),
        kind=kind,
        list_client_order_id=draw(client_ids),
        self_trade_prevention=draw(modes),
        **parts,
    )


@st.composite
def cancels(draw: st.DrawFn) -> CancelOrder:
    """A cancel that may or may not find its order."""
    return CancelOrder(
        account=draw(accounts), symbol=draw(symbols), order_id=draw(order_ids), new_client_order_id=draw(client_ids)
    )


@st.composite
def replacements(draw: st.DrawFn) -> CancelReplace:
    """Any cancelReplace of one account on one symbol."""
    place, cancel = draw(orders()), draw(cancels())
    return CancelReplace(
        place=place,
        cancel=CancelOrder(account=place.account, symbol=place.symbol, order_id=cancel.order_id),
        mode=draw(st.sampled_from(("STOP_ON_FAILURE", "ALLOW_FAILURE"))),
    )


def aimed(command: Command, engine: Engine, pick: int) -> Command:
    """The command, pointed at an open order when it names one: random ids would hardly ever hit."""
    targets = [order for market in engine.state.markets.values() for order in market.orders.values()]
    if not targets or not pick:
        return command
    order = targets[pick % len(targets)]
    target: dict[str, Any] = {"account": order.account, "symbol": order.symbol}
    if isinstance(command, CancelOrder | AmendOrder):
        return structs.replace(command, order_id=order.order_id, **target)
    if isinstance(command, CancelReplace):
        cancel = CancelOrder(order_id=order.order_id, **target)
        return structs.replace(command, cancel=cancel, place=structs.replace(command.place, **target))
    if isinstance(command, CancelOrderList) and order.order_list_id >= 0:
        return structs.replace(command, order_list_id=order.order_list_id, **target)
    return command


def commands() -> st.SearchStrategy[Command]:
    """Any command, orders most of all."""
    amend = st.builds(
        AmendOrder,
        account=accounts,
        symbol=symbols,
        order_id=order_ids,
        new_quantity=quantities,
        new_client_order_id=client_ids,
    )
    cancel_list = st.builds(CancelOrderList, account=accounts, symbol=symbols, order_list_id=st.integers(0, 6))
    rare = {
        0: st.builds(CancelOpenOrders, account=accounts, symbol=symbols),
        1: st.builds(Withdraw, account=accounts, asset=st.sampled_from(("COIN", "USDT")), amount=quantities),
        2: st.builds(LockExternally, account=st.sampled_from(ACCOUNTS[:3]), asset=st.just("COIN"), amount=st.integers(-9, 9)),
        3: st.builds(SetReferencePrice, symbol=st.just("BNBUSDT"), price=st.one_of(st.none(), prices)),
        4: st.builds(Deposit, account=accounts, asset=st.sampled_from(("COIN", "USDT")), amount=quantities),
    }
    kinds: dict[int, st.SearchStrategy[Command]] = {
        5: cancel_list,
        6: amend,
        7: amend,
        8: cancels(),
        9: cancels(),
        10: replacements(),
    }
    return st.integers(0, 29).flatmap(
        lambda kind: rare[kind] if kind in rare else kinds[kind] if kind in kinds else order_lists() if kind < 16 else orders()
    )
