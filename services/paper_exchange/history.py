"""What a symbol traded before the exchange opened, to the second, for as long as the calendar reaches back.

Bars of any width divide as the path of their price does (`paths.Path`). Trades, lots and money are running totals over time,
each known at the moments where spans meet: a bar is the difference of two of them. So candles of every width agree, whichever
is asked for first, their average price lies inside their range, and only what is asked for is ever worked out.
"""

from collections.abc import Iterator
from hashlib import blake2b
from struct import Struct as Packer
from typing import NamedTuple

from msgspec import Struct

from services.paper_exchange.bars import Bar
from services.paper_exchange.engine.amounts import SCALE
from services.paper_exchange.paths import SPAN_S, START_S, Path, Span, first_part

TRADES_A_SECOND = 4
"""The least there are: four trades can have an open, a high, a low and a close of their own."""
_MAX_MEMORY = 5_000
"""Some five megabytes a symbol; more than the thousand candles of a request need."""
_KEY = Packer("<qq")
_RANDOM = Packer("<4H")
_UNIT = 1 / 65536
_FINE = 16
"""Lots and money are divided in 65,536ths, so that rounding never moves an average price."""
_WHOLE = (1 << _FINE) - 1
_UNEVEN_S = 300
_LEAST_BOUGHT, _MOST_BOUGHT = 0.25, 0.75
"""Shares of what is traded that takers buy."""
_CENTRE = (1 << _FINE) / 2


class Habits(Struct, frozen=True):
    """How busy a symbol is."""

    trades_a_second: int
    lots_a_trade: int
    """Of the symbol's quantity step."""


class _Totals(NamedTuple):
    """Since time began, at a moment. Lots and money (ticks times lots) in 65,536ths."""

    trades: int
    lots: int
    money: int
    bought_lots: int
    bought_money: int


class _Node(NamedTuple):
    span: Span
    start: _Totals
    end: _Totals


