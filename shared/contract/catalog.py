"""The whole of what can be said, in one place: every operation, stream and event, found by whichever name one has."""

from types import ModuleType
from typing import Any

from shared.contract.account import operations as account_operations
from shared.contract.account.events import USER_EVENTS
from shared.contract.market import operations as market_operations
from shared.contract.market.streams import STREAMS
from shared.contract.operation import Operation, Owner, Spec
from shared.contract.platform import operations as platform_operations
from shared.contract.platform import streams as platform_streams
from shared.contract.trading import operations as trading_operations
from shared.contract.trading import order_lists

MODULES = (market_operations, trading_operations, order_lists, account_operations, platform_operations, platform_streams)


def _declared(module: ModuleType) -> list[Spec]:
    classes: list[type[Operation[Any]]] = [
        value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Operation)
    ]
    return [cls.spec for cls in classes if cls.__module__ == module.__name__ and "spec" in vars(cls)]


OPERATIONS: tuple[Spec, ...] = tuple(spec for module in MODULES for spec in _declared(module))
"""Every operation, in the order of declaration."""

BY_METHOD: dict[str, Spec] = {spec.method: spec for spec in OPERATIONS}
BY_ROUTE: dict[tuple[str, str], Spec] = {(spec.http, spec.path): spec for spec in OPERATIONS if spec.path}
BY_TOOL: dict[str, Spec] = {spec.tool.name: spec for spec in OPERATIONS if spec.tool}

__all__ = ["BY_METHOD", "BY_ROUTE", "BY_TOOL", "MODULES", "OPERATIONS", "STREAMS", "USER_EVENTS", "owned_by"]


def owned_by(owner: Owner) -> tuple[Spec, ...]:
    """The operations that a service answers."""
    return tuple(spec for spec in OPERATIONS if spec.owner is owner)
