"""Market streams as stream_ingestion offers them to callers that cannot hold a socket: leases, latest values, reading on.

A stream flows while somebody holds a lease on it. Its events appear live on `binance.md.>`; here they are read later.
Whose lease it is says the request's `Caller` header.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from shared.contract.operation import Operation, Owner, Tool, operation
from shared.contract.primitives import Maybe, Quantity, Side, Symbol
from shared.contract.rules import Together
from shared.contract.weights import Fixed

STREAM = Owner.STREAM
FREE = Fixed(0)

LEASE_DEFAULT_S = 300
LEASE_MOST_S = 86_400
WAIT_DEFAULT_MS = 2_000
READ_DEFAULT = 100
BOOK_DEFAULT = 20
STREAMS_MOST = 1024
"""Streams in one request: as many as the exchange sends over one connection."""

StreamName = Annotated[
    str,
    Meta(
        pattern=r"^[^\s.*>%/\\\x00-\x1f\x7f]{3,96}\Z",
        description="The exchange's name, such as btcusdt@trade, or a handle",
        examples=["btcusdt@trade"],
        extra={"must_be": "a stream's name such as btcusdt@trade, btcusdt@kline_1m or !miniTicker@arr, or a handle"},
    ),
]
StreamNames = Annotated[
    list[StreamName],
    Meta(
        min_length=1,
        max_length=STREAMS_MOST,
        description="Names or handles, such as btcusdt@trade",
        examples=[["btcusdt@trade"]],
    ),
]
Handle = Annotated[
    str,
    Meta(
        pattern=r"^[^\s.*>%/\\\x00-\x1f\x7f]{3,96}\Z",
        description="Stream's name, or the handle of its subscription",
        examples=["btcusdt@trade"],
        extra={"must_be": "a stream's name such as btcusdt@trade, or the handle that subscribing gave"},
    ),
]
Lease = Annotated[
    int,
    Meta(
        ge=10,
        le=LEASE_MOST_S,
        description="Renewed by reading",
        examples=[LEASE_DEFAULT_S],
        extra_json_schema={"default": LEASE_DEFAULT_S},
    ),
]
FirstWait = Annotated[
    int,
    Meta(
        ge=0,
        le=10_000,
        description="For the first event",
        examples=[WAIT_DEFAULT_MS],
        extra_json_schema={"default": WAIT_DEFAULT_MS},
    ),
]
Wait = Annotated[
    int, Meta(ge=0, le=30_000, description="If there is nothing new", examples=[5_000], extra_json_schema={"default": 0})
]
Cursor = Annotated[
    str,
    Meta(
        max_length=131_072,
        description="Where the last reply ended",
        examples=["eyJzIjoxfQ"],
        extra={"must_be": "the cursor of a subscription or of the last read"},
    ),
]
ReadLimit = Annotated[int, Meta(ge=1, le=1000, examples=[READ_DEFAULT], extra_json_schema={"default": READ_DEFAULT})]
BookLevels = Annotated[
    int, Meta(ge=1, le=5000, description="Levels a side", examples=[BOOK_DEFAULT], extra_json_schema={"default": BOOK_DEFAULT})
]

State = Literal["synced", "stale", "gap"]
"""synced: everything up to the last event is here and it is fresh. stale: nothing came for longer than the stream allows, or
what came was old. gap: events are missing that could not be fetched later; it ends with the next unbroken stretch."""


class Model(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Base of replies."""


class AgedOut(Model, frozen=True):
    """Events between the cursor and the first one kept that nobody can read any more."""

    since: int
    """When the reader had read last (Unix ms)."""
    until: int
    """When the first event that is kept arrived (Unix ms)."""
    missed: int | None
    """How many, where the stream numbers its events; null where it does not."""


class Missing(Model, frozen=True):
    """A hole, both ends included: ids of trades, update ids of the book's differences, of candles times (Unix ms)."""

    first: int
    last: int


class Condition(Model, frozen=True):
    """How far a stream can be trusted."""

    state: State
    age_ms: int | None = None
    """Since the last event arrived; null if none did."""
    reason: str = ""
    """Why it is not synced."""
    missing: Missing | UnsetType = UNSET
    """The last hole, while the state is gap."""
    delay_ms: int | None = None
    """How late the last event was when it arrived: our clock less the exchange's; null where an event bears no time."""


class StreamEvent(Model, frozen=True):
    """One event and when it arrived here; `event` is the exchange's own text."""

    stream: str
    received_time: int
    event: Raw


class Subscription(Model, frozen=True):
    """A lease on a stream."""

    handle: str
    stream: str
    subject: str
    """Where its events appear on the bus."""
    ends: int
    """When the lease lapses unless it is renewed (Unix ms)."""
    condition: Condition
    cursor: str = ""
    """Read on from here."""
    latest: StreamEvent | None = None
    holder: str = ""


class Subscriptions(Model, frozen=True):
    """Leases."""

    subscriptions: list[Subscription]


