"""The matching engine of the paper exchange: pure, deterministic, in integers.

Owns: books, orders, order lists, accounts, money, filters. Talks to nobody: `Engine` takes commands (`commands`) with the
time at which they happen, answers with outcomes (`outcomes`) and keeps a list of events (`events`) for whoever drains it.
"""

from services.paper_exchange.engine.engine import Engine

__all__ = ["Engine"]
