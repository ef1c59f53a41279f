"""The exchange's error codes and texts."""

import re

import pytest

from shared.contract import catalog
from shared.contract.errors import Denied, Invalid, OutcomeUnknown, RateLimited, Rejected, ServiceError, Unavailable
from shared.contract.exchange_errors import ERRORS, FILTER_ADVICE, Rejection, filter_failure, message, translate
from shared.contract.platform.subscriptions import SUBSCRIPTIONS
from shared.contract.rejections import ADVICE


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-1003, RateLimited),
        (-1015, RateLimited),
        (-1006, OutcomeUnknown),
        (-1007, OutcomeUnknown),
        (-1001, Unavailable),
        (-1008, Unavailable),
        (-1121, Invalid),
        (-1021, Denied),
        (-2014, Denied),
        (-2015, Denied),
        (-2010, Rejected),
        (-2011, Rejected),
        (-4711, Rejected),
    ],
)
def test_a_code_is_told_by_who_can_act_on_it(code: int, kind: type[ServiceError]):
    error = translate(code, "any text")

    assert type(error) is kind
    assert (error.code, error.message) == (code, "any text")


def test_a_text_is_chosen_by_how_many_values_it_takes():
    assert message(-1102, "symbol") == "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
    assert message(-1102, "orderId", "origClientOrderId").startswith("Param 'orderId' or 'origClientOrderId'")
    assert message(-1102, "limit", 10, like="greater") == "'limit' contains unexpected value. Cannot be greater than 10."
    assert message(-1015, 1, "10 SECOND") == "Too many new orders; current limit is 1 orders per 10 SECOND."


@pytest.mark.parametrize(
    ("code", "text", "says"),
    [
        (-2010, Rejection.INSUFFICIENT_BALANCE, "free balance"),
        (-1013, filter_failure("LOT_SIZE"), "stepSize"),
        (-1013, "Filter failure: SOMETHING_NEW", "filters"),
        (-1007, "", "before sending anything again"),
        (-1121, "Invalid symbol.", "get_exchange_info"),
    ],
)
def test_a_refusal_comes_with_the_next_step(code: int, text: str, says: str):
    assert says in translate(code, text).hint


def test_an_error_without_a_text_gets_the_documented_one():
    assert translate(-1007, "").message == message(-1007)


def test_the_time_to_wait_travels_along():
    assert translate(-1003, "Too many requests queued.", retry_after_ms=1500).retry_after_ms == 1500


def test_every_tool_that_an_advice_names_exists():
    tools = {*catalog.BY_TOOL, *(spec.tool.name for spec in SUBSCRIPTIONS if spec.tool)}
    texts = [*ADVICE.values(), *FILTER_ADVICE.values(), *(error.advice for error in ERRORS.values())]

    named = set(re.findall(r"\b(?:get|place|cancel|amend|subscribe|create)_[a-z0-9_]+", " ".join(texts)))

    assert named
    assert named <= tools