class Unsubscribed(Model, frozen=True):
    """Leases that ended; none if there were none."""

    ended: list[str]


class LatestEvent(Model, frozen=True):
    """The last event of a stream, null if none is kept."""

    stream: str
    condition: Condition
    latest: StreamEvent | None


class LatestEvents(Model, frozen=True):
    """The last event of each stream."""

    events: list[LatestEvent]


class StreamPage(Model, frozen=True):
    """Events in the order in which they arrived."""

    events: list[StreamEvent]
    cursor: str
    """Continues after these events."""
    more: bool
    """Are there more to read at once?"""
    conditions: dict[str, Condition]
    """By stream."""
    aged_out: dict[str, AgedOut] | UnsetType = UNSET
    """By stream, where events were lost to the reader."""
    conflated: int | UnsetType = UNSET
    """Events passed over because only the last of each stream was asked for."""
    missing: dict[str, list[Missing]] | UnsetType = UNSET
    """By stream, numbers that nobody can read, after the cursor and between these events."""


class Fill(Model, frozen=True):
    """What a market order of this size would cost against the book as it stands; no fees."""

    side: Side
    quantity: str
    filled: str
    """Less than the quantity if the known levels do not hold it."""
    average_price: str
    worst_price: str
    notional: str
    """What is paid or received for the filled quantity."""


class LocalOrderBook(Model, frozen=True):
    """The book kept here: snapshot and differences, checked for holes."""

    symbol: str
    last_update_id: int
    condition: Condition
    event_time: int
    """The exchange's clock at the last difference (Unix ms), 0 right after the snapshot."""
    received_time: int
    bids: list[list[str]]
    """[price, quantity] or [price, quantity, cumulative quantity], best first."""
    asks: list[list[str]]
    fill: Fill | UnsetType = UNSET
    bids_known_to: str | UnsetType = UNSET
    """Price behind which there may be more bids than anybody tells; not given where there are as many as asked for."""
    asks_known_to: str | UnsetType = UNSET


@operation("subscribe", owner=STREAM, weight=FREE, ws_api=False)
class Subscribe(Operation[Subscriptions], frozen=True):
    """Hold streams for a while; asking again renews the lease. Answers with handle, first event, cursor and end of each."""

    streams: StreamNames
    lease_seconds: Maybe[Lease] = UNSET
    wait_ms: Maybe[FirstWait] = UNSET


@operation(
    "unsubscribe",
    owner=STREAM,
    weight=FREE,
    ws_api=False,
    tool=Tool("unsubscribe_from_stream", "End a subscription", toolset="streams"),
)
class Unsubscribe(Operation[Unsubscribed], frozen=True):
    """End your subscription to a stream."""

    stream: Handle


@operation(
    "unsubscribe.all",
    owner=STREAM,
    weight=FREE,
    ws_api=False,
    tool=Tool("cleanup_all_streams", "End all subscriptions", toolset="streams"),
)
class UnsubscribeAll(Operation[Unsubscribed], frozen=True):
    """End all your subscriptions."""


@operation(
    "list",
    owner=STREAM,
    weight=FREE,
    ws_api=False,
    tool=Tool("list_active_subscriptions", "Subscriptions", toolset="streams"),
)
class List(Operation[Subscriptions], frozen=True):
    """Your subscriptions, with state and age of each stream."""

    everybody: Maybe[Annotated[bool, Meta(description="Also others'")]] = UNSET


@operation(
    "latest",
    owner=STREAM,
    weight=FREE,
    ws_api=False,
    tool=Tool("get_latest_stream_data", "Latest stream data", toolset="streams"),
)
class Latest(Operation[LatestEvents], frozen=True):
    """The last event of each stream, with state and age. Use read_stream to miss nothing."""

    streams: StreamNames


@operation(
    "read",
    owner=STREAM,
    weight=FREE,
    ws_api=False,
    tool=Tool("read_stream", "Read a stream", toolset="streams"),
)
class Read(Operation[StreamPage], frozen=True):
    """Events after the cursor (without one: the last event), in order, without loss; tells if some aged out."""

    streams: StreamNames
    cursor: Maybe[Cursor] = UNSET
    limit: Maybe[ReadLimit] = UNSET
    wait_ms: Maybe[Wait] = UNSET
    conflate: Maybe[Annotated[bool, Meta(description="Only the last event of each stream")]] = UNSET


@operation(
    "book",
    owner=STREAM,
    weight=FREE,
    ws_api=False,
    rules=(Together(("side", "quantity")),),
    tool=Tool("get_local_order_book", "Live order book", toolset="streams"),
)
class Book(Operation[LocalOrderBook], frozen=True):
    """The book kept here from the live stream: no request weight, any depth. With side and quantity: cost of that size."""

    symbol: Symbol
    limit: Maybe[BookLevels] = UNSET
    cumulative: Maybe[bool] = UNSET
    side: Maybe[Side] = UNSET
    quantity: Maybe[Quantity] = UNSET
