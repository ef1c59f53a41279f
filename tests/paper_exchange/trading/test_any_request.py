"""Whatever a client sends, it gets a documented reply or a refusal, the engine stays whole, and others' balances stay.

Requests are made of values that are likely to go together, as often as not wrong: every operation in any order.
"""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.paper_exchange.errors import Refused
from services.paper_exchange.trading import TRADING
from shared.contract.catalog import BY_METHOD
from shared.contract.exchange_errors import ERRORS
from shared.contract.parameters import Parameter, parameters
from tests.paper_exchange.engine import invariants
from tests.paper_exchange.trading.floor import SYMBOL, Floor

PRICES = ("59000", "59500", "59800", "59990", "60000", "60010", "60020", "60500", "61000", "61500", "60000.001", "0")
QUANTITIES = ("0.001", "0.002", "0.02", "0.05", "0.1", "0.1", "0.1", "0.2", "0.5", "1", "0.00001", "20", "0")
ORDER_IDS = (5, 5, 6, 6, 7, 8, 9, 10, 12, 1, 4711)
NAMES = ("a", "b", "c", "list")
SELDOM = 20
"""One in so many optional parameters is given without need."""
METHODS = [*["order.place", "order.cancelReplace"] * 4, *[each for each in TRADING if each.startswith("order")] * 2, *TRADING]


def values(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Values that a client might send for a parameter."""
    name = parameter.name
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    if name == "symbol":
        return st.sampled_from((*[SYMBOL] * 20, "BTCUSDC", "NOSUCHPAIR"))
    if "rice" in name:
        return st.sampled_from(PRICES)
    if name.endswith(("Qty", "uantity")):
        return st.sampled_from(QUANTITIES)
    if "ClientOrderId" in name:
        return st.sampled_from(NAMES)
    if parameter.type is bool:
        return st.booleans()
    if name in ("startTime", "endTime"):
        return st.sampled_from((0, 1_790_000_000_000, 1_789_999_999_999_999, 2**63 - 1))
    if name.endswith("railingDelta"):
        return st.sampled_from((1, 10, 100, 2000, 1_000_000))
    if name.endswith("trategyType"):
        return st.sampled_from((1_000_000, 1_000_000, 7))
    if name.endswith("rderId"):
        return st.sampled_from(ORDER_IDS)
    return st.sampled_from((0, 1, 2, 9_223_372_036_854_775_807))


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """An operation with what it needs and some of what it does not; three of four are made to keep the rules."""
    method = draw(st.sampled_from(METHODS))
    spec = BY_METHOD[method]
    known = parameters(spec.type)
    chosen = {name: draw(values(each)) for name, each in known.items() if each.required or not draw(st.integers(0, SELDOM))}
    for _ in range(draw(st.sampled_from((0, 30, 30, 30)))):
        broken = next((rule for rule in spec.rules if rule.broken_by(chosen)), None)
        if broken is None:
            break
        chosen = broken.mend(chosen, {name: draw(values(each)) for name, each in known.items()})
    return method, chosen


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(requests(), min_size=10, max_size=40))
def test_any_requests_are_answered_or_refused(asked: list[tuple[str, dict[str, Any]]]) -> None:
    floor = Floor(1_000_000)
    floor.quote()
    floor.main.limit("BUY", "59500", "0.1", newClientOrderId="a")
    floor.main.limit("SELL", "60500", "0.1", newClientOrderId="b")
    bystander = floor.customer("bystander")
    untouched = bystander.ask("account.status")["balances"]

    refusals: list[Refused] = []
    for method, params in asked:
        try:
            floor.main.ask(method, **{"ws_api": False, "micros": False, **params})
        except Refused as no:
            refusals.append(no)
        invariants.check(floor.venue.engine)

    assert [no.msg for no in refusals if no.code not in ERRORS or not no.msg] == []
    assert bystander.ask("account.status")["balances"] == untouched
