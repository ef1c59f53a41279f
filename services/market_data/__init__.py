"""Public market data on request.

Owns: nothing that must survive; a cache of the exchange's symbols and the requests in flight.
Answers: `binance.rpc.market.<method>`, every public read of the catalogue, as any one of its replicas; one that cannot reach
    the exchange leaves the requests to those that can.
Talks to: the exchange, over REST or the WebSocket API; its replicas ask each other who can ($SRV.PING.market_data).
"""
