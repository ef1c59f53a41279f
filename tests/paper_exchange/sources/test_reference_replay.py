"""A real exchange's half minute, replayed: every frame arrives as it was, and local books come out of it whole."""

import asyncio
import json
from typing import Any

import httpx
from websockets.asyncio.client import connect

from tests.paper_exchange.sources.conftest import REFERENCE, Start, ws


async def test_the_recording_goes_out_whole_and_its_books_follow(start: Start) -> None:
    lines = [json.loads(line) for line in (REFERENCE / "frames.jsonl").read_text().splitlines()]
    raw = [line.partition('"frame":')[2][:-1] for line in (REFERENCE / "frames.jsonl").read_text().splitlines()]
    names = sorted({line["frame"]["stream"] for line in lines})
    exchange = await start(paper_source="replay", paper_recording=str(REFERENCE), paper_speed=100)
    heard: list[str] = []
    async with (
        asyncio.timeout(30),
        httpx.AsyncClient(base_url=exchange.url) as client,
        connect(f"{ws(exchange)}/stream?streams={'/'.join(names)}") as connection,
    ):
        snapshot = (await client.get("/api/v3/depth", params={"symbol": "COMPUSDT", "limit": 5000})).json()
        while len(heard) < len(raw):
            heard.append(str(await connection.recv()))
        last = (await client.get("/api/v3/depth", params={"symbol": "COMPUSDT", "limit": 5000})).json()
        info = await client.get("/api/v3/exchangeInfo")

    assert heard == raw
    assert info.content == (REFERENCE / "exchange_info.json").read_bytes().strip()
    assert (
        _followed(snapshot, [json.loads(text)["data"] for text in heard if text.startswith('{"stream":"compusdt@depth')])
        == last
    )


def _followed(book: dict[str, Any], events: list[dict[str, Any]]) -> dict[str, Any]:
    """The book by the documented steps."""
    bids, asks, last = dict(book["bids"]), dict(book["asks"]), book["lastUpdateId"]
    for event in events:
        if event["u"] <= last:
            continue
        assert event["U"] <= last + 1
        last = event["u"]
        for side, levels in ((bids, event["b"]), (asks, event["a"])):
            for price, quantity in levels:
                side[price] = quantity
                if not float(quantity):
                    del side[price]
    return {
        "lastUpdateId": last,
        "bids": [[price, bids[price]] for price in sorted(bids, key=float, reverse=True)],
        "asks": [[price, asks[price]] for price in sorted(asks, key=float)],
    }
