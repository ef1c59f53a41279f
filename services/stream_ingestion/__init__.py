"""Market streams: all of them, verified, unbroken, readable later.

Owns: the leases on streams, the upstream connections, the local order books, the events kept for reading.
Answers: `binance.rpc.stream.<method>` (subscribe, unsubscribe, list, latest, read, book), as any one of its replicas.
Says: `binance.md.>`, the exchange's own bytes, live; `binance.health.md.>`, how far each stream can be trusted.
Talks to: the exchange's market streams; market_data, over the bus, to fill holes.
"""
