"""A Binance of one's own: the same protocol over a deterministic matching engine, for practice, tests and benchmarks.

Owns: the synthetic market, its books, tapes and candles, and (in `engine`) orders, accounts and money.
Answers: on one port (9000) Binance's REST API `/api/v3/...`, WebSocket API `/ws-api/v3` and streams `/ws`, `/stream`; its
    operator under `/paper/v1/...`.
Talks to: nobody; it needs no bus and no network. As a mirror (`sources`) it reads another exchange's public data.

    paths -> history -> candles <- tape <- venue (engine + crowd)        what there is to tell
    rest, ws_api -> door (who asks, parameters, weights) -> public, trading -> replies    how it is told
    accounts, keys -> authentication; venue -> user_data -> sessions     to whom
    venue -> persistence                                                 what survives a restart
    venue -> streams (publisher -> hub -> connections)                   and told on
    sources (replay, mirror) -> venue                                    where it comes from when it is not made here
"""