class History:
    """Bars of one symbol, made when asked for. Inside, prices are in ticks."""

    def __init__(self, symbol: str, path: Path, tick: int, step: int, habits: Habits, *, rate: float = 1.0) -> None:
        """`rate` times the path is the symbol's price."""
        if tick * step % SCALE:
            raise ValueError(f"{symbol}: a lot at a tick's price is less than the smallest amount of money")
        self._path = path
        self._tick, self._step, self._money = tick, step, tick * step // SCALE
        self._rate = rate
        self._scale = rate * SCALE / tick
        self._key = blake2b(symbol.encode(), digest_size=32, key=path.key).digest()
        self._known: dict[tuple[int, int], tuple[_Node, _Node]] = {}
        trades = SPAN_S * max(habits.trades_a_second, TRADES_A_SECOND + 1)
        lots = trades * habits.lots_a_trade << _FINE
        money = round(lots * (path.whole.mean * self._scale))
        end = _Totals(trades, lots, money, lots // 2, money // 2)
        self._whole = _Node(path.whole, _Totals(0, 0, 0, 0, 0), end)

    def bar(self, from_s: int, to_s: int) -> Bar:
        """The bar from `from_s` to before `to_s` (Unix seconds, at least one second)."""
        spans: list[Span] = []
        start = end = self._whole.start
        for node in self._nodes(from_s, to_s, START_S, SPAN_S, self._whole):
            if not spans:
                start = node.start
            spans.append(node.span)
            end = node.end
        return self._bar(spans, start, end)

    def next_id(self, second_s: int) -> int:
        """Id of the first trade at or after a second."""
        return self.bar(second_s, second_s + 1).first_id

    def price(self, time_us: int) -> float:
        """What the symbol is worth at a moment, in units of 1e-8."""
        return self._path.at(time_us) * self._rate * SCALE

    def _bar(self, spans: list[Span], start: _Totals, end: _Totals) -> Bar:
        tick, scale = self._tick, self._scale
        opened, closed = spans[0].open * scale, spans[-1].close * scale
        first, last = round(opened), round(closed)
        # Outward, so that the average price, which knows no ticks, stays inside.
        high = max(int(-(-max(span.high for span in spans) * scale // 1)), first, last)
        low = min(int(min(span.low for span in spans) * scale // 1), first, last)
        lots = (end.lots >> _FINE) - (start.lots >> _FINE)
        bought = (end.bought_lots >> _FINE) - (start.bought_lots >> _FINE)
        money = _settled(end.money, end.lots, closed) - _settled(start.money, start.lots, opened)
        spent = _settled(end.bought_money, end.bought_lots, closed) - _settled(start.bought_money, start.bought_lots, opened)
        return Bar(
            first_id=start.trades + 1,
            count=end.trades - start.trades,
            open=first * tick,
            high=high * tick,
            low=low * tick,
            close=last * tick,
            volume=lots * self._step,
            quote=money * self._money,
            taker_volume=bought * self._step,
            taker_quote=spent * self._money,
        )

    def _nodes(self, from_s: int, to_s: int, start_s: int, length_s: int, node: _Node) -> Iterator[_Node]:
        while from_s > start_s or to_s < start_s + length_s:
            first_s = first_part(length_s)
            middle_s = start_s + first_s
            first, second = self._split(start_s, length_s, node)
            if to_s <= middle_s:
                length_s, node = first_s, first
                continue
            if from_s < middle_s:
                yield from self._nodes(from_s, middle_s, start_s, first_s, first)
                from_s = middle_s
            start_s, length_s, node = middle_s, length_s - first_s, second
        yield node

    def _split(self, start_s: int, length_s: int, node: _Node) -> tuple[_Node, _Node]:
        key = (start_s, length_s)
        parts = self._known.get(key)
        if parts is None:
            if len(self._known) >= _MAX_MEMORY:
                self._known.clear()
            parts = self._known[key] = self._divide(start_s, length_s, node)
        return parts

    def _divide(self, start_s: int, length_s: int, node: _Node) -> tuple[_Node, _Node]:
        luck = _RANDOM.unpack(blake2b(_KEY.pack(start_s, length_s), digest_size=8, key=self._key).digest())
        first, second, active = self._path.split(start_s, length_s, node.span)
        start, end = node.start, node.end
        fewest = TRADES_A_SECOND * length_s
        trades = start.trades + fewest * first_part(length_s) // length_s
        trades += int((end.trades - start.trades - fewest) * active)
        lots = int((end.lots - start.lots) * active)
        money = round(lots * (first.mean * self._scale))

        # Takers buy more in one part of a short span than in the other, and more where it brings their average price back to
        # everyone's; over longer ones it evens out.
        all_bought, all_spent = end.bought_lots - start.bought_lots, end.bought_money - start.bought_money
        off = all_spent / all_bought - (end.money - start.money) / (end.lots - start.lots)
        between, lean = (first.mean - second.mean) * self._scale, 0.0
        if length_s <= _UNEVEN_S:
            ratio = all_bought / (end.lots - start.lots)
            lean = luck[0] * _UNIT * 0.2
            lean *= min(active, 1 - active, active * (_MOST_BOUGHT / ratio - 1), active * (1 - _LEAST_BOUGHT / ratio))
            if off * between < 0 or (off * between == 0 and luck[1] < _CENTRE):
                lean = -lean
        bought = int(all_bought * (active + lean))
        spent = round(bought * (first.mean * self._scale + off - lean * between))
        middle = _Totals(trades, start.lots + lots, start.money + money, start.bought_lots + bought, start.bought_money + spent)
        return _Node(first, start, middle), _Node(second, middle, end)


def _settled(money: int, lots: int, price: float) -> int:
    """Money for the whole lots so far: the part of a lot that is begun is taken out at the price of the moment."""
    return (money - round((lots & _WHOLE) * price)) >> _FINE
