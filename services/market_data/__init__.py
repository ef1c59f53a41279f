"""Public market data on request.

Owns: nothing that must survive; a cache of the exchange's symbols and the requests in flight.
Answers: `binance.rpc.market.<method>`, every public read of the catalogue, as any one of its replicas.
Talks to: the exchange, over REST or the WebSocket API.
"""
