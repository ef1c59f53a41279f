"""Our fixtures of the documentation judge every declaration: routes, queries, weights, and no field of a reply is lost."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.binance import encoding
from shared.contract import catalog
from shared.contract.account.events import USER_EVENTS, UserDataEnvelope
from shared.contract.exchange_errors import translate
from shared.contract.market.streams import find
from shared.contract.operation import Owner, Spec
from shared.contract.trading.models import ErrorReply
from shared.contract.validate import parse
from tests.contract.lossless import lost
from tests.contract.reference import ROOT

DOCUMENTED = ROOT / "tests" / "documented"
EXCHANGE_OWNERS = {Owner.MARKET, Owner.TRADE, Owner.ACCOUNT, Owner.CONNECTION}


def fixtures(folder: str) -> list[Any]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((DOCUMENTED / folder).glob("*.json"))]


OPERATIONS = fixtures("operations")
EXAMPLES = [(fixture["operation"], example) for fixture in OPERATIONS for example in fixture["examples"]]
REPLIES = [(method, example["reply"]) for method, example in EXAMPLES if "reply" in example]
EVENTS = [(fixture["event"], example) for fixture in fixtures("events") for example in fixture["examples"]]
ERRORS = json.loads((DOCUMENTED / "errors.json").read_text(encoding="utf-8"))


def spec_of(method: str) -> Spec:
    return catalog.BY_METHOD[method]


def test_every_operation_of_the_exchange_has_a_fixture_with_a_reply():
    of_the_exchange = {spec.method for spec in catalog.OPERATIONS if spec.owner in EXCHANGE_OWNERS}

    assert {fixture["operation"] for fixture in OPERATIONS} == of_the_exchange
    assert {method for method, _ in REPLIES} == of_the_exchange
    assert {Path(path).stem for path in (DOCUMENTED / "operations").glob("*.json")} == of_the_exchange


@pytest.mark.parametrize("fixture", OPERATIONS, ids=lambda fixture: fixture["operation"])
def test_an_operation_has_the_documented_route_and_security(fixture: Any):
    spec = spec_of(fixture["operation"])

    assert (spec.http or None, spec.path or None) == (fixture["http"], fixture["path"])
    assert (spec.method if spec.ws_api else None) == fixture["ws_method"]
    assert (spec.security, spec.signed) == (fixture["security"], fixture["signed"])
    assert spec.weight.on_success == fixture.get("weight_on_success")
    assert (spec.ended.since if spec.ended and spec.ended.status == "retired" else None) == fixture.get("ended")


@pytest.mark.parametrize(("method", "example"), EXAMPLES)
def test_a_documented_request_is_accepted_and_costs_what_is_printed(method: str, example: Any):
    operation = parse(spec_of(method).type, example["params"])

    assert operation.given() == example["params"]
    assert spec_of(method).weight.of(operation.given()) == example["weight"]


@pytest.mark.parametrize(("method", "example"), EXAMPLES)
def test_a_documented_request_becomes_the_documented_query(method: str, example: Any):
    given = parse(spec_of(method).type, example["params"]).given()

    assert sorted(encoding.query(given).split("&")) == sorted(example["query"].split("&"))


@pytest.mark.parametrize(("method", "reply"), REPLIES)
def test_a_documented_reply_loses_no_field(method: str, reply: Any):
    assert lost(reply, spec_of(method).reply) == []


@pytest.mark.parametrize("fixture", fixtures("streams"), ids=lambda fixture: fixture["stream"])
def test_a_market_event_loses_no_field(fixture: Any):
    found = find(fixture["stream"])

    assert found is not None
    stream, symbol, _ = found
    assert lost(fixture["event"], stream.event) == []
    assert (stream.ended.since if stream.ended else None) == fixture.get("ended")
    assert symbol == ("" if stream.of_all_symbols else "SOLUSDT")


def test_every_market_stream_has_a_fixture():
    named = [find(fixture["stream"]) for fixture in fixtures("streams")]

    assert {found[0].name for found in named if found} == {stream.name for stream in catalog.STREAMS}


@pytest.mark.parametrize(("event", "frame"), EVENTS)
def test_a_user_data_event_loses_no_field(event: str, frame: Any):
    kind = next(declared for declared in USER_EVENTS if declared.name == event)

    assert frame.get("event", frame)["e"] == event
    assert lost(frame, UserDataEnvelope[kind.type] if "event" in frame else kind.type) == []


def test_every_user_data_event_has_a_fixture():
    assert {event for event, _ in EVENTS} == {declared.name for declared in USER_EVENTS}


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error["reply"]["code"])
def test_an_error_loses_no_field_and_is_told_with_a_next_step(error: Any):
    reply = error["reply"]

    assert lost(reply, ErrorReply) == []
    assert translate(reply["code"], reply["msg"]).hint
