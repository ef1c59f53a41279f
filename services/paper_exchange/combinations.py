"""What parameters owe each other, told in the exchange's words: the catalogue's rules, each with its documented text.

The catalogue says what a rule is and which code belongs to it; texts are those of the error page, or those that the real
exchange was seen to send. Rules that the engine checks with a text of its own (code -1013) are left to it.
"""

from collections.abc import Mapping
from typing import Any

from services.paper_exchange.errors import Refused, refused
from shared.contract.operation import Spec
from shared.contract.rules import (
    AtLeastOne,
    AtMostOne,
    Combinations,
    Conflict,
    ExactlyOne,
    Needs,
    NoDuplicates,
    OnlyWith,
    Ordered,
    Rule,
    Together,
)

Given = Mapping[str, Any]
_ENGINE_TELLS = -1013
_PAID_BY_WORKING_ORDER = ("orderList.place.opo", "orderList.place.opoco")


def check(spec: Spec, given: Given) -> None:
    """Raise Refused for the first rule that the request breaks."""
    for rule in spec.rules:
        if rule.code != _ENGINE_TELLS and rule.broken_by(given) is not None:
            told = _told(rule, given)
            if told is not None:
                raise told


def unread(spec: Spec, given: Given, texts: Given, apart: int) -> Refused:
    """The refusal of parameters that the operation does not have; so many more were read apart from these."""
    if spec.method in _PAID_BY_WORKING_ORDER and "pendingQuantity" in texts:
        return refused(-1225, "pendingQuantity")
    return refused(-1104, len(given) + apart, len(texts) + apart)


def _told(rule: Rule, given: Given) -> Refused | None:
    match rule:
        case ExactlyOne() | AtLeastOne():
            if any(name in given for name in rule.names):
                return refused(-1128)
            return refused(-1102, *rule.names[:2])
        case Needs():
            return _lacking(rule, given)
        case OnlyWith():
            return _unwanted(rule)
        case Together():
            return refused(rule.code, ", ".join(rule.names), like="must be sent together")
        case Ordered():
            return _range(rule, given)
        case Conflict():
            return refused(rule.code, *((rule.stands[0][0],) if rule.code == -1160 else ()))
        case AtMostOne() | NoDuplicates() | Combinations():
            return refused(rule.code)
        case _:
            return None


def _lacking(rule: Needs, given: Given) -> Refused:
    missing = [name for name in rule.all if name not in given]
    if missing:
        like = "should also be sent" if rule.code == -1128 else "Mandatory parameter"
        return refused(rule.code, missing[0], like=like)
    if any(name.lower().endswith("pegpricetype") for name in rule.any):
        # A peg may stand for the price, but the price is what is asked for.
        return refused(rule.code, rule.any[0], like="Mandatory parameter")
    return refused(rule.code, *rule.any)


def _unwanted(rule: OnlyWith) -> Refused:
    if rule.code == -1128:
        return refused(rule.code, rule.other, like="should also be sent")
    return refused(rule.code) if rule.code == -1114 else refused(rule.code, rule.name, like="Parameter")


def _range(rule: Ordered, given: Given) -> Refused | None:
    if rule.longest is None:
        # Public reads answer a range that runs backwards with nothing.
        return None
    if given[rule.start] > given[rule.end]:
        # Seen from the exchange; the documentation is silent.
        return refused(-1102, rule.end, like="Mandatory parameter")
    return refused(rule.code, int(rule.longest.total_seconds() // 3600))
