"""Every filter, by an order that fails it."""

from typing import Any

import pytest

from services.paper_exchange.engine.amounts import parse
from services.paper_exchange.engine.filters import (
    ExchangeMaxNumAlgoOrders,
    ExchangeMaxNumIcebergOrders,
    ExchangeMaxNumOrderLists,
    ExchangeMaxNumOrders,
    Filter,
    LotSize,
    MarketLotSize,
    MaxNumAlgoOrders,
    MaxNumIcebergOrders,
    MaxNumOrderLists,
    MaxNumOrders,
    MaxPosition,
    MinNotional,
    Notional,
    PercentPrice,
    PercentPriceBySide,
    PriceFilter,
)
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.engine.outcomes import Placed, Refused
from tests.paper_exchange.engine.floor import Exchange, a_coin, leg

LOT = LotSize(min_qty=parse("0.5"), max_qty=parse("50"), step_size=parse("0.1"))
PERCENT = PercentPrice(multiplier_up=parse("1.3"), multiplier_down=parse("0.7"), avg_price_mins=5)
BY_SIDE = PercentPriceBySide(
    bid_multiplier_up=parse("1.2"),
    bid_multiplier_down=parse("0.2"),
    ask_multiplier_up=parse("5"),
    ask_multiplier_down=parse("0.8"),
    avg_price_mins=1,
)
WORTH = Notional(
    min_notional=parse("10"),
    apply_min_to_market=True,
    max_notional=parse("1000"),
    apply_max_to_market=False,
    avg_price_mins=5,
)
PRICES = PriceFilter(min_price=parse("1"), max_price=parse("1000"), tick_size=parse("0.5"))
LIMIT = {"side": "BUY", "type": "LIMIT", "quantity": "1", "price": "100"}
STOP = {"side": "SELL", "type": "STOP_LOSS", "quantity": "1", "stop_price": "90"}
ICEBERG = {**LIMIT, "quantity": "2", "iceberg_quantity": "1"}

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    # what fails: the symbol's filter, the order, may it be placed after a trade at 100?
    "price below the least": ({"price_filter": PRICES}, {**LIMIT, "price": "0.5"}, False),
    "price above the most": ({"price_filter": PRICES}, {**LIMIT, "price": "1000.5"}, False),
    "price off the tick": ({"price_filter": PRICES}, {**LIMIT, "price": "100.1"}, False),
    "price at the border": ({"price_filter": PRICES}, {**LIMIT, "price": "1000"}, True),
    "stop price off the tick": ({"price_filter": PRICES}, {**STOP, "stop_price": "90.1"}, False),
    "quantity below the least": ({"lot_size": LOT}, {**LIMIT, "quantity": "0.4"}, False),
    "quantity above the most": ({"lot_size": LOT}, {**LIMIT, "quantity": "50.1"}, False),
    "quantity off the step": ({"lot_size": LOT}, {**LIMIT, "quantity": "0.55"}, False),
    "quantity at the border": ({"lot_size": LOT}, {**LIMIT, "quantity": "50"}, True),
    "market quantity": (
        {"market_lot_size": MarketLotSize(min_qty=0, max_qty=parse("2"), step_size=0)},
        {"side": "BUY", "type": "MARKET", "quantity": "3"},
        False,
    ),
    "price too far above": ({"percent_price": PERCENT}, {**LIMIT, "price": "130.01"}, False),
    "price just not too far": ({"percent_price": PERCENT}, {**LIMIT, "price": "130"}, True),
    "price too far below": ({"percent_price": PERCENT}, {**LIMIT, "price": "69.99"}, False),
    "bid too far above": ({"percent_price_by_side": BY_SIDE}, {**LIMIT, "price": "120.01"}, False),
    "ask as far above as it may": ({"percent_price_by_side": BY_SIDE}, {**LIMIT, "side": "SELL", "price": "500"}, True),
    "ask too far below": ({"percent_price_by_side": BY_SIDE}, {**LIMIT, "side": "SELL", "price": "79.99"}, False),
    "worth too little": ({"notional": WORTH}, {**LIMIT, "quantity": "0.099"}, False),
    "worth too much": ({"notional": WORTH}, {**LIMIT, "quantity": "10.001"}, False),
    "market order worth too little": ({"notional": WORTH}, {"side": "BUY", "type": "MARKET", "quantity": "0.099"}, False),
    "market order worth much": ({"notional": WORTH}, {"side": "BUY", "type": "MARKET", "quantity": "11"}, True),
    "worth less than the minimum": (
        {"min_notional": MinNotional(min_notional=parse("10"), apply_to_market=False, avg_price_mins=5)},
        {**LIMIT, "quantity": "0.099"},
        False,
    ),
    "position": ({"max_position": MaxPosition(max_position=parse("101"))}, {**LIMIT, "quantity": "1.001"}, False),
    "position at the border": ({"max_position": MaxPosition(max_position=parse("101"))}, LIMIT, True),
    "sells are no position": ({"max_position": MaxPosition(max_position=parse("1"))}, {**LIMIT, "side": "SELL"}, True),
    "trailing delta": ({}, {"side": "SELL", "type": "STOP_LOSS", "quantity": "1", "trailing_delta": 9}, False),
}
NAMES = {"price": "PRICE_FILTER", "stop": "PRICE_FILTER", "quantity": "LOT_SIZE", "bid": "PERCENT_PRICE_BY_SIDE"}


