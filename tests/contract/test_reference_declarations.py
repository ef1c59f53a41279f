"""Every operation is declared as the exchange's documentation prints it: routes, parameters, bounds, weights, security."""

import re
from typing import Any

import pytest

from shared.contract import catalog
from shared.contract.operation import Owner, Spec
from shared.contract.parameters import Parameter, parameters
from shared.contract.validate import parse
from tests.contract.reference import Json, reference

ENDPOINTS: list[Json] = reference("rest.json")["endpoints"]
METHODS: list[Json] = reference("wsapi.json")["methods"]
EXAMPLES: list[str] = [entry["file"] for entry in reference("examples/index.json")["files"]]

ENVELOPE = {"apiKey", "timestamp", "signature", "returnRateLimits"}
"""Added where a request is sent."""
TYPES = {"STRING": str, "DECIMAL": str, "INT": int, "LONG": int, "BOOLEAN": bool, "ENUM": str}
EXCEPTIONS = {
    # Where our declaration differs from the printed table, and why.
    ("stopPrice", "post_order_oco", "mandatory"): "the WebSocket API lets trailingDelta stand for it",
    ("pendingBelowType", "post_orderList_otoco", "mandatory"): "without it the list has no second leg",
    ("pendingBelowType", "post_orderList_opoco", "mandatory"): "without it the list has no second leg",
    ("pendingBelowType", "post_orderList_otoco", "enum"): "the list of values leaves out LIMIT_MAKER, which BUY pairs need",
    ("pendingBelowType", "post_orderList_opoco", "enum"): "the list of values leaves out LIMIT_MAKER, which BUY pairs need",
    ("belowType", "post_orderList_oco", "enum"): "the list of values leaves out LIMIT_MAKER, which BUY pairs need",
    ("aboveIcebergQty", "post_orderList_oco", "type"): "printed LONG, but a quantity has decimals in every other table",
    ("belowIcebergQty", "post_orderList_oco", "type"): "printed LONG, but a quantity has decimals in every other table",
    ("showPermissionSets", "get_exchangeInfo", "default"): "an agent asks for it or not; true is not worth its words",
    ("permissions", "get_exchangeInfo", "default"): "the default is a list of three, told by the exchange itself",
    ("omitZeroBalances", "get_account", "default"): "false is what a flag that is left out means",
    ("computeCommissionRates", "post_order_test", "default"): "false is what a flag that is left out means",
    ("computeCommissionRates", "post_sor_order_test", "default"): "false is what a flag that is left out means",
    **{
        (name, "*", "type"): "printed DECIMAL, but basis points are whole numbers (LONG in every other table)"
        for name in ("pendingTrailingDelta", "pendingAboveTrailingDelta", "pendingBelowTrailingDelta")
    },
}
CONTRADICTORY = {
    "orderList.place.otoco.1.request": "a SELL pair with its stop loss above and its limit order below (-1197, -1166)",
}


def excepted(parameter: str, endpoint: str, what: str) -> bool:
    return (parameter, endpoint, what) in EXCEPTIONS or (parameter, "*", what) in EXCEPTIONS


def spec_of(endpoint: Json) -> Spec:
    return catalog.BY_ROUTE[endpoint["method"], endpoint["path"]]


def documented_parameters(endpoint: Json) -> dict[str, Json]:
    tables = [e["params"] for e in ENDPOINTS if e["id"] in (endpoint.get("params_inherited_from"), endpoint["id"])]
    return {p["name"]: p for table in tables for p in table if p["name"] not in ENVELOPE}


def test_every_endpoint_and_every_method_is_declared_once():
    routes = [(spec.http, spec.path) for spec in catalog.OPERATIONS if spec.path and not gone(spec)]
    methods = [spec.method for spec in catalog.OPERATIONS if spec.ws_api]

    assert sorted(routes) == sorted((e["method"], e["path"]) for e in ENDPOINTS)
    assert len(routes) == 48
    assert sorted(methods) == sorted(m["method"] for m in METHODS)
    assert len(methods) == 55
    assert len(catalog.BY_METHOD) == len(catalog.OPERATIONS)


def gone(spec: Spec) -> bool:
    return spec.ended is not None and spec.ended.status == "retired"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e["id"])
def test_an_endpoint_has_its_method_security_and_status(endpoint: Json):
    spec = spec_of(endpoint)

    assert spec.method == endpoint["ws_api_method"]
    assert spec.security == endpoint["security"]
    assert spec.signed == endpoint["signed"]
    assert (spec.ended is not None) == endpoint["deprecated"]
    assert spec.unfilled_orders == (endpoint["unfilled_order_count"] or 0)
    wanted = {"NONE": Owner.MARKET, "USER_DATA": Owner.ACCOUNT, "TRADE": Owner.TRADE}
    assert spec.owner == wanted[endpoint["security"]]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m["method"])
def test_a_method_has_its_security_and_weight(method: Json):
    spec = catalog.BY_METHOD[method["method"]]

    assert spec.security == method["security"]
    assert spec.signed == method["signed"]
    check_weight(spec, method["weight"])


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e["id"])
def test_an_endpoint_costs_what_is_printed(endpoint: Json):
    check_weight(spec_of(endpoint), endpoint["weight"])


