"""Does an order pass the filters of its symbol, of the exchange and of its account?

PERCENT_PRICE and the notional filters measure by the reference price where the symbol has one, by the average price otherwise.
"""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.filters import (
    ExchangeMaxNumAlgoOrders,
    ExchangeMaxNumIcebergOrders,
    ExchangeMaxNumOrderLists,
    ExchangeMaxNumOrders,
)
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.refusals import NOTHING_WORTH, Refusal, filter_failure
from services.paper_exchange.engine.state import State
from services.paper_exchange.engine.words import CONTINGENT


def check_filters(state: State, desk: Desk, order: Order) -> None:
    """Raise Refusal with the first filter that the order fails. An order without a quantity yet (OPO) is not measured by it."""
    instrument = desk.market.instrument
    price, quantity = order.price, order.quantity
    if price:
        if quantity and price * quantity < SCALE:
            raise Refusal(NOTHING_WORTH)
        if not instrument.price_filter.allows(price):
            raise filter_failure("PRICE_FILTER")
    if order.stop_price and not instrument.price_filter.allows(order.stop_price):
        raise filter_failure("PRICE_FILTER")
    if order.pegged_price and not instrument.price_filter.allows(order.pegged_price):
        raise filter_failure("PRICE_FILTER")
    trailing = instrument.trailing_delta
    if order.trailing_delta and trailing is not None and not trailing.allows(order.side, order.type, order.trailing_delta):
        raise filter_failure("TRAILING_DELTA")
    if quantity:
        check_quantity(instrument, order, quantity)
    _check_prices(state, desk, order)
    if order.side == "BUY" and instrument.max_position is not None:
        base = desk.gets["BUY"]
        if not instrument.max_position.allows(base.free + base.locked + desk.open_buys, quantity):
            raise filter_failure("MAX_POSITION")
    for asset, limit in desk.account.settings.max_assets:
        worth = quantity if asset == instrument.base else _worth(order, quantity) if asset == instrument.quote else 0
        if worth > limit:
            raise filter_failure("MAX_ASSET")


def check_quantity(instrument: Instrument, order: Order, quantity: int) -> None:
    """Raise Refusal when the order may not have this quantity."""
    if not instrument.lot_size.allows(quantity):
        raise filter_failure("LOT_SIZE")
    market_lot = instrument.market_lot_size
    if order.type == "MARKET" and market_lot is not None and not market_lot.allows(quantity):
        raise filter_failure("MARKET_LOT_SIZE")
    if order.iceberg_quantity:
        if not instrument.lot_size.allows(order.iceberg_quantity):
            raise filter_failure("LOT_SIZE")
        if instrument.iceberg_parts is not None and not instrument.iceberg_parts.allows(quantity, order.iceberg_quantity):
            raise filter_failure("ICEBERG_PARTS")


def _check_prices(state: State, desk: Desk, order: Order) -> None:
    market = desk.market
    instrument, side, now_us = market.instrument, order.side, state.now_us
    prices = (order.price, order.pegged_price) if order.pegged_price else (order.price,)
    percent = instrument.percent_price_by_side
    if percent is not None:
        reference = market.price_to_measure_by(percent.avg_price_mins, now_us)
        for price in prices:
            if price and reference and not percent.allows(side, price, reference):
                raise filter_failure("PERCENT_PRICE_BY_SIDE")
    if instrument.percent_price is not None:
        reference = market.price_to_measure_by(instrument.percent_price.avg_price_mins, now_us)
        for price in prices:
            if price and reference and not instrument.percent_price.allows(price, reference):
                raise filter_failure("PERCENT_PRICE")
    if order.quantity:
        for price in prices:
            check_notional(state, desk, order, price, order.quantity)


def check_notional(state: State, desk: Desk, order: Order, price: int, quantity: int) -> None:
    """Raise Refusal when the order would be worth too little or too much.

    Without a price it is worth what the market pays, or its stop price; a symbol that never traded values it at nothing.
    """
    market = desk.market
    is_market = not price
    for each in (market.instrument.notional, market.instrument.min_notional):
        if each is None:
            continue
        if price:
            worth = price * quantity // SCALE
        elif order.peg_price_type is not None:
            continue
        elif order.quote_quantity:
            worth = order.quote_quantity
        else:
            worth = (order.stop_price or market.price_to_measure_by(each.avg_price_mins, state.now_us)) * quantity // SCALE
        if not each.allows(worth, is_market=is_market):
            raise filter_failure(each.name)


def check_counts(state: State, desk: Desk, orders: tuple[Order, ...], *, lists: int = 0) -> None:
    """Raise Refusal when these new orders, all of one request, would be too many."""
    instrument = desk.market.instrument
    count = len(orders)
    algos = sum(order.type in CONTINGENT for order in orders)
    icebergs = sum(order.iceberg_quantity > 0 for order in orders)
    most = instrument.max_num_orders
    if most is not None and len(desk.open) + count > most.max_num_orders:
        raise filter_failure("MAX_NUM_ORDERS")
    most_algos = instrument.max_num_algo_orders
    if algos and most_algos is not None and desk.algo_orders + algos > most_algos.max_num_algo_orders:
        raise filter_failure("MAX_NUM_ALGO_ORDERS")
    most_icebergs = instrument.max_num_iceberg_orders
    if icebergs and most_icebergs is not None and desk.iceberg_orders + icebergs > most_icebergs.max_num_iceberg_orders:
        raise filter_failure("MAX_NUM_ICEBERG_ORDERS")
    most_lists = instrument.max_num_order_lists
    if lists and most_lists is not None and desk.open_lists + lists > most_lists.max_num_order_lists:
        raise filter_failure("MAX_NUM_ORDER_LISTS")
    if state.exchange_filters:
        _check_exchange(state, desk, count, algos, icebergs, lists)


def _check_exchange(state: State, desk: Desk, orders: int, algos: int, icebergs: int, lists: int) -> None:
    desks = desk.account.desks.values()
    for each in state.exchange_filters:
        if isinstance(each, ExchangeMaxNumOrders):
            passed = sum(len(desk.open) for desk in desks) + orders > each.max_num_orders
        elif isinstance(each, ExchangeMaxNumAlgoOrders):
            passed = algos > 0 and sum(desk.algo_orders for desk in desks) + algos > each.max_num_algo_orders
        elif isinstance(each, ExchangeMaxNumIcebergOrders):
            passed = icebergs > 0 and sum(desk.iceberg_orders for desk in desks) + icebergs > each.max_num_iceberg_orders
        elif isinstance(each, ExchangeMaxNumOrderLists):
            passed = lists > 0 and sum(desk.open_lists for desk in desks) + lists > each.max_num_order_lists
        else:
            passed = False
        if passed:
            raise filter_failure(each.name)


def _worth(order: Order, quantity: int) -> int:
    return order.quote_quantity or (order.pegged_price or order.price or order.stop_price) * quantity // SCALE
