"""Two operations of the tests' own, so that tests of the runtime stand on nothing of the exchange's."""

from typing import Any

from shared.contract.operation import Operation, Owner, operation
from shared.contract.weights import Fixed


@operation("test.read", owner=Owner.MARKET, rest="GET /test", weight=Fixed(1))
class Read(Operation[dict[str, Any]], frozen=True):
    """Reads something."""

    text: str = ""


@operation("test.order.place", owner=Owner.TRADE, rest="POST /test", weight=Fixed(1))
class Place(Operation[dict[str, Any]], frozen=True):
    """Changes something."""

    text: str = ""
