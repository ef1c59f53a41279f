"""What the streams tell: documented fields, complete and in order, and in agreement with each other and with the REST API."""

import itertools
import json
from typing import Any

import msgspec
import pytest

from services.paper_exchange.block_trades import BlockTrade
from services.paper_exchange.call import Call
from services.paper_exchange.engine.amounts import parse
from services.paper_exchange.engine.commands import PlaceOrder
from services.paper_exchange.handlers import Handlers
from services.paper_exchange.public import PUBLIC
from services.paper_exchange.symbols import LISTINGS
from services.paper_exchange.time_units import micros, millis
from services.paper_exchange.venue import Venue
from services.paper_exchange.weights import Limits
from shared.contract.market.streams import STREAMS
from tests.paper_exchange.conftest import OPENING_US
from tests.paper_exchange.streams.conftest import Ear, Stage

SYMBOL = "BNBUSDT"
NAMES = {
    stream.exchange_name("" if stream.of_all_symbols else SYMBOL, value): stream
    for stream in STREAMS
    for value in stream.values or ("",)
    if stream.ended is None and "blockTrade" not in stream.name
}


def rest(stage: Stage, method: str, **given: Any) -> Any:
    """What the REST API says at this moment."""
    return json.loads(PUBLIC[method](Handlers(stage.venue, Limits()), Call(given)))


def test_every_stream_tells_something_that_decodes_into_its_event(stage: Stage) -> None:
    ears = {name: stage.listen(name) for name in NAMES}

    stage.live(12)

    for name, ear in ears.items():
        heard = ear.heard()
        assert heard, name
        for payload in heard:
            event = msgspec.convert(payload, NAMES[name].event)
            assert json.loads(msgspec.json.encode(event)) == payload, f"{name} tells fields that its event does not have"


def test_trades_are_told_each_once_in_order(stage: Stage) -> None:
    ear = stage.listen("bnbusdt@trade")
    first = stage.venue.charts[SYMBOL].tape.next_id

    stage.live(20)

    told = ear.heard()
    assert [each["t"] for each in told] == list(range(first, stage.venue.charts[SYMBOL].tape.next_id))
    recent = rest(stage, "trades.recent", symbol=SYMBOL, limit=len(told))
    assert [(each["p"], each["q"], each["T"], each["m"]) for each in told] == [
        (each["price"], each["qty"], each["time"], each["isBuyerMaker"]) for each in recent
    ]


def test_aggregate_trades_are_those_of_the_rest_api(stage: Stage) -> None:
    ear = stage.listen("btcusdt@aggTrade")

    stage.live(30)

    told = ear.heard()
    listed = rest(stage, "trades.aggregate", symbol="BTCUSDT", fromId=told[0]["a"], limit=1000)
    assert [{key: each[key] for key in "apqflTm"} for each in told] == [
        {key: each[key] for key in "apqflTm"} for each in listed
    ]


def test_trades_of_one_taker_at_one_price_are_one_aggregate_trade(stage: Stage) -> None:
    ear = stage.listen("btcusdt@aggTrade", "btcusdt@trade")
    best = stage.venue.engine.book("BTCUSDT").best("BUY")
    assert best is not None
    for quantity in (300_000, 200_000):
        order = PlaceOrder(
            account="house-makers",
            symbol="BTCUSDT",
            side="BUY",
            type="LIMIT",
            price=best[0],
            quantity=quantity,
            time_in_force="GTC",
        )
        stage.venue.execute(order)

    stage.venue.execute(
        PlaceOrder(account="house-takers", symbol="BTCUSDT", side="SELL", type="MARKET", quantity=best[1] + 500_000)
    )

    told = ear.heard()
    trades = [each for each in told if each["e"] == "trade"]
    (joined,) = (each for each in told if each["e"] == "aggTrade")
    assert len(trades) >= 3
    assert (joined["f"], joined["l"], joined["m"]) == (trades[0]["t"], trades[-1]["t"], True)
    assert parse(joined["q"]) == best[1] + 500_000
    assert joined["a"] == rest(stage, "trades.aggregate", symbol="BTCUSDT", limit=1)[0]["a"]


@pytest.mark.parametrize("stream", ["btcusdt@depth", "btcusdt@depth@100ms"])
def test_a_local_book_kept_by_the_documented_steps_is_the_engine_s(stage: Stage, stream: str) -> None:
    ear = stage.listen(stream)
    stage.live(2.35)
    snapshot = rest(stage, "depth", symbol="BTCUSDT", limit=5000)
    stage.live(20.65)

    events = [event for event in ear.heard() if event["u"] > snapshot["lastUpdateId"]]
    assert events[0]["U"] <= snapshot["lastUpdateId"] + 1 <= events[0]["u"]
    book: dict[str, dict[str, str]] = {"b": dict(snapshot["bids"]), "a": dict(snapshot["asks"])}
    last = None
    for event in events:
        assert last is None or event["U"] == last + 1
        last = event["u"]
        for side, levels in book.items():
            for price, quantity in event[side]:
                if float(quantity):
                    levels[price] = quantity
                else:
                    levels.pop(price, None)
    kept = rest(stage, "depth", symbol="BTCUSDT", limit=5000)
    assert last == kept["lastUpdateId"]
    assert sorted(book["b"].items(), key=_price, reverse=True) == [tuple(level) for level in kept["bids"]]
    assert sorted(book["a"].items(), key=_price) == [tuple(level) for level in kept["asks"]]


