"""What an account is told of itself, as the user data stream words it. (Source: "User Data Streams" of 2026-07-21.)

An event of the engine becomes the JSON text of one payload; who sends it puts the envelope around. Fields stand in the order of
the documentation; those of `executionReport` that are told only sometimes come last.
"""

from msgspec import json

from services.paper_exchange.engine.amounts import text
from services.paper_exchange.engine.events import (
    BalancesChanged,
    BalanceUpdated,
    Event,
    ExternalLockUpdated,
    LevelChanged,
    ListUpdated,
    OrderUpdated,
    Traded,
)
from services.paper_exchange.time_units import Unit


def account_of(event: Event) -> str:
    """Whom it concerns; empty for what concerns everyone."""
    match event:
        case Traded() | LevelChanged():
            return ""
        case OrderUpdated():
            return event.order.account
        case _:
            return event.account


def worded(event: Event, now_us: int, unit: Unit) -> str:
    """The payload of an event that is sent now; empty for what concerns everyone."""
    match event:
        case Traded() | LevelChanged():
            return ""
        case OrderUpdated():
            return execution_report(event, now_us, unit)
        case BalancesChanged():
            return account_position(event, now_us, unit)
        case ListUpdated():
            return list_status(event, now_us, unit)
        case BalanceUpdated():
            return _moved("balanceUpdate", event, now_us, unit)
        case ExternalLockUpdated():
            return _moved("externalLockUpdate", event, now_us, unit)


def execution_report(event: OrderUpdated, now_us: int, unit: Unit) -> str:
    """`executionReport`."""
    order = event.order
    price = order.price
    commission, asset = ('"0"', "null") if event.commission_asset is None else _paid(event.commission, event.commission_asset)
    told = (
        f'{{"e":"executionReport","E":{unit(now_us)},"s":{_name(order.symbol)},"c":{_name(order.client_order_id)},'
        f'"S":"{order.side}","o":"{order.type}","f":"{order.time_in_force}","q":"{text(order.quantity)}",'
        f'"p":"{text(price)}","P":"{text(order.stop_price)}","F":"{text(order.iceberg_quantity)}",'
        f'"g":{order.order_list_id},"C":{_name(event.original_client_order_id)},'
        f'"x":"{event.execution_type}","X":"{order.status}","r":"{event.reject_reason}","i":{order.order_id},'
        f'"l":"{text(event.last_quantity)}","z":"{text(order.executed)}","L":"{text(event.last_price)}",'
        f'"n":{commission},"N":{asset},"T":{unit(event.time_us)},"t":{event.trade_id},'
        f'"I":{event.execution_id},"w":{_bool(event.on_book)},"m":{_bool(event.is_maker)},'
        f'"M":{_bool(event.execution_type == "TRADE")},"O":{unit(order.time_us)},"Z":"{text(order.executed_quote)}",'
        f'"Y":"{text(event.last_quote_quantity)}","Q":"{text(order.quote_quantity)}",'
    )
    if order.working_us >= 0:
        told += f'"W":{unit(order.working_us)},'
    return f'{told}"V":"{order.self_trade_prevention}"{_sometimes(event, unit)}}}'


def _sometimes(event: OrderUpdated, unit: Unit) -> str:
    """The conditional fields of an execution report ("Conditional Fields in Execution Report")."""
    order = event.order
    told = ""
    if order.trailing_delta:
        trailing = unit(order.trailing_us) if order.trailing_us >= 0 else -1
        told += f',"d":{order.trailing_delta},"D":{trailing}'
    if order.strategy_id is not None:
        told += f',"j":{order.strategy_id}'
    if order.strategy_type is not None:
        told += f',"J":{order.strategy_type}'
    if order.prevented_match_id >= 0:
        told += f',"v":{order.prevented_match_id},"A":"{text(order.prevented)}"'
    prevented = event.prevented
    if prevented is not None:
        told += (
            f',"B":"{text(prevented.quantity)}","u":{prevented.trade_group_id},"U":{prevented.counter_order_id},'
            f'"Cs":{_name(prevented.counter_symbol)},"pl":"{text(prevented.execution_quantity)}",'
            f'"pL":"{text(prevented.execution_price)}","pY":"{text(prevented.execution_quote_quantity)}"'
        )
    if event.allocation_id >= 0:
        told += f',"b":"ONE_PARTY_TRADE_REPORT","a":{event.allocation_id}'
    if order.used_sor:
        told += f',"k":"{order.working_floor}","uS":true'
    if order.peg_price_type is not None:
        told += f',"gP":"{order.peg_price_type}"'
        if order.peg_offset_type is not None:
            told += f',"gOT":"{order.peg_offset_type}","gOV":{order.peg_offset_value}'
        if order.pegged_price:
            told += f',"gp":"{text(order.pegged_price)}"'
    if order.expiry_reason != "NONE":
        told += f',"eR":"{order.expiry_reason}"'
    return told


def account_position(event: BalancesChanged, now_us: int, unit: Unit) -> str:
    """`outboundAccountPosition`."""
    balances = ",".join(
        f'{{"a":{_name(asset)},"f":"{text(free)}","l":"{text(locked)}"}}' for asset, free, locked in event.balances
    )
    return f'{{"e":"outboundAccountPosition","E":{unit(now_us)},"u":{unit(event.time_us)},"B":[{balances}]}}'


def list_status(event: ListUpdated, now_us: int, unit: Unit) -> str:
    """`listStatus`."""
    symbol = _name(event.symbol)
    orders = ",".join(f'{{"s":{symbol},"i":{order_id},"c":{_name(client_id)}}}' for order_id, client_id in event.orders)
    return (
        f'{{"e":"listStatus","E":{unit(now_us)},"s":{symbol},"g":{event.order_list_id},"c":"{event.contingency_type}",'
        f'"l":"{event.list_status_type}","L":"{event.list_order_status}","r":"{event.reject_reason}",'
        f'"C":{_name(event.list_client_order_id)},"T":{unit(event.time_us)},"O":[{orders}]}}'
    )


def terminated(now_us: int, unit: Unit) -> str:
    """`eventStreamTerminated`."""
    return f'{{"e":"eventStreamTerminated","E":{unit(now_us)}}}'


def listen_key_expired(listen_key: str, now_us: int, unit: Unit) -> str:
    """`listenKeyExpired`, as it was until 2026-02-20."""
    return f'{{"e":"listenKeyExpired","E":{unit(now_us)},"listenKey":"{listen_key}"}}'


def _moved(kind: str, event: BalanceUpdated | ExternalLockUpdated, now_us: int, unit: Unit) -> str:
    return f'{{"e":"{kind}","E":{unit(now_us)},"a":{_name(event.asset)},"d":"{text(event.delta)}","T":{unit(event.time_us)}}}'


def _paid(commission: int, asset: str) -> tuple[str, str]:
    return f'"{text(commission)}"', _name(asset)


def _name(name: str) -> str:
    return json.encode(name).decode()


def _bool(value: bool) -> str:
    return "true" if value else "false"