def check_weight(spec: Spec, printed: Json) -> None:
    many = [f"S{i}USDT" for i in range(500)]
    if (free := printed.get("weight_on_success")) is not None and free != printed["weight"]:
        assert spec.weight.on_success == free
    if printed["kind"] == "fixed":
        assert spec.weight.of({}) == printed["weight"]
    elif printed["kind"] == "by_limit":
        for tier in printed["tiers"]:
            assert spec.weight.of({"limit": tier["min"]}) == spec.weight.of({"limit": tier["max"]}) == tier["weight"]
    elif printed["kind"] == "by_symbol_count":
        assert spec.weight.of({"symbol": "S"}) == printed["symbol_given"]
        assert spec.weight.of({}) == printed["no_symbol"]
        for tier in printed["symbols_tiers"]:
            assert spec.weight.of({"symbols": many[: tier["min"]]}) == tier["weight"]
            assert spec.weight.of({"symbols": many[: tier["max"] or 500]}) == tier["weight"]
    elif printed["kind"] == "per_symbol":
        for count in (1, 2, printed["cap_from_symbols"] - 1, printed["cap_from_symbols"], 100):
            expected = min(printed["cap"], count * printed["weight_per_symbol"])
            assert spec.weight.of({"symbols": many[:count]}) == expected
    else:
        for case in printed["cases"]:
            check_case(spec, case, many)


def check_case(spec: Spec, case: Json, many: list[str]) -> None:
    given: dict[str, dict[str, Any]] = {
        "symbol": {"symbol": "S"},
        "symbolStatus": {"symbolStatus": "TRADING"},
        "no parameter": {},
        "no symbol": {},
        "orderId absent": {"symbol": "S"},
        "orderId given": {"symbol": "S", "orderId": 1},
        "orderId": {"symbol": "S", "orderId": 1},
        "preventedMatchId": {"symbol": "S", "preventedMatchId": 1},
        "symbol invalid": {"symbol": "S"},
        "computeCommissionRates absent/false": {"computeCommissionRates": False},
        "computeCommissionRates=true": {"computeCommissionRates": True},
    }
    if case["when"] == "symbols":
        for count in (1, 5, 100):
            assert spec.weight.of({"symbols": many[:count]}) == min(case["cap"], count * case["weight_per_symbol"])
    else:
        assert spec.weight.of(given[case["when"]]) == case["weight"]


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e["id"])
def test_an_endpoint_has_just_its_parameters(endpoint: Json):
    assert set(parameters(spec_of(endpoint).type)) == set(documented_parameters(endpoint)) | (
        {"recvWindow"} if endpoint["signed"] else set[str]()
    )


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m["method"])
def test_a_method_has_just_its_parameters(method: Json):
    documented = {p["name"] for p in method["params"]} - ENVELOPE

    ours = set(parameters(catalog.BY_METHOD[method["method"]].type))

    if method["method"] in ("order.test", "sor.order.test"):  # "and all parameters of" the one it tests
        assert documented < ours
    else:
        assert ours == documented


PARAMETERS = [(e, p) for e in ENDPOINTS for p in documented_parameters(e).values()]


@pytest.mark.parametrize(("endpoint", "printed"), PARAMETERS, ids=[f"{e['id']}-{p['name']}" for e, p in PARAMETERS])
def test_a_parameter_is_as_printed(endpoint: Json, printed: Json):
    ours = parameters(spec_of(endpoint).type)[printed["name"]]

    for what, theirs, mine in compared(endpoint, printed, ours):
        assert theirs == mine or excepted(printed["name"], endpoint["id"], what), (what, theirs, mine)


def compared(endpoint: Json, printed: Json, ours: Parameter) -> list[tuple[str, Any, Any]]:
    one_of = {name for c in endpoint.get("constraints", []) if c.get("rule") == "exactly_one" for name in c["params"]}
    checks: list[tuple[str, Any, Any]] = [
        ("mandatory", printed["mandatory"] is True and printed["name"] not in one_of, ours.required)
    ]
    if printed["name"] == "recvWindow":
        return [*checks, ("default", 5000, ours.default)]
    if "enum" in printed:
        checks.append(("enum", sorted(printed["enum"]), sorted(ours.choices)))
    elif printed["name"] in ("symbols", "permissions"):
        checks.append(("type", True, ours.is_list))
    else:
        checks.append(("type", TYPES[printed["type"]], ours.type))
    for what, mine in (("default", ours.default), ("max", ours.meta.le), ("min", ours.meta.ge)):
        if what in printed:
            checks.append((what, printed[what], mine))
    errors = ("error_invalid", "error_below_min", "error_not_allowed")
    return [*checks, *((what, printed[what], ours.code) for what in errors if what in printed)]


def test_every_exception_is_still_needed():
    needed = {
        (printed["name"], endpoint["id"], what)
        for endpoint, printed in PARAMETERS
        for what, theirs, mine in compared(endpoint, printed, parameters(spec_of(endpoint).type)[printed["name"]])
        if theirs != mine
    }

    for name, endpoint, what in EXCEPTIONS:
        assert any(name == n and endpoint in (e, "*") and what == w for n, e, w in needed), (name, endpoint, what)


REQUESTS = [f for f in EXAMPLES if re.search(r"^(wsapi|retired)/.*request", f)]


@pytest.mark.parametrize("file", REQUESTS)
def test_a_documented_request_is_accepted_and_sent_as_it_came(file: str):
    if any(name in file for name in CONTRADICTORY):
        return
    frame = reference(f"examples/{file}")
    spec = catalog.BY_METHOD[frame["method"]]
    known = parameters(spec.type)
    given = {name: retyped(known[name], value) for name, value in frame.get("params", {}).items() if name not in ENVELOPE}

    assert parse(spec.type, given).given() == given


def retyped(parameter: Parameter, value: Any) -> Any:
    """The documents write decimals as numbers or texts, and so ids; we have one form for each."""
    if parameter.type is str and not isinstance(value, str):
        return str(value)
    if parameter.type in (int, float) and isinstance(value, str):
        return int(value)
    return value
