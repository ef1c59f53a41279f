"""Pages together are the whole reply, whatever moves between them, and no page is larger than its bound."""

import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.mcp_gateway import cursors
from services.mcp_gateway.pages import HEAD_BYTES, OUTLINE_TOKENS, Part
from services.mcp_gateway.paging import paging
from shared.contract.catalog import BY_METHOD
from shared.contract.errors import Invalid

Given = dict[str, Any]
Exchange = Callable[[str, Given], Any]
"""An exchange in a test: the reply to a method with parameters."""
LIMIT = HEAD_BYTES + 400


def walk(method: str, given: Given, exchange: Exchange, limit: int = LIMIT) -> list[Part]:
    """All pages of a reply, each asked for with the cursor of the one before, through its text form."""
    spec = BY_METHOD[method]
    plan = paging(spec)
    assert plan is not None
    parts: list[Part] = []
    at = None
    for _ in range(500):
        question = plan.question(given, at)
        part = plan.part(msgspec.json.encode(exchange(question.spec.method, question.given)), given, at, limit)
        assert part is not None
        assert len(part.body) <= limit or part.rows == 1
        parts.append(part)
        if part.next is None:
            return parts
        at = cursors.read(cursors.write(part.next, "tool", given), "tool", given)
    pytest.fail("the pages do not end")


def rows(parts: list[Part]) -> list[Any]:
    return [row for part in parts for row in msgspec.json.decode(part.body)]


def trade(number: int) -> dict[str, Any]:
    return {"id": number, "price": "64000.10000000", "qty": "0.00100000", "isBuyerMaker": True}


class Trades:
    """Trades that go on happening: `moves` more before each request."""

    def __init__(self, newest: int, moves: list[int]) -> None:
        self.newest = newest
        self.moves = itertools.chain(moves, itertools.repeat(0))

    def __call__(self, method: str, given: Given) -> Any:
        limit = given.get("limit", 500)
        first = given.get("fromId", self.newest - limit + 1)
        reply = [trade(number) for number in range(max(1, first), min(self.newest, first + limit - 1) + 1)]
        self.newest += next(self.moves)
        return reply


@given(st.lists(st.integers(0, 3000), max_size=20), st.integers(20, 1000))
@settings(deadline=None, max_examples=50)
def test_pages_of_recent_trades_are_the_trades_as_they_were_however_many_follow(moves: list[int], limit: int) -> None:
    exchange = Trades(newest=50_000, moves=moves)
    parts = walk("trades.recent", {"symbol": "BTCUSDT", "limit": limit}, exchange)
    assert [row["id"] for row in rows(parts)] == list(range(50_000 - limit + 1, 50_001))
    assert [part.before for part in parts] == list(itertools.accumulate((part.rows for part in parts[:-1]), initial=0))
    assert {part.total for part in parts} == {limit}


def test_historical_trades_go_on_from_the_id_after_the_last_one() -> None:
    exchange = Trades(newest=10_000, moves=[])
    parts = walk("trades.historical", {"symbol": "BTCUSDT", "fromId": 100, "limit": 300}, exchange)
    assert [row["id"] for row in rows(parts)] == list(range(100, 400))


