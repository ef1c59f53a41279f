"""The PRICE_RANGE execution rule: how far from the reference price a taker may trade."""

from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.engine.market import Market
from services.paper_exchange.engine.state import State
from services.paper_exchange.engine.words import Side


def price_range(state: State, market: Market, side: Side) -> tuple[int, int]:
    """Lowest and highest price (inclusive) for a taker of this side that begins now; zero where there is no border.

    Not enforced without the rule, without a reference price, or while that is not set.
    """
    rule = market.instrument.price_range
    if rule is None or market.reference is None:
        return 0, 0
    reference = market.reference.at(state.now_us)
    if reference is None:
        return 0, 0
    down, up = (rule.bid_down, rule.bid_up) if side == "BUY" else (rule.ask_down, rule.ask_up)
    return -(-reference * down // SCALE) if down is not None else 0, reference * up // SCALE if up is not None else 0
