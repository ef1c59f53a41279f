"""What Binance does not have, under `/paper/v1/`: the exchange from its operator's side.

    GET    /status                             the market
    GET    /accounts, /accounts/<name>         balances, keys (never their secrets), rates
    POST   /accounts                           open one, or change its settings (form: `account_forms.AccountForm`)
    GET    /accounts/<name>/orders             the full record: orders, lists, trades and so on, of all time
    POST   /accounts/<name>/deposits           {"asset": "USDT", "amount": "100"}; likewise /withdrawals
    POST   /accounts/<name>/locks              another system locks funds, or with a minus releases them
    POST   /accounts/<name>/keys               add a key; DELETE /accounts/<name>/keys/<apiKey> revokes it
    PUT    /accounts/<name>/commission/<symbol>
    PUT    /symbols/<symbol>/status            {"status": "HALT"}
    POST   /symbols/<symbol>/blockTrades       a trade off the book (form: `streams.block_desk.BlockForm`)
    GET, PUT /clock                            {"aheadMs": 1500}: the exchange's clock is so far ahead
    GET, POST, DELETE /faults                  what goes wrong, for drills (form: `faults.FaultOrder`)
    GET /replay, POST /replay/start            where a recording is replayed

It answers 400 with `{"error": ...}` when something cannot be done. With a token set, requests carry it as bearer token.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import FastAPI, Request, Response
from msgspec import DecodeError, Meta, Struct, json

from services.paper_exchange.account_forms import AccountForm, Amount, Asset, BadOrder, CommissionForm, KeyForm
from services.paper_exchange.accounts import Accounts
from services.paper_exchange.call import Call
from services.paper_exchange.engine.amounts import parse, text
from services.paper_exchange.engine.commands import LockExternally, SetSymbolStatus
from services.paper_exchange.engine.words import SymbolStatus
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.trading import list_reports, records, reports
from services.paper_exchange.venue import Venue

PREFIX = "/paper/v1"
MAX_BODY = 1_048_576
Form = TypeVar("Form")
Ahead = Annotated[int, Meta(ge=-86_400_000, le=86_400_000)]
Route = Callable[[Request], Awaitable[Any]]


class Movement(Struct, frozen=True, forbid_unknown_fields=True):
    """Money that comes or goes."""

    asset: Asset
    amount: Amount


class Lock(Struct, frozen=True, forbid_unknown_fields=True):
    """Money that another system locks; negative: releases."""

    asset: Asset
    amount: Annotated[str, Meta(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,8})?\Z")]


class StatusForm(Struct, frozen=True, forbid_unknown_fields=True):
    """What may be done on a symbol."""

    status: SymbolStatus


class ClockForm(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """How far the exchange's clock is ahead: what it tells, and what it judges timestamps by. Negative: it is behind."""

    ahead_ms: Ahead


