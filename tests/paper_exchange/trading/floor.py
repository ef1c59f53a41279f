"""The words of these tests: customers who ask for operations by name, in the parameters of the API."""

from typing import Any

from msgspec import json, structs

from services.paper_exchange import parameters, payloads
from services.paper_exchange.call import Call
from services.paper_exchange.engine.amounts import parse
from services.paper_exchange.engine.commands import Commission, Deposit, OpenAccount, Rates, SetSymbolStatus
from services.paper_exchange.engine.order_counts import DEFAULT_LIMITS
from services.paper_exchange.errors import Refused
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.symbols import LISTINGS
from services.paper_exchange.trading import TRADING
from services.paper_exchange.venue import Venue
from services.paper_exchange.weights import Limits, order_limits
from shared.contract.catalog import BY_METHOD
from tests.contract.lossless import lost

OPENING_US = 1_790_000_000_000_000 // 60_000_000 * 60_000_000
SYMBOL = "BTCUSDT"
RATES = Commission(Rates(maker=parse("0.001"), taker=parse("0.002")))


class Floor:
    """BTCUSDT and BTCUSDC with empty books, at peace."""

    def __init__(self, orders_in_ten_seconds: int = DEFAULT_LIMITS[0].limit) -> None:
        quiet = [each for each in LISTINGS if each.symbol in (SYMBOL, "BTCUSDC")]
        listings = tuple(structs.replace(each, instrument=structs.replace(each.instrument, status="BREAK")) for each in quiet)
        self.venue = Venue("floor", OPENING_US, listings=listings, order_limits=order_limits(orders_in_ten_seconds))
        for each in listings:
            self.venue.execute(SetSymbolStatus(symbol=each.symbol, status="TRADING"))
        self.handlers = Handlers(self.venue, Limits())
        self.main = self.customer("main")
        self.other = self.customer("other")

    def customer(self, name: str, commission: Commission = RATES, **settings: Any) -> "Customer":
        """An account with a million USDT and USDC, 10 BTC and 10 BNB."""
        self.venue.execute(OpenAccount(account=name, commission=commission, **settings))
        for asset, amount in (("USDT", "1000000"), ("USDC", "1000000"), ("BTC", "10"), ("BNB", "10")):
            self.venue.execute(Deposit(account=name, asset=asset, amount=parse(amount)))
        return Customer(self, name)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.venue.advance(self.venue.now_us + round(seconds * 1e6))

    def quote(self, bid: str = "59990", ask: str = "60010", quantity: str = "1") -> None:
        """The other customer offers both sides, and the last price is between them."""
        other, between = self.other, str((int(bid) + int(ask)) // 2)
        other.limit("BUY", between, "0.001")
        other.limit("SELL", between, "0.001")
        other.limit("BUY", bid, quantity)
        other.limit("SELL", ask, quantity)


class Customer:
    """One account, as its owner speaks to the exchange."""

    def __init__(self, floor: Floor, name: str) -> None:
        self._floor = floor
        self.name = name

    def ask(self, method: str, *, ws_api: bool = False, micros: bool = False, **params: Any) -> Any:
        """The reply, of which every field is known to the catalogue; raises Refused."""
        spec = BY_METHOD[method]
        given = parameters.read(spec, payloads.texts(params))
        body = json.decode(TRADING[method](self._floor.handlers, Call(given, micros, ws_api, self.name)))
        assert lost(body, spec.reply) == []
        return body

    def refusal(self, method: str, **params: Any) -> Refused:
        """What the exchange says to a request that it does not carry out."""
        try:
            answer = self.ask(method, **params)
        except Refused as no:
            return no
        raise AssertionError(f"{method} was answered: {answer}")

    def told(self, method: str, **params: Any) -> tuple[int, str]:
        """Code and text of a refusal."""
        no = self.refusal(method, **params)
        return no.code, no.msg

    def place(self, side: str, kind: str, **params: Any) -> Any:
        """A new order on BTCUSDT."""
        return self.ask("order.place", symbol=SYMBOL, side=side, type=kind, **params)

    def limit(self, side: str, price: str, quantity: str, **params: Any) -> Any:
        """A LIMIT order, GTC."""
        return self.place(side, "LIMIT", **{"timeInForce": "GTC", "price": price, "quantity": quantity, **params})

    def status(self, order_id: int) -> Any:
        """An order as it stands."""
        return self.ask("order.status", symbol=SYMBOL, orderId=order_id)

    def balances(self) -> dict[str, tuple[str, str]]:
        """What is free and what is locked, by asset, without zeros."""
        balances = self.ask("account.status", omitZeroBalances=True)["balances"]
        return {each["asset"]: (each["free"], each["locked"]) for each in balances}
