"""The publisher: listens to the exchange and tells the channels.

Events of the engine become messages at once (trades, aggregate trades, best prices) or are gathered until their turn (book
changes); everything else is a report that is asked at its turn. Turns lie on whole multiples of their length. A symbol that
nobody listens to costs one look into a table per event, and nothing at all while nobody listens to anything.
"""

from msgspec import Struct, field

from services.paper_exchange.block_trades import BlockTrade
from services.paper_exchange.engine.events import Event, LevelChanged, Traded
from services.paper_exchange.streams import payloads
from services.paper_exchange.streams.channel import Channel
from services.paper_exchange.streams.depth_changes import DepthChanges
from services.paper_exchange.streams.hub import Hub, Name, parse
from services.paper_exchange.streams.reports import REPORTS, Report, Statistics
from services.paper_exchange.tape import Aggregate
from services.paper_exchange.venue import Venue
from shared.runtime import observe

_log = observe.logger("paper_exchange.streams")
_TRADE, _AGGREGATE, _BLOCK, _TOP = "<symbol>@trade", "<symbol>@aggTrade", "<symbol>@blockTrade", "<symbol>@bookTicker"
_AT_ONCE = (_TRADE, _AGGREGATE, _BLOCK, _TOP)
_CHANGES = ("<symbol>@depth", "<symbol>@depth@100ms")
_TURNS_MS = (100, 1000, 2000, 3000)


class _Live(Struct):
    """What is told of one symbol as it happens."""

    at_once: dict[str, Channel] = field(default_factory=dict[str, Channel])
    """By the template of the stream's name."""
    changes: dict[str, DepthChanges] = field(default_factory=dict[str, DepthChanges])
    top: object = None
    """Best bid and ask as they were told last."""


class _Turn(Struct):
    """The reports of one speed."""

    number: int
    reports: dict[str, tuple[Channel, Report]] = field(default_factory=dict[str, tuple[Channel, Report]])


class Publisher:
    """Tells the channels of one exchange."""

    def __init__(self, venue: Venue, hub: Hub, *, serves_retired: bool = False) -> None:
        """`serves_retired`: also streams that Binance no longer has (`!ticker@arr`)."""
        self._venue = venue
        self._serves_retired = serves_retired
        self._statistics = Statistics(venue)
        self._live: dict[str, _Live] = {}
        self._turns = {length_ms: _Turn(venue.now_us // 1000 // length_ms) for length_ms in _TURNS_MS}
        hub.watch(self._on_channel)
        venue.listeners.append(self.tell)

    def tell(self, events: list[Event]) -> None:
        """Tell what has happened."""
        if not self._live:
            return
        try:
            self._tell(self._live, events)
        except Exception:
            # Who listens must not be in the way of who trades.
            _log.exception("events could not be told")

    def tell_block_trade(self, symbol: str, block: BlockTrade, now_us: int) -> None:
        """Tell of a trade off the book."""
        live = self._live.get(symbol)
        channel = live.at_once.get(_BLOCK) if live is not None else None
        if channel is not None:
            channel.send(payloads.block_trade(symbol, block, now_us))

    def tick(self, now_us: int) -> None:
        """Let the turns come that are due."""
        now_ms = now_us // 1000
        for length_ms, turn in self._turns.items():
            number = now_ms // length_ms
            if number == turn.number:
                continue
            turn.number = number
            for channel, report in list(turn.reports.values()):
                self._report(channel, report, now_us)

    def _tell(self, live: dict[str, _Live], events: list[Event]) -> None:
        changed: dict[str, None] = {}
        traded: dict[str, list[Traded]] = {}
        for event in events:
            if type(event) is LevelChanged:
                if (one := live.get(event.symbol)) is not None:
                    changed[event.symbol] = None
                    for changes in one.changes.values():
                        changes.add(event)
            elif type(event) is Traded and (one := live.get(event.symbol)) is not None:
                if (channel := one.at_once.get(_TRADE)) is not None:
                    channel.send(payloads.trade(event))
                if _AGGREGATE in one.at_once:
                    traded.setdefault(event.symbol, []).append(event)
        for symbol, trades in traded.items():
            self._tell_aggregates(symbol, live[symbol].at_once[_AGGREGATE], trades)
        for symbol in changed:
            self._tell_top(symbol, live[symbol])

    def _report(self, channel: Channel, report: Report, now_us: int) -> None:
        try:
            for payload in report(now_us):
                channel.send(payload)
        except Exception:
            # One stream that cannot be told must not end the exchange for everyone.
            _log.exception("a stream could not be told", stream=channel.name)

    def _tell_top(self, symbol: str, one: _Live) -> None:
        channel = one.at_once.get(_TOP)
        if channel is None:
            return
        book = self._venue.engine.book(symbol)
        top = (book.best("BUY"), book.best("SELL"))
        if top != one.top:
            one.top = top
            channel.send(payloads.book_ticker(symbol, book))

    def _tell_aggregates(self, symbol: str, channel: Channel, trades: list[Traded]) -> None:
        """Join the trades of one taker at one price, as the tape does."""
        tape = self._venue.charts[symbol].tape
        group: list[Traded] = []
        for trade in [*trades, None]:
            if trade is not None and (not group or _joins(group[0], trade)):
                group.append(trade)
                continue
            first, last = group[0], group[-1]
            joined = Aggregate(
                tape.aggregates[first.trade_id - tape.first_kept],
                first.price,
                sum(each.quantity for each in group),
                first.trade_id,
                last.trade_id,
                first.time_us,
                first.buyer_is_maker,
            )
            channel.send(payloads.aggregate_trade(symbol, joined))
            if trade is not None:
                group = [trade]

    def _on_channel(self, channel: Channel, audible: bool) -> None:
        name = parse(channel.name)
        if name is None or not self._is_served(name):
            return
        template = name.stream.name
        if template in _AT_ONCE or template in _CHANGES:
            self._change_live(channel, name, audible=audible)
        if template in _AT_ONCE:
            return
        turn = self._turns[name.speed_ms]
        if audible:
            turn.reports[channel.name] = (channel, self._make_report(name))
        else:
            del turn.reports[channel.name]

    def _is_served(self, name: Name) -> bool:
        if name.stream.ended is not None and not self._serves_retired:
            return False
        return name.stream.of_all_symbols or name.symbol in self._venue.instruments

    def _change_live(self, channel: Channel, name: Name, *, audible: bool) -> None:
        template = name.stream.name
        one = self._live.setdefault(name.symbol, _Live())
        book = self._venue.engine.book(name.symbol)
        if not audible:
            one.at_once.pop(template, None)
            one.changes.pop(template, None)
        elif template in _CHANGES:
            one.changes[template] = DepthChanges(name.symbol, book.update_id)
        else:
            one.at_once[template] = channel
        if template == _TOP:
            one.top = (book.best("BUY"), book.best("SELL"))
        if not one.at_once and not one.changes:
            del self._live[name.symbol]
        self._venue.tells_each_act = bool(self._live)

    def _make_report(self, name: Name) -> Report:
        template = name.stream.name
        if template not in _CHANGES:
            return REPORTS[template](self._statistics, name)
        changes = self._live[name.symbol].changes[template]

        def report(now_us: int) -> list[payloads.Payload]:
            payload = changes.take(now_us)
            return [] if payload is None else [payload]

        return report


def _joins(first: Traded, trade: Traded) -> bool:
    return first.taker_order_id == trade.taker_order_id and first.price == trade.price
