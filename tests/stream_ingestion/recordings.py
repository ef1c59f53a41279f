"""Recordings to replay: a real exchange's where it lies beside the checkout, and a small one made of documented fields."""

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

from services.paper_exchange.symbols import LISTINGS

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "recordings" / "binance_us"
"""Half a minute of a real exchange."""
START_MS = 1_700_000_000_000
FRAMES = 400
STEP_MS = 20
STRADDLES = 4
"""Which change of a symbol straddles its snapshot."""
STRADDLED = "99.99000000"
"""The bid that this change removes; the snapshot has it no more."""
SYMBOLS = ("BTCUSDT", "ETHUSDT")
QUIET = "BNBUSDT"
"""Has a snapshot and no frame."""


def make(folder: Path) -> Path:
    """Write a recording: two symbols whose books move, one whose book does not; trades, candles, best prices between.

    The changes begin before the snapshot that was read, one straddles it, and some remove what is not there.
    """
    luck = random.Random(2021)
    info: dict[str, Any] = {"timezone": "UTC", "serverTime": START_MS, "rateLimits": [], "exchangeFilters": []}
    listed = [listing.instrument.described() for listing in LISTINGS if listing.symbol in (*SYMBOLS, QUIET)]
    (folder / "exchange_info.json").write_text(json.dumps(info | {"symbols": listed}))
    makers = {symbol: _Maker(symbol, luck) for symbol in (*SYMBOLS, QUIET)}
    lines: list[str] = []
    for number in range(FRAMES):
        maker = makers[luck.choice(SYMBOLS)]
        frame = maker.frame(START_MS + number * STEP_MS)
        lines.append(json.dumps({"received_ms": START_MS + number * STEP_MS + 7, "frame": frame}, separators=(",", ":")))
        if maker.changes == STRADDLES - 1 and not maker.snapshot:
            maker.read()
    makers[QUIET].read()
    for symbol, maker in makers.items():
        assert maker.snapshot
        snapshot = {"received_ms": START_MS + 100, "limit": 1000, "body": maker.snapshot}
        (folder / f"depth_{symbol}.json").write_text(json.dumps(snapshot, separators=(",", ":")))
    (folder / "frames.jsonl").write_text("\n".join(lines) + "\n")
    return folder


class _Maker:
    """Makes up one symbol's frames."""

    def __init__(self, symbol: str, luck: random.Random) -> None:
        self.snapshot: dict[str, Any] = {}
        self.changes = 0
        self._symbol = symbol
        self._luck = luck
        self._update = luck.randrange(1000, 2000)
        self._trade = luck.randrange(100, 200)
        self._sides: tuple[dict[str, str], dict[str, str]] = (
            {_price(10_000 - ticks): "1.00000000" for ticks in range(1, 60)},
            {_price(10_000 + ticks): "2.00000000" for ticks in range(1, 60)},
        )

    def frame(self, at_ms: int) -> dict[str, Any]:
        """The next one."""
        kind, event = self._luck.choice((self._changes, self._changes, self._changes, self._traded, self._candle, self._best))(
            at_ms
        )
        return {"stream": f"{self._symbol.lower()}@{kind}", "data": event}

    def read(self) -> None:
        """Take the snapshot: in the midst of what the next change will tell."""
        self._update += 1
        self._sides[0].pop(STRADDLED, None)
        bids, asks = (sorted(side.items(), key=lambda level: Decimal(level[0])) for side in self._sides)
        self.snapshot = {"lastUpdateId": self._update, "bids": [list(each) for each in bids[::-1]], "asks": [*map(list, asks)]}
        self._update -= 1

    def _changes(self, at_ms: int) -> tuple[str, dict[str, Any]]:
        first = self._update + 1
        self.changes += 1
        self._update += 3 if self.changes == STRADDLES else self._luck.randrange(1, 4)
        told: list[list[list[str]]] = []
        for side, sign in zip(self._sides, (-1, 1), strict=True):
            levels: dict[str, str] = {}
            for _ in range(self._luck.randrange(0, 4)):
                price = _price(10_000 + sign * self._luck.randrange(1, 80))
                quantity = self._luck.choice(("0.00000000", f"{self._luck.randrange(1, 900) / 100:.8f}"))
                levels[price] = side[price] = quantity
                if not Decimal(quantity):
                    del side[price]
            if sign < 0 and self.changes == STRADDLES:
                levels[STRADDLED] = "0.00000000"
                side.pop(STRADDLED, None)
            told.append([list(level) for level in levels.items()])
        event = {"e": "depthUpdate", "E": at_ms, "s": self._symbol, "U": first, "u": self._update, "b": told[0], "a": told[1]}
        return "depth@100ms", event

    def _traded(self, at_ms: int) -> tuple[str, dict[str, Any]]:
        self._trade += 1
        price, at = _price(10_000), {"E": at_ms, "s": self._symbol, "t": self._trade}
        return "trade", {"e": "trade", **at, "p": price, "q": "0.10000000", "T": at_ms - 1, "m": True, "M": True}

    def _candle(self, at_ms: int) -> tuple[str, dict[str, Any]]:
        begin = at_ms - at_ms % 60_000
        at = {"t": begin, "T": begin + 59_999, "s": self._symbol, "i": "1m", "f": 1, "L": self._trade}
        prices = {"o": "100.00", "c": "100.00", "h": "100.01", "l": "99.99"}
        sums = {"v": "1", "n": 1, "x": False, "q": "1", "V": "1", "Q": "1", "B": "0"}
        return "kline_1m", {"e": "kline", "E": at_ms, "s": self._symbol, "k": {**at, **prices, **sums}}

    def _best(self, _at_ms: int) -> tuple[str, dict[str, Any]]:
        prices = {"b": _price(9_998), "B": "1.00000000", "a": _price(10_002), "A": "2.00000000"}
        return "bookTicker", {"u": self._update, "s": self._symbol, **prices}


def _price(ticks: int) -> str:
    return f"{ticks / 100:.8f}"
