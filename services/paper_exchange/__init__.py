"""A Binance of one's own: the same protocol over a deterministic matching engine, for practice, tests and benchmarks.

Owns: the synthetic market, its books, tapes and candles, and (in `engine`) orders, accounts and money.
Answers: on one port (9000) Binance's REST API `/api/v3/...` and WebSocket API `/ws-api/v3`; its operator under `/paper/v1/...`.
Talks to: nobody; it needs no bus and no network.

    paths -> history -> candles <- tape <- venue (engine + crowd)        what there is to tell
    rest, ws_api -> door (parameters, weights) -> handlers -> replies    how it is told
"""
