"""The exchange's symbols are remembered in the exchange's own bytes."""

import json
from typing import Any

import pytest

from services.market_data.symbols import RECHECK_S, Symbols
from shared.contract.errors import Invalid


def listing(*names: str) -> bytes:
    """A reply of exchangeInfo, spaced as no encoder of ours would."""
    symbols = ",".join(f'{{"symbol": "{name}","status":"TRADING" , "aFieldOfTomorrow":[1.50]}}' for name in names)
    return (
        '{"timezone":"UTC","serverTime":1764000000000,"rateLimits":[],"exchangeFilters":[],'
        f'"symbols":[{symbols}],"sors":[{{"baseAsset":"BTC","symbols":["BTCUSDT"]}}]}}'
    ).encode()


class Exchange:
    """What the exchange lists, and how often it was asked."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.asked = 0
        self.now_s = 0.0

    async def fetch(self) -> bytes:
        self.asked += 1
        return listing(*self.names)

    def symbols(self) -> Symbols:
        return Symbols(self.fetch, refresh_s=60, monotonic=lambda: self.now_s)


def names(body: bytes) -> list[str]:
    found: dict[str, Any] = json.loads(body)
    return [symbol["symbol"] for symbol in found["symbols"]]


async def test_the_listing_is_fetched_once_and_anew_when_it_is_old() -> None:
    exchange = Exchange("BTCUSDT")
    symbols = exchange.symbols()
    await symbols.current()
    exchange.now_s = 59
    await symbols.current()
    assert exchange.asked == 1
    exchange.now_s = 61
    await symbols.current()
    assert exchange.asked == 2


async def test_a_narrowed_listing_holds_the_exchanges_own_bytes_of_the_symbol() -> None:
    whole = await Exchange("BTCUSDT", "ETHUSDT", "币安人生USDT").symbols().current()
    narrowed = whole.only(["币安人生USDT", "BTCUSDT"])
    assert names(narrowed) == ["币安人生USDT", "BTCUSDT"]
    assert b'{"symbol": "BTCUSDT","status":"TRADING" , "aFieldOfTomorrow":[1.50]}' in narrowed
    assert json.loads(narrowed)["sors"] == json.loads(whole.whole)["sors"]


async def test_an_unlisted_symbol_is_refused_with_those_that_come_near() -> None:
    symbols = Exchange("BTCUSDT", "ETHUSDT").symbols()
    with pytest.raises(Invalid) as refused:
        await symbols.check("BTCUSD")
    assert refused.value.code == -1121
    assert "BTCUSDT" in refused.value.hint


async def test_a_symbol_listed_since_is_found_by_asking_again() -> None:
    exchange = Exchange("BTCUSDT")
    symbols = exchange.symbols()
    await symbols.check("BTCUSDT")
    exchange.names = ("BTCUSDT", "NEWUSDT")
    exchange.now_s = RECHECK_S + 1
    await symbols.check("NEWUSDT")
    assert exchange.asked == 2


async def test_typing_errors_do_not_make_us_ask_again_and_again() -> None:
    exchange = Exchange("BTCUSDT")
    symbols = exchange.symbols()
    for _ in range(20):
        with pytest.raises(Invalid):
            await symbols.check("BTCUSDDT")
    assert exchange.asked == 1


async def test_while_the_exchange_is_down_known_symbols_stay_known() -> None:
    exchange = Exchange("BTCUSDT")
    symbols = exchange.symbols()
    await symbols.check("BTCUSDT")

    async def down() -> bytes:
        raise ConnectionError

    exchange.now_s = 10_000
    symbols.fetch = down
    await symbols.check("BTCUSDT")
