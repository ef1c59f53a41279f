"""An operation is declared once: one class whose fields are the parameters, whose docstring is the description and whose
generic argument is the reply. The decorator line holds the rest. Everything else follows from it: the NATS subject, the
REST request and the WebSocket API frame, the weight, the paper exchange's route, the MCP tool, the README row, the tests.

    @operation("depth", rest="GET /api/v3/depth", owner=MARKET, weight=Fixed(5), tool=Tool("get_order_book", "Order book"))
    class Depth(Operation[OrderBook], frozen=True):
        '''Bids and asks of a symbol, best first.'''

        symbol: Symbol
        limit: Maybe[DepthLimit] = UNSET

Parameters are checked by `shared.contract.validate.parse`, never by the constructor: msgspec does not validate in `__init__`.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, ClassVar, Generic, Literal, TypeVar, get_args

import msgspec
from msgspec import UNSET, Struct

from shared.contract.primitives import Maybe, RecvWindow
from shared.contract.rules import Rule
from shared.contract.weights import Weight

Reply = TypeVar("Reply")
Declared = TypeVar("Declared", bound="Operation[Any]")


class Owner(StrEnum):
    """Who answers an operation, and the word for it in the subject `binance.rpc.<owner>`."""

    MARKET = "market"
    TRADE = "trade"
    ACCOUNT = "account"
    STREAM = "stream"
    CONNECTION = "connection"
    """Said by a connection for itself (logon, subscriptions); never asked for over the bus."""
    GATEWAY = "gateway"
    """Answered where the tool call arrives."""


class Security(StrEnum):
    """What the exchange demands of a request."""

    NONE = "NONE"
    TRADE = "TRADE"
    USER_DATA = "USER_DATA"
    USER_STREAM = "USER_STREAM"


class Tool(Struct, frozen=True):
    """How an operation appears to an agent."""

    name: str
    title: str
    hint: Literal["READ", "PLACE", "CANCEL"] = "READ"
    toolset: Literal["market", "streams", "account", "trading", "order_lists", "risk", "system"] = "market"


class Ended(Struct, frozen=True):
    """An operation or stream that the exchange gave up or advises against."""

    status: Literal["deprecated", "retired"]
    since: str
    """Date from which it holds (ISO)."""
    instead: str
    """What replaces it."""


class Spec(Struct, frozen=True):
    """Everything about an operation that its parameters do not say."""

    method: str
    """The WebSocket API's name, which is the operation's name everywhere."""
    type: type["Operation[Any]"]
    reply: Any
    """The type of the exchange's reply body, for msgspec."""
    owner: Owner
    security: Security
    weight: Weight
    http: str
    """HTTP method, empty where REST has no such call."""
    path: str
    ws_api: bool
    """Does the WebSocket API still have it?"""
    signed: bool
    unfilled_orders: int
    """How many orders it adds to the account's unfilled order count."""
    rules: tuple[Rule, ...]
    tool: Tool | None
    ended: Ended | None

    @property
    def summary(self) -> str:
        """The first line of the operation's docstring."""
        return (self.type.__doc__ or "").strip().splitlines()[0]


class Operation(
    Struct, Generic[Reply], frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, rename="camel"
):
    """Base of all operations; the generic argument is the reply."""

    spec: ClassVar[Spec]

    def given(self) -> dict[str, Any]:
        """The parameters that are set, by their API names, in the order of declaration."""
        return msgspec.to_builtins(self)


class Signed(Operation[Reply], frozen=True, kw_only=True):
    """An operation that the exchange wants signed; key, time and signature are added where it is sent."""

    recv_window: Maybe[RecvWindow] = UNSET


def operation(
    method: str,
    *,
    owner: Owner,
    weight: Weight,
    rest: str = "",
    ws_api: bool = True,
    security: Security = Security.NONE,
    signed: bool | None = None,
    unfilled_orders: int = 0,
    rules: tuple[Rule, ...] = (),
    tool: Tool | None = None,
    ended: Ended | None = None,
) -> Callable[[type[Declared]], type[Declared]]:
    """Declare an operation: attaches its `Spec` to the class."""
    http, _, path = rest.partition(" ")

    def declare(cls: type[Declared]) -> type[Declared]:
        (reply,) = get_args(next(base for base in vars(cls)["__orig_bases__"] if get_args(base)))
        cls.spec = Spec(
            method=method,
            type=cls,
            reply=reply,
            owner=owner,
            security=security,
            weight=weight,
            http=http,
            path=path,
            ws_api=ws_api,
            signed=security in (Security.TRADE, Security.USER_DATA) if signed is None else signed,
            unfilled_orders=unfilled_orders,
            rules=rules,
            tool=tool,
            ended=ended,
        )
        return cls

    return declare
