"""Trades negotiated off the book, of which a symbol has a few."""

from random import Random
from typing import NamedTuple

from services.paper_exchange.engine.amounts import down, notional
from services.paper_exchange.engine.instrument import Instrument
from services.paper_exchange.history import History
from services.paper_exchange.tape import MICROS

BLOCKS = {"BTCUSDT": 12, "ETHUSDT": 8, "BNBUSDT": 3}
"""So many in the past weeks, by symbol; the others have none."""
_APART_S = 2 * 86400


class BlockTrade(NamedTuple):
    """One block trade; amounts in units of 1e-8, time in microseconds."""

    id: int
    price: int
    quantity: int
    time_us: int
    buyer_is_maker: bool

    @property
    def quote(self) -> int:
        return notional(self.price, self.quantity)


def block_trades(seed: str, symbol: str, instrument: Instrument, history: History, end_s: int) -> list[BlockTrade]:
    """The block trades of a symbol before a moment, oldest first: one about every two days, near the price of its time."""
    end = end_s // _APART_S
    found: list[BlockTrade] = []
    for number in range(end - BLOCKS.get(symbol, 0), end):
        luck = Random(f"{seed}/block/{symbol}/{number}")
        time_us = number * _APART_S * MICROS + luck.randrange(_APART_S * MICROS)
        price = down(round(history.price(time_us) * luck.uniform(0.998, 1.002)), instrument.tick)
        quantity = down(instrument.lot_size.max_qty // luck.randrange(20, 200), instrument.step)
        found.append(BlockTrade(number, price, quantity, time_us, luck.random() < 0.5))
    return found
