"""The programs under test, one process each: `python -m deploy.bench.programs <role> <arguments>`.

Serving programs print one JSON line when they are ready and end on SIGTERM; measuring programs print their figures.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx
import nats
import uvicorn
import uvloop
from mcp.server.lowlevel import Server
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams, TextContent, Tool
from nats.aio.client import Client
from nats.aio.msg import Msg

from deploy.bench.harness import load
from deploy.bench.http_load import HttpLoad
from deploy.bench.matchers import measure
from shared.binance.client import create_client
from shared.binance.limits import Lane
from shared.binance.signing import load_key
from shared.contract import subjects
from shared.contract.catalog import BY_METHOD
from shared.contract.environments import environment
from shared.contract.trading.operations import PlaceOrder
from shared.contract.validate import parse
from shared.runtime.bus import Bus
from shared.runtime.clock import now_ms
from shared.runtime.link import Address
from shared.runtime.responder import Responder, RpcRequest

DEPTH = BY_METHOD["depth"]
BARE = "bench.bare"
PAPER_KEY, PAPER_SECRET = "paper-main", "paper-main-secret"
"""Public and worthless: every paper exchange has them."""
REQUEST = b'{"symbol":"BTCUSDT","limit":50}'
SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT")
Role = Callable[..., Awaitable[None]]
ROLES: dict[str, Role] = {}


def role(function: Role) -> Role:
    """Make a function callable by its name, with dashes."""
    ROLES[function.__name__.replace("_", "-")] = function
    return function


def book(size: int) -> bytes:
    """An order book of about so many bytes."""
    levels = max(1, (size - 60) // 2 // 33)
    side = [[f"{100_000 + number}.00000000", "0.01234000"] for number in range(levels)]
    return json.dumps({"lastUpdateId": 1027024, "bids": side, "asks": side}, separators=(",", ":")).encode()


async def until_stopped(**ready: Any) -> None:
    """Tell that the program is ready, and wait for SIGTERM."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    print(json.dumps(ready), flush=True)
    await stopped.wait()


@role
async def bare_responder(url: str, size: str) -> None:
    """nats-py and nothing else."""
    nc: Client = await nats.connect(url)  # pyright: ignore[reportUnknownMemberType]
    body = book(int(size))

    async def answer(message: Msg) -> None:
        await nc.publish(message.reply, body)

    await nc.subscribe(BARE, queue="bare", cb=answer)  # pyright: ignore[reportUnknownMemberType]
    await nc.flush()
    await until_stopped()
    await nc.close()


@role
async def product_responder(url: str, size: str) -> None:
    """The product's bus and responder with a handler that answers from memory."""
    bus, body = await Bus.connect(Address(urls=(url,), name="bench")), book(int(size))
    responder = Responder(bus, "market_data")

    async def handle(_: RpcRequest) -> bytes:
        return body

    responder.add(DEPTH, handle)
    await responder.start()
    await until_stopped()
    await responder.drain(1)
    await bus.close()


@role
async def bare_requester(url: str, count: str, concurrency: str) -> None:
    """nats-py's request."""
    nc: Client = await nats.connect(url)  # pyright: ignore[reportUnknownMemberType]

    async def call(_: int) -> None:
        await nc.request(BARE, REQUEST, timeout=10)

    print(json.dumps(await load(call, count=int(count), concurrency=int(concurrency))))
    await nc.close()


@role
async def product_requester(url: str, count: str, concurrency: str) -> None:
    """The product's request of the same thing, with its deadline, error and size handling."""
    bus, subject = await Bus.connect(Address(urls=(url,), name="bench")), subjects.rpc(DEPTH)

    async def call(_: int) -> None:
        await bus.request(subject, REQUEST, deadline_ms=now_ms() + 10_000)

    print(json.dumps(await load(call, count=int(count), concurrency=int(concurrency))))
    await bus.close()


