"""The matching engine of the paper exchange: pure, deterministic, in integers.

Owns: books, orders, order lists, accounts, money, filters. Talks to nobody: `Engine` takes commands (`commands`) with the
time at which they happen, answers with outcomes (`outcomes`) and keeps a list of events (`events`) for whoever drains it.

The way of an order, module by module:

    engine        finds account and symbol, runs the rule, then `aftermath`, then tells the balances
    placement     parameters (order_rules), filters (filter_checks), counts (order_counts), then entry
    entry         what only the engine knows: ids in use, prices on the wrong side, pegs, missing funds
    work          taker phase (matching, execution, self_trade, routing, price_range), then it rests or expires
    ledger        locks, settles, charges (commissions)
    lifecycle     registers and ends orders
    aftermath     lists act on their members (list_life), trades fire triggers, released orders enter
    state         accounts, markets, books; snapshot saves and restores it
"""

from services.paper_exchange.engine.engine import Engine

__all__ = ["Engine"]
