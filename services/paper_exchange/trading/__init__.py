"""What an account may do: place, test, cancel, replace and amend orders and order lists, and read its own affairs.

Owns: how a signed request becomes a command of the engine, and an outcome or a record the documented reply. Answers: every
trading and account operation of the catalogue, one function each, under its name in `TRADING`. Talks to: the venue, through
`Venue.execute` and the engine's queries. Who asks has been checked before: `Call.account` is the account.
"""

from services.paper_exchange.handlers import Handler
from services.paper_exchange.trading import account, cancels, history, order_lists, orders, records, routing

TRADING: dict[str, Handler] = {
    "order.place": orders.place,
    "order.test": orders.test,
    "order.cancel": cancels.cancel,
    "openOrders.cancelAll": cancels.cancel_all,
    "order.cancelReplace": orders.cancel_replace,
    "order.amend.keepPriority": orders.amend,
    "sor.order.place": routing.place,
    "sor.order.test": routing.test,
    "orderList.place": order_lists.place_old_oco,
    "orderList.place.oco": order_lists.place_oco,
    "orderList.place.oto": order_lists.place_oto,
    "orderList.place.otoco": order_lists.place_otoco,
    "orderList.place.opo": order_lists.place_opo,
    "orderList.place.opoco": order_lists.place_opoco,
    "orderList.cancel": cancels.cancel_list,
    "account.status": account.status,
    "account.commission": account.commission,
    "account.rateLimits.orders": account.order_counts,
    "myFilters": account.filters,
    "order.status": history.order,
    "openOrders.status": history.open_orders,
    "allOrders": history.orders,
    "orderList.status": history.order_list,
    "openOrderLists.status": history.open_order_lists,
    "allOrderLists": history.order_lists,
    "myTrades": records.trades,
    "myAllocations": records.allocations,
    "myPreventedMatches": records.prevented_matches,
    "order.amendments": records.amendments,
}
"""By operation, as `public.PUBLIC` for public reads."""
