"""Every trading and account operation answers with the documented fields, of the documented types, and no others.

Our fixtures of the documentation judge always, the exchange's own payloads where they lie beside the checkout.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from services.paper_exchange.trading import TRADING
from tests.contract.reference import REFERENCE, ROOT
from tests.paper_exchange.trading.floor import Floor
from tests.paper_exchange.trading.scenarios import SCENARIOS

FIXTURES = ROOT / "tests" / "documented" / "operations"
ITS_OWN_AFFAIR = ("exchangeFilters", "symbolFilters", "assetFilters")
"""Which filters bind an account is its own affair."""
NEWER_THAN_THE_SAMPLES = {"sor.order.test": ("specialCommissionForOrder",)}
"""Fields that the changelog announced and the samples still lack."""
PRINTED: dict[tuple[str, int], tuple[str, ...]] = {
    ("order.place", 0): ("rest/post_order.1", "wsapi/order.place.1.response"),
    ("order.place", 1): ("rest/post_order.2", "wsapi/order.place.2.response"),
    ("order.place", 2): ("rest/post_order.3",),
    ("order.test", 0): ("rest/post_order_test.1", "wsapi/order.test.1.response"),
    ("order.test", 1): ("rest/post_order_test.2", "wsapi/order.test.2.response", "faqs/commission_faq.01"),
    ("order.cancel", 0): ("rest/delete_order.1",),
    ("order.cancel", 1): ("wsapi/order.cancel.2.response",),
    ("openOrders.cancelAll", 0): ("rest/delete_openOrders.1",),
    ("order.cancelReplace", 0): ("rest/post_order_cancelReplace.1",),
    ("order.amend.keepPriority", 0): ("rest/put_order_amend_keepPriority.1", "wsapi/order.amend.keepPriority.1.response"),
    ("order.amend.keepPriority", 1): ("rest/put_order_amend_keepPriority.2",),
    ("order.amendments", 0): ("rest/get_order_amendments.1", "wsapi/order.amendments.1.response"),
    ("sor.order.place", 0): ("rest/post_sor_order.1",),
    ("sor.order.place", 1): ("wsapi/sor.order.place.1.response",),
    ("sor.order.test", 0): ("rest/post_sor_order_test.1", "wsapi/sor.order.test.1.response"),
    ("sor.order.test", 1): ("rest/post_sor_order_test.2", "wsapi/sor.order.test.2.response"),
    ("orderList.place", 0): ("rest/post_order_oco.1",),
    ("orderList.place.oco", 0): ("rest/post_orderList_oco.1",),
    ("orderList.place.oto", 0): ("rest/post_orderList_oto.1", "wsapi/orderList.place.oto.1.response"),
    ("orderList.place.otoco", 0): ("rest/post_orderList_otoco.1",),
    ("orderList.place.opo", 0): ("rest/post_orderList_opo.1", "wsapi/orderList.place.opo.1.response"),
    ("orderList.place.opoco", 0): ("rest/post_orderList_opoco.1", "wsapi/orderList.place.opoco.1.response"),
    # The WebSocket API's sample leaves origClientOrderId out, which it prints in the same list canceled by order.cancel.
    ("orderList.cancel", 0): ("rest/delete_orderList.1",),
    ("orderList.status", 0): ("rest/get_orderList.1", "wsapi/orderList.status.1.response"),
    ("openOrderLists.status", 0): ("rest/get_openOrderList.1", "wsapi/openOrderLists.status.1.response"),
    ("allOrderLists", 0): ("rest/get_allOrderList.1", "wsapi/allOrderLists.1.response"),
    ("order.status", 0): ("rest/get_order.1",),
    ("order.status", 1): ("wsapi/order.status.1.response",),
    ("openOrders.status", 0): ("rest/get_openOrders.1", "wsapi/openOrders.status.1.response"),
    ("allOrders", 0): ("rest/get_allOrders.1",),
    ("myTrades", 0): ("rest/get_myTrades.1", "wsapi/myTrades.1.response"),
    ("myAllocations", 0): ("rest/get_myAllocations.1", "wsapi/myAllocations.1.response"),
    ("myPreventedMatches", 0): ("rest/get_myPreventedMatches.1", "wsapi/myPreventedMatches.1.response"),
    ("account.status", 0): ("rest/get_account.1", "wsapi/account.status.1.response"),
    ("account.commission", 0): ("rest/get_account_commission.1", "wsapi/account.commission.1.response"),
    ("account.rateLimits.orders", 0): ("rest/get_rateLimit_order.1", "wsapi/account.rateLimits.orders.1.response"),
    ("myFilters", 0): ("rest/get_myFilters.1", "wsapi/myFilters.1.response"),
}


def differences(documented: Any, answered: Any, at: str = "$") -> list[str]:
    """What the answer lacks of the documented structure, or has beyond it."""
    if type(documented) is not type(answered):
        return [f"{at} is {answered!r}, documented {documented!r}"]
    if isinstance(documented, dict):
        return _of_objects(documented, answered, at)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(documented, list):
        return _of_lists(documented, answered, at)  # pyright: ignore[reportUnknownArgumentType]
    return []


def _of_objects(documented: dict[str, Any], answered: dict[str, Any], at: str) -> list[str]:
    wrong = [f"{at}.{name} is not documented" for name in answered if name not in documented]
    wrong += [f"{at}.{name} is missing" for name in documented if name not in answered]
    both = (name for name in documented if name in answered and name not in ITS_OWN_AFFAIR)
    return wrong + [each for name in both for each in differences(documented[name], answered[name], f"{at}.{name}")]


def _of_lists(documented: list[Any], answered: list[Any], at: str) -> list[str]:
    wrong = [f"{at} is empty"] if documented and not answered else []
    pairs = zip(documented, answered, strict=False)
    return wrong + [each for one, other in pairs for each in differences(one, other, f"{at}[]")]


def documented(method: str, number: int) -> list[Any]:
    """All that is documented of this example."""
    fixture: Any = json.loads((FIXTURES / f"{method}.json").read_text(encoding="utf-8"))
    found: list[Any] = [fixture["examples"][number]["reply"]]
    for name in PRINTED.get((method, number), ()):
        path = REFERENCE / "examples" / f"{name}.json"
        if path.is_file():
            printed: Any = json.loads(path.read_text(encoding="utf-8"))
            found.append(printed["result"] if "/wsapi/" in f"/{name}" else printed)
    return found


@pytest.mark.parametrize(("method", "number"), SCENARIOS)
def test_a_reply_has_the_documented_fields(floor: Floor, method: str, number: int) -> None:
    answered = SCENARIOS[method, number](floor)
    for name in NEWER_THAN_THE_SAMPLES.get(method, ()):
        answered.pop(name, None)

    assert [fault for each in documented(method, number) for fault in differences(each, answered)] == []


def test_every_operation_has_a_scenario() -> None:
    assert {method for method, _ in SCENARIOS} == set(TRADING)


def test_every_printed_reply_is_known() -> None:
    assert set(PRINTED) <= set(SCENARIOS)
    if REFERENCE.is_dir():
        missing = [name for names in PRINTED.values() for name in names if not _printed(name).is_file()]
        assert missing == []


def _printed(name: str) -> Path:
    return REFERENCE / "examples" / f"{name}.json"