@pytest.mark.parametrize("name", CASES)
def test_an_order_and_a_filter(name: str) -> None:
    filters, order, passes = CASES[name]
    exchange = Exchange(a_coin(**filters)).with_traders("bob")
    exchange.account("house", {"unlimited": True})
    exchange.limit("house", "SELL", "1", "100")
    exchange.placed("house", "BUY", "MARKET", quantity="1")

    outcome = exchange.order("bob", **order)

    assert isinstance(outcome, Placed) == passes, outcome
    if isinstance(outcome, Refused):
        expected = next(iter(filters.values())).name if filters else "TRAILING_DELTA"
        assert outcome == Refused(-1013, f"Filter failure: {expected}")


COUNTS: list[tuple[Filter, dict[str, Any]]] = [
    (MaxNumOrders(max_num_orders=1), LIMIT),
    (MaxNumAlgoOrders(max_num_algo_orders=1), STOP),
    (MaxNumIcebergOrders(max_num_iceberg_orders=1), ICEBERG),
    (ExchangeMaxNumOrders(max_num_orders=1), LIMIT),
    (ExchangeMaxNumAlgoOrders(max_num_algo_orders=1), STOP),
    (ExchangeMaxNumIcebergOrders(max_num_iceberg_orders=1), ICEBERG),
]


@pytest.mark.parametrize(("most", "order"), COUNTS, ids=lambda each: each.name if isinstance(each, Filter) else "")
def test_as_many_orders_as_a_filter_allows_and_no_more(most: Filter, order: dict[str, Any]) -> None:
    is_exchange = most.name.startswith("EXCHANGE")
    symbol_filters: dict[str, Any] = {} if is_exchange else {most.name.lower(): most}
    exchange = Exchange(a_coin(**symbol_filters), exchange_filters=(most,) if is_exchange else ()).with_traders("bob")
    first = exchange.placed("bob", **order)

    assert exchange.order("bob", **order) == Refused(-1013, f"Filter failure: {most.name}")
    exchange.cancel("bob", first.order.order_id)
    assert isinstance(exchange.order("bob", **order), Placed)


@pytest.mark.parametrize("most", [MaxNumOrderLists(max_num_order_lists=1), ExchangeMaxNumOrderLists(max_num_order_lists=1)])
def test_as_many_lists_as_a_filter_allows_and_no_more(most: Filter) -> None:
    is_exchange = most.name.startswith("EXCHANGE")
    symbol_filters: dict[str, Any] = {} if is_exchange else {"max_num_order_lists": most}
    exchange = Exchange(a_coin(**symbol_filters), exchange_filters=(most,) if is_exchange else ()).with_traders("bob")
    legs = {
        "above": leg("SELL", "LIMIT_MAKER", quantity="1", price="120"),
        "below": leg("SELL", "STOP_LOSS", quantity="1", stop_price="80"),
    }
    exchange.placed_list("bob", "OCO", **legs)

    assert exchange.order_list("bob", "OCO", **legs) == Refused(-1013, f"Filter failure: {most.name}")


def test_an_asset_limit_of_the_account() -> None:
    exchange = Exchange()
    exchange.account("bob", {"max_assets": (("USDT", parse("500")),)}, USDT="10000")

    assert exchange.order("bob", "BUY", "LIMIT", quantity="5.001", price="100") == Refused(-1013, "Filter failure: MAX_ASSET")
    assert isinstance(exchange.order("bob", "BUY", "LIMIT", quantity="5", price="100"), Placed)
    assert exchange.engine.filters("bob", "COINUSDT")["assetFilters"] == [
        {"filterType": "MAX_ASSET", "asset": "USDT", "limit": "500.00000000"}
    ]


def test_a_symbol_that_never_traded_values_market_orders_at_nothing() -> None:
    exchange = Exchange(a_coin(notional=WORTH)).with_traders("alice", "bob")
    exchange.limit("alice", "SELL", "1", "100")

    assert exchange.order("bob", "BUY", "MARKET", quantity="1") == Refused(-1013, "Filter failure: NOTIONAL")


def test_filters_are_shown_as_the_exchange_shows_them_and_read_back() -> None:
    instrument = a_coin(price_filter=PRICES, percent_price=PERCENT, percent_price_by_side=BY_SIDE, notional=WORTH)

    shown = {each["filterType"]: each for each in instrument.filters()}

    assert shown["PRICE_FILTER"] == {
        "filterType": "PRICE_FILTER",
        "minPrice": "1.00000000",
        "maxPrice": "1000.00000000",
        "tickSize": "0.50000000",
    }
    assert shown["PERCENT_PRICE_BY_SIDE"] == {
        "filterType": "PERCENT_PRICE_BY_SIDE",
        "bidMultiplierUp": "1.2",
        "bidMultiplierDown": "0.2",
        "askMultiplierUp": "5",
        "askMultiplierDown": "0.8",
        "avgPriceMins": 1,
    }
    assert Instrument.of(instrument.described()) == instrument