def test_fast_and_slow_depth_cover_the_same_updates(stage: Stage) -> None:
    fast, slow = stage.listen("btcusdt@depth@100ms"), stage.listen("btcusdt@depth")

    stage.live(6)

    quick, steady = fast.heard(), slow.heard()
    assert (quick[0]["U"], quick[-1]["u"]) == (steady[0]["U"], steady[-1]["u"])
    assert len(steady) == 6
    assert len(quick) > 20


def test_a_change_of_the_envelope_breaks_no_stream(stage: Stage) -> None:
    ear = stage.listen("btcusdt@depth@100ms")
    for turn in range(20):
        stage.live(0.35)
        stage.hub.subscribe("btcusdt@depth@100ms", ear, millis, combined=turn % 2 == 0)
    stage.live(0.35)

    told = [message.get("data", message) for message in ear.heard()]
    assert all(after["U"] == before["u"] + 1 for before, after in itertools.pairwise(told))
    assert len(told) > 20


def test_partial_depth_is_the_top_of_the_book(stage: Stage) -> None:
    ear = stage.listen("btcusdt@depth10@100ms")

    stage.live(1)

    last = ear.heard()[-1]
    assert last == rest(stage, "depth", symbol="BTCUSDT", limit=10)


def test_the_best_prices_are_told_whenever_they_change(stage: Stage) -> None:
    ear = stage.listen("btcusdt@bookTicker")

    stage.live(10)

    told = ear.heard()
    tops = [(each["b"], each["B"], each["a"], each["A"]) for each in told]
    assert all(before != after for before, after in itertools.pairwise(tops))
    assert [each["u"] for each in told] == sorted({each["u"] for each in told})
    best = rest(stage, "ticker.book", symbol="BTCUSDT")
    assert tops[-1] == (best["bidPrice"], best["bidQty"], best["askPrice"], best["askQty"])


def test_a_customer_s_order_is_told_at_once(stage: Stage) -> None:
    trades, tops = stage.listen("btcusdt@trade"), stage.listen("btcusdt@bookTicker")

    stage.venue.execute(PlaceOrder(account="house-takers", symbol="BTCUSDT", side="BUY", type="MARKET", quantity=100_000_000))

    assert trades.heard()
    assert len(tops.heard()) == 1


@pytest.mark.parametrize(("stream", "interval", "zone"), [("1m", "1m", "0"), ("3m@+08:00", "3m", "8"), ("1s", "1s", "0")])
def test_a_candle_is_told_as_closed_once_and_is_then_the_rest_api_s(
    stage: Stage, stream: str, interval: str, zone: str
) -> None:
    ear = stage.listen(f"btcusdt@kline_{stream}")

    stage.live(400)

    told = [event["k"] for event in ear.heard()]
    closed = [candle for candle in told if candle["x"]]
    rows = rest(stage, "klines", symbol="BTCUSDT", interval=interval, timeZone=zone, startTime=closed[0]["t"], limit=1000)
    names = ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q")
    listed = [[candle[name] for name in names] for candle in closed]
    assert listed == [row[:11] for row in rows[: len(closed)]]
    assert closed[-1]["T"] >= stage.venue.now_us // 1000 - 400_000
    assert len({candle["t"] for candle in closed}) == len(closed)
    assert all(candle["T"] > previous["T"] or not previous["x"] for previous, candle in itertools.pairwise(told))


def test_candles_come_every_two_seconds_and_those_of_a_second_every_second(stage: Stage) -> None:
    slow, fast = stage.listen("btcusdt@kline_1h"), stage.listen("btcusdt@kline_1s")

    stage.live(20)

    assert len(slow.heard()) == 10
    assert len(fast.heard()) == 20


@pytest.mark.parametrize(
    ("stream", "method", "given"),
    [
        ("btcusdt@miniTicker", "ticker.24hr", {"type": "MINI"}),
        ("btcusdt@ticker", "ticker.24hr", {}),
        ("btcusdt@ticker_1h", "ticker", {"windowSize": "1h"}),
        ("btcusdt@ticker_4h", "ticker", {"windowSize": "4h"}),
        ("btcusdt@ticker_1d", "ticker", {"windowSize": "1d"}),
    ],
)
def test_tickers_are_those_of_the_rest_api(stage: Stage, stream: str, method: str, given: dict[str, Any]) -> None:
    ear = stage.listen(stream)
    stage.live(3)

    told = ear.heard()[-1]
    while told["E"] != stage.venue.now_us // 1000:
        stage.live(0.05)
        told = (ear.heard() or [told])[-1]
    listed = rest(stage, method, symbol="BTCUSDT", **given)

    names = {
        "c": "lastPrice",
        "o": "openPrice",
        "h": "highPrice",
        "l": "lowPrice",
        "v": "volume",
        "q": "quoteVolume",
        "p": "priceChange",
        "P": "priceChangePercent",
        "w": "weightedAvgPrice",
        "x": "prevClosePrice",
        "Q": "lastQty",
        "b": "bidPrice",
        "a": "askPrice",
        "O": "openTime",
        "C": "closeTime",
        "F": "firstId",
        "L": "lastId",
        "n": "count",
    }
    for letter in told.keys() - {"e", "E", "s", "B", "A"}:
        assert told[letter] == listed[names[letter]], letter


