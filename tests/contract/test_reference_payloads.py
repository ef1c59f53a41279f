"""Every payload that the exchange's documentation prints is read without losing a field."""

import re
from typing import Any

import pytest

from shared.contract import catalog
from shared.contract.account.events import USER_EVENTS, UserDataEnvelope
from shared.contract.account.models import Account, Commission, Order, PreventedMatch
from shared.contract.exchange_errors import ERRORS
from shared.contract.market.events import ServerShutdown
from shared.contract.market.models import ExchangeInformation, ExecutionRules, Filter, RateLimit, SymbolInformation, Ticker
from shared.contract.operation import Spec
from shared.contract.stream import Stream
from shared.contract.trading.models import ErrorReply, OrderConditions, OrderReport, OrderTest
from tests.contract.lossless import lost, lost_of_fragment
from tests.contract.reference import Json, reference

INDEX: list[Json] = reference("examples/index.json")["files"]
ENDPOINTS: dict[str, Json] = {endpoint["id"]: endpoint for endpoint in reference("rest.json")["endpoints"]}
EVENTS = {event.name: event.type for event in USER_EVENTS}
STREAM_EXAMPLES = {stream["example"].split("/")[-1]: stream for stream in reference("streams.json")["streams"]}

FAQ: list[tuple[str, Any]] = [
    (r"commission_faq\.01", OrderTest),
    (r"commission_faq\.0[23]", Commission),
    (r"market_orders_faq\.01|pegged_orders|sor_faq\.0[1-4]", OrderReport),
    (r"price_range_execution_rules\.01", ExecutionRules),
    (r"price_range_execution_rules\.02", catalog.BY_METHOD["referencePrice"].reply),
    (r"sor_faq\.06", catalog.BY_METHOD["myAllocations"].reply),
    (r"stp_faq\.01", list[PreventedMatch]),
    (r"stp_faq\.04", ErrorReply),
]
FRAGMENTS: list[tuple[str, Any]] = [
    (r"order_count_decrement\.01|enums/rateLimit", RateLimit),
    (r"sor_faq\.05", ExchangeInformation),
    (r"stp_faq\.03|2023-01-19", SymbolInformation),
    (r"stp_faq\.02", EVENTS["executionReport"]),
    (r"stp_faq\.(23|24|27|28)", Account),
    (r"wsapi/ticker\.2\.fragment", Ticker),
]
OTHERS = (
    r"sbe_faq|market_orders_faq\.02"  # a schema of the SBE encoding; the second is read as events below
    r"|streams/control\.|streams/combined_envelope"  # frames of a connection; the envelope's payload is another example
    r"|2022-04-12\.14"  # a text, not an object
    r"|_general\.\d+\.request"
)


def files(pattern: str) -> list[str]:
    return [entry["file"] for entry in INDEX if re.search(pattern, entry["file"])]


def payload(file: str) -> Json:
    return reference(f"examples/{file}")


def listed(value: list[Any] | str | int) -> list[Any]:
    return value if isinstance(value, list) else [value]


def spec_of(file: str) -> Spec:
    kind, name = file.split("/")
    if kind == "rest":
        endpoint = ENDPOINTS[name.split(".")[0]]
        return catalog.BY_ROUTE[endpoint["method"], endpoint["path"]]
    return catalog.BY_METHOD[re.sub(r"\.\d+\.\w+\.json$", "", name)]


@pytest.mark.parametrize("file", files(r"^rest/(?!_)"))
def test_a_rest_reply_loses_no_field(file: str):
    body = payload(file)

    assert lost(body, ErrorReply if isinstance(body, dict) and "code" in body else spec_of(file).reply) == []


@pytest.mark.parametrize("file", files(r"^wsapi/.*\.response\.json"))
def test_a_reply_of_the_websocket_api_loses_no_field(file: str):
    frame = payload(file)
    result = frame.get("result")

    if "error" in frame:
        assert lost(frame["error"], ErrorReply) == []
    elif isinstance(result, dict) and "code" in result:  # referencePrice, never set: an error with status 200
        assert lost(result, ErrorReply) == []
    elif "_general" not in file:
        assert lost(result, spec_of(file).reply) == []
    assert lost(frame.get("rateLimits", []), list[RateLimit]) == []


@pytest.mark.parametrize("file", files(r"^wsapi/order.*fragment|^errors/|^changelog/(?!2022-04-12\.14|2023-01-19)"))
def test_an_error_loses_no_field_and_has_a_known_code(file: str):
    body = payload(file)
    body = body.get("error", body)

    assert lost(body, ErrorReply) == []
    assert body["code"] in ERRORS