@given(st.lists(st.integers(0, 5), max_size=20), st.integers(20, 1000))
@settings(deadline=None, max_examples=50)
def test_pages_of_candles_are_the_candles_as_they_were_while_new_ones_begin(moves: list[int], limit: int) -> None:
    now = [2000]
    beginning = itertools.chain(moves, itertools.repeat(0))

    def exchange(method: str, given: Given) -> Any:
        newest = now[0] * 60_000
        count = given.get("limit", 500)
        end = min(newest, given.get("endTime", newest))
        start = given.get("startTime", end - (count - 1) * 60_000)
        opens = range(-(-start // 60_000) * 60_000, end + 1, 60_000)
        now[0] += next(beginning)
        return [[time, "1.0", "2.0", "0.5", "1.5", "10", time + 59_999, "15", 3, "5", "7", "0"] for time in opens][:count]

    parts = walk("klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": limit}, exchange)
    assert [row[0] for row in rows(parts)] == [minute * 60_000 for minute in range(2000 - limit + 1, 2001)]


names = st.text(alphabet="ABCDEFGH币", min_size=1, max_size=6)


@given(st.sets(names, min_size=20, max_size=120), st.lists(st.tuples(names, names), max_size=20))
@settings(deadline=None, max_examples=50)
def test_pages_of_tickers_hold_every_symbol_once_though_symbols_come_and_go(
    symbols: set[str], moves: list[tuple[str, str]]
) -> None:
    listed = set(symbols)
    moved: set[str] = set()
    moving = iter(moves)

    def exchange(method: str, given: Given) -> Any:
        reply = [{"symbol": symbol, "price": "1.00000000", "note": "x" * 30} for symbol in sorted(listed, key=hash)]
        come, go = next(moving, ("", ""))
        if come:
            listed.add(come)
            listed.discard(go)
            moved.update((come, go))
        return reply

    got = [row["symbol"] for row in rows(walk("ticker.price", {}, exchange, limit=HEAD_BYTES + 200))]
    assert got == sorted(set(got))
    assert symbols - moved <= set(got) <= symbols | moved


@given(st.lists(st.integers(-30, 30), max_size=30))
@settings(deadline=None, max_examples=50)
def test_pages_of_a_moving_book_never_show_a_price_twice_and_get_no_better(moves: list[int]) -> None:
    middle = [10_000]
    moving = itertools.chain(moves, itertools.repeat(0))

    def exchange(method: str, given: Given) -> Any:
        mid = middle[0]
        middle[0] += next(moving)
        bids = [[f"{(mid - step) / 100:.8f}", "1.0"] for step in range(1, 201)]
        asks = [[f"{(mid + step) / 100:.8f}", "1.0"] for step in range(1, 151)]
        return {"lastUpdateId": mid, "bids": bids, "asks": asks}

    books = [msgspec.json.decode(part.body) for part in walk("depth", {"symbol": "BTCUSDT", "limit": 500}, exchange)]
    bids = [Decimal(price) for book in books for price, _ in book["bids"]]
    asks = [Decimal(price) for book in books for price, _ in book["asks"]]
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert len(bids) <= 200


def test_pages_of_a_book_at_rest_are_the_book() -> None:
    book = {
        "lastUpdateId": 7,
        "bids": [[f"0.0000{price:04d}", "1.0"] for price in range(900, 0, -1)],
        "asks": [[f"0.0000{price:04d}", "1.0"] for price in range(901, 1500)],
    }
    books = [msgspec.json.decode(part.body) for part in walk("depth", {"symbol": "BTCUSDT"}, lambda _, __: book)]
    assert [level for page in books for level in page["bids"]] == book["bids"]
    assert [level for page in books for level in page["asks"]] == book["asks"]


def information(count: int) -> dict[str, Any]:
    symbols = [
        {
            "symbol": f"S{number:04d}",
            "status": "TRADING",
            "baseAsset": f"S{number}",
            "quoteAsset": "USDT",
            "filters": ["x" * 900],
        }
        for number in range(count)
    ]
    return {"timezone": "UTC", "serverTime": 1, "rateLimits": [{"limit": 6000}], "exchangeFilters": [], "symbols": symbols}


def test_information_about_every_symbol_is_a_listing_of_about_8000_tokens() -> None:
    parts = walk("exchangeInfo", {}, lambda _, __: information(3000), limit=100_000)
    pages = [msgspec.json.decode(part.body) for part in parts]
    assert all(part.outline and len(part.body) <= OUTLINE_TOKENS * 4 for part in parts)
    assert [row["symbol"] for page in pages for row in page["symbols"]] == [f"S{number:04d}" for number in range(3000)]
    assert pages[0]["symbols"][0] == {"symbol": "S0000", "status": "TRADING", "baseAsset": "S0", "quoteAsset": "USDT"}
    assert pages[-1]["rateLimits"] == [{"limit": 6000}]


def test_information_about_named_symbols_keeps_every_rule() -> None:
    parts = walk("exchangeInfo", {"symbols": ["A"]}, lambda _, __: information(300), limit=100_000)
    symbols = [row for part in parts for row in msgspec.json.decode(part.body)["symbols"]]
    assert symbols == information(300)["symbols"]


def test_a_reply_within_the_bound_passes_untouched() -> None:
    plan = paging(BY_METHOD["ticker.price"])
    assert plan is not None
    assert plan.part(b'[ {"symbol":"B"}, {"symbol":"A"} ]', {}, None, 1000) is None


def test_a_single_row_passes_however_small_the_bound() -> None:
    plan = paging(BY_METHOD["ticker.price"])
    assert plan is not None
    assert plan.part(b'{"symbol":"B","price":"1"}', {}, None, 3) is None


@pytest.mark.parametrize("text", ["", "x", "AA AA", "AAAA!", "AAAA", "=", "é", "A" * 5000, 7, None, ["a"], "../../etc"])
def test_a_cursor_that_nobody_wrote_is_invalid(text: object) -> None:
    with pytest.raises(Invalid, match="not one that get_price gave"):
        cursors.read(text, "get_price", {})


def test_a_cursor_of_another_call_is_invalid() -> None:
    text = cursors.write(cursors.Cursor(("A",), ("B",), 1, 2), "get_price", {"symbols": ["A", "B"]})
    assert cursors.read(text, "get_price", {"symbols": ["A", "B"]}).after == ("A",)
    for tool, arguments in (("get_price", {"symbols": ["A"]}), ("get_book_ticker", {"symbols": ["A", "B"]})):
        with pytest.raises(Invalid):
            cursors.read(text, tool, arguments)


@given(st.integers(0, 60), st.sampled_from("ABCxyz019-_"))
def test_an_altered_cursor_is_invalid(place: int, letter: str) -> None:
    text = cursors.write(cursors.Cursor((1,), (9,), 100, 1000), "get_price", {})
    altered = text[: place % len(text)] + letter + text[place % len(text) + 1 :]
    if altered != text:
        with pytest.raises(Invalid):
            cursors.read(altered, "get_price", {})
