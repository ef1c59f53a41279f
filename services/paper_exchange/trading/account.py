"""What an account is: balances, permissions, rates, limits."""

from hashlib import blake2b
from typing import Any

from msgspec import json

from services.paper_exchange.call import Call
from services.paper_exchange.engine.accounts import Account
from services.paper_exchange.engine.amounts import text
from services.paper_exchange.engine.commands import Commission, Rates
from services.paper_exchange.handlers import Handlers

BASIS_POINT = 10_000
"""In units of 1e-8."""


def status(handlers: Handlers, call: Call) -> bytes:
    account = _account(handlers, call)
    settings = account.settings
    standard = settings.commission.standard
    body: dict[str, Any] = {
        "makerCommission": standard.maker // BASIS_POINT,
        "takerCommission": standard.taker // BASIS_POINT,
        "buyerCommission": standard.buyer // BASIS_POINT,
        "sellerCommission": standard.seller // BASIS_POINT,
        "commissionRates": _rates(standard),
        "canTrade": settings.can_trade,
        "canWithdraw": settings.can_withdraw,
        "canDeposit": settings.can_deposit,
        "brokered": False,
        "requireSelfTradePrevention": settings.require_self_trade_prevention,
        "preventSor": settings.prevent_sor,
        "updateTime": call.time(account.updated_us),
        "accountType": "SPOT",
        "balances": _balances(handlers, account, omit_zero=call.given.get("omitZeroBalances", False)),
        "permissions": list(settings.permissions),
        "uid": uid(account.name),
    }
    if settings.trade_group_id != -1:
        body["tradeGroupId"] = settings.trade_group_id
    return json.encode(body)


def commission(handlers: Handlers, call: Call) -> bytes:
    symbol = handlers.listed(call.given["symbol"])
    rates = handlers.venue.engine.commission(call.account, symbol)
    body = {
        "symbol": symbol,
        "standardCommission": _rates(rates.standard),
        "specialCommission": _rates(rates.special),
        "taxCommission": _rates(rates.tax),
        "discount": _discount(rates),
    }
    return json.encode(body)


def order_counts(handlers: Handlers, call: Call) -> bytes:
    counts = handlers.venue.engine.order_counts(call.account, handlers.venue.now_us)
    body = [
        {
            "rateLimitType": "ORDERS",
            "interval": limit.interval,
            "intervalNum": limit.interval_num,
            "limit": limit.limit,
            "count": count,
        }
        for limit, count in counts
    ]
    return json.encode(body)


def filters(handlers: Handlers, call: Call) -> bytes:
    return json.encode(handlers.venue.engine.filters(call.account, handlers.listed(call.given["symbol"])))


def rates_for_order(handlers: Handlers, call: Call) -> dict[str, Any]:
    """What an order that was tested would cost, where that was asked for: each rate with that of its side added."""
    given = call.given
    if not given.get("computeCommissionRates"):
        return {}
    engine, symbol = handlers.venue.engine, given["symbol"]
    maker, taker = engine.rates_of_order(call.account, symbol, given["side"])
    return {
        "standardCommissionForOrder": {"maker": text(maker.standard), "taker": text(taker.standard)},
        "specialCommissionForOrder": {"maker": text(maker.special), "taker": text(taker.special)},
        "taxCommissionForOrder": {"maker": text(maker.tax), "taker": text(taker.tax)},
        "discount": _discount(engine.commission(call.account, symbol)),
    }


def trade_group_id(handlers: Handlers, call: Call) -> int:
    """The group of accounts that do not trade with each other; -1 for none."""
    return _account(handlers, call).settings.trade_group_id


def uid(name: str) -> int:
    """The number of an account, always the same for a name."""
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest()) % 900_000_000 + 100_000_000


def _account(handlers: Handlers, call: Call) -> Account:
    account = handlers.venue.engine.account(call.account)
    assert account is not None, "a key belongs to an account that exists"
    return account


def _balances(handlers: Handlers, account: Account, *, omit_zero: bool) -> list[dict[str, str]]:
    """All assets of the exchange in the order of their listing, then others that the account holds."""
    listed = (asset for each in handlers.venue.engine.instruments() for asset in (each.base, each.quote))
    assets = dict.fromkeys((*listed, *account.balances))
    held = ((asset, account.balances.get(asset)) for asset in assets)
    return [
        {
            "asset": asset,
            "free": text(balance.free if balance else 0),
            "locked": text(balance.locked if balance else 0),
        }
        for asset, balance in held
        if not omit_zero or (balance is not None and (balance.free or balance.locked))
    ]


def _rates(rates: Rates) -> dict[str, str]:
    return {
        "maker": text(rates.maker),
        "taker": text(rates.taker),
        "buyer": text(rates.buyer),
        "seller": text(rates.seller),
    }


def _discount(rates: Commission) -> dict[str, Any]:
    return {
        "enabledForAccount": rates.discount_enabled,
        "enabledForSymbol": rates.discount_enabled_for_symbol,
        "discountAsset": rates.discount_asset,
        "discount": text(rates.discount),
    }
