"""Every documented request is understood: whatever the answer is, it is not about the request's parameters."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from services.paper_exchange import parameters, payloads
from services.paper_exchange.authentication import NAMES
from services.paper_exchange.errors import Refused
from services.paper_exchange.trading import TRADING
from shared.contract.catalog import BY_METHOD
from tests.contract.reference import REFERENCE, ROOT

WRONG_IN_THE_DOCUMENTS = {
    # A SELL pair with the stop loss above and the limit below, which -1166 and -1197 forbid.
    "orderList.place.otoco.1.request": -1166,
}


def ours() -> Iterator[tuple[str, str, Any]]:
    for method in TRADING:
        fixture: Any = json.loads((ROOT / f"tests/documented/operations/{method}.json").read_text(encoding="utf-8"))
        for number, example in enumerate(fixture["examples"]):
            yield f"{method}.{number}", method, example["params"]


def printed() -> Iterator[tuple[str, str, Any]]:
    for path in sorted((REFERENCE / "examples" / "wsapi").glob("*.request.json")):
        request: Any = json.loads(path.read_text(encoding="utf-8"))
        if request.get("method") in TRADING:
            yield path.name.removesuffix(".json"), request["method"], request.get("params", {})


REQUESTS = {name: (method, params) for name, method, params in [*ours(), *printed()]}


def read(name: str) -> tuple[set[str], set[str]]:
    """Which parameters the exchange read, and which it was sent."""
    method, params = REQUESTS[name]
    said = {key: value for key, value in params.items() if key not in NAMES}
    return set(parameters.read(BY_METHOD[method], payloads.texts(said))), set(said)


@pytest.mark.parametrize("name", sorted(REQUESTS.keys() - WRONG_IN_THE_DOCUMENTS.keys()))
def test_a_documented_request_is_understood(name: str) -> None:
    understood, said = read(name)

    assert understood == said


def test_a_request_that_contradicts_the_rules_is_refused_by_them() -> None:
    for name in WRONG_IN_THE_DOCUMENTS.keys() & REQUESTS.keys():
        with pytest.raises(Refused) as caught:
            read(name)
        assert caught.value.code == WRONG_IN_THE_DOCUMENTS[name]
