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
from services.paper_exchange.engine.words import CONTINGENT, PRICED


def check_filters(state: State, desk: Desk, order: Order) -> None:
    """Raise Refusal with the first filter that the order fails: prices, then quantities, then what it is worth.

    A quantity that is not known yet is passed over.
    """
    instrument, quantity = desk.market.instrument, order.quantity
    if order.stop_price and not instrument.price_filter.allows(order.stop_price):
        raise filter_failure("PRICE_FILTER")
    trailing = instrument.trailing_delta
    if order.trailing_delta and trailing is not None and not trailing.allows(order.side, order.type, order.trailing_delta):
        raise filter_failure("TRAILING_DELTA")
    if order.price:
        _check_price(state, desk, order, order.price)
    if order.pegged_price:
        _check_price(state, desk, order, order.pegged_price)
    if quantity:
        check_quantity(instrument, order, quantity)
        if order.price:
            check_notional(state, desk, order, order.price, quantity)
        if order.pegged_price:
            check_notional(state, desk, order, order.pegged_price, quantity)
    if order.type not in PRICED and (quantity or order.quote_quantity):
        check_notional(state, desk, order, 0, quantity)
    most = instrument.max_position if order.side == "BUY" else None
    if most is not None:
        # An order that comes to work later is among the open ones already.
        others = desk.open_buys - (order.remaining if order.order_id in desk.open else 0)
        if not most.allows(desk.base.free + desk.base.locked + others, quantity):
            raise filter_failure("MAX_POSITION")
    for asset, limit in desk.account.settings.max_assets:
        worth = quantity if asset == instrument.base else _worth(order, quantity) if asset == instrument.quote else 0
        if worth > limit:
            raise filter_failure("MAX_ASSET")


def _check_price(state: State, desk: Desk, order: Order, price: int) -> None:
    market = desk.market
    instrument = market.instrument
    if order.quantity and price * order.quantity < SCALE:
        raise Refusal(NOTHING_WORTH)
    if not instrument.price_filter.allows(price):
        raise filter_failure("PRICE_FILTER")
    by_side, percent = instrument.percent_price_by_side, instrument.percent_price
    if by_side is not None:
        reference = market.price_to_measure_by(by_side.avg_price_mins, state.now_us)
        if reference and not by_side.allows(order.side, price, reference):
            raise filter_failure("PERCENT_PRICE_BY_SIDE")
    if percent is not None:
        reference = market.price_to_measure_by(percent.avg_price_mins, state.now_us)
        if reference and not percent.allows(price, reference):
            raise filter_failure("PERCENT_PRICE")


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


def check_notional(state: State, desk: Desk, order: Order, price: int, quantity: int) -> None:
    """Raise Refusal when the order would be worth too little or too much.

    Without a price (zero) it is worth what the market pays, or its stop price; a symbol that never traded values it at nothing.
    """
    market = desk.market
    for each in market.measures_worth:
        if price:
            worth = price * quantity // SCALE
        elif order.quote_quantity:
            worth = order.quote_quantity
        else:
            worth = (order.stop_price or market.price_to_measure_by(each.avg_price_mins, state.now_us)) * quantity // SCALE
        if not each.allows(worth, not price):
            raise filter_failure(each.name)


def check_counts(state: State, desk: Desk, orders: tuple[Order, ...], *, lists: int = 0) -> None:
    """Raise Refusal when these new orders, all of one request, would be too many."""
    instrument = desk.market.instrument
    count = len(orders)
    algos = icebergs = 0
    for order in orders:
        if order.type in CONTINGENT:
            algos += 1
        if order.iceberg_quantity:
            icebergs += 1
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