@pytest.mark.parametrize("file", sorted(STREAM_EXAMPLES))
def test_a_market_event_loses_no_field(file: str):
    declared: dict[str, Stream] = {stream.name: stream for stream in catalog.STREAMS}

    for name in listed(STREAM_EXAMPLES[file]["name"]):
        template = re.sub(r"<window.size>", "<window>", name)
        assert lost(payload(f"streams/{file}"), declared[template].event) == []


def test_every_documented_stream_is_declared_with_its_speed():
    declared: dict[str, Stream] = {stream.name: stream for stream in catalog.STREAMS}
    for documented in reference("streams.json")["streams"]:
        speed: Json = documented["update_speed"]
        speeds: Json = speed.get("others", speed).get("ms", 0)
        values: Json = documented.get("intervals") or documented.get("windows") or documented.get("levels") or []
        for name, speed_ms in zip(listed(documented["name"]), listed(speeds), strict=True):
            stream = declared[re.sub(r"<window.size>", "<window>", name)]
            assert (stream.speed_ms, list(stream.values)) == (speed_ms, [str(value) for value in values])


@pytest.mark.parametrize("file", [*files(r"^userdata/(?!.*_)"), "wsapi/_general.04.event.json", "wsapi/_general.05.event.json"])
def test_a_user_data_event_loses_no_field(file: str):
    frame = payload(file)

    assert lost(frame, UserDataEnvelope[EVENTS[frame["event"]["e"]]]) == []


@pytest.mark.parametrize(
    "file", ["faqs/market_orders_faq.02.json", "userdata/_sequence.market_order_partial_then_expired.json"]
)
def test_a_sequence_of_events_loses_no_field(file: str):
    for event in payload(file):
        assert lost(event, EVENTS[event["e"]]) == []


def test_every_documented_event_is_declared():
    documented = {event["event"] for event in reference("userdata.json")["events"]}

    assert documented == {event.name for event in USER_EVENTS if event.ended is None}


def test_every_conditional_field_of_orders_and_reports_has_a_place():
    report = payload("userdata/executionReport._conditional_fields.json")

    assert lost_of_fragment(payload("rest/_conditional_order_fields.json"), OrderConditions) == []
    assert lost_of_fragment(report, EVENTS["executionReport"]) == []


@pytest.mark.parametrize("file", files(r"^streams/serverShutdown"))
def test_the_notice_of_a_shutdown_loses_no_field(file: str):
    frame = payload(file)

    assert lost(frame.get("data", frame), ServerShutdown) == []


@pytest.mark.parametrize("file", files(r"^filters/"))
def test_a_filter_loses_no_field(file: str):
    assert lost(payload(file), Filter) == []


@pytest.mark.parametrize("file", files(r"^retired/.*(response|Expired|arr)"))
def test_a_reply_of_a_retired_operation_loses_no_field(file: str):
    body = payload(file)
    name = file.split("/")[1]

    if name.startswith("userDataStream"):  # two of the three say `response` where a frame says `result`
        assert lost(body.get("result", body.get("response")), catalog.BY_METHOD[name.split(".response")[0]].reply) == []
    elif "listenKeyExpired" in name:
        assert lost(body, EVENTS["listenKeyExpired"]) == []
    elif "ticker_arr" in name:
        assert lost(body, next(stream.event for stream in catalog.STREAMS if stream.name == "!ticker@arr")) == []
    else:
        assert lost(body, catalog.BY_ROUTE[name.split("_")[0].upper(), "/api/v3/userDataStream"].reply) == []


@pytest.mark.parametrize("file", files(r"^faqs/"))
def test_a_payload_of_the_faqs_loses_no_field(file: str):
    body = payload(file)
    kinds = [kind for pattern, kind in FAQ if re.search(pattern, file)]
    fragments = [kind for pattern, kind in FRAGMENTS if re.search(pattern, file)]

    if kinds:
        assert lost(body, kinds[0]) == []
    elif fragments:
        assert lost_of_fragment(body, fragments[0]) == []
    elif not re.search(OTHERS, file):
        assert lost(body, OrderReport if "transactTime" in body else Order) == []


@pytest.mark.parametrize("file", files(r"^enums/|^changelog/2023-01-19|^wsapi/ticker\.2\.fragment"))
def test_a_fragment_loses_no_field(file: str):
    kind = next(kind for pattern, kind in FRAGMENTS if re.search(pattern, file))

    assert lost_of_fragment(payload(file), kind) == []
