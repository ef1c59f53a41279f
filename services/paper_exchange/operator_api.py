"""What Binance does not have, under `/paper/v1/`: a look at the exchange from its operator's side."""

from fastapi import FastAPI, Response
from msgspec import json

from services.paper_exchange.venue import Venue


def add_routes(app: FastAPI, venue: Venue) -> None:
    """Add the operator's routes to the process's own application."""

    async def status() -> Response:
        body = {
            "source": "synthetic",
            "seed": venue.seed,
            "speed": venue.speed,
            "startMs": venue.start_us // 1000,
            "timeMs": venue.now_us // 1000,
            "symbols": {
                symbol: {"status": each.status, "trades": len(venue.charts[symbol].tape)}
                for symbol, each in venue.instruments.items()
            },
        }
        return Response(json.encode(body), media_type="application/json")

    app.add_api_route("/paper/v1/status", status)
