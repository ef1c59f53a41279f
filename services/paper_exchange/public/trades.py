"""Trades as they are told: one by one, joined by taker order, and those off the book."""

from services.paper_exchange.call import Call
from services.paper_exchange.engine.amounts import text
from services.paper_exchange.handlers import Handlers
from shared.contract.rules import MICROSECONDS_FROM


def recent(handlers: Handlers, call: Call) -> bytes:
    symbol = handlers.one(call.given)
    tape = handlers.venue.charts[symbol].tape
    from_id = call.given.get("fromId")

    def make() -> bytes:
        rows = (
            f'{{"id":{trade.id},"price":"{text(trade.price)}","qty":"{text(trade.quantity)}",'
            f'"quoteQty":"{text(trade.quote)}","time":{call.time(trade.time_us)},'
            f'"isBuyerMaker":{_bool(trade.buyer_is_maker)},"isBestMatch":true}}'
            for trade in tape.trades(call.limit, from_id)
        )
        return f"[{','.join(rows)}]".encode()

    return handlers.replies.get(("trades", symbol, call.limit, from_id, call.micros), tape.next_id, make)


def block(handlers: Handlers, call: Call) -> bytes:
    symbol = handlers.one(call.given)
    blocks = handlers.venue.blocks[symbol]
    from_id = call.given.get("fromId")
    found = blocks[-call.limit :] if from_id is None else [each for each in blocks if each.id >= from_id][: call.limit]
    rows = (
        f'{{"id":{trade.id},"price":"{text(trade.price)}","qty":"{text(trade.quantity)}",'
        f'"quoteQty":"{text(trade.quote)}","time":{call.time(trade.time_us)},'
        f'"isBuyerMaker":{_bool(trade.buyer_is_maker)}}}'
        for trade in found
    )
    return f"[{','.join(rows)}]".encode()


def aggregate(handlers: Handlers, call: Call) -> bytes:
    symbol = handlers.one(call.given)
    tape = handlers.venue.charts[symbol].tape
    given, limit = call.given, call.limit
    start_us, end_us = (handlers.moment(given.get(name)) for name in ("startTime", "endTime"))
    if end_us is not None and given["endTime"] < MICROSECONDS_FROM:
        end_us += 999
    key = ("aggTrades", symbol, limit, given.get("fromId"), start_us, end_us, call.micros)

    def make() -> bytes:
        rows = (
            f'{{"a":{each.id},"p":"{text(each.price)}","q":"{text(each.quantity)}","f":{each.first_id},'
            f'"l":{each.last_id},"T":{call.time(each.time_us)},"m":{_bool(each.buyer_is_maker)},"M":true}}'
            for each in tape.aggregate_trades(limit, given.get("fromId"), start_us, end_us)
        )
        return f"[{','.join(rows)}]".encode()

    return handlers.replies.get(key, tape.next_id, make)


def _bool(value: bool) -> str:
    return "true" if value else "false"