class OperatorApi:
    """The operator's routes."""

    def __init__(self, handlers: Handlers, accounts: Accounts, token: str = "", *, source: str = "synthetic") -> None:
        self._handlers = handlers
        self._venue: Venue = handlers.venue
        self._accounts = accounts
        self._token = token
        self._source = source

    def add_routes(self, app: FastAPI) -> None:
        """Add the routes to the process's own application."""
        account = "/accounts/{account}"
        self.add(app, "GET", "/status", self.status)
        self.add(app, "GET", "/accounts", self.accounts)
        self.add(app, "POST", "/accounts", self.open)
        self.add(app, "GET", account, self.account)
        self.add(app, "GET", f"{account}/orders", self.orders)
        self.add(app, "POST", f"{account}/deposits", self.deposit)
        self.add(app, "POST", f"{account}/withdrawals", self.withdraw)
        self.add(app, "POST", f"{account}/locks", self.lock)
        self.add(app, "POST", f"{account}/keys", self.add_key)
        self.add(app, "DELETE", f"{account}/keys/{{api_key}}", self.revoke_key)
        self.add(app, "PUT", f"{account}/commission/{{symbol}}", self.set_commission)
        self.add(app, "PUT", "/symbols/{symbol}/status", self.set_status)
        self.add(app, "GET", "/clock", self.clock)
        self.add(app, "PUT", "/clock", self.set_clock)

    def add(self, app: FastAPI, method: str, path: str, route: Route) -> None:
        """Add one more route of the operator's."""

        async def answer(request: Request) -> Response:
            if not self._may(request):
                return _reply({"error": "The operator's token is missing or wrong."}, 401)
            try:
                return _reply(await route(request))
            except (BadOrder, DecodeError) as bad:
                return _reply({"error": str(bad)}, 400)

        app.add_api_route(PREFIX + path, answer, methods=[method])

    async def status(self, _request: Request) -> Any:
        venue = self._venue
        return {
            "source": self._source,
            "seed": venue.seed,
            "speed": venue.speed,
            "startMs": venue.start_us // 1000,
            "timeMs": venue.now_us // 1000,
            "symbols": {
                symbol: {"status": each.status, "trades": len(venue.charts[symbol].tape)}
                for symbol, each in venue.instruments.items()
            },
        }

    async def accounts(self, _request: Request) -> Any:
        return [self._described(name) for name in self._accounts.names]

    async def account(self, request: Request) -> Any:
        return self._described(self._accounts.known(request.path_params["account"]))

    async def open(self, request: Request) -> Any:
        form = await read(request, AccountForm)
        self._accounts.open(form)
        return self._described(form.account)

    async def deposit(self, request: Request) -> Any:
        form, account = await read(request, Movement), request.path_params["account"]
        self._accounts.deposit(account, form.asset, form.amount)
        return self._described(account)

    async def withdraw(self, request: Request) -> Any:
        form, account = await read(request, Movement), request.path_params["account"]
        self._accounts.withdraw(account, form.asset, form.amount)
        return self._described(account)

    async def lock(self, request: Request) -> Any:
        form, account = await read(request, Lock), self._accounts.known(request.path_params["account"])
        units = parse(form.amount.lstrip("-")) * (-1 if form.amount.startswith("-") else 1)
        self._accounts.execute(LockExternally(account=account, asset=form.asset, amount=units))
        return self._described(account)

    async def add_key(self, request: Request) -> Any:
        form, account = await read(request, KeyForm), request.path_params["account"]
        self._accounts.add_key(account, form)
        return self._described(account)

    async def revoke_key(self, request: Request) -> Any:
        account = request.path_params["account"]
        self._accounts.revoke_key(account, request.path_params["api_key"])
        return self._described(account)

    async def set_commission(self, request: Request) -> Any:
        form, account = await read(request, CommissionForm), request.path_params["account"]
        self._accounts.set_commission(account, request.path_params["symbol"], form)
        return self._described(account)

    async def set_status(self, request: Request) -> Any:
        form, symbol = await read(request, StatusForm), request.path_params["symbol"]
        self._accounts.execute(SetSymbolStatus(symbol=symbol, status=form.status))
        return {"symbol": symbol, "status": form.status}

    async def clock(self, _request: Request) -> Any:
        return {"timeMs": self._venue.now_us // 1000, "aheadMs": self._handlers.ahead_us // 1000}

    async def set_clock(self, request: Request) -> Any:
        self._handlers.ahead_us = (await read(request, ClockForm)).ahead_ms * 1000
        return await self.clock(request)

    async def orders(self, request: Request) -> Any:
        account, engine, call = self._accounts.known(request.path_params["account"]), self._venue.engine, Call({})
        symbols = list(self._venue.instruments)
        orders = [order for symbol in symbols for order in engine.orders(account, symbol)]
        amended = ((order.symbol, order.order_id) for order in orders if order.amends)
        return {
            "account": account,
            "orders": [reports.queried(call, order) for order in orders],
            "orderLists": [list_reports.order_list(call, each, each.time_us) for each in engine.order_lists(account)],
            "trades": [records.trade(call, fill) for symbol in symbols for fill in engine.trades(account, symbol)],
            "allocations": [records.allocation(call, each) for name in symbols for each in engine.allocations(account, name)],
            "preventedMatches": [
                records.prevented_match(call, each) for name in symbols for each in engine.prevented_matches(account, name)
            ],
            "amendments": [records.amendment(call, each) for names in amended for each in engine.amendments(account, *names)],
        }

    def _described(self, name: str) -> Any:
        account = self._venue.engine.account(name)
        assert account is not None, "the account is known"
        return {
            "account": name,
            "balances": [
                {"asset": asset, "free": text(each.free), "locked": text(each.locked)}
                for asset, each in account.balances.items()
                if each.free or each.locked
            ],
            "keys": [
                {"apiKey": key.api_key, "kind": key.kind, "permissions": sorted(key.permissions), "ips": list(key.addresses)}
                for key in self._accounts.keys.of(name)
            ],
            "permissions": list(account.settings.permissions),
            "tradeGroupId": account.settings.trade_group_id,
        }

    def _may(self, request: Request) -> bool:
        if not self._token:
            return True
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode())


async def read(request: Request, form: type[Form]) -> Form:
    """The body of a request; raises BadOrder."""
    parts: list[bytes] = []
    async for part in request.stream():
        parts.append(part)
        if sum(map(len, parts)) > MAX_BODY:
            raise BadOrder(f"The body is over {MAX_BODY} bytes.")
    return json.decode(b"".join(parts), type=form)


def _reply(body: Any, status: int = 200) -> Response:
    return Response(json.encode(body), status, media_type="application/json", headers={"Cache-Control": "no-store"})
