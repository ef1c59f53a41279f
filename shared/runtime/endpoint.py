"""One operation as a service answers it: what its handler is given, and what became of the requests."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from msgspec import Struct

from shared.contract.operation import Operation, Spec
from shared.runtime.metrics import Answered


class RpcRequest(Struct, frozen=True):
    """A request as a handler sees it: checked, and still in time."""

    operation: Operation[Any]
    """The parameters, parsed and valid."""
    spec: Spec
    account: str
    """Empty for operations that belong to no account."""
    deadline_ms: int
    """Unix time at which the handler will be cancelled."""
    caller: str
    headers: Mapping[str, str]
    idle: Callable[[], AbstractContextManager[None]] = nullcontext
    """While in this context the request takes no slot: for waiting on what happens outside, bounded by whoever waits."""


Handler = Callable[[RpcRequest], Awaitable[bytes]]


class Endpoint(Struct):
    """An operation, for one account where operations belong to accounts."""

    spec: Spec
    account: str
    handler: Handler
    command: bool
    answered: Answered
