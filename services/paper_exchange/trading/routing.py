"""Orders with smart order routing.

REST answers with the order, the WebSocket API with a list of one. Rates for a test include the special ones: the changelog
of 2025-08-12 added them, the samples still lack them.
"""

from msgspec import json

from services.paper_exchange.call import Call
from services.paper_exchange.engine.outcomes import Placed
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.trading.account import rates_for_order, trade_group_id
from services.paper_exchange.trading.reports import placed
from services.paper_exchange.trading.requests import new_order
from services.paper_exchange.trading.results import done, execute


def place(handlers: Handlers, call: Call) -> bytes:
    outcome = execute(handlers, new_order(call, sor=True), Placed)
    report = placed(call, outcome, call.given.get("newOrderRespType", "FULL"), trade_group_id(handlers, call))
    return json.encode([report] if call.ws_api else report)


def test(handlers: Handlers, call: Call) -> bytes:
    request = new_order(call, sor=True)
    done(handlers.venue.engine.test(request, handlers.venue.now_us))
    return json.encode(rates_for_order(handlers, call))
