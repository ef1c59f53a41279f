"""The exchange itself: does it answer, what time is it there, which symbols are traded and by which rules.

(REST documentation, "General endpoints".)
"""

from typing import Any

from msgspec import json

from services.paper_exchange.call import Call
from services.paper_exchange.engine.amounts import plain
from services.paper_exchange.engine.instrument import Instrument, PriceRange
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.symbols import SORS

_DEFAULT_PERMISSIONS = ("SPOT", "MARGIN", "LEVERAGED")


def ping(_handlers: Handlers, _call: Call) -> bytes:
    return b"{}"


def time(handlers: Handlers, call: Call) -> bytes:
    return b'{"serverTime":%d}' % call.time(handlers.venue.now_us + handlers.ahead_us)


def exchange_info(handlers: Handlers, call: Call) -> bytes:
    given = call.given
    wanted = handlers.asked(given) if "symbol" in given or "symbols" in given else list(handlers.symbols)
    if "symbol" not in given and "symbols" not in given:
        permissions = set(given.get("permissions", _DEFAULT_PERMISSIONS))
        wanted = [symbol for symbol in wanted if permissions & _permissions(handlers.instrument(symbol))]
        if "symbolStatus" in given:
            wanted = [symbol for symbol in wanted if handlers.instrument(symbol).status == given["symbolStatus"]]
    shown = given.get("showPermissionSets", True)
    key = ("exchangeInfo", tuple(wanted), shown, call.ws_api)
    # Of what is told, only the status of a symbol ever changes.
    version = tuple(handlers.instrument(symbol).status for symbol in wanted)
    tail = handlers.replies.get(key, version, lambda: _rules(handlers, wanted, call, shown=shown))
    return b'{"timezone":"UTC","serverTime":%d,%s' % (call.time(handlers.venue.now_us + handlers.ahead_us), tail)


def execution_rules(handlers: Handlers, call: Call) -> bytes:
    given = call.given
    if "symbol" in given or "symbols" in given:
        wanted = handlers.asked(given)
    else:
        status = given.get("symbolStatus")
        instruments = (handlers.instrument(symbol) for symbol in handlers.symbols)
        wanted = [each.symbol for each in instruments if each.price_range and status in (None, each.status)]
    rules = [{"symbol": symbol, "rules": _price_ranges(handlers.instrument(symbol).price_range)} for symbol in wanted]
    return json.encode({"symbolRules": rules})


def _rules(handlers: Handlers, wanted: list[str], call: Call, *, shown: bool) -> bytes:
    limits: list[Any] = handlers.limits.described()
    if call.ws_api:
        limits.append(handlers.limits.connections_described())
    symbols = [handlers.instrument(symbol).described() for symbol in wanted]
    if not shown:
        symbols = [described | {"permissionSets": list[Any]()} for described in symbols]
    filters = [each.described() for each in handlers.venue.engine.state.exchange_filters]
    info: dict[str, Any] = {"rateLimits": limits, "exchangeFilters": filters, "symbols": symbols}
    sors = [
        {"baseAsset": base, "symbols": list(routed)} for base, routed in SORS.items() if any(each in wanted for each in routed)
    ]
    if sors:
        info["sors"] = sors
    return json.encode(info)[1:]


def _price_ranges(price_range: PriceRange | None) -> list[dict[str, str]]:
    if price_range is None:
        return []
    names = {
        "bidLimitMultUp": price_range.bid_up,
        "bidLimitMultDown": price_range.bid_down,
        "askLimitMultUp": price_range.ask_up,
        "askLimitMultDown": price_range.ask_down,
    }
    return [{"ruleType": "PRICE_RANGE", **{name: plain(value) for name, value in names.items() if value is not None}}]


def _permissions(instrument: Instrument) -> set[str]:
    return {name for names in instrument.permission_sets for name in names}
