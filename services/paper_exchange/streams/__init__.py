"""Market streams: what happens on the exchange, told to everyone who listens, as Binance tells it.

    venue -> publisher (reports, books, payloads) -> channel -> connection -> socket
                                                       hub          control, faults

A channel is one stream name with its audience. An event becomes text once per time unit and a frame once per envelope, however
many listen; kinds and symbols without an audience cost nothing. A reader that does not keep up is cut off.
(Source: "WebSocket Streams" of 2026-07-21.)
"""
