"""The block desk: the operator lets a trade happen off the book, which nobody on the synthetic market does by itself."""

from typing import Any

from fastapi import Request
from msgspec import Struct

from services.paper_exchange.account_forms import Amount, BadOrder
from services.paper_exchange.block_trades import BlockTrade
from services.paper_exchange.engine.amounts import parse, text
from services.paper_exchange.operator_api import read
from services.paper_exchange.streams.publisher import Publisher
from services.paper_exchange.venue import Venue


class BlockForm(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A block trade as the operator orders it."""

    price: Amount
    quantity: Amount
    is_buyer_maker: bool = False


class BlockDesk:
    """Puts block trades where `historicalBlockTrades` and the streams find them."""

    def __init__(self, venue: Venue, publisher: Publisher | None) -> None:
        self._venue = venue
        self._publisher = publisher

    async def trade(self, request: Request) -> Any:
        """`POST /symbols/<symbol>/blockTrades`; raises BadOrder."""
        symbol: str = request.path_params["symbol"]
        form = await read(request, BlockForm)
        blocks = self._venue.blocks.get(symbol)
        if blocks is None:
            raise BadOrder(f"There is no symbol {symbol!r:.40}.")
        now_us = self._venue.now_us
        block_id = blocks[-1].id + 1 if blocks else 1
        block = BlockTrade(block_id, parse(form.price), parse(form.quantity), now_us, form.is_buyer_maker)
        blocks.append(block)
        if self._publisher is not None:
            self._publisher.tell_block_trade(symbol, block, now_us)
        return {"id": block_id, "price": text(block.price), "qty": text(block.quantity), "time": now_us // 1000}
