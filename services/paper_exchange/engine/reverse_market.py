"""MARKET orders by what they should spend or earn (`quoteOrderQty`)."""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.amounts import SCALE, down
from services.paper_exchange.engine.matching import prospects
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.refusals import BOOK_BELOW_LOT, BOOK_BELOW_MARKET_LOT, EMPTY_BOOK, Refusal
from services.paper_exchange.engine.state import State


def quantity_for(state: State, desk: Desk, order: Order) -> int:
    """The base quantity that comes nearest to the order's quote quantity from below, on the lot step.

    In a book too thin for the wish it is the quantity that the wish would come to if the last price went on: the order then
    trades all there is, misses the rest and expires. Raises Refusal where the book holds less than one lot.
    """
    instrument = desk.market.instrument
    market_lot = instrument.market_lot_size
    step = max(instrument.lot_size.step_size, market_lot.step_size if market_lot else 0)
    left, quantity, available, price = order.quote_quantity, 0, 0, 0
    for price, offered, trades in prospects(state, desk, order):
        if not trades:
            continue
        available += offered
        wanted = left * SCALE // price
        if wanted < offered:
            quantity += wanted
            left = 0
            break
        quantity += offered
        left -= price * offered // SCALE
    if not available:
        raise Refusal(EMPTY_BOOK)
    if left > 0:
        if available < instrument.lot_size.min_qty:
            raise Refusal(BOOK_BELOW_LOT)
        if market_lot is not None and available < market_lot.min_qty:
            raise Refusal(BOOK_BELOW_MARKET_LOT)
        quantity += left * SCALE // price
    return down(quantity, step)
