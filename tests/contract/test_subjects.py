"""Names on the bus: a value that could leave its place is refused."""

import pytest

from shared.contract import catalog, subjects
from shared.contract.errors import Invalid


@pytest.mark.parametrize(
    ("method", "account", "subject"),
    [
        ("ticker.24hr", "main", "binance.rpc.market.ticker.24hr"),
        ("order.place", "main", "binance.rpc.trade.main.order.place"),
        ("orderList.place.oco", "hedge", "binance.rpc.trade.hedge.orderList.place.oco"),
        ("account.status", "hedge", "binance.rpc.account.hedge.account.status"),
        ("subscribe", "main", "binance.rpc.stream.subscribe"),
    ],
)
def test_an_operation_is_asked_for_under_its_own_name(method: str, account: str, subject: str):
    assert subjects.rpc(catalog.BY_METHOD[method], account=account) == subject


def test_a_prefix_keeps_platforms_apart():
    assert subjects.rpc(catalog.BY_METHOD["depth"], prefix="paper") == "paper.rpc.market.depth"
    assert subjects.user("main", "executionReport", "BTCUSDT", prefix="paper") == "paper.user.main.executionReport.BTCUSDT"
    assert subjects.health("ban", prefix="paper") == "paper.health.ban"


@pytest.mark.parametrize(
    "value", ["", "*", ">", "a.b", "a b", "a\tb", "a\n", "a%2Fb", "a/b", "a\\b", "\x00", "\u00a0", "a\u2028", "a" * 65]
)
def test_a_value_that_could_leave_its_place_is_refused(value: str):
    with pytest.raises(Invalid, match="cannot be part of a subject") as refusal:
        subjects.rpc(catalog.BY_METHOD["order.place"], account=value)
    assert "BTCUSDT" in refusal.value.hint
    with pytest.raises(Invalid):
        subjects.market(value, "trade")
    with pytest.raises(Invalid):
        subjects.user("main", value)


@pytest.mark.parametrize("spec", catalog.OPERATIONS, ids=lambda spec: spec.method)
def test_every_operation_has_a_subject_of_whole_tokens(spec: catalog.Spec):
    assert all(subjects.token(part) for part in subjects.rpc(spec).split("."))
