"""Replay: frames as they were, at their time; depth and exchangeInfo out of the recording; orders against its books."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from services.paper_exchange.engine.amounts import parse
from services.paper_exchange.engine.commands import PlaceOrder
from services.paper_exchange.engine.outcomes import Placed
from services.paper_exchange.settings import PaperSettings
from services.paper_exchange.sources.errors import BadSource
from services.paper_exchange.sources.source import Source
from tests.paper_exchange.running import Running
from tests.paper_exchange.sources.conftest import FRAMES, SNAPSHOT, Start, ws
from tests.support.waiting import eventually

STREAMS = "/stream?streams=btcusdt@depth@100ms/btcusdt@trade"
DEPTH = "/api/v3/depth"


async def hear(connection: ClientConnection, count: int) -> list[str]:
    async with asyncio.timeout(10):
        return [str(await connection.recv()) for _ in range(count)]


async def get(exchange: Running, path: str, **params: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=exchange.url) as client:
        return await client.get(path, params=params)


async def replaying(start: Start, recording: Path, **settings: Any) -> Running:
    return await start(paper_source="replay", paper_recording=str(recording), **settings)


async def test_frames_go_out_byte_for_byte_in_order_and_spacing(start: Start, recording: Path) -> None:
    exchange = await replaying(start, recording)
    loop = asyncio.get_running_loop()
    async with connect(ws(exchange) + STREAMS) as connection:
        first = await hear(connection, 1)
        began = loop.time()
        rest = await hear(connection, 3)
        took_s = loop.time() - began

    assert first + rest == [json.dumps(frame) for _, frame in FRAMES]
    assert 0.3 < took_s < 1.5


async def test_a_raw_connection_gets_the_payload_alone(start: Start, recording: Path) -> None:
    exchange = await replaying(start, recording, paper_speed=100)
    async with connect(f"{ws(exchange)}/ws/btcusdt@trade?timeUnit=MICROSECOND") as connection:
        assert await hear(connection, 1) == [json.dumps(FRAMES[2][1]["data"])]


async def test_it_waits_for_the_first_subscriber(start: Start, recording: Path) -> None:
    exchange = await replaying(start, recording, paper_speed=100)
    async with connect(f"{ws(exchange)}/stream") as connection:
        assert (await get(exchange, "/paper/v1/replay")).json() == {"state": "waiting", "frames": 4, "sent": 0, "speed": 100}
        await connection.send('{"method":"SUBSCRIBE","params":["btcusdt@trade","btcusdt@depth@100ms"],"id":1}')
        heard = await hear(connection, 5)

    assert json.loads(heard[0]) == {"result": None, "id": 1}
    assert heard[1:] == [json.dumps(frame) for _, frame in FRAMES]
    assert (await get(exchange, "/paper/v1/replay")).json()["state"] == "ended"


async def test_it_waits_for_the_operator_when_so_set(start: Start, recording: Path) -> None:
    exchange = await replaying(start, recording, paper_speed=100, paper_replay_start="operator")
    async with connect(ws(exchange) + STREAMS) as connection, httpx.AsyncClient(base_url=exchange.url) as operator:
        await eventually(lambda: len(exchange.streams.hub.channels) == 2)
        assert (await operator.get("/paper/v1/replay")).json()["state"] == "waiting"
        assert (await operator.post("/paper/v1/replay/start")).json()["state"] == "running"
        assert len(await hear(connection, 4)) == 4


async def test_depth_is_the_snapshot_and_then_what_became_of_it(start: Start, recording: Path) -> None:
    exchange = await replaying(start, recording, paper_speed=100)
    before = await get(exchange, DEPTH, symbol="BTCUSDT", limit=1000)
    assert before.text == json.dumps(SNAPSHOT)
    assert (await get(exchange, DEPTH, symbol="BTCUSDT", limit=1)).json() == {
        "lastUpdateId": 101,
        "bids": [["99.00000000", "1.00000000"]],
        "asks": [["101.00000000", "1.00000000"]],
    }

    async with connect(ws(exchange) + STREAMS) as connection:
        await hear(connection, 4)

    assert (await get(exchange, DEPTH, symbol="BTCUSDT")).json() == {
        "lastUpdateId": 105,
        "bids": [["99.50000000", "3.00000000"], ["99.00000000", "1.00000000"]],
        "asks": [["101.00000000", "0.75000000"], ["102.00000000", "2.00000000"]],
    }


async def test_depth_of_other_symbols_is_empty_or_unknown(start: Start, recording: Path) -> None:
    exchange = await replaying(start, recording)

    assert (await get(exchange, DEPTH, symbol="ETHUSDT")).json() == {"lastUpdateId": 0, "bids": [], "asks": []}
    assert (await get(exchange, DEPTH, symbol="NOPE")).json()["code"] == -1121


async def test_exchange_info_is_the_recorded_one(start: Start, recording: Path) -> None:
    exchange = await replaying(start, recording)
    info = (recording / "exchange_info.json").read_text()

    assert (await get(exchange, "/api/v3/exchangeInfo")).text == info
    one = (await get(exchange, "/api/v3/exchangeInfo", symbol="ETHUSDT")).json()
    assert one == json.loads(info) | {"symbols": json.loads(info)["symbols"][1:]}
    assert (await get(exchange, "/api/v3/exchangeInfo", symbol="NOPE")).json()["code"] == -1121


async def test_orders_meet_the_recorded_book_and_its_trades_are_on_the_tape(start: Start, recording: Path) -> None:
    exchange = await replaying(start, recording, paper_speed=100)
    async with connect(ws(exchange) + STREAMS) as connection:
        await hear(connection, 4)

    placed = exchange.venue.execute(
        PlaceOrder(account="main", symbol="BTCUSDT", side="BUY", type="MARKET", quantity=parse("0.5"))
    )

    assert isinstance(placed, Placed)
    assert (placed.order.status, placed.fills[0].price) == ("FILLED", parse("101"))
    trades = (await get(exchange, "/api/v3/trades", symbol="BTCUSDT")).json()
    assert [(each["price"], each["qty"]) for each in trades] == [
        ("101.00000000", "0.25000000"),
        ("101.00000000", "0.50000000"),
    ]


@pytest.mark.parametrize("broken", ["exchange_info.json", "frames.jsonl", "depth_BTCUSDT.json"])
def test_a_folder_that_holds_no_recording_is_told_in_one_line(recording: Path, broken: str) -> None:
    (recording / broken).write_text("{]")

    with pytest.raises(BadSource, match="holds no recording") as caught:
        Source(PaperSettings.load(paper_source="replay", paper_recording=str(recording)))
    assert "\n" not in str(caught.value)


def test_a_replay_needs_a_recording() -> None:
    with pytest.raises(BadSource, match="BINANCE_PAPER_RECORDING"):
        Source(PaperSettings.load(paper_source="replay"))
