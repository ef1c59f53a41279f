"""What survives the exchange: its customers, in a SQLite file (`BINANCE_PAPER_STATE`).

    engine -> events -> recorder -> store        one transaction a command, written before it is answered or told to anyone
    store -> revival -> engine                   when the exchange opens again

What is kept is everything that customers have: accounts, keys, money, orders, order lists, trades and the counters that number
them. The house is not kept: its orders and its balances are made anew by the synthetic market, which opens at the price that
it would have now anyway. Customers' open orders are put back first, with their rank among each other, and the market opens
around them: an order that the market has meanwhile passed by trades at the opening, at its own price.

Not kept: the rank of an iceberg's refilled slices among customers at one price, orders that were counted but not attempted
(cancel-replace), symbols that were halted, sessions, listen keys, faults; and at another speed than 1 the market's price
jumps at a restart. Prices of a replay or a mirror keep no state.

Why rows and not a log of commands: to replay the log, the house's thousands of commands a minute would have to be logged or
lived through again; a row per order costs each command some tens of microseconds, and the start as long as reading takes.
Kill -9 at any instruction leaves the last committed transaction: a command is wholly there or not at all, and what was
answered is there. A power failure may cost the last moments (the file is not flushed to the disk at every commit).
"""