def test_prices_are_those_of_the_rest_api(stage: Stage) -> None:
    average, reference = stage.listen("bnbusdt@avgPrice"), stage.listen("bnbusdt@referencePrice")
    stage.live(3)

    assert average.heard()[-1]["w"] == rest(stage, "avgPrice", symbol=SYMBOL)["price"]
    listed = rest(stage, "referencePrice", symbol=SYMBOL)
    assert reference.heard()[-1] == {
        "e": "referencePrice",
        "s": SYMBOL,
        "r": listed["referencePrice"],
        "t": listed["timestamp"],
    }


def test_a_market_wide_stream_tells_each_changed_symbol_once(stage: Stage) -> None:
    ear = stage.listen("!miniTicker@arr")

    stage.live(3)

    first, *later = ear.heard()
    assert len(first) == len(stage.venue.instruments)
    for told in later:
        symbols = [each["s"] for each in told]
        assert len(symbols) == len(set(symbols))
        assert "MATICUSDT" not in symbols


def test_a_retired_stream_is_silent_unless_it_is_switched_on() -> None:
    silent, served = Stage(small_venue()), Stage(small_venue(), serves_retired=True)
    nothing, something = silent.listen("!ticker@arr"), served.listen("!ticker@arr")

    silent.live(2)
    served.live(2)

    assert nothing.heard() == []
    assert something.heard()[0][0]["e"] == "24hrTicker"


def test_a_block_trade_is_told(stage: Stage) -> None:
    ear = stage.listen("bnbusdt@blockTrade")

    stage.publisher.tell_block_trade(SYMBOL, BlockTrade(7, 5_200_000, 583_800_000_000, 1_772_506_983_321_000, True), 2 * 10**15)

    assert ear.heard() == [
        {
            "e": "blockTrade",
            "E": 2 * 10**12,
            "s": SYMBOL,
            "t": 7,
            "p": "0.05200000",
            "q": "5838.00000000",
            "T": 1_772_506_983_321,
            "m": True,
        }
    ]


def test_times_can_be_microseconds(stage: Stage) -> None:
    names = ("btcusdt@trade", "btcusdt@kline_1m", "btcusdt@ticker", "btcusdt@depth", "bnbusdt@referencePrice")
    fine, plain = stage.listen(*names, unit=micros), stage.listen(*names)

    stage.live(4)

    for precise, coarse in zip(fine.heard(), plain.heard(), strict=True):
        assert _in_millis(precise) == coarse


def test_a_symbol_beyond_ascii_has_streams(stage: Stage) -> None:
    ear = stage.listen("币安人生usdt@trade", combined=True)

    stage.live(5)

    told = ear.heard()
    assert told[0]["stream"] == "币安人生usdt@trade"
    assert told[0]["data"]["s"] == "币安人生USDT"


@pytest.mark.parametrize("name", ["BTCUSDT@trade", "nosuchpair@trade", "btcusdt@nothing", "btcusdt", "", "btcusdt@kline_7m"])
def test_a_name_that_the_exchange_does_not_know_is_silent(stage: Stage, name: str) -> None:
    ear = stage.listen(name)

    stage.live(3)

    assert ear.heard() == []


def test_a_message_is_made_once_for_all_who_want_it_in_one_form(stage: Stage) -> None:
    ears = [stage.listen("btcusdt@trade", combined=True) for _ in range(50)]

    stage.live(2)

    frames = ears[0].frames
    assert frames
    assert all(other is frame for ear in ears for other, frame in zip(ear.frames, frames, strict=True))


def test_nothing_is_made_when_nobody_listens_any_more(stage: Stage) -> None:
    names = [*NAMES]
    ear = stage.listen(*names)
    stage.live(1)
    assert stage.venue.tells_each_act

    for name in names:
        stage.hub.unsubscribe(name, ear)
    ear.heard()
    stage.live(3)

    assert ear.heard() == []
    assert not stage.hub.channels
    assert not stage.venue.tells_each_act


def test_listening_does_not_change_the_market() -> None:
    watched, alone = Stage(small_venue()), Stage(small_venue())
    ear: Ear = watched.listen(*NAMES)

    watched.live(10)
    alone.live(10)

    assert ear.frames
    for symbol in alone.venue.instruments:
        assert rest(watched, "depth", symbol=symbol) == rest(alone, "depth", symbol=symbol)


def small_venue() -> Venue:
    """A market of three symbols, the same every time."""
    return Venue("tests", OPENING_US, listings=LISTINGS[:3])


def _in_millis(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_millis(each) for name, each in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return value // 1000 if isinstance(value, int) and value > 10**15 else value


def _price(level: tuple[str, str]) -> float:
    return float(level[0])
