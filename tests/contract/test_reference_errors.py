"""Our table of error codes beside the exchange's."""

import pytest

from shared.contract.exchange_errors import ERRORS, FILTER_ADVICE, Rejection, filter_failure
from tests.contract.reference import Json, reference

DOCUMENTED: Json = reference("errors.json")
PLACEHOLDERS = {"%d": "%s", "{param}": "%s", "schema 'x'": "schema '%s'", "schema 'y'": "schema '%s'"}
ALSO_MEANT = ("(any order rejection text", "Filter failure: <")


@pytest.mark.parametrize("documented", DOCUMENTED["codes"] + DOCUMENTED["codes_mentioned_elsewhere"], ids=lambda d: d["code"])
def test_a_documented_code_has_its_name_and_texts(documented: Json):
    ours = ERRORS[documented["code"]]

    assert ours.name == (documented["name"] or "")
    for text in documented["messages"]:
        for theirs, placeholder in PLACEHOLDERS.items():
            text = text.replace(theirs, placeholder)
        assert text in ours.texts or text.startswith(ALSO_MEANT)


def test_every_documented_rejection_and_filter_failure_is_known():
    assert {entry["msg"] for entry in DOCUMENTED["rejections"]["messages"]} <= set(Rejection)
    for entry in DOCUMENTED["filter_failures"]:
        assert filter_failure(entry["filter"]) == entry["msg"]
        assert entry["filter"] in FILTER_ADVICE
