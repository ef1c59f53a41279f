"""The price of a pegged order: chosen from the book once, when the order enters it, and fixed from then on.

Does a price of its own act as a cap? The documentation does not say; here both must pass the filters and nothing more.
"""

from services.paper_exchange.engine.market import Market
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.refusals import NO_PEG_LEVEL, Refusal


def peg_price(market: Market, order: Order) -> int:
    """The price that the book gives the order now. Raises Refusal when the book has no such level."""
    book = market.book
    levels = book.side(order.side) if order.peg_price_type == "PRIMARY_PEG" else book.opposite(order.side)
    level = levels.nth(order.peg_offset_value or 0)
    if level is None:
        raise Refusal(NO_PEG_LEVEL)
    return level.price


def fix_price(market: Market, order: Order) -> None:
    """Choose the price of a pegged order that enters the book. Raises Refusal when the book has no such level."""
    order.pegged_price = order.limit = order.reserve = peg_price(market, order)
