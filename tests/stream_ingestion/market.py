"""A small market_data over the bus: it answers with what the test put there, and counts what it was asked."""

import json
from collections import Counter
from typing import Any

from nats.aio.msg import Msg

from shared.contract.errors import Rejected, ServiceError, Unavailable, encode_error
from shared.runtime import wire
from shared.runtime.bus import Bus


class Market:
    """Answers `<prefix>.rpc.market.*` as the exchange would."""

    def __init__(self, bus: Bus) -> None:
        self.trades: dict[int, dict[str, Any]] = {}
        """REST trades of BTCUSDT by id."""
        self.candles: list[list[Any]] = []
        self.book: dict[str, Any] = {"lastUpdateId": 0, "bids": [], "asks": []}
        self.tickers: list[dict[str, Any]] = []
        self.unknown_symbols = {"NOPEUSDT"}
        self.fails: ServiceError | None = None
        self.asked: Counter[str] = Counter()
        self.silent = False
        """Answer nothing."""
        self._bus = bus

    async def open(self) -> None:
        await self._bus.subscribe(f"{self._bus.prefix}.rpc.market.>", self._on_request)
        await self._bus.settle()

    def keep_trades(self, *numbers: int) -> None:
        """Let the exchange remember these trades."""
        for number in numbers:
            self.trades[number] = {
                "id": number,
                "price": "60000.00000000",
                "qty": "0.00100000",
                "quoteQty": "60.00000000",
                "time": 1_770_000_000_000 + number,
                "isBuyerMaker": True,
                "isBestMatch": True,
            }

    async def _on_request(self, message: Msg) -> None:
        method = message.subject.partition(".rpc.market.")[2]
        self.asked[method] += 1
        if self.silent:
            return
        asked = json.loads(message.data or b"{}")
        try:
            await self._bus.data.publish(message.reply, json.dumps(self._answer(method, asked)).encode())
        except ServiceError as error:
            headers = {wire.ERROR_CODE: str(error.status), wire.ERROR_TEXT: error.message}
            await self._bus.data.publish(message.reply, encode_error(error), headers=headers)

    def _answer(self, method: str, asked: dict[str, Any]) -> Any:
        if asked.get("symbol") in self.unknown_symbols:
            raise Rejected("Invalid symbol.", code=-1121)
        if method == "exchangeInfo":
            return {"symbols": [{"symbol": asked["symbol"]}]}
        if self.fails is not None:
            raise self.fails
        match method:
            case "trades.historical":
                wanted = range(asked["fromId"], asked["fromId"] + asked["limit"])
                return [self.trades[number] for number in wanted if number in self.trades]
            case "klines":
                return [row for row in self.candles if asked["startTime"] <= row[0] <= asked["endTime"]]
            case "depth":
                return self.book | {side: self.book[side][: asked["limit"]] for side in ("bids", "asks")}
            case "ticker.24hr":
                return self.tickers
            case _:
                raise Unavailable(f"The test's market does not know {method}.")
