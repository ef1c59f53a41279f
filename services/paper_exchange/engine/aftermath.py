"""What one command sets off: lists act on their members, trades fire triggers, released orders enter.

It runs after the command's own taker phase, until nothing is left to do: first every list settles what happened to its members
(so that no list is half alive), then one price at a time is shown to the triggers, then one list is released. A released or
triggered order is thus never fired by a trade older than itself. Each step ends an order or its wait, so it comes to an end.
"""

from services.paper_exchange.engine.accounts import Desk
from services.paper_exchange.engine.entry import check_working
from services.paper_exchange.engine.ledger import lock, touch_pair, unlock
from services.paper_exchange.engine.lifecycle import expire
from services.paper_exchange.engine.list_life import end_partner, follow, release
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.refusals import Refusal
from services.paper_exchange.engine.state import State
from services.paper_exchange.engine.work import work


def pursue(state: State) -> None:
    """Carry out everything that the running command has set off."""
    while True:
        if state.changed:
            changed, state.changed = state.changed, []
            for order in changed:
                follow(state, order)
        elif state.stirred:
            market = state.stirred[0]
            price = market.unseen.pop(0)
            if not market.unseen:
                state.stirred.pop(0)
            for order in market.triggers.fired(price, state.now_us):
                if order.is_open:
                    activate(state, market.desks[order.account], order)
        elif state.released:
            release(state, state.released.pop(0))
        else:
            return


def activate(state: State, desk: Desk, order: Order) -> None:
    """A trigger has fired: the order works from now on, as a limit or as a market order.

    Its partner in a pair ends first. The order is told as NEW once more, now working (the documentation does not say what is
    reported at a trigger); one that can no longer be placed ends as REJECTED.
    """
    if order.order_list_id >= 0:
        touch_pair(state, desk, order)
        end_partner(state, desk, order)
    unlock(desk, order)
    state.touch(desk)
    try:
        check_working(state, desk, order)
    except Refusal:
        expire(state, desk, order, "REJECTED")
        return
    if order.limit:
        lock(desk, order)
    order.working_us = order.update_us = state.now_us
    state.report(desk.market, order, "NEW")
    work(state, desk, order)
