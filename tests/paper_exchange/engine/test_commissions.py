"""What a fill costs: the worked example of the exchange's FAQ."""

from services.paper_exchange.engine.amounts import parse, plain
from services.paper_exchange.engine.commands import Commission, Rates, SetCommission
from tests.paper_exchange.engine.floor import Exchange, a_coin


def rates(*, maker: str = "0", taker: str = "0", buyer: str = "0", seller: str = "0") -> Rates:
    return Rates(parse(maker), parse(taker), parse(buyer), parse(seller))


STANDARD = rates(maker="0.0000004", taker="0.0000005", buyer="0.0000001", seller="0.0000001")
TAX = rates(maker="0.00000128", taker="0.0000013", buyer="0.000001", seller="0.000001")
SPECIAL = rates(maker="0.04", taker="0.05", buyer="0.01", seller="0.01")


def an_exchange(commission: Commission, bnb: str = "0") -> Exchange:
    fine = a_coin("BTCUSDT").lot_size
    fine = type(fine)(min_qty=1, max_qty=fine.max_qty, step_size=1_000)
    exchange = Exchange(a_coin("BTCUSDT", lot_size=fine), a_coin("BNBUSDT"))
    exchange.account("maker", USDT="100000")
    exchange.account("seller", {"commission": commission}, BTC="1", BNB=bnb)
    exchange.trade_at("260", "BNBUSDT")
    exchange.limit("maker", "BUY", "0.49975", "35000")
    return exchange


def test_each_set_of_rates_is_a_share_of_what_was_received() -> None:
    exchange = an_exchange(Commission(standard=STANDARD, tax=TAX, special=SPECIAL))

    sold = exchange.placed("seller", "SELL", "MARKET", quantity="0.49975")

    # 17491.25 * 0.0000006 = 0.01049475, * 0.0000023 = 0.04022988 (rounded), * 0.06 = 1049.475
    assert [(plain(fill.commission), fill.commission_asset) for fill in sold.fills] == [("1049.52572463", "USDT")]
    assert exchange.money("seller") == {"BTC": "0.50025", "USDT": "16441.72427537"}
    assert {asset: plain(fee) for asset, fee in exchange.engine.state.fees.items()} == {"USDT": "1049.52572463"}


def test_payment_in_bnb_converts_all_and_discounts_the_standard_commission_only() -> None:
    commission = Commission(standard=STANDARD, tax=TAX, special=SPECIAL, discount_enabled=True, discount=parse("0.25"))
    exchange = an_exchange(commission, bnb="10")

    sold = exchange.placed("seller", "SELL", "MARKET", quantity="0.49975")

    # 0.000040364 * 0.25 + 0.00015473 + 4.036442308 = 4.036607129
    assert [(plain(fill.commission), fill.commission_asset) for fill in sold.fills] == [("4.03660713", "BNB")]
    assert exchange.money("seller") == {"BTC": "0.50025", "BNB": "5.96339287", "USDT": "17491.25"}


def test_too_little_bnb_pays_the_full_commission_from_what_was_received() -> None:
    exchange = an_exchange(Commission(standard=STANDARD, tax=TAX, special=SPECIAL, discount_enabled=True), bnb="4")

    sold = exchange.placed("seller", "SELL", "MARKET", quantity="0.49975")

    assert [(plain(fill.commission), fill.commission_asset) for fill in sold.fills] == [("1049.52572463", "USDT")]


def test_maker_and_buyer_rates_apply_to_the_resting_buyer_in_the_base_asset() -> None:
    exchange = an_exchange(Commission())
    exchange.engine.execute(
        SetCommission(account="maker", symbol="BTCUSDT", commission=Commission(special=SPECIAL)), exchange.tick()
    )

    exchange.placed("seller", "SELL", "MARKET", quantity="0.4")

    (fill,) = exchange.engine.trades("maker", "BTCUSDT")
    assert (plain(fill.commission), fill.commission_asset, fill.is_maker, fill.is_buyer) == ("0.02", "BTC", True, True)
    assert exchange.money("maker")["BTC"] == "0.38"


def test_commissions_keep_to_the_symbols_precision() -> None:
    exchange = Exchange(a_coin(quote_commission_precision=2))
    exchange.account("bob", {"commission": Commission(standard=rates(taker="0.001"))}, COIN="10")
    exchange.account("alice", USDT="1000")
    exchange.limit("alice", "BUY", "1", "12.35")

    sold = exchange.placed("bob", "SELL", "MARKET", quantity="1")

    assert [plain(fill.commission) for fill in sold.fills] == ["0.01"]


def test_the_rates_of_an_order_have_buyer_or_seller_added_in() -> None:
    exchange = an_exchange(Commission(standard=STANDARD, tax=TAX, special=SPECIAL))

    maker, taker = exchange.engine.rates_of_order("seller", "BTCUSDT", "SELL")

    shown = [(plain(each.standard), plain(each.tax), plain(each.special)) for each in (maker, taker)]
    assert shown == [("0.0000005", "0.00000228", "0.05"), ("0.0000006", "0.0000023", "0.06")]