def question(number: int) -> dict[str, Any]:
    """Depth requests of which no two at once are the same: the product would ask identical ones once."""
    return {"symbol": SYMBOLS[number % len(SYMBOLS)], "limit": 20 + number // len(SYMBOLS) % 80}


@role
async def read_over_bus(url: str, count: str, concurrency: str, prefix: str) -> None:
    """Depth through the bus and market_data."""
    bus, subject = await Bus.connect(Address(urls=(url,), name="bench")), subjects.rpc(DEPTH, prefix=prefix)

    async def call(number: int) -> None:
        await bus.request(subject, json.dumps(question(number)).encode(), deadline_ms=now_ms() + 10_000)

    print(json.dumps(await load(call, count=int(count), concurrency=int(concurrency))))
    await bus.close()


@role
async def read_httpx(url: str, count: str, concurrency: str) -> None:
    """Depth straight from the exchange with httpx."""
    async with httpx.AsyncClient(base_url=url, limits=httpx.Limits(max_connections=100)) as client:

        async def call(number: int) -> None:
            (await client.get("/api/v3/depth", params=question(number))).raise_for_status()

        print(json.dumps(await load(call, count=int(count), concurrency=int(concurrency))))


@role
async def read_python_binance(url: str, count: str, concurrency: str) -> None:
    """Depth straight from the exchange with python-binance."""
    from binance.async_client import AsyncClient  # a peer: imported where it is measured

    client: Any = AsyncClient()
    client.API_URL = f"{url}/api"

    async def call(number: int) -> None:
        await client.get_order_book(**question(number))

    print(json.dumps(await load(call, count=int(count), concurrency=int(concurrency))))
    await client.close_connection()


ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "IOC",
    "quantity": "0.00100",
    "newOrderRespType": "FULL",
}
"""Of little worth and priced away from the market, so that nothing is bought."""
AWAY = Decimal("0.9")


async def price_away(url: str) -> str:
    """A price below the market, in the symbol's ticks."""
    async with httpx.AsyncClient(base_url=url) as client:
        best = (await client.get("/api/v3/ticker/bookTicker", params={"symbol": ORDER["symbol"]})).json()
    return str((Decimal(best["bidPrice"]) * AWAY).quantize(Decimal("0.01")))


@role
async def place_product(url: str, count: str, concurrency: str, transport: str) -> None:
    """Orders by the product's own client."""
    socket = url.replace("http", "ws")
    there = environment("paper", rest_url=url, ws_api_url=f"{socket}/ws-api/v3", stream_url=socket)
    way: Any = transport
    client = create_client(there, transport=way, key=load_key(PAPER_KEY, secret=PAPER_SECRET), account="main")
    order = parse(PlaceOrder, {**ORDER, "price": await price_away(url)})

    async def call(_: int) -> None:
        await client.call(order, deadline_ms=now_ms() + 10_000, lane=Lane.ORDER)

    print(json.dumps(await load(call, count=int(count), concurrency=int(concurrency))))
    await client.close()


@role
async def place_python_binance(url: str, count: str, concurrency: str) -> None:
    """Orders by python-binance, over REST."""
    from binance.async_client import AsyncClient  # a peer: imported where it is measured

    client: Any = AsyncClient(PAPER_KEY, PAPER_SECRET)
    client.API_URL = f"{url}/api"
    order = {**ORDER, "price": await price_away(url)}

    async def call(_: int) -> None:
        await client.create_order(**order)

    print(json.dumps(await load(call, count=int(count), concurrency=int(concurrency))))
    await client.close_connection()


@role
async def bare_mcp(size: str) -> None:
    """The SDK's low-level server with one tool that returns a reply from memory."""
    text = book(int(size)).decode()
    schema = {"type": "object", "properties": {"symbol": {"type": "string"}, "limit": {"type": "integer"}}}
    tool = Tool(name="get_order_book", input_schema=schema)

    async def list_tools(_: Any, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[tool])

    async def call_tool(_: Any, __: CallToolRequestParams) -> CallToolResult:
        return CallToolResult(content=[TextContent(text=text)])

    server: Server[Any] = Server(
        "bare", on_list_tools=list_tools, on_call_tool=call_tool, get_tool_input_schema=lambda _: schema
    )
    app = server.streamable_http_app(stateless_http=True, json_response=False)
    http = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", access_log=False))
    serving = asyncio.create_task(http.serve())
    while not http.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.01)
    await until_stopped(port=http.servers[0].sockets[0].getsockname()[1])
    http.should_exit = True
    await serving


@role
async def mcp_load(port: str, count: str, concurrency: str) -> None:
    """Tool calls of protocol 2026-07-28 over kept HTTP connections."""
    call = HttpLoad.tool_call(int(port), "get_order_book", {"symbol": "BTCUSDT", "limit": 50})
    print(json.dumps(await call.run(count=int(count), concurrency=int(concurrency))))


@role
async def match(name: str, count: str, resting: str) -> None:
    """A matching engine in process."""
    print(json.dumps(measure(name, int(count), int(resting))))


def main() -> None:
    """Run the role named on the command line."""
    name, *arguments = sys.argv[1:]
    uvloop.run(ROLES[name](*arguments))  # pyright: ignore[reportArgumentType]


if __name__ == "__main__":
    main()
